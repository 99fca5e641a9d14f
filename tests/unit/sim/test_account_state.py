"""An account that is written down and taken up again."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from tests.unit.gateway.rig import ROWS, Client, source_of

from ikbr.domain.execution import ExecutionModel
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.world import World
from ikbr.sim.account import Account
from ikbr.sim.account_state import AccountState
from ikbr.sim.day_trades import DayTrades


def traded(model: ExecutionModel) -> World:
    """Give a world whose account has bought, sold and filled in part."""
    world = World(source_of(ROWS), GatewayOptions(model=model, accounts={"DU1": 30_000.0}))
    world.step(2)
    client = Client(world)
    client.place(totalQuantity=60)
    client.place(action="SELL", totalQuantity=30)
    client.place(symbol="KO", totalQuantity=100)
    return world


@pytest.mark.parametrize(
    "model",
    [
        ExecutionModel(account="cash"),
        ExecutionModel(account="reg-t"),
        ExecutionModel(fees="ibkr-tiered", volume_cap=0.2, account="simple"),
    ],
    ids=["cash", "reg-t", "tiered"],
)
def test_it_comes_back_as_it_was_and_by_way_of_json(model: ExecutionModel) -> None:
    world = traded(model)
    old = world.books["DU1"].account
    state = old.state()
    instruments = {one.symbol: one for one in world.contracts.instruments}
    new = Account(instruments, 0.0, model)
    new.fees.start_day(world.now_ns)
    new.resume(msgspec.json.decode(msgspec.json.encode(state), type=AccountState))
    assert new.state() == state
    assert new.portfolio.equity_micro() == old.portfolio.equity_micro()
    spy = instruments["SPY"]
    for quantity in (1, 100, 10_000):
        units = spy.to_units(100.0)
        assert new.check(spy, 1, quantity, units) == old.check(spy, 1, quantity, units)  # type: ignore[arg-type]
    assert state.date == dt.date(2026, 3, 2)
    assert bool(state.sales) is (model.account == "cash")
    assert (state.day_trades is not None) is (model.account == "reg-t")
    assert bool(state.fees.bills) is (model.volume_cap == 0.2)


def test_flat_positions_in_unknown_instruments_are_left_out() -> None:
    world = traded(ExecutionModel())
    state = world.books["DU1"].account.state()
    spy = next(one for one in world.contracts.instruments if one.symbol == "SPY")
    account = Account({"SPY": spy}, 0.0, ExecutionModel())
    account.resume(state)
    assert list(account.portfolio.positions) == ["SPY"]


def test_day_trades_go_on_counting() -> None:
    days = DayTrades()
    for _ in range(2):
        days.book("SPY", 0, 100)
        days.book("SPY", 100, -100)
    days.next_session()
    days.book("KO", 0, 100)
    again = DayTrades()
    again.resume(days.state())
    again.book("KO", 100, -100)
    assert again.count == 3
    assert again.forbids(None, 0)
