import pytest
from tests.unit.strategies.context import FakeContext

from ikbr.domain.errors import StrategyError
from ikbr.strategies.examples.mean_reversion import MeanReversionStrategy

CALM = [100.0, 100.1] * 10


def context_of(**parameters):
    values = {"lookback": 20, "entry": 2.0, "exit": 0.5, "stop": 4.0, **parameters}
    return FakeContext(MeanReversionStrategy(**values), "SPY")


def test_it_buys_far_below_the_average_and_leaves_near_it():
    context = context_of()
    context.prints("SPY", [*CALM, 99.8])
    assert context.position("SPY") == 100
    context.prints("SPY", [99.85])
    assert context.position("SPY") == 100
    context.prints("SPY", [100.05])
    assert context.position("SPY") == 0


def test_far_above_the_average_it_sells_only_if_it_may():
    for allow_short, held in ((False, 0), (True, -100)):
        context = context_of(allow_short=allow_short)
        context.prints("SPY", [*CALM, 100.3])
        assert context.position("SPY") == held
    context.prints("SPY", [100.05])
    assert context.position("SPY") == 0


def test_beyond_the_stop_it_gives_up_and_stays_aside_until_calm():
    context = context_of(stop=3.0)
    context.prints("SPY", [*CALM, 99.85])
    assert context.position("SPY") == 100
    context.prints("SPY", [99.5])
    assert context.position("SPY") == 0
    assert "stopped out" in context.signals[-1].reason
    many = len(context.signals)
    for price in (99.45, 99.4, 99.35):
        context.prints("SPY", [price])
        assert -3.0 < context.strategy._states["SPY"].score.value < -2.0
        assert len(context.signals) == many  # low enough to enter, but aside
    context.prints("SPY", [*CALM, *CALM, 99.85])
    assert context.position("SPY") == 100  # calm came back, so it enters again


def test_nothing_is_entered_beyond_the_stop():
    context = context_of(stop=3.0)
    context.prints("SPY", [*CALM, 98.0])
    assert not context.signals


def test_only_changes_of_the_price_count():
    context = context_of()
    context.prints("SPY", [100.0] * 1000)
    assert context.strategy.describe()["largest z-score"] == 0.0
    assert not context.strategy._states["SPY"].score.ready


def test_the_mid_of_a_quote_is_preferred_to_the_last_price():
    context = context_of()
    for last in [*CALM, 90.0]:
        context.tick("SPY", bid=99.9, ask=100.1, last=last)
    assert not context.signals


def test_it_does_not_order_again_while_an_order_is_in_flight():
    context = context_of()
    context.held_back.add("SPY")
    context.prints("SPY", [*CALM, 99.8, 99.79, 99.78])
    assert len(context.orders) == 1


def test_it_reports_the_largest_score_beside_the_entry():
    context = context_of(entry=3.9)
    context.prints("SPY", [*CALM, 99.85])
    assert not context.signals
    assert -3.9 < context.strategy.describe()["largest z-score"] < -1.5
    assert context.strategy.describe()["entry"] == 3.9


def test_bands_in_the_wrong_order_are_refused():
    with pytest.raises(StrategyError, match="exit 3, entry 2 and stop 4 must rise"):
        context_of(exit=3.0)
