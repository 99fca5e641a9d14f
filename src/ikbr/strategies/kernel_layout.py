"""The memory of a kernel: one row of numbers per symbol, the same for Python and compiled code.

A row is a run of 8-byte slots: one for each plain field, two (where its cells begin, how many
there are) for each field of cells, then the cells themselves. As the row itself says how long it
is, one compiled kernel serves every choice of lengths.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from ikbr.domain.errors import StrategyError

KINDS: Mapping[type, str] = {float: "f", int: "i", bool: "b"}
LARGEST_WHOLE = 2**63 - 1
LARGEST = 100_000_000
"""Slots of one row, at the most."""

Fields = tuple[tuple[str, str, bool], ...]
"""Name, kind ("f", "i" or "b") and whether it is a field of cells, in order."""


class Cells(msgspec.Struct, frozen=True):
    """Declare a field of several cells.

    Attributes:
        length: How many: a number, or the name of a parameter that holds it.
        initial: What each holds at the start; its type is the cells' type.
    """

    length: int | str
    initial: float | int | bool = 0.0


def cells(length: int | str, initial: float | int | bool = 0.0) -> Cells:
    """Declare a field of several cells in a kernel's state.

    Args:
        length: How many: a number, or the name of a parameter that holds it.
        initial: What each holds at the start (0.0, 0 or False; float("nan") is a float).

    >>> cells("lookback").length
    'lookback'
    """
    return Cells(length, initial)


class Layout:
    """Say where the fields of a row lie.

    Attributes:
        owner: Whose row it is, for messages.
        fields: Names and kinds; compiled code depends on nothing else.
        width: Slots of a row.
    """

    def __init__(
        self, owner: str, declared: Mapping[str, Any], values: Mapping[str, Any] | None = None
    ) -> None:
        """Read a declaration.

        Args:
            owner: Whose it is, for messages.
            declared: Initial values by field name; `cells(...)` for several.
            values: The parameters, where lengths are named after one.

        Raises:
            StrategyError: When a field is not a number, or its length makes no sense.
        """
        if not isinstance(declared, Mapping):
            raise StrategyError(
                f"{owner}: state is {declared!r}; give names with their first values, as "
                f'{{"seen": 0, "level": 0.0}}.'
            )
        self.owner = owner
        fields: list[tuple[str, str, bool]] = []
        initial = array("q")
        tails: list[tuple[int, int, Any]] = []
        for name, value in declared.items():
            if not (isinstance(name, str) and name.isidentifier()) or name.startswith("_"):
                raise StrategyError(
                    f"{owner}: state field {name!r} is no name; use letters, digits and _."
                )
            several = isinstance(value, Cells)
            first = value.initial if several else value
            kind = KINDS.get(type(first))
            if kind is None:
                raise StrategyError(
                    f"{owner}: state field {name!r} starts as {first!r}; a kernel's state holds "
                    f"numbers: give a float, an int, a bool, or cells(length, initial)."
                )
            if kind == "i" and not -LARGEST_WHOLE - 1 <= first <= LARGEST_WHOLE:
                raise StrategyError(
                    f"{owner}: field {name!r} is {first}; a kernel's memory holds numbers of 64 "
                    f"bits: give at most {LARGEST_WHOLE}, or a float."
                )
            fields.append((name, kind, several))
            if several:
                length = self._length(name, value.length, values or {})
                tails.append((len(initial), length, _bits(kind, first)))
                initial.extend((0, length))
            else:
                initial.append(_bits(kind, first))
        total = len(initial) + sum(length for _, length, _ in tails)
        if total > LARGEST:
            raise StrategyError(
                f"{owner}: a row of its state has {total:,} cells; use at most {LARGEST:,}."
            )
        for slot, length, bits in tails:
            initial[slot] = len(initial)
            initial.extend([bits] * length)
        self.fields: Fields = tuple(fields)
        self.width = max(1, len(initial))
        self._initial = initial or array("q", [0])

    def _length(self, name: str, length: int | str, values: Mapping[str, Any]) -> int:
        given = values.get(length) if isinstance(length, str) else length
        if isinstance(given, bool) or not isinstance(given, int) or given < 1:
            known = ", ".join(n for n, v in values.items() if type(v) is int) or "none"
            raise StrategyError(
                f"{self.owner}: state field {name!r} has {length!r} cells; give a whole number of "
                f"1 or more, or the name of a whole-number parameter ({known})."
            )
        return given

    def rows(self, count: int) -> array[int]:
        """Give fresh rows, one after the other."""
        return self._initial * count

    def view(self, rows: array[int], number: int, *, fixed: bool = False) -> Any:
        """Show a row to Python code as an object with the fields as attributes.

        Args:
            rows: What `rows` gave.
            number: Which of them.
            fixed: Whether its fields may only be read.
        """
        own = memoryview(rows)[number * self.width : (number + 1) * self.width]
        return row_class(self.fields, fixed)(own)


def _bits(kind: str, value: Any) -> int:
    """Give the 8 bytes of a value as a whole number."""
    if kind == "f":
        return int(memoryview(array("d", [value])).cast("B").cast("q")[0])
    return int(value)


@lru_cache(maxsize=256)
def row_class(fields: Fields, fixed: bool) -> type:
    """Make the class of objects that show rows with such fields.

    Args:
        fields: Names and kinds.
        fixed: Whether they may only be read.
    """
    starts: list[tuple[str, str, int]] = []
    body: dict[str, Any] = {}
    slot = 0
    for name, kind, several in fields:
        if several:
            starts.append((name, kind, slot))
            slot += 2
        else:
            body[name] = _scalar(kind, slot, fixed)
            slot += 1

    def __init__(self: Any, own: memoryview) -> None:  # noqa: N807 - put into a class below
        self._floats = own.cast("B").cast("d")
        self._ints = own
        for name, kind, at in starts:
            first = own[at]
            part = (self._floats if kind == "f" else own)[first : first + own[at + 1]]
            hidden[name].__set__(self, part)

    def __repr__(self: Any) -> str:  # noqa: N807
        shown = ", ".join(f"{n}={getattr(self, n)}" for n, _, s in fields if not s)
        return f"Row({shown})"

    hold = type("Row", (), {"__slots__": ("_floats", "_ints", *(n for n, _, _ in starts))})
    hidden = {name: vars(hold)[name] for name, _, _ in starts}
    for name, member in hidden.items():
        body[name] = property(member.__get__)
    return type(
        "Row", (hold,), {"__slots__": (), "__init__": __init__, "__repr__": __repr__, **body}
    )


def _scalar(kind: str, slot: int, fixed: bool) -> property:
    if kind == "f":

        def get(self: Any) -> Any:
            return self._floats[slot]

        def put(self: Any, value: Any) -> None:
            self._floats[slot] = value

    elif kind == "i":

        def get(self: Any) -> Any:
            return self._ints[slot]

        def put(self: Any, value: Any) -> None:
            self._ints[slot] = int(value)

    else:

        def get(self: Any) -> Any:
            return self._ints[slot] != 0

        def put(self: Any, value: Any) -> None:
            self._ints[slot] = bool(value)

    return property(get) if fixed else property(get, put)
