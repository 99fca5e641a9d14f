"""The embedded market: a synthetic catalog that exists on every machine.

It is made on first use and kept in the user's cache folder. The same seed makes the same bytes
everywhere; what it holds is labelled synthetic on everything that comes out of it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from ikbr.domain.errors import UsageError

SEED = 7
DAYS = 5

_GENERATORS = ("sim/synthetic", "data/synthetic.py", "data/bar_columns.py", "data/columns.py",
               "data/catalog_files.py", "data/catalog_meta.py")  # fmt: skip
"""What decides over the bytes of the catalog."""


def cache_folder(env: Mapping[str, str] | None = None) -> Path:
    """Say where derived files are kept.

    Args:
        env: Environment variables; None for those of the process.

    Returns:
        `IKBR_CACHE`, else `ikbr` in `XDG_CACHE_HOME`, else `~/.cache/ikbr`.

    Source: XDG Base Directory Specification 0.8 (a relative path there is to be ignored).

    >>> cache_folder({"IKBR_CACHE": "/c"}).as_posix()
    '/c'
    >>> cache_folder({"XDG_CACHE_HOME": "/x"}).as_posix()
    '/x/ikbr'
    """
    variables = os.environ if env is None else env
    if own := variables.get("IKBR_CACHE"):
        return Path(own)
    shared = Path(variables.get("XDG_CACHE_HOME", ""))
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "ikbr"


def embedded_catalog(seed: int = SEED, tell: Callable[[str], None] | None = None) -> Path:
    """Give the folder of the embedded catalog; make it if it is not there yet.

    Args:
        seed: Which of many possible markets.
        tell: Told that it is being made, which takes seconds.

    Returns:
        The folder; treat it as read-only.

    Raises:
        UsageError: When the cache folder cannot be written.
    """
    cache = cache_folder()
    folder = cache / f"synthetic-{generator_version()}-seed{seed}"
    if folder.is_dir():
        return folder
    if tell is not None:
        tell(f"making the embedded synthetic market (once) in {folder}")
    from ikbr.data.synthetic import make_synthetic

    try:
        cache.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".making-", dir=cache))
        try:
            make_synthetic(making, days=DAYS, seed=seed)
            _take_place(making, folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"the embedded market cannot be written to '{cache}' ({error.strerror}); name a "
            f"folder that can be with IKBR_CACHE=FOLDER, or give --data DIR."
        ) from error
    return folder


def _take_place(made: Path, folder: Path) -> None:
    """Move the finished folder into place; another process may have been quicker."""
    made.chmod(0o755)
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def generator_version() -> str:
    """Fingerprint the code that makes the market, so that a change of it makes a new one."""
    digest = hashlib.sha256()
    root = files("ikbr")
    for name in _GENERATORS:
        entry = root.joinpath(name)
        sources = sorted(entry.iterdir(), key=lambda f: f.name) if entry.is_dir() else [entry]
        for source in sources:
            if source.name.endswith(".py"):
                digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:12]
