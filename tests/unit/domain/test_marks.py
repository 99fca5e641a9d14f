import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.instrument import Instrument
from ikbr.domain.marks import mark_units
from ikbr.domain.tape import NO_PRICE
from ikbr.domain.ticker import NAN, Ticker


@pytest.mark.parametrize(
    ("bid", "ask", "last", "mark"),
    [
        (100, 104, 102, 102),
        (100, 104, 110, 104),
        (100, 104, 90, 100),
        (NO_PRICE, NO_PRICE, 90, 90),
        (100, NO_PRICE, 90, 100),
        (NO_PRICE, 104, 110, 104),
        (100, 105, NO_PRICE, 102),
        (100, NO_PRICE, NO_PRICE, 100),
        (NO_PRICE, 105, NO_PRICE, 105),
        (NO_PRICE, NO_PRICE, NO_PRICE, NO_PRICE),
    ],
)
def test_the_mark_is_the_last_held_between_bid_and_ask(bid, ask, last, mark):
    assert mark_units(bid, ask, last) == mark


@pytest.mark.parametrize("last", [90, 102, 110])
def test_the_mark_is_the_tickers_market_price(last):
    ticker = Ticker(Instrument(symbol="SPY", price_scale=1, tick_bands=((0, 1),)))
    ticker.bid, ticker.ask, ticker.last = 100.0, 104.0, float(last)
    assert mark_units(100, 104, last) == ticker.market_price()


UNITS = st.one_of(st.just(NO_PRICE), st.integers(-50, 50), st.integers(-(2**31) + 1, 2**31 - 1))


@given(UNITS, UNITS, UNITS, st.sampled_from([1, 100, 10_000, 100_000]))
def test_the_mark_in_units_is_the_tickers_market_price(bid, ask, last, scale):
    ticker = Ticker(Instrument(symbol="SPY", price_scale=scale, tick_bands=((0, 1),)))
    prices = (NAN if units == NO_PRICE else units / scale for units in (bid, ask, last))
    ticker.bid, ticker.ask, ticker.last = prices
    mark = mark_units(bid, ask, last)
    if mark == NO_PRICE:
        assert math.isnan(ticker.market_price())
    else:
        assert ticker.market_price() == mark / scale
