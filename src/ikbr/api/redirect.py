"""Let what reads one folder read another one, wherever in this process that happens.

A strategy may open the market data itself. While it runs over changed data, it must find the
changed data there as well, or its look ahead would not show.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_READERS = {
    "polars": (
        "read_parquet", "scan_parquet", "read_csv", "scan_csv", "read_ipc", "scan_ipc",
        "read_parquet_schema", "read_parquet_metadata",
    ),
    "pandas": ("read_parquet", "read_csv", "read_feather"),
    "pyarrow.parquet": ("read_table", "ParquetFile", "read_pandas", "ParquetDataset"),
    "numpy": ("fromfile", "load", "loadtxt", "genfromtxt"),
}  # fmt: skip
"""Functions that open files outside of Python's own `open`."""


@contextmanager
def redirected(folder: Path, other: Path) -> Iterator[None]:
    """Let every read below a folder find another folder's files.

    Known are Python's own ways to open and list files and the readers of polars, pandas,
    pyarrow and numpy. What another program or library reads is not redirected.

    Args:
        folder: Named by whoever reads, absolutely or relative to the current directory.
        other: Where it reads instead.
    """
    turn = _turner(folder, other)
    places: list[tuple[Any, str]] = [
        (builtins, "open"),
        (io, "open"),
        *((os, name) for name in ("open", "listdir", "scandir", "stat")),
    ]
    for module, names in _READERS.items():
        if module in sys.modules:
            places += [(sys.modules[module], n) for n in names if hasattr(sys.modules[module], n)]
    old = [(module, name, getattr(module, name)) for module, name in places]
    try:
        for module, name, function in old:
            setattr(module, name, _wrapped(function, turn))
        yield
    finally:
        for module, name, function in old:
            setattr(module, name, function)


def _turner(folder: Path, other: Path) -> Callable[[Any], Any]:
    """Give the function that maps a path below the folder to the other's."""
    here = os.path.abspath(folder)
    real = os.path.realpath(folder)
    there = os.path.abspath(other)

    def turn(path: Any) -> Any:
        if isinstance(path, list | tuple):
            return type(path)(turn(one) for one in path)
        if not isinstance(path, str | os.PathLike):
            return path
        text = os.fspath(path)
        if not isinstance(text, str):
            return path
        full = os.path.abspath(text)
        for root in (here, real):
            if full == root or full.startswith(root + os.sep):
                turned = there + full[len(root) :]
                return turned if isinstance(path, str) else Path(turned)
        return path

    return turn


def _wrapped(function: Callable[..., Any], turn: Callable[[Any], Any]) -> Callable[..., Any]:
    def redirecting(*args: Any, **kwargs: Any) -> Any:
        if args:
            args = (turn(args[0]), *args[1:])
        elif "source" in kwargs:
            kwargs["source"] = turn(kwargs["source"])
        return function(*args, **kwargs)

    return redirecting


@contextmanager
def own_modules() -> Iterator[None]:
    """Forget, at the end, the modules that were imported meanwhile and are nobody's package.

    A module beside a strategy may keep what it read; the next run must read afresh.
    """
    before = set(sys.modules)
    try:
        yield
    finally:
        kept = tuple(
            os.path.realpath(place)
            for place in (sys.prefix, sys.base_prefix, Path(__file__).parents[1])
        )
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and not os.path.realpath(file).startswith(kept):
                del sys.modules[name]
