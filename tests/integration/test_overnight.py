"""What the broker books overnight, and what a split does to orders."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.unit.backtest.stage_rig import (
    HOUR,
    NEXT_SESSION,
    OPEN,
    SESSION,
    changes,
    play,
    prints,
)  # fmt: skip
from tests.unit.core.rig import Puppet

from ikbr.backtest.result import BacktestResult
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import OrderRequest, OrderType, Side, TimeInForce
from ikbr.domain.session import Session
from ikbr.domain.tape import CorporateAction

SHAPES = pytest.mark.parametrize("shape", ["python", "reference"])
DAYS = (SESSION, NEXT_SESSION)
DAY_S = 24 * 3600.0


def at(rows: dict[int, OrderRequest]) -> Puppet:
    """Send requests at rows."""
    puppet = Puppet(short=True)
    puppet.does["on_market_data"] = lambda _: rows.get(puppet.count("on_market_data"))
    puppet.does["on_stop"] = lambda: puppet.heard.append(("equity", puppet.equity))
    return puppet


def gains(*puppets: Puppet) -> float:
    """Add up what the strategies' own books made of their capital."""
    capital = 1_000_000.0
    return sum(puppet.heard[-1][1] for puppet in puppets) - capital


def two_days(*puppets: Puppet, prices: Any = (100.0,) * 6, **more: Any) -> BacktestResult:
    rows = prints(*[100.0] * 6) + prints(*prices, start_s=DAY_S + 1.0)
    return play(rows, *puppets, sessions=DAYS, **more)


@SHAPES
@pytest.mark.parametrize("response", [0.0, 200.0])
def test_a_fill_that_is_not_heard_of_at_the_turn_of_the_day_is_paid_once(
    shape: str, response: float
) -> None:
    hour = OPEN + HOUR
    days = (
        Session(dt.date(2026, 3, 2), OPEN, hour),
        Session(dt.date(2026, 3, 3), hour, hour + HOUR),
    )
    rows = prints(*[100.0] * 5, start_s=3600 - 4.05) + prints(*[100.0] * 5, start_s=3610)
    result = play(
        rows,
        at({5: OrderRequest("SPY", Side.BUY, 100, outside_rth=True)}),
        sessions=days,
        model=ExecutionModel(fees="none", response_latency_ms=response),
        shape=shape,
    )
    assert result.positions == {"SPY": 100}
    assert result.final_equity == 1_000_000.0 - 1.0


@pytest.mark.parametrize(("other", "share"), [(-33, True), (50, False)])
def test_borrow_fees_are_paid_by_those_who_are_short(other: int, share: bool) -> None:
    one = at({3: OrderRequest("SPY", Side.SELL, 100)})
    two = at({3: OrderRequest("SPY", Side.BUY if other > 0 else Side.SELL, abs(other))})
    model = ExecutionModel(fees="none", borrow_rate=0.36)
    result = two_days(one, two, model=model)
    fee = 102 * (100 - other) * 0.36 / 360
    spread = (100 + abs(other)) * 0.01
    assert result.net_pnl == pytest.approx(-fee - spread, abs=1e-6)
    assert gains(one, two) == pytest.approx(result.net_pnl, abs=1e-6)
    part = fee * 100 / (100 - other) if share else fee
    assert one.heard[-1][1] - 500_000.0 == pytest.approx(-part - 1.0, abs=1e-5)


@pytest.mark.parametrize(("split", "after", "held"), [(1.5, 66.67, 3), (0.5, 200.0, 1)])
def test_the_strategies_hold_together_what_the_account_holds_after_a_split(
    split: float, after: float, held: int
) -> None:
    puppets = [at({3: OrderRequest("SPY", Side.BUY, 1)}) for _ in range(2)]
    action = CorporateAction("SPY", OPEN + 20 * HOUR, split, 1.0)
    result = two_days(*puppets, prices=(after,) * 6, actions=[action])
    assert result.positions == {"SPY": held}
    assert sum(puppet.position("SPY") for puppet in puppets) == held
    assert gains(*puppets) == pytest.approx(result.net_pnl, abs=1e-6)


