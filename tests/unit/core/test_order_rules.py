"""What makes an order request sensible, and which exits hang on it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.core.rig import buy, sell

from ikbr.core.order_rules import check_request, child_requests
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import OrderError
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import OrderType, Side, TimeInForce

T = OrderType
SPY = parse_contract("SPY")
NAN, INF = float("nan"), float("inf")

SENSIBLE: list[dict[str, Any]] = [
    {},
    {"order_type": T.LIMIT, "limit_price": 99.01},
    {"order_type": T.LIMIT, "limit_price": 0.1234},
    {"order_type": T.STOP, "stop_price": 99.01},
    {"order_type": T.STOP_LIMIT, "stop_price": 99.0, "limit_price": 98.0},
    {"order_type": T.TRAIL, "trail_amount": 0.5},
    {"order_type": T.TRAIL, "trail_percent": 1.5, "stop_price": 99.0},
    {"order_type": T.MIDPRICE},
    {"order_type": T.MIDPRICE, "limit_price": 99.005},
    {"order_type": T.MARKET_ON_OPEN},
    {"order_type": T.MARKET_ON_CLOSE},
    {"order_type": T.LIMIT_ON_CLOSE, "limit_price": 99.0},
    {"take_profit": 110.0},
    {"stop_loss": 90.0},
]
SENSELESS: list[tuple[dict[str, Any], str]] = [
    ({"order_type": T.LIMIT}, "a LMT order needs limit_price"),
    ({"order_type": T.STOP_LIMIT, "stop_price": 9.0}, "a STP LMT order needs limit_price"),
    ({"order_type": T.LIMIT_ON_CLOSE}, "a LOC order needs limit_price"),
    ({"order_type": T.STOP}, "a STP order needs stop_price"),
    ({"order_type": T.STOP_LIMIT, "limit_price": 9.0}, "a STP LMT order needs stop_price"),
    ({"order_type": T.TRAIL}, "needs either trail_amount or trail_percent"),
    ({"order_type": T.TRAIL, "trail_amount": 1.0, "trail_percent": 1.0}, "needs either"),
    ({"order_type": T.TRAIL, "trail_amount": 0.0}, "trail_amount = 0.0 must be above 0"),
    ({"order_type": T.TRAIL, "trail_amount": -1.0}, "trail_amount = -1.0 must be above 0"),
    ({"order_type": T.TRAIL, "trail_percent": INF}, "trail_percent = inf must be above 0"),
    ({"order_type": T.TRAIL, "trail_percent": NAN}, "trail_percent = nan must be above 0"),
    ({"order_type": T.LIMIT, "limit_price": 99.005}, "the nearest price is 99.01"),
    ({"order_type": T.STOP, "stop_price": 99.001}, "stop_price = 99.001 is off the price grid"),
    ({"order_type": T.LIMIT, "limit_price": NAN}, "limit_price = nan is not a price"),
    ({"order_type": T.STOP, "stop_price": INF}, "stop_price = inf is not a price"),
    ({"take_profit": 110.001}, "take_profit = 110.001 is off the price grid"),
    ({"stop_loss": NAN}, "stop_loss = nan is not a price"),
]


@pytest.mark.parametrize("more", SENSIBLE, ids=str)
def test_a_sensible_request_passes(more: dict[str, Any]) -> None:
    check_request(buy(100, **more), SPY)


@pytest.mark.parametrize(("more", "why"), SENSELESS, ids=str)
def test_a_senseless_request_is_named(more: dict[str, Any], why: str) -> None:
    with pytest.raises(OrderError, match=why) as caught:
        check_request(buy(100, **more), SPY)
    assert str(caught.value).startswith("SPY: ")


@pytest.mark.parametrize(
    ("quantity", "lot", "passes"),
    [(1, 1, True), (0, 1, False), (-5, 1, False), (200, 100, True), (150, 100, False)],
)
def test_a_quantity_is_a_positive_multiple_of_the_lot(
    quantity: int, lot: int, passes: bool
) -> None:
    instrument = Instrument(symbol="SPY", lot=lot)
    if passes:
        check_request(buy(quantity), instrument)
    else:
        with pytest.raises(OrderError, match=f"quantity {quantity} must be a positive multiple"):
            check_request(buy(quantity), instrument)


@pytest.mark.parametrize("entry", [buy, sell])
def test_attached_exits_close_what_the_entry_opens(entry: Any) -> None:
    request = entry(70, take_profit=110.0, stop_loss=90.0, outside_rth=True)
    profit, stop = child_requests(request, 5)
    assert (profit.order_type, profit.limit_price) == (T.LIMIT, 110.0)
    assert (stop.order_type, stop.stop_price) == (T.STOP, 90.0)
    for exit_ in (profit, stop):
        assert exit_.side is Side(-request.side)
        assert (exit_.quantity, exit_.tif, exit_.outside_rth) == (70, TimeInForce.GTC, True)
        assert exit_.oca_group == "exit-5"
        assert exit_.reduce_only


def test_exits_of_a_turned_position_protect_the_new_side_alone() -> None:
    (stop,) = child_requests(buy(150, stop_loss=90.0, protects=50), 5)
    assert stop.quantity == 50


def test_no_exit_hangs_on_a_plain_request() -> None:
    assert child_requests(buy(1), 5) == []
