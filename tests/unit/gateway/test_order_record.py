"""The record of a gateway's orders, and the result that is made of it and of the account."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.gateway.rig import OPEN, SECOND, Client, a_world, quote, source_of

from ikbr.backtest.account_run import AccountRun, Played
from ikbr.backtest.result import BacktestResult
from ikbr.domain.lifecycle import OrderState
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.order_record import OrderRecord
from ikbr.gateway.world import World


def states(record: OrderRecord) -> list[OrderState]:
    record.finish()
    return [order.state for order in record.orders.values()]


def test_it_keeps_how_every_order_stands_and_what_it_was_called() -> None:
    world = a_world()
    record = OrderRecord(world, "bot.py")
    world.step(2)
    client = Client(world)
    client.place(orderRef="entry")
    client.place(orderType="LMT", lmtPrice=90.0)
    client.place(orderType="LMT", lmtPrice=90.001)
    client.place(totalQuantity=10_000_000)
    client.place(orderType="LMT", lmtPrice=91.0, tif="IOC")
    filled, working, *others = record.orders.values()
    assert states(record) == [
        OrderState.FILLED,
        OrderState.SUBMITTED,
        OrderState.REJECTED,
        OrderState.REJECTED,
        OrderState.CANCELLED,
    ]
    assert (filled.request.reason, filled.filled, filled.strategy) == ("entry", 100, "bot.py")
    assert filled.average_price == pytest.approx(100.02)
    assert (working.filled, len(others)) == (0, 3)
    assert [(fill.quantity, fill.strategy) for fill in record.fills] == [(100, "bot.py")]


def test_it_counts_refusals_whether_or_not_the_order_was_taken() -> None:
    world = a_world()
    record = OrderRecord(world, "bot.py")
    world.step(2)
    client = Client(world)
    client.place(orderId=5)
    client.place(orderId=4)
    client.place(symbol="NOPE")
    client.place(orderId=6, totalQuantity=10_000_000)
    assert record.refused == {"103": 1, "200": 1, "201": 1}
    assert [one.refused.rule for one in record.refusals] == ["103", "201"]


def test_what_the_broker_closes_of_its_own_accord_is_an_alert() -> None:
    rows = [quote(1, 100.0, 100.02), quote(61, 50.0, 50.02), quote(130, 50.0, 50.02)]
    world = World(source_of(rows), GatewayOptions(accounts={"DU1": 30_000.0}))
    record = OrderRecord(world, "bot.py")
    world.step(1)
    Client(world).place(totalQuantity=500)
    world.step(2)
    [alert] = record.alerts
    assert (alert.severity, alert.source) == ("critical", "broker")
    assert "SELL" in alert.message


def played(world: World, record: OrderRecord) -> Played:
    record.finish()
    return Played(
        name="bot.py",
        orders=list(record.orders.values()),
        fills=record.fills,
        refusals=record.refusals,
        refused=record.refused,
        alerts=record.alerts,
        first_ns=world.began_ns,
        events=world.player.played,
        seconds=1.0,
        feed="both",
        settings={"base": "USD"},
    )


def run_to(ts_ns: int) -> BacktestResult:
    """Buy 100 SPY at the second row, and stop at a time."""
    world = a_world()
    record = OrderRecord(world, "bot.py")
    account = world.books["DU1000001"].account
    run = AccountRun(world.source, world.options.model, world.clock, world.market,
                     account.portfolio)  # fmt: skip
    record.then = lambda _fill: run.on_fill()
    world.step(2)
    Client(world).place()
    world.advance_to(ts_ns)
    return run.finish(played(world, record))


def test_a_run_that_ends_within_a_day_counts_that_day_as_far_as_it_went() -> None:
    result = run_to(OPEN + 10 * SECOND)
    assert result.summary is not None
    assert len(result.session_equity) == 1
    assert result.end_ns == OPEN + 10 * SECOND
    [fill] = result.fills
    expected = 1_000_000 + 100 * (101.01 - fill.price) - result.commission
    assert result.final_equity == pytest.approx(expected)
    assert result.session_equity[0][1] == result.final_equity
    assert result.positions == {"SPY": 100}
    # From the second second to the tenth, of ten.
    assert result.summary.exposure == pytest.approx(0.9)


def test_a_run_to_the_end_of_the_day_has_a_sample_of_every_minute_and_the_close() -> None:
    result = run_to(OPEN + 7 * 3600 * SECOND)
    assert result.session_equity[0][1] == result.final_equity
    assert len(result.equity_ts) >= 390
    assert msgspec.structs.asdict(result.findings[0])["rule"] == "synthetic-data"
