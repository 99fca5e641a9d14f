import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import StrategyError
from ikbr.domain.instrument import MICRO
from ikbr.domain.order import Fill, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.manager import StrategyManager

SYMBOLS = ("SPY", "IBM", "ES 202612 CME")
INSTRUMENTS = {symbol: parse_contract(symbol) for symbol in SYMBOLS}
CAPITAL = 100_000 * MICRO


class Quiet(BaseStrategy):
    cleanup_every_s = 10.0

    def __init__(self, size: int = 1):
        self.size = size
        self.cleaned = 0

    def on_market_data(self, ticker):
        return None

    async def on_bar(self, bar):
        return bar

    def clear_old_data(self):
        self.cleaned += 1


class Faulty(Quiet):
    def on_market_data(self, ticker):
        return self.helper()

    def helper(self):
        return json.loads("{")  # the line to be named

    def on_fill(self, fill):
        return int("x")

    def clear_old_data(self):
        raise ValueError("old data")

    def describe(self):
        return 1 / 0


class Context:
    def __init__(self, name):
        self.name = name


def manager_of(*shares, cls=Quiet):
    manager = StrategyManager(INSTRUMENTS, CAPITAL)
    for number, share in enumerate(shares):
        manager.add(cls(), f"s{number}", SYMBOLS, share)
    return manager


fills = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(SYMBOLS),
        st.sampled_from(list(Side)),
        st.integers(1, 500),
        st.integers(1, 3_000_000),
        st.integers(-1_000_000, 5_000_000),
    ),
    max_size=60,
)


@given(fills=fills, marks=st.lists(st.integers(1, 3_000_000), min_size=3, max_size=3))
def test_the_books_of_three_strategies_net_to_the_accounts(fills, marks):
    manager = manager_of(0.5, 0.2, 0.3)
    account = Portfolio(INSTRUMENTS, CAPITAL)
    for number, (who, symbol, side, quantity, units, fee) in enumerate(fills):
        price = INSTRUMENTS[symbol].to_price(units)
        fill = Fill(number, number, f"s{who}", symbol, side, quantity, units, 0, fee, price)
        account.apply_fill(fill)
        manager.get(fill.strategy).books.apply_fill(fill)
        for books in (account, *(r.books for r in manager.running)):
            books.mark(symbol, units)
    for books in (account, *(r.books for r in manager.running)):
        for symbol, units in zip(SYMBOLS, marks, strict=True):
            books.mark(symbol, units)
    held = {s: p.quantity for s, p in account.positions.items() if p.quantity}
    assert manager.net_positions() == held
    profit = sum(r.books.equity_micro() - r.capital_micro for r in manager.running)
    assert profit == account.equity_micro() - CAPITAL
    for stats in manager.stats():
        assert stats.pnl == pytest.approx(stats.realised + stats.unrealised - stats.fees, abs=1e-4)


def test_each_strategy_has_its_share_of_the_capital():
    manager = manager_of(0.5, 0.25)
    assert [r.capital for r in manager.running] == [50_000.0, 25_000.0]
    assert [r.books.equity for r in manager.running] == [50_000.0, 25_000.0]


def test_three_thirds_are_no_more_than_one():
    assert len(manager_of(1 / 3, 1 / 3, 1 / 3).running) == 3


def test_strategies_are_found_by_symbol_in_the_order_they_were_added():
    manager = manager_of(0.5, 0.5)
    assert [r.name for r in manager.by_symbol["IBM"]] == ["s0", "s1"]
    assert "Running('s0' on SPY, IBM" in repr(manager.running[0])


@pytest.mark.parametrize(
    ("name", "symbols", "share", "message"),
    [
        ("s0", ["SPY"], 0.1, "'s0' is there already"),
        ("new", [], 0.1, "has no symbols"),
        ("new", ["SPX"], 0.1, "'SPX' is not loaded; did you mean 'SPY'"),
        ("new", ["SPY", "SPY"], 0.1, "names a symbol twice"),
        ("new", ["SPY"], 0.6, "at most 0.5"),
        ("new", ["SPY"], 0.0, "must be more than 0"),
        ("new", ["SPY"], float("nan"), "must be more than 0"),
    ],
)
def test_what_cannot_be_added_is_refused(name, symbols, share, message):
    manager = manager_of(0.5)
    with pytest.raises(StrategyError, match=message):
        manager.add(Quiet(), name, symbols, share)
    assert len(manager.running) == 1


