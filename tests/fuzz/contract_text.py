"""Contracts as people write them: what is accepted reads as itself, and means something."""

from __future__ import annotations

import math

from tests.fuzz.allowed import accepted

from ikbr.domain.contracts import parse_contract


def feed(data: bytes) -> None:
    """Take it as the text."""
    text = data.decode("utf-8", "replace")
    found = accepted(lambda: parse_contract(text))
    if found is None:
        return
    again = parse_contract(found.symbol)
    assert (again.symbol, again.sec_type, again.multiplier) == (
        found.symbol, found.sec_type, found.multiplier,
    )  # fmt: skip
    assert found.symbol.isascii()
    assert found.multiplier > 0
    assert found.price_scale > 0
    if found.strike is not None:
        assert math.isfinite(found.strike)
        assert found.strike > 0 or not found.right


def seeds() -> list[bytes]:
    """Give a contract of each kind."""
    return [b"AAPL@NASDAQ", b"brk b", b"EUR.USD", b"ES 202612 CME", b"SPY   261218C00600000"]
