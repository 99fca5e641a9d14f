"""The body of a record in words, for people."""

from __future__ import annotations

from typing import Any

import msgspec


def words(body: Any) -> str:
    """Write the body of a record in a line.

    >>> words({"symbol": "SPY", "quantity": 5, "reason": ""})
    'symbol=SPY quantity=5'
    """
    plain = msgspec.to_builtins(body)
    if not isinstance(plain, dict | list | tuple):
        return str(plain)
    if isinstance(plain, dict):
        shown = {k: v for k, v in plain.items() if v is not None and v != "" and v == v}
        return " ".join(f"{key}={_value(value)}" for key, value in shown.items())
    return " ".join(words(part) if isinstance(part, dict) else _value(part) for part in plain)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + words(value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return str(value)
