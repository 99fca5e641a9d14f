import math

import pytest

from ikbr.domain.instrument import Instrument
from ikbr.domain.ticker import NAN, Freshness, Ticker


def ticker(bid=NAN, ask=NAN, last=NAN, ts_ns=0, halted=False):
    made = Ticker(Instrument(symbol="SPY"))
    made.bid, made.ask, made.last, made.ts_ns, made.halted = bid, ask, last, ts_ns, halted
    return made


@pytest.mark.parametrize(
    ("bid", "ask", "last", "mark"),
    [
        (10.0, 10.2, 10.1, 10.1),
        (10.0, 10.2, 10.5, 10.2),
        (10.0, 10.2, 9.5, 10.0),
        (NAN, NAN, 10.1, 10.1),
        (10.0, NAN, 9.5, 10.0),
        (NAN, 10.2, 10.5, 10.2),
        (10.0, 10.2, NAN, 10.1),
    ],
)
def test_the_market_price_is_the_last_held_between_bid_and_ask(bid, ask, last, mark):
    made = ticker(bid, ask, last)
    assert made.market_price() == pytest.approx(mark)
    assert made.marketPrice() == made.market_price()


def test_without_prices_nothing_can_be_said():
    empty = ticker()
    assert all(math.isnan(v) for v in (empty.market_price(), empty.midpoint(), empty.spread()))


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"bid": 1.0, "ask": 1.1}, Freshness.FRESH),
        ({"bid": 1.1, "ask": 1.1}, Freshness.LOCKED),
        ({"bid": 1.2, "ask": 1.1}, Freshness.CROSSED),
        ({"bid": 1.2}, Freshness.ONE_SIDED),
        ({"ask": 1.2, "last": 1.0}, Freshness.ONE_SIDED),
        ({"last": 1.0}, Freshness.PRINTS_ONLY),
        ({}, Freshness.EMPTY),
        ({"bid": 1.0, "ask": 1.1, "halted": True}, Freshness.HALTED),
        ({"bid": 1.0, "ask": 1.1, "ts_ns": -1}, Freshness.STALE),
    ],
)
def test_freshness_says_how_far_the_data_can_be_trusted(given, label):
    assert ticker(**given).freshness(now_ns=10, stale_after_ns=10) is label


def test_spread_and_midpoint_come_from_the_quote():
    made = ticker(10.0, 10.5)
    assert (made.spread(), made.midpoint()) == (0.5, 10.25)


def test_the_names_of_ib_async_work_too():
    made = ticker(ts_ns=7)
    assert made.contract is made.instrument
    assert made.time == 7
    assert "SPY" in repr(made)
