"""What a run does, whether it skips ahead or looks at every row."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.backtest.stage_rig import (
    FREE_MODEL,
    HOUR,
    MINUTE,
    NEXT_SESSION,
    OPEN,
    SESSION,
    changes,
    play,
    prints,
    row,
)  # fmt: skip
from tests.unit.core.rig import FREE, SECOND, Puppet, buy, scheduled, sell, signal

from ikbr.core.event_bus import EventBus
from ikbr.domain.errors import ConfigError, ContractError, StrategyError
from ikbr.domain.events import EventType
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderType
from ikbr.domain.tape import CorporateAction, Kind
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import BaseStrategy

SHAPES = pytest.mark.parametrize("shape", ["python", "reference"])
FIELDS = (
    "ts_ns", "bid", "ask", "last", "bid_size", "ask_size", "last_size", "volume", "halted",
    "is_print",
)  # fmt: skip


def fail(*_: Any) -> Any:
    raise ZeroDivisionError("by a person")


def at_tick(puppet: Puppet, answers: dict[int, Any]) -> Puppet:
    """Answer ticks by their number, from 1."""
    puppet.does["on_market_data"] = lambda _: answers.get(puppet.count("on_market_data"))
    return puppet


def nasty() -> list[Any]:
    """Write rows of every kind in two symbols, with sides that come and go."""
    rows = [row(-30.0, Kind.QUOTE, bid=99.0, ask=None), *prints(100, 101, 102, start_s=-20.0)]
    rows += [row(5.0, Kind.QUOTE, bid=100.0, ask=100.5), row(6.0, Kind.AUCTION, last=100.2, size=9)]
    rows += prints(100, 101, symbol="KO", start_s=6.0)
    rows += [row(9.0, Kind.HALT), row(10.0, Kind.QUOTE, bid=None, ask=None), row(11.0, Kind.RESUME)]
    rows += prints(*range(100, 200), every_s=0.5, start_s=12.0)
    return rows + prints(90, 91, start_s=24 * 3600 + 1.0)


class Reader(BaseStrategy):
    """Note every field of the ticker, by names that no search of code finds."""

    def __init__(self, eager: bool = False) -> None:
        self.eager = eager
        self.seen: list[Any] = []

    def on_market_data(self, ticker: Ticker) -> Any:
        values: Any = tuple(getattr(ticker, name) for name in FIELDS)
        if self.eager:
            values = (*values, ticker.bid, ticker.last, ticker.last_size, ticker.is_print)
        self.seen.append((ticker.symbol, self.now_ns, ticker.midpoint(), *values))


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("symbols", [("SPY", "KO"), ("KO", "SPY")])
def test_a_ticker_shows_every_field_of_its_row_in_either_shape(
    symbols: tuple[str, ...], eager: bool
) -> None:
    seen = []
    for shape in ("python", "reference"):
        reader = Reader(eager)
        sessions = (SESSION, NEXT_SESSION)
        play(nasty(), reader, symbols=symbols, sessions=sessions, shape=shape)
        seen.append(reader.seen)
    assert repr(seen[0]) == repr(seen[1])
    assert len(seen[0]) == len(nasty())
    volumes = [values[-3] for values in seen[1]]
    assert len(set(volumes)) > 100 or eager


@SHAPES
def test_volume_is_counted_from_the_open(shape: str) -> None:
    puppet = Puppet()
    volumes: list[int] = []
    puppet.does["on_market_data"] = lambda t: volumes.append(t.volume)
    rows = prints(1.0, 2.0, start_s=-5.0) + prints(3.0, 4.0) + prints(5.0, start_s=24 * 3600 + 1)
    play(rows, puppet, sessions=(SESSION, NEXT_SESSION), shape=shape)
    assert volumes == [100, 200, 100, 200, 100]


@pytest.mark.parametrize("hook", ["on_market_data", "on_timer", "on_bar", "clear_old_data"])
@SHAPES
def test_a_strategy_that_fails_hears_nothing_more_and_the_others_go_on(
    hook: str, shape: str
) -> None:
    bad, good = Puppet(bars=("1min",)), Puppet()
    bad.cleanup_every_s = 60.0
    bad.does = {"on_start": lambda: bad.set_timer("x", every_s=30.0), hook: fail}
    result = play(prints(*[100] * 300), bad, good, shape=shape)
    times = {"on_market_data": 1, "on_timer": 29, "on_bar": 59, "clear_old_data": 119}
    assert bad.count("on_market_data") == times[hook]
    assert good.count("on_market_data") == 300
    assert [a.source for a in result.alerts] == ["strategy s0"]
    assert bad.count("on_stop") == 0


@SHAPES
def test_a_start_that_refuses_ends_the_run(shape: str) -> None:
    puppet = Puppet()

    def refuse() -> None:
        raise StrategyError("window 0 must be 2 or more.")

    puppet.does["on_start"] = refuse
    with pytest.raises(StrategyError, match="window 0"):
        play(prints(100), puppet, shape=shape)


@SHAPES
def test_strategies_sharing_a_symbol_see_a_row_each_before_the_next(shape: str) -> None:
    order: list[tuple[int, float]] = []
    puppets = [Puppet(), Puppet(), Puppet()]
    for n, puppet in enumerate(puppets):
        puppet.does["on_market_data"] = lambda t, n=n: (
            order.append((n, t.last)) or (signal("BUY") if t.last == 101 else None)
        )
    result = play(prints(100, 101, 102), *puppets, shape=shape)
    assert order == [(n, price) for price in (100, 101, 102) for n in range(3)]
    assert changes(result) == [("SPY", 100, 101.01)] * 3


@SHAPES
def test_timers_come_before_the_row_of_their_time(shape: str) -> None:
    puppet = Puppet()
    puppet.does["on_start"] = lambda: puppet.set_timer("x", at_ns=OPEN + 3 * SECOND)
    play(prints(100, 101, 102, 103), puppet, shape=shape)
    order = [h[0] for h in puppet.heard if h[0] in {"on_timer", "on_market_data"}]
    assert order == ["on_market_data"] * 2 + ["on_timer"] + ["on_market_data"] * 2


@SHAPES
def test_actions_in_the_middle_of_a_handler_act_at_the_present(shape: str) -> None:
    puppet = Puppet()
    seen: list[Any] = []

    def look(ticker: Any) -> Any:
        number = puppet.count("on_market_data")
        if number == 1:
            return [buy(5, order_type=OrderType.LIMIT, limit_price=50.0), signal("BUY", target=15)]
        if number == 3:
            puppet.modify(1, limit_price=51.0)
            puppet.set_timer("soon", at_ns=puppet.now_ns + SECOND // 2)
        if number == 5:
            puppet.cancel(1)
        seen.append((puppet.equity, puppet.buffer("SPY").window(3).tolist(), len(puppet.orders)))
        return None

    puppet.does["on_market_data"] = look
    puppet.does["on_timer"] = lambda name: seen.append((name, puppet.now_ns - OPEN))
    result = play(prints(100, 101, 102, 103, 104, 105), puppet, shape=shape)
    assert changes(result) == [("SPY", 10, 100.01)]
    assert [s for s in seen if s[0] == "soon"] == [("soon", 3 * SECOND + SECOND // 2)]
    equities = [round(s[0] - 1_000_000, 2) for s in seen if s[0] != "soon"]
    assert equities == [9.9, 19.9, 29.9, 39.9, 49.9]
    assert [s[2] for s in seen if s[0] != "soon"] == [1, 1, 1, 0, 0]
    assert seen[-1][1] == [103.0, 104.0, 105.0]


@pytest.mark.parametrize("listens", [True, False])
def test_who_listens_to_ticks_sees_every_one_after_the_strategies(listens: bool) -> None:
    bus, told = EventBus(), list[Any]()
    puppet = Puppet()
    if listens:
        bus.subscribe(EventType.TICK, lambda t: told.append((t.last, puppet.heard[-1][0])))
    play(prints(100, 101, 102), puppet, bus=bus)
    expected = [(float(p), "on_market_data") for p in (100, 101, 102)]
    assert told == (expected if listens else [])


# --- halts, margin, currencies ------------------------------------------------------------------


@SHAPES
def test_a_drawdown_halts_entries_and_is_told_once(shape: str) -> None:
    limits = RiskLimits(
        max_drawdown_pct=0.05, max_position_pct=0, max_gross_pct=0, min_order_interval_s=0
    )
    bus, halts = EventBus(), list[Any]()
    bus.subscribe(EventType.HALT, halts.append)
    puppet = at_tick(Puppet(), {1: signal("BUY"), 5: signal("FLAT"), 6: signal("BUY")})
    rows = prints(100, 100, 95, 94, 94, 94, 94)
    result = play(rows, puppet, capital=10_000.0, limits=limits, bus=bus, shape=shape)
    assert len(halts) == 1
    assert [a.ts_ns for a in result.alerts] == [OPEN + 3 * SECOND]
    assert result.refused == {"drawdown": 1}
    assert result.positions == {}


@SHAPES
def test_a_margin_call_liquidates_and_says_so(shape: str) -> None:
    puppet = at_tick(Puppet(), {1: signal("BUY")})
    rows = prints(100, 100, *[100 - n for n in range(1, 60)])
    result = play(rows, puppet, capital=6_000.0, quantity=100, shape=shape)
    assert result.alerts[0].severity == "critical"
    assert "margin call: SELL" in result.alerts[0].message
    assert result.positions.get("SPY", 0) < 100
    assert result.fills[1].ts_ns == result.alerts[0].ts_ns
    assert {o.request.reason for o in result.orders[1:]} != {""}


@SHAPES
@pytest.mark.parametrize(
    ("pair", "rates", "worth"),
    [("EUR.USD", (1.10, 1.20), 1.20), ("USD.EUR", (0.80, 0.50), 2.0)],
    ids=["direct", "inverse"],
)
def test_a_pair_on_the_tape_values_what_is_quoted_in_its_currency(
    pair: str, rates: tuple[float, float], worth: float, shape: str
) -> None:
    held = "GBP.EUR"
    puppet = at_tick(Puppet(), {2: signal("BUY", held, target=1000)})
    rows = [
        row(1.0, symbol=pair, last=rates[0], bid=rates[0], ask=rates[0], size=1),
        row(2.0, symbol=held, last=1.2, bid=1.2, ask=1.2, size=1),
        row(3.0, symbol=held, last=1.3, bid=1.3, ask=1.3, size=1),
        row(4.0, symbol=pair, last=rates[1], bid=rates[1], ask=rates[1], size=1),
    ]
    result = play(rows, puppet, symbols=(pair, held), model=FREE_MODEL, shape=shape)
    assert changes(result) == [(held, 1000, 1.2)]
    assert result.net_pnl == pytest.approx(1000 * 0.1 * worth, abs=0.01)


def test_a_currency_without_a_rate_is_refused_before_anything_runs() -> None:
    with pytest.raises(ContractError, match=r"add EUR\.USD to the symbols or give one with --fx"):
        play(prints(1.2, symbol="GBP.EUR"), Puppet(), symbols=("GBP.EUR",))
    result = play(prints(1.2, symbol="GBP.EUR"), Puppet(), symbols=("GBP.EUR",), fx={"EUR": 1.1})
    assert result.events == 1


def test_an_unknown_shape_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="shape 'pythn' is unknown; did you mean 'python'"):
        play(prints(100), Puppet(), shape="pythn")


# --- schedules, samples, actions, notes ---------------------------------------------------------


@SHAPES
def test_a_schedule_holds_in_a_run(shape: str) -> None:
    puppet = scheduled(Puppet(), no_entry_before="open+1m", flatten_at="close-5m")
    puppet.does["on_market_data"] = lambda _: signal("BUY")
    rows = prints(*[100] * 370, every_s=60.0, start_s=30.0)
    result = play(rows, puppet, shape=shape)
    assert [(f.signed_quantity, f.ts_ns - OPEN) for f in result.fills] == [
        (100, 90 * SECOND), (-100, 6 * HOUR - 5 * MINUTE),
    ]  # fmt: skip
    assert result.refused["schedule"] == 2


@SHAPES
def test_the_curves_have_a_sample_for_every_minute_and_fill(shape: str) -> None:
    puppet = at_tick(Puppet(), {2: signal("BUY")})
    result = play(prints(100, 101, 103, every_s=30.0, start_s=15.0), puppet, shape=shape)
    times = [(t - OPEN) / MINUTE for t in result.equity_ts.tolist()]
    assert times == [0.75, *range(1, 361)]
    assert result.equity.tolist()[:3] == [1_000_000 - 1, 1_000_000 - 1, 1_000_000 + 199]
    assert result.prices["SPY"].price.tolist()[:2] == [101.0, 103.0]
    assert [e for _, e in result.session_equity] == [1_000_199.0]


@SHAPES
def test_splits_and_dividends_reach_the_books_and_the_journal(shape: str) -> None:
    puppet = at_tick(Puppet(), {1: signal("BUY")})
    rows = prints(100, 100) + prints(50, 50, start_s=24 * 3600 + 1)
    actions = [CorporateAction("SPY", NEXT_SESSION.open_ns, split=2.0, dividend=0.0)]
    sessions = (SESSION, NEXT_SESSION)
    result = play(rows, puppet, sessions=sessions, actions=actions, shape=shape)
    assert result.positions == {"SPY": 200}
    assert puppet.position("SPY") == 200
    assert result.net_pnl == pytest.approx(-1.0)
    assert [kind for kind, _, _ in result.journal].count("split") == 1


@pytest.mark.parametrize(
    ("model", "quotes", "words"),
    [
        ({"fill": "last"}, True, "exist only for comparison"),
        ({"fill": "quote"}, False, "traded at the next print"),
    ],
)
def test_the_result_notes_how_fills_were_made(model: Any, quotes: bool, words: str) -> None:
    rows = prints(100, 101)
    if not quotes:
        rows = [row(1.0, last=100, size=1), row(2.0, last=101, size=1)]
    result = play(rows, Puppet(), model=ExecutionModel(fees="none", **model))
    assert any(words in note for note in result.notes)


def test_what_strategies_log_is_kept_in_time_order() -> None:
    first, second = Puppet(), Puppet()
    for name, puppet in (("b", first), ("a", second)):
        puppet.does["on_market_data"] = lambda t, p=puppet, n=name: p.log(f"{n} {t.last:g}")
    result = play(prints(100, 101), first, second)
    assert [(who, text) for _, who, text in result.logs] == [
        ("s0", "b 100"), ("s1", "a 100"), ("s0", "b 101"), ("s1", "a 101"),
    ]  # fmt: skip


def test_progress_and_settings_are_told() -> None:
    from tests.unit.backtest.stage_rig import tape_of

    from ikbr.backtest.engine import Instance, Setup, run_backtest
    from ikbr.data.memory_source import MemorySource
    from ikbr.journal.memory_journal import MemoryJournal

    told: list[Any] = []
    result = run_backtest(
        MemorySource(tape_of(prints(100, 101)), (SESSION,)),
        [Instance(Puppet(short=True), "p", ("SPY",))],
        Setup(limits=FREE),
        journal=MemoryJournal(),
        settings={"profile": "test"},
        progress=lambda rows, ts: told.append((rows, ts)),
    )
    assert told == [(2, OPEN + 2 * SECOND)]
    assert result.settings["profile"] == "test"
    assert result.settings["strategies"]["p"]["params"]["short"] is True
    assert isinstance(result.settings["strategies"]["p"]["params"]["bars"], str)
    assert result.events_per_second > 0


@SHAPES
def test_one_row_and_a_sale_alone_do_not_break_a_run(shape: str) -> None:
    one = play(prints(100), Puppet(), shape=shape)
    assert (one.events, one.fills, one.net_pnl) == (1, [], 0.0)
    puppet = at_tick(Puppet(short=True), {1: sell(10)})
    result = play(prints(100, 90), puppet, shape=shape)
    assert result.positions == {"SPY": -10}
    assert result.net_pnl == pytest.approx(99.9 - 0.2 + 0.2, abs=0.2)
