"""Loading a Python file as a module of its own."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from types import CodeType, ModuleType

from ikbr.domain.errors import StrategyError

_BESIDE: dict[str, ModuleType] = {}
"""Modules that came along with a strategy's file, by name."""

_FOLDERS: set[str] = set()
"""Folders that were put on Python's path for strategies' files."""


class _FreshLoader(SourceFileLoader):
    """Compile the text that is there now.

    The usual loader trusts the compiled file beside the source when time and size agree, and
    so misses a quick edit of the same length.
    """

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def load_module(path: str) -> ModuleType:
    """Load a Python file under a module name that nothing else has.

    Strategies never touch files; a person's strategy has to come from one, though. It is read
    here by Python's own import machinery and nowhere else. Modules beside it can be imported,
    and are read afresh with it.

    Args:
        path: Of the file.

    Raises:
        StrategyError: When it is not there, is no Python, or fails while it is imported.
    """
    name = f"ikbr_strategy_{_digest(path)}"
    loader = _FreshLoader(name, path)
    spec = ModuleSpec(name, loader, origin=path)
    spec.has_location = True
    module = module_from_spec(spec)
    # Type hints and data classes look their module up by name.
    sys.modules[name] = module
    try:
        with _beside(os.path.dirname(os.path.abspath(path))):
            loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        raise StrategyError(
            f"{error.filename or path}, line {error.lineno}: {error.msg}; correct the syntax."
        ) from error
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise StrategyError(
            f"{path}{_line(path, error)}: the import failed with {type(error).__name__}: {error}."
        ) from error
    return module


@contextmanager
def _beside(folder: str) -> Iterator[None]:
    """Let a file import the modules of its folder, as they are now.

    The folder stays on the path, for imports within functions: behind the standard library, so
    that a file called as one of its modules breaks nothing, and before installed packages.
    """
    for name, module in _BESIDE.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]
    _BESIDE.clear()
    _put_on_path(folder)
    importlib.invalidate_caches()
    before = set(sys.modules)
    # A compiled file is taken for fresh after an edit of the same length in the same second.
    writing, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writing
        for name in set(sys.modules) - before:
            place = os.path.join(folder, *name.split("."))
            file = getattr(sys.modules[name], "__file__", None)
            if file in (f"{place}.py", os.path.join(place, "__init__.py")):
                _BESIDE[name] = sys.modules[name]


def _put_on_path(folder: str) -> None:
    """Put a folder before those of other strategies; what a person put there is left alone."""
    if folder in _FOLDERS and folder in sys.path:
        sys.path.remove(folder)
    if folder in sys.path:
        return
    _FOLDERS.add(folder)
    behind = (n for n, one in enumerate(sys.path) if one in _FOLDERS or one.endswith("-packages"))
    sys.path.insert(next(behind, len(sys.path)), folder)


def _digest(path: str) -> str:
    """Name a file and its text, so that a changed file gets a new module."""
    try:
        text = SourceFileLoader("", path).get_data(path)
    except FileNotFoundError:
        raise StrategyError(
            f"strategy file {path!r} does not exist; check the path (it is relative to the "
            f"current directory)."
        ) from None
    except OSError as error:
        raise StrategyError(f"strategy file {path!r} cannot be read: {error.strerror}.") from error
    return hashlib.sha256(path.encode() + b"\0" + text).hexdigest()[:16]


def _line(path: str, error: BaseException) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return f", line {frames[-1].lineno}" if frames else ""
