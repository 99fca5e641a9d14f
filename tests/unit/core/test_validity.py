"""What the raw values of a feed mean, and what the ticker shows of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.core.bars import BarSpec
from ikbr.core.market_data import MarketData
from ikbr.core.validity import halt_state, valid_price, valid_print, valid_side, valid_size
from ikbr.domain.contracts import parse_contract
from ikbr.domain.instrument import SecType
from ikbr.domain.ticker import Freshness, Ticker

NAN, INF = float("nan"), float("inf")
LARGEST = 1.7976931348623157e308
STOCK, FUTURE, OPTION, FOREX = SecType.STOCK, SecType.FUTURE, SecType.OPTION, SecType.FOREX
SPY = parse_contract("SPY")
CL = parse_contract("CL 202612 NYMEX")


@pytest.mark.parametrize("kind", list(SecType))
@pytest.mark.parametrize("price", [NAN, INF, -INF, LARGEST, -LARGEST])
def test_what_is_no_number_is_no_price_of_anything(kind: SecType, price: float) -> None:
    assert math.isnan(valid_price(price, kind))
    assert valid_print(price, 100, kind) is None
    assert str(valid_side(price, 100, kind)) == "(nan, 0)"


@pytest.mark.parametrize("kind", [STOCK, OPTION, FOREX])
@pytest.mark.parametrize("price", [-1.0, 0.0, -0.01])
def test_only_futures_can_cost_nothing_or_less(kind: SecType, price: float) -> None:
    assert math.isnan(valid_price(price, kind))
    assert valid_price(price, FUTURE) == price
    assert valid_print(price, 3, FUTURE) == (price, 3)


@pytest.mark.parametrize(
    ("price", "size", "kind", "side"),
    [
        (10.01, 300, STOCK, (10.01, 300)),
        (10.01, 0, STOCK, (NAN, 0)),
        (10.01, -5, STOCK, (NAN, 0)),
        (10.01, NAN, STOCK, (10.01, 0)),
        (-1.0, 0, STOCK, (NAN, 0)),
        (0.0, 0, STOCK, (NAN, 0)),
        (-1.0, 200, STOCK, (NAN, 0)),
        (-1.0, 0, FUTURE, (NAN, 0)),
        (-1.0, NAN, FUTURE, (NAN, 0)),
        (0.0, NAN, FUTURE, (NAN, 0)),
        (-1.0, 2, FUTURE, (-1.0, 2)),
        (-37.63, NAN, FUTURE, (-37.63, 0)),
        (1.1, 1_000_000, FOREX, (1.1, 1_000_000)),
    ],
)
def test_a_side_stands_only_with_a_price_and_a_size(
    price: float, size: float, kind: SecType, side: tuple[float, int]
) -> None:
    assert str(valid_side(price, size, kind)) == str(side)


@pytest.mark.parametrize(("size", "whole"), [(3, 3), (2.9, 2), (0, 0), (NAN, 0), (INF, 0), (-1, 0)])
def test_a_size_is_a_whole_number(size: float, whole: int) -> None:
    assert valid_size(size) == whole


def test_an_unknown_state_is_not_open() -> None:
    values = (-1, 0, 1, 2, 3, NAN)
    assert [halt_state(v) for v in values] == [None, False, True, True, None, None]


def market(*instruments: object) -> tuple[MarketData, Ticker]:
    data = MarketData(instruments or (SPY,))  # type: ignore[arg-type]
    return data, next(iter(data.tickers.values()))


def test_a_quote_moves_the_quote_and_nothing_else() -> None:
    data, ticker = market()
    assert data.on_last("SPY", 10.0, 50, 1) == []
    assert data.on_quote("SPY", 9.99, 10.01, 300, 200.0, 2)
    shown = (ticker.bid, ticker.ask, ticker.bid_size, ticker.ask_size, ticker.last, ticker.ts_ns)
    assert shown == (9.99, 10.01, 300, 200, 10.0, 2)
    assert (ticker.volume, ticker.last_size, ticker.is_print) == (50, 0, False)


def test_a_withdrawn_side_is_unknown_and_the_label_says_so() -> None:
    data, ticker = market()
    data.on_quote("SPY", 9.99, 10.01, 300, 200, 1)
    assert data.freshness("SPY", 1) is Freshness.FRESH
    data.on_quote("SPY", -1.0, 10.01, 0, 200, 2)
    assert math.isnan(ticker.bid)
    assert data.freshness("SPY", 2) is Freshness.ONE_SIDED
    data.on_quote("SPY", 10.02, 10.01, 100, 200, 3)
    assert data.freshness("SPY", 3) is Freshness.CROSSED


def test_a_future_may_be_quoted_below_zero() -> None:
    data, ticker = market(CL)
    data.on_quote(CL.symbol, -37.64, -37.62, 5, 5, 1)
    assert (ticker.bid, ticker.ask) == (-37.64, -37.62)


def test_a_print_reaches_ticker_buffer_and_bars() -> None:
    data, ticker = market()
    buffer = data.buffer("SPY")
    builder = data.add_bars("SPY", BarSpec("2tick"))
    assert data.on_last("SPY", 10.0, 50, 1) == []
    closed = data.on_last("SPY", 10.5, 30, 2)
    assert closed is not None
    ((bar, text),) = closed
    assert (bar.open, bar.close, bar.volume, text) == (10.0, 10.5, 80, "2tick")
    assert builder.count == 0
    assert buffer.prices.tolist() == [10.0, 10.5]
    assert (ticker.last, ticker.last_size, ticker.volume, ticker.is_print) == (10.5, 30, 80, True)


@pytest.mark.parametrize(("price", "size"), [(10.0, 0), (10.0, NAN), (-1.0, 5), (NAN, 5), (0.0, 0)])
def test_what_was_not_dealt_is_counted_and_changes_nothing(price: float, size: float) -> None:
    data, ticker = market()
    buffer = data.buffer("SPY")
    assert data.on_last("SPY", price, size, 7) is None
    assert (ticker.ts_ns, ticker.volume, len(buffer)) == (0, 0, 0)
    assert data.dropped == {("SPY", "no print"): 1}


def test_what_comes_late_is_counted_and_does_not_move_the_ticker_back() -> None:
    data, ticker = market()
    buffer = data.buffer("SPY")
    data.on_last("SPY", 10.0, 50, 100)
    assert not data.on_quote("SPY", 9.0, 9.1, 1, 1, 99)
    assert data.on_last("SPY", 9.0, 5, 99) is None
    assert not data.on_halted("SPY", 1, 99)
    assert (ticker.last, ticker.ts_ns, ticker.volume, ticker.halted) == (10.0, 100, 50, False)
    assert math.isnan(ticker.bid)
    assert len(buffer) == 1
    assert data.dropped == {("SPY", "late"): 3}
    assert data.on_quote("SPY", 9.9, 10.1, 1, 1, 100), "an equal time is not late"


def test_an_unknown_state_ends_no_halt() -> None:
    data, ticker = market()
    assert data.on_halted("SPY", 2, 1)
    assert not data.on_halted("SPY", -1, 2)
    assert ticker.halted
    assert data.freshness("SPY", 2) is Freshness.HALTED
    assert data.on_halted("SPY", 0, 3)
    assert not ticker.halted
    assert not data.on_halted("SPY", 0, 4), "nothing changed"


RAW = st.one_of(
    st.floats(), st.sampled_from([-1.0, 0.0, NAN, 10.0]), st.integers(-5, 1_000).map(float)
)


@given(st.lists(st.tuples(RAW, RAW, RAW, RAW, st.integers(0, 50)), max_size=30))
def test_whatever_a_feed_says_a_stock_shows_prices_above_zero_and_time_never_falls(
    rows: list[tuple[float, float, float, float, int]],
) -> None:
    data, ticker = market()
    seen = 0
    for bid, ask, bid_size, ask_size, ts in rows:
        data.on_quote("SPY", bid, ask, bid_size, ask_size, ts)
        data.on_last("SPY", bid, ask_size, ts)
        assert ticker.ts_ns >= seen
        seen = ticker.ts_ns
        for price in (ticker.bid, ticker.ask, ticker.last):
            assert math.isnan(price) or 0 < price < INF
        assert min(ticker.bid_size, ticker.ask_size, ticker.volume) >= 0
