import random
from collections import deque
from itertools import pairwise

import pytest
from tests.unit.strategies.context import FakeContext

from ikbr.strategies.examples.momentum import MomentumStrategy


def naive(prices, lookback, threshold):
    """The owner's guide, word for word."""
    buffer = deque(maxlen=lookback)
    signals = []
    for number, price in enumerate(prices):
        if not price:
            continue
        buffer.append(price)
        if len(buffer) < lookback:
            continue
        momentum = price / buffer[0] - 1
        if momentum > threshold:
            signals.append((number, "BUY", price))
        elif momentum < -threshold:
            signals.append((number, "SELL", price))
    return signals


@pytest.mark.parametrize(("lookback", "threshold"), [(2, 0.0), (20, 0.002), (7, 0.001), (20, 1.0)])
def test_it_signals_exactly_where_the_guide_says(lookback, threshold):
    draw = random.Random(lookback)
    prices = [0.0] * 3 + [round(100 + draw.gauss(0, 0.15), 2) for _ in range(5000)]
    strategy = MomentumStrategy(lookback, threshold)
    context = FakeContext(strategy, "SPY")
    seen = []
    for number, price in enumerate(prices):
        context.tickers["SPY"].last = price
        signal = strategy.on_market_data(context.tickers["SPY"])
        if signal is not None:
            seen.append((number, signal.action, signal.price))
    expected = naive(prices, lookback, threshold)
    assert seen == expected
    assert bool(expected) == (threshold < 1.0)


def test_symbols_do_not_share_prices():
    strategy = MomentumStrategy(lookback=3, threshold=0.05)
    context = FakeContext(strategy, "SPY", "IBM")
    for spy, ibm in zip([100, 101, 102, 110], [50, 50, 50, 50], strict=True):
        context.tick("SPY", last=spy)
        context.tick("IBM", last=ibm)
    assert [(s.action, s.symbol) for s in context.signals] == [("BUY", "SPY")]


def test_it_buys_what_rose_and_leaves_when_it_fell():
    context = FakeContext(MomentumStrategy(lookback=3, threshold=0.01), "SPY")
    context.prints("SPY", [100, 100, 102, 102, 102, 90, 90, 90])
    assert context.fills == [("SPY", 100), ("SPY", -100)]
    assert context.position("SPY") == 0


def test_with_allow_short_it_sells_what_fell():
    strategy = MomentumStrategy(lookback=3, threshold=0.01, allow_short=True)
    context = FakeContext(strategy, "SPY")
    context.prints("SPY", [100, 100, 98])
    assert context.position("SPY") == -100


@pytest.mark.parametrize(
    ("prices", "largest"),
    [([100, 101, 100.5], 0.01), ([100, 99, 99.5], -0.01), ([100, 101, 98.98], -0.02), ([100], 0)],
)
def test_a_run_without_a_signal_reports_the_largest_momentum(prices, largest):
    strategy = MomentumStrategy(lookback=2, threshold=0.5)
    context = FakeContext(strategy, "SPY")
    context.prints("SPY", prices)
    assert not context.signals
    assert strategy.describe()["largest momentum"] == pytest.approx(largest)
    assert strategy.describe()["threshold"] == 0.5


def test_the_largest_momentum_is_known_beyond_the_threshold_too():
    draw = random.Random(3)
    prices = [100 + draw.gauss(0, 1) for _ in range(500)]
    strategy = MomentumStrategy(lookback=2, threshold=0.001)
    FakeContext(strategy, "SPY").prints("SPY", prices)
    largest = max((b / a - 1 for a, b in pairwise(prices)), key=abs)
    assert strategy.describe()["largest momentum"] == largest


def test_the_reason_names_the_momentum():
    context = FakeContext(MomentumStrategy(lookback=2, threshold=0.01), "SPY")
    context.prints("SPY", [100, 102])
    assert context.signals[0].reason == "momentum +2.0000% over 2 prices"
