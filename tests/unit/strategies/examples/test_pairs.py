import random

import pytest
from tests.unit.strategies.context import FakeContext

from ikbr.domain.errors import StrategyError
from ikbr.strategies.examples.pairs import PairsStrategy


def context_of(count=200, **parameters):
    """Two prices, KO = 10 + 0.5 PEP with a little noise, already warm."""
    values = {"lookback": 50, "entry": 4.0, "exit": 0.5, **parameters}
    context = FakeContext(PairsStrategy(**values), "KO", "PEP")
    draw = random.Random(1)
    pep = 100.0
    for _ in range(count):
        pep += draw.gauss(0, 0.2)
        context.tick("PEP", last=round(pep, 2))
        context.tick("KO", last=round(10 + 0.5 * pep + draw.gauss(0, 0.01), 2))
    assert not context.signals
    return context


def spread(context, amount):
    context.tick("KO", last=round(10 + 0.5 * context.tickers["PEP"].last + amount, 2))


def test_a_wide_spread_is_sold_with_both_legs_hedged():
    context = context_of()
    spread(context, 0.6)
    ko, pep = context.position("KO"), context.position("PEP")
    assert ko < 0 < pep
    assert pep == pytest.approx(-0.5 * ko, rel=0.2)
    assert {s.group for s in context.signals} == {"pair"}
    value = -ko * context.tickers["KO"].last + pep * context.tickers["PEP"].last
    assert value == pytest.approx(0.5 * 100_000, rel=0.02)


def test_a_narrow_spread_is_bought():
    context = context_of()
    spread(context, -0.6)
    assert context.position("PEP") < 0 < context.position("KO")


def test_both_legs_are_left_when_the_spread_is_back():
    context = context_of()
    spread(context, 0.6)
    spread(context, 0.4)
    assert context.position("KO") < 0
    spread(context, 0.2)
    assert (context.position("KO"), context.position("PEP")) == (0, 0)
    assert abs(context.strategy._score.value) < 0.5  # within the band, not across it


def test_both_legs_come_in_one_answer_under_one_group():
    context = context_of()
    context.held_back |= {"KO", "PEP"}
    spread(context, 0.6)
    assert len(context.signals) == len(context.orders) == 2
    spread(context, 0.7)
    assert len(context.signals) == 2  # both are in flight


def test_a_leg_that_is_left_alone_is_closed():
    context = context_of()
    context.held_back.add("PEP")
    spread(context, 0.6)
    context.held_back.clear()
    context.cancel(context.orders[0].order_id)
    assert (context.position("KO") != 0, context.position("PEP")) == (True, 0)
    spread(context, 0.65)
    assert context.position("KO") == 0


def test_capital_too_small_for_one_share_enters_nothing():
    context = FakeContext(PairsStrategy(lookback=3, entry=0.6), "KO", "PEP", capital=10.0)
    draw = random.Random(2)
    for _ in range(100):
        context.tick("PEP", last=100 + draw.gauss(0, 1))
        context.tick("KO", last=60 + draw.gauss(0, 1))
    assert not context.signals


def test_prices_that_move_against_each_other_are_no_pair():
    context = FakeContext(PairsStrategy(lookback=20, entry=1.0), "KO", "PEP")
    for n in range(100):
        context.tick("PEP", last=100 + n % 7)
        context.tick("KO", last=60 - n % 7 + n % 3)
    assert not context.signals
    assert context.strategy.describe()["hedge ratio"] < 0


@pytest.mark.parametrize("symbols", [("KO",), ("KO", "PEP", "SPY")])
def test_it_insists_on_two_symbols(symbols):
    with pytest.raises(StrategyError, match="needs two symbols"):
        FakeContext(PairsStrategy(), *symbols)


def test_an_exit_beyond_the_entry_is_refused():
    with pytest.raises(StrategyError, match="exit 3 must be less than entry 2"):
        PairsStrategy(entry=2.0, exit=3.0)
