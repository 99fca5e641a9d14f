"""Sessions that follow each other without a break, as currencies trade them."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.unit.backtest.stage_rig import HOUR, OPEN, changes, play, row
from tests.unit.core.rig import Puppet

from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.domain.session import Session
from ikbr.domain.tape import Kind

DAYS = tuple(
    Session(dt.date(2026, 3, 2 + n), OPEN + n * 24 * HOUR, OPEN + (n + 1) * 24 * HOUR)
    for n in range(2)
)
PAIR = "EUR.USD"
QUOTES = [
    row(n * 3600.0 + 1, Kind.QUOTE, PAIR, bid=1.10, ask=1.10005) for n in range(48)
]  # fmt: skip
SHAPES = pytest.mark.parametrize("shape", ["python", "reference"])


def after(puppet: Puppet, rows: int, request: OrderRequest) -> None:
    """Send a request at one row."""

    def act(_ticker: object) -> OrderRequest | None:
        return request if puppet.count("on_market_data") == rows else None

    puppet.does["on_market_data"] = act


@SHAPES
def test_an_order_of_the_second_session_fills_though_the_first_closed_as_it_opened(
    shape: str,
) -> None:
    puppet = Puppet()
    after(puppet, 26, OrderRequest(PAIR, Side.BUY, 1000))
    result = play(QUOTES, puppet, symbols=(PAIR,), sessions=DAYS, shape=shape)
    assert changes(result) == [(PAIR, 1000, 1.10005)]


@SHAPES
@pytest.mark.parametrize("outside_rth", [False, True])
def test_a_day_order_lasts_to_the_end_of_its_own_session(shape: str, outside_rth: bool) -> None:
    puppet = Puppet()
    order = OrderRequest(
        PAIR, Side.BUY, 1000, OrderType.LIMIT, limit_price=0.9, outside_rth=outside_rth
    )
    after(puppet, 3, order)
    result = play(QUOTES, puppet, symbols=(PAIR,), sessions=DAYS, shape=shape)
    assert [o.done_ns for o in result.orders] == [DAYS[0].close_ns]
    puppet = Puppet()
    after(puppet, 26, order)
    result = play(QUOTES, puppet, symbols=(PAIR,), sessions=DAYS, shape=shape)
    assert [o.done_ns - DAYS[1].close_ns for o in result.orders] == [0]
