import copy
import pickle
from typing import Annotated

import pytest
from tests.unit.strategies.context import FakeContext

from ikbr.domain.errors import StrategyError
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import Range
from ikbr.strategies.examples.momentum import MomentumStrategy


class Guided(BaseStrategy):
    """As a person writes it: no super().__init__(), async handler."""

    def __init__(self, lookback: Annotated[int, Range(2, 500)] = 20, hidden: float = 0.5):
        self.lookback = lookback
        self.seen = []

    async def on_market_data(self, ticker):
        self.seen.append(ticker.last)


def test_parameters_are_known_whatever_init_does_with_them():
    strategy = Guided(30, hidden=0.7)
    assert strategy.params == {"lookback": 30, "hidden": 0.7}


def test_params_tell_the_values_as_they_are_now():
    strategy = Guided()
    strategy.lookback = 25
    assert strategy.params["lookback"] == 25
    strategy.lookback = [1, 2]  # the name was used for something else
    assert strategy.params["lookback"] == 20


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((1,), {}, "Guided.lookback = 1 is out of range"),
        ((), {"lookbak": 3}, "did you mean 'lookback'"),
        ((1, 2, 3), {}, "takes 2 parameters"),
    ],
)
def test_a_strategy_made_by_hand_is_checked_too(args, kwargs, message):
    with pytest.raises(StrategyError, match=message):
        Guided(*args, **kwargs)


def test_a_strategy_without_init_takes_nothing():
    class Bare(BaseStrategy):
        def on_market_data(self, ticker):
            return None

    assert Bare().params == {}
    with pytest.raises(StrategyError, match=r"takes 0 parameters \(none\)"):
        Bare(1)


def test_a_strategy_without_on_market_data_cannot_be_made():
    class Half(BaseStrategy):
        pass

    with pytest.raises(TypeError, match="on_market_data"):
        Half()


def test_copies_and_other_processes_make_the_same_strategy():
    strategy = MomentumStrategy(lookback=7)
    for twin in (copy.deepcopy(strategy), pickle.loads(pickle.dumps(strategy))):
        assert twin.params == strategy.params


def test_before_the_start_it_cannot_ask_for_the_market():
    with pytest.raises(StrategyError, match="Guided asks for the market before the run began"):
        Guided().position("SPY")


def test_the_hooks_do_nothing_unless_they_are_written():
    strategy = Guided()
    hooks = (strategy.on_bar, strategy.on_fill, strategy.on_order_update, strategy.on_timer)
    assert [hook(None) for hook in hooks] == [None] * 4
    assert strategy.on_start() is strategy.on_stop() is None
    assert strategy.calculate_position_size(None) is None
    strategy.clear_old_data()
    assert strategy.describe() == {}


def test_its_questions_and_wishes_go_to_the_context():
    strategy = MomentumStrategy(lookback=2, threshold=0.01)
    context = FakeContext(strategy, "SPY", "IBM", capital=5000.0, size=7)
    context.prints("SPY", [100, 102])
    assert strategy.name == "fake"
    assert strategy.now_ns == context.now_ns > 0
    assert strategy.symbols == ("SPY", "IBM")
    assert strategy.ticker("SPY") is strategy.tickers["SPY"] is context.tickers["SPY"]
    assert strategy.buffer("SPY") is context.buffers["SPY"]
    assert (strategy.position("SPY"), strategy.pending("SPY")) == (7, 0)
    assert (strategy.capital, strategy.equity) == (5000.0, 5000.0)
    context.held_back.add("IBM")
    context.prints("IBM", [100, 102])
    (order,) = strategy.orders
    assert strategy.pending("IBM") == 7
    strategy.modify(order.order_id, quantity=5)
    assert context.modified == [(order.order_id, {"quantity": 5})]
    strategy.cancel(order.order_id)
    assert strategy.orders == []
    strategy.log("hello")
    assert context.lines == ["hello"]


def test_timers_are_set_and_forgotten():
    strategy = Guided()
    context = FakeContext(strategy, "SPY")
    strategy.set_timer("once", at_ns=5)
    strategy.set_timer("often", every_s=1.5)
    assert context.timers == {"once": (5, None), "often": (None, 1.5)}
    strategy.cancel_timer("once")
    assert set(context.timers) == {"often"}


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({}, "either at_ns or every_s"),
        ({"at_ns": 1, "every_s": 1.0}, "either at_ns or every_s"),
        ({"every_s": 0.0}, "must be more than 0"),
        ({"every_s": float("nan")}, "must be more than 0"),
    ],
)
def test_a_timer_without_a_sound_time_is_refused(times, message):
    strategy = Guided()
    FakeContext(strategy, "SPY")
    with pytest.raises(StrategyError, match=message):
        strategy.set_timer("t", **times)


def test_the_parameters_can_be_described():
    assert [p.name for p in Guided.parameters()] == ["lookback", "hidden"]
