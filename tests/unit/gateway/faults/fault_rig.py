"""What the tests of faults share."""

from __future__ import annotations

from typing import Any

from tests.unit.gateway.rig import SECOND, Client, World, a_world

from ikbr.gateway.faults.fault import read_fault

STOCK = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}
LIMIT = {"orderType": "LMT", "lmtPrice": 90.0}


def let(world: World, what: str, **fields: Any) -> None:
    world.faults.add(read_fault({"what": what, **fields}))


def pass_s(world: World, seconds: float) -> None:
    world.advance_to(world.now_ns + round(seconds * SECOND))


def a_market(step: int = 2) -> tuple[World, Client]:
    """Give a market that stands at some row, and a client."""
    world = a_world()
    world.step(step)
    return world, Client(world)
