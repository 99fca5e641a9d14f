"""Changing a parameter of a strategy that runs: what is declared changeable, within its range."""

from __future__ import annotations

from typing import Any

from ikbr.domain.errors import StrategyError, nearest
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import coerce
from ikbr.strategies.running import FAULTS


def change_parameter(strategy: BaseStrategy, name: str, value: object) -> tuple[Any, Any]:
    """Give a parameter another value.

    Args:
        strategy: Whose.
        name: Of the parameter.
        value: As a person wrote it.

    Returns:
        The value before, and the value now.

    Raises:
        StrategyError: When it is unknown, not declared changeable, of the wrong type, out of range,
            or refused by the strategy; then it is as it was.
    """
    who = type(strategy).__name__
    known = {one.name: one for one in type(strategy).parameters()}
    parameter = known.get(name)
    if parameter is None:
        raise StrategyError(f"{who} has no parameter {name!r}; {nearest(name, known)}")
    if not parameter.changeable:
        free = ", ".join(one.name for one in known.values() if one.changeable) or "none"
        raise StrategyError(f"{who}.{name} cannot be changed while it runs; changeable: {free}.")
    before = strategy.params[name]
    after = coerce(f"{who}.{name}", value, parameter.kind, parameter.range)
    try:
        strategy.on_parameter(name, after)
    except FAULTS as error:  # a person's code may raise anything
        why = str(error) if isinstance(error, StrategyError) else f"{type(error).__name__}: {error}"
        raise StrategyError(f"{who} refuses {name} = {after}: {why}") from error
    if strategy.params[name] != after:
        raise StrategyError(f"{who} does not show {name} = {after} as its parameter afterwards.")
    return before, after
