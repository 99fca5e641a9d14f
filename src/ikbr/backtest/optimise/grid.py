"""The grid: which values each parameter takes, read and checked before anything runs."""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Union, get_args, get_origin

import msgspec

from ikbr.domain.errors import StrategyError, UsageError, nearest
from ikbr.strategies.coercion import coerce
from ikbr.strategies.parameters import Parameter

MOST_VALUES = 100_000
"""Values that one parameter may take."""


class Dimension(msgspec.Struct, frozen=True):
    """Say what one parameter may be.

    Attributes:
        name: As the strategy knows it, `INSTANCE.parameter` where several strategies run.
        values: All its values in the order given; empty for a continuous range.
        low, high: Ends of a continuous range, for samplers; None for a list of values.
    """

    name: str
    values: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def continuous(self) -> bool:
        """Say whether it is a range without steps."""
        return self.low is not None

    def spec(self) -> list[Any]:
        """Describe it by plain values, for comparing sweeps."""
        ends = [self.low, self.high] if self.continuous else []
        return [self.name, [_text(value) for value in self.values], ends]


class Grid(msgspec.Struct, frozen=True):
    """Hold all dimensions; the last one varies fastest.

    Attributes:
        dimensions: In the order given.
    """

    dimensions: tuple[Dimension, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Name the parameters."""
        return tuple(one.name for one in self.dimensions)

    @property
    def count(self) -> int:
        """Count the combinations; nothing is enumerated."""
        return math.prod(len(one.values) for one in self.dimensions)

    def at(self, number: int) -> dict[str, Any]:
        """Give a combination.

        Args:
            number: From 0 to `count` - 1.

        >>> grid = Grid((Dimension("a", (1, 2)), Dimension("b", ("x", "y", "z"))))
        >>> grid.count, grid.at(0), grid.at(4)
        (6, {'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'})
        """
        found: dict[str, Any] = {}
        for one in reversed(self.dimensions):
            number, place = divmod(number, len(one.values))
            found[one.name] = one.values[place]
        return {name: found[name] for name in self.names}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Go through all combinations."""
        return (self.at(number) for number in range(self.count))


def parse_grid(given: Iterable[str] | Mapping[str, Any], known: Mapping[str, Parameter]) -> Grid:
    """Read a grid.

    Args:
        given: Texts as `lookback=5:200:5` (both ends included), `threshold=0.001,0.002` or
            `mode=a,5:20:5`; from Python also values by name: a list, a range or such a text.
        known: The parameters that can be varied, by name.

    Returns:
        The grid, every value of the parameter's own type and within its range.

    Raises:
        UsageError: When a text cannot be read, or a parameter comes twice.
        StrategyError: When a parameter is unknown or a value is not one for it.
    """
    pairs = list(given.items()) if isinstance(given, Mapping) else [_pair(one) for one in given]
    if not pairs:
        raise UsageError("no grid is given; say what to vary, as --grid lookback=5:200:5.")
    dimensions: list[Dimension] = []
    for name, values in pairs:
        if name not in known:
            raise StrategyError(f"--grid {name}: no such parameter; {nearest(name, known)}")
        if any(one.name == name for one in dimensions):
            raise UsageError(f"--grid {name} is given twice; join its values with commas.")
        dimensions.append(_dimension(name, values, known[name]))
    return Grid(tuple(dimensions))


def _pair(text: str) -> tuple[str, str]:
    name, equals, values = (part.strip() for part in text.partition("="))
    if not (name and equals and values):
        raise UsageError(
            f"--grid {text!r}: write it as NAME=FIRST:LAST:STEP or NAME=A,B,C, as lookback=5:200:5."
        )
    return name, values


def _dimension(name: str, given: Any, parameter: Parameter) -> Dimension:
    values: list[Any] = []
    for piece in _pieces(given, parameter):
        ends = _range(name, piece, parameter.kind)
        if ends is None:
            values.append(_value(name, piece, parameter))
            continue
        low, high, step = ends
        if step is None:
            if len(_pieces(given, parameter)) > 1:
                raise UsageError(f"--grid {name}={given}: a range without a step stands alone.")
            bounds = [_value(name, str(end), parameter) for end in (low, high)]
            return Dimension(name, (), float(bounds[0]), float(bounds[1]))
        # The ends show at once whether the whole range lies where the parameter may be.
        count = int((high - low) / step) + 1
        if len(values) + count > MOST_VALUES:
            raise UsageError(
                f"--grid {name}={piece} has {count:,} values and {MOST_VALUES:,} are the most; "
                f"take a coarser step."
            )
        whole = _numeric(parameter.kind) is int
        steps = (low + step * place for place in range(count))
        texts = (str(int(one)) if whole and one == int(one) else str(one) for one in steps)
        values += [_value(name, text, parameter) for text in texts]
    if not values:
        raise UsageError(f"--grid {name} has no values; give at least one.")
    # A dict keeps the first of equal values; True and 1 are not equal here.
    return Dimension(name, tuple({_text(value): value for value in values}.values()))


def _value(name: str, given: object, parameter: Parameter) -> Any:
    return coerce(f"--grid {name}", given, parameter.kind, parameter.range)


def _pieces(given: Any, parameter: Parameter) -> Sequence[Any]:
    """Split text at commas; at semicolons where one value is a list itself."""
    if isinstance(given, str):
        mark = ";" if get_origin(parameter.kind) in (tuple, list) else ","
        pieces = [piece.strip() for piece in given.split(mark)]
        if not all(pieces):
            raise UsageError(f"--grid {parameter.name}={given}: a value between commas is empty.")
        return pieces
    if isinstance(given, Iterable) and not isinstance(given, Mapping):
        return [one.item() if hasattr(one, "item") else one for one in given]
    return [given]


def _numeric(kind: Any) -> type | None:
    """Say whether ranges make sense: int, float or None."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    return next((one for one in (int, float) if one in kinds), None)


def _range(name: str, piece: Any, kind: Any) -> tuple[Decimal, Decimal, Decimal | None] | None:
    """Read FIRST:LAST or FIRST:LAST:STEP; None for what is no range."""
    number = _numeric(kind)
    if not isinstance(piece, str) or ":" not in piece or number is None:
        return None
    wrong = f"--grid {name}={piece}: write a range as FIRST:LAST:STEP, as 5:200:5"
    parts = piece.split(":")
    try:
        # Decimal steps keep 0.1 + 0.2 at 0.3.
        low, high, *rest = (Decimal(part.strip()) for part in parts)
    except (InvalidOperation, ValueError):
        raise UsageError(f"{wrong}.") from None
    if len(rest) > 1 or not all(one.is_finite() for one in (low, high, *rest)):
        raise UsageError(f"{wrong}.")
    if high < low:
        raise UsageError(f"{wrong}; {low} is more than {high}: exchange them.")
    step = rest[0] if rest else (Decimal(1) if number is int else None)
    if step is not None and step <= 0:
        raise UsageError(f"{wrong}, with a step of more than 0.")
    return low, high, step


def _text(value: Any) -> str:
    """Tell values apart, also those that Python calls equal."""
    return f"{type(value).__name__} {value!r}"
