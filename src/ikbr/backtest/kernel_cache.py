"""Compiled kernels on disk: a folder per key, so that nothing stale can be found.

Numba's own cache looks at one file's time and misses changes in helpers elsewhere. Here the
scan's text is written to a module file in a folder that the key names; the module exists under a
name made of the key before its code runs, which is what Numba's cache needs.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import types
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

VARIABLE = "IKBR_CACHE_DIR"
DEFAULT = Path("~/.cache/ikbr")
KEPT = 200
"""Compiled scans that are kept; the oldest beyond are deleted."""


def cache_folder() -> Path:
    """Name the folder of compiled kernels: IKBR_CACHE_DIR, or ~/.cache/ikbr."""
    given = os.environ.get(VARIABLE, "").strip()
    return (Path(given).expanduser() if given else DEFAULT.expanduser()) / "kernels"


class Loaded:
    """Hold a module of compiled code.

    Attributes:
        scan: The compiled function.
        note: What a person should know: why nothing was kept on disk; "" if it was.
    """

    def __init__(self, scan: Any, note: str = "") -> None:
        """Hold it."""
        self.scan = scan
        self.note = note


def load(text: str, scope: Mapping[str, Any], key: str | None, check: Callable[[], None]) -> Loaded:
    """Run the text of a scan with its names, from the disk where it was compiled before.

    Args:
        text: Of the module.
        scope: Its names.
        key: What names it on disk; None for something that must not be kept.
        check: Called before anything is compiled anew.
    """
    if key is None:
        check()
        return Loaded(_run(text, scope, f"<ikbr kernel {id(scope)}>", cached=False))
    folder = cache_folder() / key
    try:
        path = _write(folder, text)
    except (OSError, RuntimeError) as error:
        # RuntimeError: there is no home directory.
        note = (
            f"Compiled kernels are not kept: '{folder.parent}' cannot be written "
            f"({getattr(error, 'strerror', None) or error}); name another folder with {VARIABLE}."
        )
        check()
        return Loaded(_run(text, scope, f"<ikbr kernel {key}>", cached=False), note)
    done = folder / "done"
    if not done.exists():
        check()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scan = _run(text, scope, str(path), cached=True)
        done.touch()
    except _BROKEN:
        # What another process or a full disk left behind.
        shutil.rmtree(folder, ignore_errors=True)
        scan = _run(text, scope, f"<ikbr kernel {key}>", cached=False)
    return Loaded(scan)


_BROKEN = (
    pickle.UnpicklingError, EOFError, OSError, RuntimeError, ValueError, LookupError,
    AttributeError, ImportError, TypeError,
)  # fmt: skip


def _write(folder: Path, text: str) -> Path:
    """Write a module file unless it is there; a part of it is never seen."""
    path = folder / f"scan_{folder.name}.py"
    with suppress(OSError):
        if path.read_text(encoding="utf-8") == text:
            os.utime(folder)
            _check_writable(folder)
            return path
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{os.getpid()}.part"
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    _tidy(folder.parent)
    return path


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.R_OK):
        raise PermissionError(13, "Permission denied")


def _tidy(folder: Path) -> None:
    """Delete the longest unused."""
    with suppress(OSError):
        held = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in held[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


def _run(text: str, scope: Mapping[str, Any], path: str, *, cached: bool) -> Any:
    name = f"ikbr_{Path(path).stem}" if cached else f"ikbr_kernel_{id(scope)}"
    module = types.ModuleType(name)
    if cached:
        module.__file__ = path
    vars(module).update(scope, CACHED=cached)
    # Numba finds the module by its name while it reads and writes its cache.
    sys.modules[name] = module
    try:
        # The text is made here of fixed pieces, never of a person's input.
        exec(compile(text, path, "exec"), vars(module))
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return vars(module)["scan"]
