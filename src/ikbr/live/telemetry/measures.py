"""Limits in the units that people read: per cent instead of fractions, the account's currency."""

from __future__ import annotations

from typing import Any, NamedTuple

from ikbr.core.halts import DAILY_LOSS
from ikbr.core.risk_checks import RULES
from ikbr.domain.events import Refused

UNMEASURED = frozenset(("on or off", "symbols", "rejections", "price"))
"""Units of rules that say yes or no: their refusals hold no measure, but a sentence."""

_UNITS = {rule.name: rule.unit for rule in RULES if rule.unit not in UNMEASURED}
_UNITS[DAILY_LOSS] = _UNITS["drawdown"]


class Measure(NamedTuple):
    """Say in what a limit is told.

    Attributes:
        unit: As people read it.
        scale: What a value is multiplied by.
    """

    unit: str
    scale: float = 1.0


def measure_of(unit: str, base: str) -> Measure:
    """Say in what a limit is told.

    Args:
        unit: As the tables of limits and rules name it.
        base: The currency of the account.
    """
    if unit == "fraction of equity":
        return Measure("%", 100.0)
    if unit.startswith("fraction of "):
        return Measure(unit.replace("fraction", "%"), 100.0)
    return Measure(unit.replace("base currency", base))


def measured(refused: Refused, base: str) -> dict[str, Any]:
    """Give limit, actual value and unit of a refusal; None where its rule measures nothing.

    Args:
        refused: Which.
        base: The currency of the account.
    """
    named = _UNITS.get(refused.rule)
    if named is None:
        return {"limit": None, "actual": None, "unit": ""}
    unit, scale = measure_of(named, base)
    return {"limit": refused.limit * scale, "actual": refused.actual * scale, "unit": unit}
