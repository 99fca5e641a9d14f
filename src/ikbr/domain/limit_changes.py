"""Changes of limits while live: read from plain values, and only those that tighten."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, get_type_hints

import msgspec

from ikbr.domain.errors import ConfigError, nearest
from ikbr.domain.limit_table import LIMITS, check_tightening
from ikbr.domain.limits import RiskLimits

PREFIX = "risk."
_SWITCHES = {"on": True, "off": False}


def changed_limits(limits: RiskLimits, changes: Mapping[str, Any]) -> RiskLimits:
    """Change some limits, whichever way.

    Args:
        limits: Those in force.
        changes: New values by name, as "risk.max_position_pct" or without "risk."; texts are
            read as on a command line.

    Raises:
        ConfigError: When a name is unknown or a value makes no sense.

    >>> changed_limits(RiskLimits(), {"risk.max_runs": "5"}).max_runs
    5
    """
    types = get_type_hints(RiskLimits)
    values: dict[str, Any] = {}
    for given, value in changes.items():
        name = given.removeprefix(PREFIX)
        if name not in LIMITS:
            raise ConfigError(f"limit {given!r} is unknown; {nearest(name, LIMITS)}")
        values[name] = _read(name, value, types[name])
    return msgspec.structs.replace(limits, **values)


def _read(name: str, value: Any, kind: Any) -> Any:
    read = value
    if isinstance(value, str):
        text = value.strip()
        if kind not in (int, float, bool):
            read = [part for part in (p.strip() for p in text.split(",")) if part]
        elif kind is bool:
            read = _SWITCHES.get(text.casefold(), text)
        else:
            read = text.replace("_", "")
    try:
        found = msgspec.convert(read, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"risk.{name} = {value!r} makes no sense ({error}).") from None
    if isinstance(found, float) and not math.isfinite(found):
        raise ConfigError(f"risk.{name} = {value!r}: a finite number was expected.")
    return found


def tightened_limits(
    limits: RiskLimits, wanted: RiskLimits, names: Iterable[str]
) -> tuple[RiskLimits, list[str]]:
    """Take over what tightens, one limit at a time, and leave the rest as it is.

    Args:
        limits: Those in force.
        wanted: What somebody would like instead.
        names: Which limits are meant.

    Returns:
        The limits, and why the others were refused.
    """
    refused = []
    for name in names:
        one = msgspec.structs.replace(limits, **{name: getattr(wanted, name)})
        try:
            check_tightening(limits, one)
        except ConfigError as error:
            refused.append(str(error))
        else:
            limits = one
    return limits, refused
