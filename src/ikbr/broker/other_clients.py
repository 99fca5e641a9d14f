"""Other clients that a script may import: ib_insync is ib_async under its old name.

A script that runs in a backtest must not reach a real gateway by another library's sockets.
Source: ib_async continues ib_insync 0.9.86 with the same names in the same modules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType

OLD, NEW, OFFICIAL = "ib_insync", "ib_async", "ibapi"
_ROOTS = (OLD, OFFICIAL)


class _Alias(Loader):
    """Load a module of ib_async under its old name."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to Python; its empty module is thrown away."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Put the real module in the place of the empty one."""
        sys.modules[module.__name__] = import_module(module.__name__.replace(OLD, NEW, 1))


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        root = fullname.partition(".")[0]
        if root == OLD:
            return spec_from_loader(fullname, _Alias())
        if root == OFFICIAL:
            raise ImportError(
                "ibapi speaks to a gateway over a socket of its own, which cannot follow the "
                "market's time; run this script against `ikbr gateway sim` instead.",
                name=fullname,
            )
        return None


@contextmanager
def other_clients() -> Iterator[None]:
    """Let ib_insync be ib_async meanwhile, and keep IBKR's own client out."""
    hidden = {n: sys.modules.pop(n) for n in list(sys.modules) if n.partition(".")[0] in _ROOTS}
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if n.partition(".")[0] in _ROOTS]:
            del sys.modules[name]
        sys.modules.update(hidden)
