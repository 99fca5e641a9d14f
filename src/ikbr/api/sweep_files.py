"""Folders of a sweep: where results go, and the shared tape while it runs."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ikbr.domain.errors import UsageError

USUAL_FOLDER = Path("sweeps")
"""Where sweeps are kept when nothing else is said."""

_TAPE = ".tape-"


def results_folder(given: Path | None, name: str, identity: str) -> Path:
    """Choose the folder of a sweep; the same sweep gets the same one.

    Args:
        given: What a person chose.
        name: Of the strategy.
        identity: Fingerprint of the sweep.
    """
    if given is not None:
        return given.absolute()
    word = re.sub(r"[^\w+-]+", "-", name).strip("-") or "sweep"
    return (USUAL_FOLDER / f"{word}-{identity[:8]}").absolute()


@contextmanager
def tape_folder(given: Path | None) -> Iterator[Path]:
    """Give an empty folder for the shared tape and remove it at the end.

    It lies beside the results, so that whoever can reach them can read it. Those that a killed
    sweep left behind are removed.

    Args:
        given: The results' folder, if a person chose one.

    Yields:
        The folder.

    Raises:
        UsageError: When it cannot be made.
    """
    base = (given or USUAL_FOLDER).absolute()
    missing = [one for one in (base, *base.parents) if not one.exists()]
    try:
        base.mkdir(parents=True, exist_ok=True)
        _remove_left(base)
        folder = Path(tempfile.mkdtemp(prefix=_TAPE, dir=base))
        lock = (folder / "lock").open("wb")
    except OSError as error:
        raise UsageError(
            f"results folder '{base}' cannot be written ({error.strerror or error}); name "
            f"another with --results DIR."
        ) from error
    try:
        _lock(lock)
        yield folder
    finally:
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # where results were kept, the folder stays
            for one in missing:
                one.rmdir()


def _remove_left(base: Path) -> None:
    """Remove tapes whose sweep is gone: nobody holds their lock."""
    for folder in base.glob(f"{_TAPE}*"):
        path = folder / "lock"
        if not path.exists():
            continue
        with path.open("ab") as lock:
            if not _lock(lock):
                continue
        shutil.rmtree(folder, ignore_errors=True)


def _lock(file: object) -> bool:
    try:
        import fcntl
    except ImportError:  # without locks, what others left stays
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
    except OSError:
        return False
    return True
