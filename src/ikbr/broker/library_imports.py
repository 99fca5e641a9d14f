"""Libraries that a script imports while the clock is virtual: they are loaded with the real one.

Extension modules build on the real `datetime` (pandas' NaT derives from it) and cannot be loaded
with another. What such a library binds by name is replaced afterwards, as in ib_async, so that it
tells the market's time too; not in libraries of data frames, which only keep times.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

FRAMES = frozenset({"numpy", "pandas", "polars", "pyarrow"})
_INSTALLED = {"site-packages", "dist-packages"}
_PYTHON = Path(sysconfig.get_path("stdlib"))


class _Finder(MetaPathFinder):
    """Find what the others find, and have libraries loaded in a frame of mind of their own."""

    def __init__(
        self, real: AbstractContextManager[None], then: Callable[[ModuleType], None]
    ) -> None:
        self._real = real
        self._then = then

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(fullname, path, target)
            if spec is not None:
                if spec.loader is not None and _is_library(spec.origin):
                    self._wrap(spec.loader, fullname.partition(".")[0] not in FRAMES)
                return spec
        return None

    def _wrap(self, loader: Any, replaces: bool) -> None:
        """Let a loader work with the real clock; it belongs to one module."""
        create, execute = loader.create_module, loader.exec_module

        def create_module(spec: ModuleSpec) -> ModuleType | None:
            with self._real:
                found: ModuleType | None = create(spec)
                return found

        def exec_module(module: ModuleType) -> None:
            with self._real:
                execute(module)
            if replaces:
                self._then(module)

        loader.create_module, loader.exec_module = create_module, exec_module


@contextmanager
def library_imports(
    real: AbstractContextManager[None], then: Callable[[ModuleType], None]
) -> Iterator[None]:
    """Load libraries with the real clock meanwhile.

    Args:
        real: Gives the real clock back for as long as it lasts; it is entered again and again.
        then: Told every library module that was loaded, to replace what it bound.
    """
    finder = _Finder(real, then)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def _is_library(origin: str | None) -> bool:
    if not origin:
        return False
    place = Path(origin)
    return bool(_INSTALLED & set(place.parts)) or _PYTHON in place.parents
