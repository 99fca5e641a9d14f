"""A slot: when a signal cannot matter, said without asking anyone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.core.rig import Puppet, Rig, signal

from ikbr.domain.errors import StrategyError
from ikbr.domain.order import Order, OrderRequest, Side


def slot_with(held: int, flight: int, short: bool) -> Any:
    rig = Rig(Puppet(short=short))
    slot = rig.slot()
    slot.position = held
    if flight:
        request = OrderRequest("SPY", Side.BUY if flight > 0 else Side.SELL, abs(flight))
        slot.entries.append(Order(1, request, slot.instrument, "s0"))
    return slot


def wanted(action: str, target: int | None, held: int, short: bool) -> int:
    """Say which way a signal wants to move: 1, -1 or 0."""
    if target is not None:
        return (target > held) - (target < held)
    if action == "BUY":
        return 1 if held <= 0 else 0
    if action == "SELL":
        return -1 if held > 0 or (held == 0 and short) else 0
    return (held < 0) - (held > 0)


@given(
    st.sampled_from(["BUY", "SELL", "FLAT"]),
    st.none() | st.integers(-3, 3),
    st.integers(-3, 3),
    st.integers(-3, 3),
    st.booleans(),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_a_signal_is_idle_when_nothing_is_missing_or_its_direction_is_muted(
    action: Any, target: int | None, held: int, flight: int, short: bool, buys: int, sells: int
) -> None:
    slot = slot_with(held, flight, short)
    slot.mute(True, buys)
    slot.mute(False, sells)
    way = wanted(action, target, held + flight, short)
    muted = way != 0 and (buys if way > 0 else sells) > 2
    assert slot.is_idle(signal(action, target=target), 2) is (way == 0 or muted)
    assert slot.muted == muted
    slot.unmute()
    assert slot.is_idle(signal(action, target=target), 2) is (way == 0)


def test_attached_exits_are_not_in_flight() -> None:
    rig = Rig(Puppet(stop=0.01))
    rig.say(signal("BUY"))
    slot = rig.slot()
    assert (slot.in_flight, len(slot.entries), len(slot.exits)) == (100, 1, 1)


def test_a_strategys_slot_is_found_by_name_and_symbol() -> None:
    rig = Rig(Puppet(), Puppet(), symbols=("SPY", "KO"), on=(("SPY", "KO"), ("KO",)))
    slots = rig.trader.slots
    assert [len(slots.by_symbol[s]) for s in ("SPY", "KO")] == [1, 2]
    assert [s.running.name for s in slots.by_symbol["KO"]] == ["s0", "s1"]
    assert len(list(slots)) == 3
    assert slots.of("s1", "KO") is slots.by_symbol["KO"][1]
    with pytest.raises(StrategyError, match="s1 does not run on 'SPY'"):
        slots.of("s1", "SPY")