def test_fractions_of_offsetting_strategies_net_to_nothing() -> None:
    one, two = (at({3: OrderRequest("SPY", side, 1)}) for side in Side)
    action = CorporateAction("SPY", OPEN + 20 * HOUR, 1 / 3)
    result = two_days(one, two, prices=(300.0,) * 6, actions=[action])
    assert gains(one, two) == pytest.approx(result.net_pnl, abs=1e-9)
    assert result.net_pnl == pytest.approx(-0.02, abs=1e-9)


# --- orders -----------------------------------------------------------------------------------

LIMIT = OrderRequest(
    "SPY", Side.BUY, 7, OrderType.LIMIT, limit_price=60.0, tif=TimeInForce.GTC
)  # fmt: skip
BRACKET = OrderRequest("SPY", Side.BUY, 100, take_profit=120.0, stop_loss=90.0)


@SHAPES
@pytest.mark.parametrize("latency", [0.0, 100.0])
@pytest.mark.parametrize(
    ("split", "prices", "exit_"),
    [
        (2.0, (50.0, 50.0, 44.0, 44.0), (-200, 43.99)),
        (2.0, (50.0, 50.0, 61.0, 61.0), (-200, 60.0)),
        (0.5, (200.0, 200.0, 179.0, 179.0), (-50, 178.99)),
    ],
)
def test_a_split_cancels_orders_and_protects_again_what_was_protected(
    shape: str, latency: float, split: float, prices: Any, exit_: tuple[int, float]
) -> None:
    result = two_days(
        at({3: BRACKET, 4: LIMIT}),
        prices=prices,
        actions=[CorporateAction("SPY", OPEN + 20 * HOUR, split)],
        model=ExecutionModel(fees="none", latency_ms=latency, response_latency_ms=latency),
        shape=shape,
    )
    entry, target, stop, limit, target_again, stop_again = result.orders
    assert entry.state is OrderState.FILLED
    assert {o.state for o in (target, stop, limit)} == {OrderState.CANCELLED}
    assert all("the stock was split" in o.message for o in (target, stop, limit))
    assert target_again.request.quantity == stop_again.request.quantity == 100 * split
    assert target_again.request.limit_price == 120.0 / split
    assert stop_again.request.stop_price == 90.0 / split
    assert changes(result)[1:] == [("SPY", *exit_)]
    assert result.positions == {}
    assert {target_again.state, stop_again.state} == {OrderState.FILLED, OrderState.CANCELLED}


@SHAPES
def test_a_split_cancels_a_partly_filled_entry_and_protects_what_it_brought(shape: str) -> None:
    entry = OrderRequest(
        "SPY", Side.BUY, 400, OrderType.LIMIT, limit_price=100.01, tif=TimeInForce.GTC,
        stop_loss=90.0,
    )  # fmt: skip
    result = two_days(
        at({6: entry}),
        prices=(50.0, 50.0, *[44.0] * 12),
        actions=[CorporateAction("SPY", OPEN + 20 * HOUR, 2.0)],
        model=ExecutionModel(fees="none", volume_cap=0.5),
        shape=shape,
    )
    bought = changes(result)[0][1]
    assert 0 < bought < 400
    assert result.orders[0].state is OrderState.CANCELLED
    assert sum(change for _, change, _ in changes(result)[1:]) == -2 * bought
    assert result.positions == {}


def test_a_split_changes_neither_round_trips_nor_time_in_the_market() -> None:
    rows = {2: OrderRequest("SPY", Side.BUY, 100), 9: OrderRequest("SPY", Side.SELL, 200)}
    whole = two_days(at(rows | {9: OrderRequest("SPY", Side.SELL, 100)}))
    action = CorporateAction("SPY", OPEN + 20 * HOUR, 2.0)
    split = two_days(at(rows), prices=(50.0,) * 6, actions=[action])
    (trip,) = split.round_trips
    assert (trip.max_quantity, trip.entry_price, trip.exit_price) == (200, 50.005, 49.99)
    assert trip.gross_pnl == pytest.approx(split.net_pnl) == pytest.approx(-3.0)
    assert split.summary is not None
    assert whole.summary is not None
    assert split.summary.open_positions == 0
    assert split.summary.exposure == whole.summary.exposure
    (record,) = split.summary.round_trips
    assert record.trip == trip
    assert record.excursion is not None
    assert record.excursion.adverse == pytest.approx(3.0)
    assert record.excursion.favourable == 0.0
