"""Turning what a person wrote into a value of an annotated type, or into one clear sentence."""

from __future__ import annotations

import math
import operator
import types
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from ikbr.domain.errors import StrategyError, nearest

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


class Range(msgspec.Struct, frozen=True):
    """Bound a number, both ends included: `Annotated[int, Range(2, 500)]`.

    >>> Range(2, 500).holds(500), Range(2, 500).holds(1), str(Range(low=0))
    (True, False, '0 or more')
    """

    low: float = -math.inf
    high: float = math.inf

    def holds(self, value: float) -> bool:
        """Say whether a value lies within."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """Say it in words."""
        if self.high == math.inf:
            return f"{self.low:g} or more"
        if self.low == -math.inf:
            return f"{self.high:g} or less"
        return f"from {self.low:g} to {self.high:g}"


def type_name(kind: Any) -> str:
    """Name a type for people.

    >>> type_name(int), type_name(int | None), type_name(Literal["a", "b"])
    ('int', 'int or none', 'a | b')
    """
    origin = get_origin(kind)
    if origin is Literal:
        return " | ".join(str(choice) for choice in get_args(kind))
    if origin in (Union, types.UnionType):
        names = ("none" if k is type(None) else type_name(k) for k in get_args(kind))
        return " or ".join(names)
    if origin in (tuple, list):
        return f"list of {type_name(get_args(kind)[0])}"
    return str(getattr(kind, "__name__", kind))


def coerce(where: str, value: object, kind: Any, bounds: Range | None = None) -> Any:
    """Turn a value into a type, if nothing is lost by it.

    Args:
        where: Name of the field, for the message.
        value: What was given; text is read, numbers are converted where that is exact.
        kind: int, float, bool, str, a `Literal`, `T | None`, `tuple[T, ...]` or `list[T]`; any
            other type takes its own instances only.
        bounds: What a number must lie in.

    Raises:
        StrategyError: When it does not fit.

    >>> coerce("lookback", "20", int), coerce("threshold", 1, float), coerce("on", "yes", bool)
    (20, 1.0, True)
    >>> coerce("stop", "none", float | None), coerce("symbols", "SPY, IBM", tuple[str, ...])
    (None, ('SPY', 'IBM'))
    """
    origin = get_origin(kind)
    if origin is Literal:
        return _choice(where, value, get_args(kind))
    if origin in (Union, types.UnionType):
        return _union(where, value, get_args(kind), bounds)
    if origin in (tuple, list):
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            raise _ill(where, value, type_name(kind))
        found = [coerce(where, _strip(i), get_args(kind)[0], bounds) for i in items]
        return found if origin is list else tuple(found)
    result = _plain(where, value, kind)
    if bounds is not None and not bounds.holds(result):
        near = min(max(result, bounds.low), bounds.high)
        raise StrategyError(
            f"{where} = {value!r} is out of range; it must be {bounds} (nearest: {near:g})."
        )
    return result


def _plain(where: str, value: object, kind: Any) -> Any:
    if kind is bool:
        return _bool(where, value)
    if kind is int:
        return _int(where, value)
    if kind is float:
        return _float(where, value)
    if kind is Any:
        return value
    # What a `dict[str, int]` holds is the strategy's affair; that it is a dict is checked.
    bare = get_origin(kind) or kind
    if isinstance(bare, type) and isinstance(value, bare):
        return value
    raise _ill(where, value, type_name(kind))


def _bool(where: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _ill(where, value, "true or false")


def _int(where: str, value: object) -> int:
    try:
        if isinstance(value, str):
            return int(value)
        if not isinstance(value, bool):
            return operator.index(value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        pass
    raise _ill(where, value, "a whole number")


def _float(where: str, value: object) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        number = math.nan
    if not math.isfinite(number):
        raise _ill(where, value, "a number")
    return number


def _choice(where: str, value: object, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if value == choice or str(value) == str(choice):
            return choice
    names = [str(choice) for choice in choices]
    raise StrategyError(f"{where} = {value!r} is not a choice; {nearest(str(value), names)}")


def _union(where: str, value: object, kinds: tuple[Any, ...], bounds: Range | None) -> Any:
    if type(None) in kinds and (
        value is None or (isinstance(value, str) and value.casefold() == "none")
    ):
        return None
    failure: StrategyError | None = None
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return coerce(where, value, kind, bounds)
        except StrategyError as error:
            failure = failure or error
    raise failure or _ill(where, value, "none")


def _strip(item: object) -> object:
    return item.strip() if isinstance(item, str) else item


def _ill(where: str, value: object, wanted: str) -> StrategyError:
    return StrategyError(f"{where} = {value!r} is not {wanted}; give {wanted}.")
