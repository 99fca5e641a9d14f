import pytest

from ikbr.domain.instrument import Instrument
from ikbr.domain.marks import mark_units
from ikbr.domain.tape import NO_PRICE
from ikbr.domain.ticker import Ticker


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