def test_the_same_object_cannot_run_twice():
    manager = manager_of(0.5)
    with pytest.raises(StrategyError, match="runs already"):
        manager.add(manager.running[0].strategy, "new", ["SPY"], 0.1)


def test_starting_binds_every_strategy_and_closes_the_list():
    manager = manager_of(0.5)
    manager.start(lambda running: Context(running.name))
    assert manager.running[0].strategy.name == "s0"
    with pytest.raises(StrategyError, match="before the run begins"):
        manager.add(Quiet(), "late", ["SPY"], 0.1)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(StrategyError, match="did you mean 's0'"):
        manager_of(0.5).get("s00")


def test_one_that_raises_is_disabled_and_the_line_is_named():
    manager = manager_of(0.5, 0.5, cls=Faulty)
    running = manager.running[0]
    with pytest.raises(ValueError, match="Expecting") as caught:
        running.on_market_data(None)
    alert = manager.disable(running, caught.value, 7)
    assert (alert.ts_ns, alert.severity, alert.source) == (7, "critical", "strategy s0")
    assert "s0 was disabled: JSONDecodeError: Expecting" in alert.message
    assert "# the line to be named" in running.failure.line
    assert running.failure.where.startswith(__file__)
    assert (running.enabled, manager.running[1].enabled) == (False, True)
    assert running.reason_disabled in alert.message


def test_an_error_outside_its_own_code_names_no_line():
    manager = manager_of(0.5)
    manager.disable(manager.running[0], ValueError("elsewhere"), 7)
    assert manager.running[0].reason_disabled == "ValueError: elsewhere"


def test_a_person_may_disable_and_enable():
    manager = manager_of(0.5)
    running = manager.running[0]
    alert = manager.disable(running, "it is Friday", 7)
    assert (alert.severity, alert.message) == ("warning", "s0 was disabled: it is Friday")
    assert manager.enable("s0", 8).message == "s0 was enabled."
    assert (running.enabled, running.reason_disabled) == (True, "")


def test_cleaning_up_comes_round_by_the_strategys_own_period():
    manager = manager_of(0.5)
    strategy = manager.running[0].strategy
    for second in (100, 105, 109, 110, 111, 120):
        assert manager.cleanup_due(second * 10**9) == []
    assert strategy.cleaned == 2


def test_one_that_fails_to_clean_up_is_disabled_and_the_others_go_on():
    manager = StrategyManager(INSTRUMENTS, CAPITAL)
    manager.add(Faulty(), "bad", ["SPY"], 0.5)
    good = manager.add(Quiet(), "good", ["SPY"], 0.5)
    manager.cleanup_due(10**9)
    (alert,) = manager.cleanup_due(20 * 10**9)
    assert "bad was disabled: ValueError: old data" in alert.message
    assert good.strategy.cleaned == 1
    assert manager.cleanup_due(40 * 10**9) == []


def test_hooks_that_are_not_overridden_need_not_be_called():
    quiet, faulty = (manager_of(0.5, cls=cls).running[0] for cls in (Quiet, Faulty))
    assert (quiet.hears_bars, quiet.hears_fills, quiet.hears_orders) == (True, False, False)
    assert faulty.hears_fills


def test_a_hook_set_on_the_object_counts_as_overridden():
    strategy = Quiet()
    strategy.on_order_update = lambda order: None
    manager = StrategyManager(INSTRUMENTS, CAPITAL)
    assert manager.add(strategy, "s", ["SPY"]).hears_orders


def test_async_hooks_are_plain_calls():
    assert manager_of(0.5).running[0].on_bar("bar") == "bar"


def test_the_stats_tell_what_it_was_given_and_what_it_did():
    manager = manager_of(0.5)
    running = manager.running[0]
    running.books.apply_fill(Fill(1, 1, "s0", "SPY", Side.BUY, 10, 1_000_000, 0, MICRO, 100.0))
    running.books.mark("SPY", 1_010_000)
    (stats,) = manager.stats()
    assert (stats.strategy, stats.params, stats.enabled) == ("Quiet", {"size": 1}, True)
    assert stats.positions == {"SPY": 10}
    assert (stats.unrealised, stats.fees, stats.pnl) == (10.0, 1.0, pytest.approx(9.0))


def test_a_description_that_fails_does_not_hurt():
    (stats,) = manager_of(0.5, cls=Faulty).stats()
    assert "ZeroDivisionError" in stats.description["describe failed"]
