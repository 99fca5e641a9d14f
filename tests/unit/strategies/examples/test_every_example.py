import inspect
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies.context import FakeContext

from ikbr.domain.events import Bar
from ikbr.strategies import registry

SYMBOLS = dict.fromkeys(("pairs", "pairs_kernel"), ("SPY", "IBM"))
SMALL = {"momentum": {"lookback": 2}, "mean_reversion": {"lookback": 3}, "pairs": {"lookback": 3}}

odd = st.sampled_from([None, math.nan, 0, 0.0, -1.0, math.inf, -math.inf])
price = st.one_of(odd, st.floats(1.0, 1000.0), st.floats(99.9, 100.1))
fields = st.fixed_dictionaries(
    {
        "bid": price,
        "ask": price,
        "last": price,
        "last_size": st.sampled_from([None, 0, 100]),
        "bid_size": st.sampled_from([None, 0, 100]),
        "halted": st.booleans(),
    }
)


@pytest.mark.parametrize("name", registry.EXAMPLES)
@given(rows=st.lists(st.tuples(st.integers(0, 1), fields), max_size=40))
def test_whatever_the_fields_hold_nothing_raises(name, rows):
    strategy = registry.create(name, SMALL.get(name, {}))
    context = FakeContext(strategy, *SYMBOLS.get(name, ("SPY",)))
    for number, (which, values) in enumerate(rows):
        symbol = context.symbols[which % len(context.symbols)]
        ticker = context.tickers[symbol]
        for field, value in values.items():
            setattr(ticker, field, value)
        strategy.on_market_data(ticker)
        p = values["last"] if isinstance(values["last"], float) else math.nan
        strategy.on_bar(Bar(symbol, number, number + 1, p, p, p, p, 0))
    strategy.describe()


@pytest.mark.parametrize("name", registry.EXAMPLES)
def test_the_same_prices_give_the_same_signals(name):
    def run():
        context = FakeContext(
            registry.create(name, SMALL.get(name, {})), *SYMBOLS.get(name, ("SPY",))
        )
        for number in range(300):
            mid = 100 + (number * 7919 % 101) / 50
            for symbol in context.symbols:
                context.tick(symbol, bid=mid - 0.01, ask=mid + 0.01, last=mid)
        return context.signals, context.fills

    assert run() == run()


@pytest.mark.parametrize("name", registry.EXAMPLES)
def test_each_example_is_short_and_names_its_idea_and_source(name):
    cls = registry.load(name)
    module = inspect.getmodule(cls)
    assert len(inspect.getsource(module).splitlines()) <= 120
    assert "Idea:" in cls.__doc__
    assert "Source:" in cls.__doc__
    assert all(parameter.doc for parameter in cls.parameters())
