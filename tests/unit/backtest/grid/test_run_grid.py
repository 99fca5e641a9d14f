"""What the compiled grid leaves to the engine, and what it says of itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small import DAY, OPEN_NS, SECOND, Planned, instance, setup, source

from ikbr.backtest.engine import run_backtest
from ikbr.backtest.grid import group as groups
from ikbr.backtest.grid import layout
from ikbr.backtest.grid.run_grid import run_grid
from ikbr.data.memory_source import MemorySource
from ikbr.domain.errors import ConfigError, DataError
from ikbr.domain.session import Session
from ikbr.journal.memory_journal import MemoryJournal

DAY_NS = 86_400 * SECOND


def same(data: Any, strategy: Any, how: Any) -> Any:
    """Compare one set with the engine and give its outcome."""
    (found,) = run_grid(data, [instance(strategy)], how).outcomes
    result = run_backtest(data, [instance(strategy)], how, journal=MemoryJournal())
    assert found.left == ""
    assert found.fills == list(result.fills) or repr(found.fills) == repr(list(result.fills))
    assert found.fill_hash == result.fill_hash
    assert found.final_equity == result.final_equity
    assert dict(found.refused) == dict(result.refused)
    assert found.session_equity == list(result.session_equity)
    return found


def test_an_ineligible_grid_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match="have a latency; run it with the engine"):
        run_grid(source([100] * 3), [instance(Planned())], setup(latency_ms=5.0))


def test_a_tape_without_rows_is_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        run_grid(source([]), [instance(Planned())], setup())


def test_a_buy_and_a_sale_cost_spread_and_fees() -> None:
    found = same(source([10_000] * 9), Planned(buy=2, sell=5), setup())
    assert [fill.price for fill in found.fills] == [100.01, 99.99]
    assert found.net_pnl == pytest.approx(-2.0 - found.commission_micro / 1e6)


@pytest.mark.parametrize(("fall", "called"), [(6_200, True), (6_400, False)])
def test_a_long_position_on_margin_is_left_to_the_engine_when_the_call_comes(
    fall: int, called: bool
) -> None:
    # 1,900 shares of 100 dollars for 100,000: at 63.2 a quarter of the value is not covered.
    prices = [10_000] * 4 + [fall] * 4
    how, strategy = setup(quantity=1_900), Planned(buy=2)
    if not called:
        same(source(prices), strategy, how)
        return
    (found,) = run_grid(source(prices), [instance(strategy)], how).outcomes
    assert "margin call" in found.left
    result = run_backtest(source(prices), [instance(strategy)], how, journal=MemoryJournal())
    assert any("margin call" in alert.message for alert in result.alerts)


@pytest.mark.parametrize(("rise", "called"), [(13_700, True), (13_500, False)])
def test_a_short_position_is_left_to_the_engine_when_the_call_comes(
    rise: int, called: bool
) -> None:
    prices = [10_000] * 4 + [rise] * 4
    how, strategy = setup(quantity=1_300), Planned(buy=0, sell=2, allow_short=True)
    if not called:
        same(source(prices), strategy, how)
        return
    (found,) = run_grid(source(prices), [instance(strategy)], how).outcomes
    assert "margin call" in found.left


@pytest.mark.parametrize("price", [190, 310, 480, 900])
def test_cheap_shares_are_sold_short_with_the_floors_of_the_margin_table(price: int) -> None:
    prices = [price] * 4 + [price + 20] * 3
    for quantity in (5_000, 18_000, 25_000):
        same(source(prices), Planned(buy=0, sell=2, allow_short=True), setup(quantity=quantity))


def test_an_odd_answer_or_an_error_leaves_only_its_own_set_to_the_engine() -> None:
    data = source([10_000] * 9)
    sets = [Planned(), Planned(odd=3), Planned(broken=4), Planned(buy=3)]
    found = run_grid(data, [instance(s, f"s{n}") for n, s in enumerate(sets)], setup()).outcomes
    assert [one.left for one in found] == [
        "",
        "the strategy answered something other than -1, 0 or 1",
        "the strategy raised an error",
        "",
    ]
    assert [one.name for one in found] == ["s0", "s1", "s2", "s3"]
    assert [len(one.fills) for one in (found[0], found[3])] == [1, 1]


def test_days_before_the_fee_table_are_left_to_the_engine_which_says_so() -> None:
    days = (dt.date(2024, 6, 3) - DAY.date).days * DAY_NS
    session = Session(dt.date(2024, 6, 3), DAY.open_ns + days, DAY.close_ns + days)
    data = source([10_000] * 5, start=OPEN_NS + days, sessions=[session])
    (found,) = run_grid(data, [instance(Planned())], setup()).outcomes
    assert "fee table" in found.left
    same(data, Planned(), setup(fees="none"))
    same(data, Planned(), setup(fees_as_of=dt.date(2025, 2, 1)))


def test_an_order_beyond_compiled_money_is_left_to_the_engine() -> None:
    how = setup(quantity=1_000_000, capital=9e8)
    (found,) = run_grid(source([10_000] * 5), [instance(Planned())], how).outcomes
    assert "worth more" in found.left


def test_sets_whose_parameters_are_of_other_kinds_run_in_one_grid() -> None:
    class Loose(Planned):
        def kernel_params(self) -> Any:
            params = dict(super().kernel_params())
            return params | {"buy": float(self.buy)} if self.buy == 3 else params

    data = source([10_000 + n for n in range(9)])
    sets = [Loose(buy=2), Loose(buy=3), Loose(buy=4)]
    found = run_grid(data, [instance(s) for s in sets], setup()).outcomes
    assert [one.fills[0].price for one in found] == [100.02, 100.03, 100.04]


def test_fills_beyond_the_room_for_them_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    class Restless(Planned):
        @staticmethod
        def on_tick(state: Any, params: Any, tick: Any) -> int:
            state.seen += 1
            return 1 if state.seen % params.buy else -1

    data = source([10_000 + n % 7 for n in range(500)])
    how = setup(quantity=10, min_order_interval_s=0.0, capital=1e6)
    sets = [instance(Restless(buy=n), f"s{n}") for n in range(2, 6)]
    whole = run_grid(data, sets, how)
    monkeypatch.setattr(groups, "ROOM", 4 * layout.MOST_WAITING + 3)
    parts = run_grid(data, sets, how)
    assert len(whole.outcomes[0].fills) > 400
    for one, other in zip(whole.outcomes, parts.outcomes, strict=True):
        assert np.array_equal(one.records, other.records)
        assert one.final_equity == other.final_equity


def test_progress_is_told_and_the_share_of_the_capital_counts() -> None:
    told: list[tuple[int, int]] = []
    data = source([10_000] * 5)
    how = setup(quantity=0, max_position_pct=0.5)
    sets = [instance(Planned(), "all"), instance(Planned(), "half", share=0.5)]
    run = run_grid(data, sets, how, progress=lambda *now: told.append(now))
    assert told == [(5, OPEN_NS + 4 * SECOND)]
    assert [one.fills[0].quantity for one in run.outcomes] == [499, 249]
    assert run.events == 5
    assert run.seconds > 0


class InTurn(Planned):
    """Buy and sell in turn from row `buy` to row `sell`, and once more buy on row `odd`."""

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        state.seen += 1
        if params.buy <= state.seen <= params.sell:
            return -1 if (state.seen - params.buy) % 2 else 1
        if state.seen == params.broken:
            return -1
        return 1 if state.seen == params.odd else 0


def short_sessions(count: int) -> list[Session]:
    """Make sessions of ten seconds that follow each other."""
    return [
        Session(
            DAY.date + dt.timedelta(n), OPEN_NS + 10 * n * SECOND, OPEN_NS + 10 * (n + 1) * SECOND
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("last_close", [9_800, 10_050])
def test_the_day_trading_rule_looks_at_the_equity_of_the_last_close(last_close: int) -> None:
    prices = [10_000] * 9 + [last_close] + [10_050] * 10
    data = source(prices, sessions=short_sessions(2))
    # Three day trades and one entry that is held; the next day it is sold, and bought again.
    how = setup(capital=25_100.0, min_order_interval_s=0.0)
    found = same(data, InTurn(buy=2, sell=8, broken=13, odd=14), how)
    assert found.refused == ({"broker": 1} if last_close == 9_800 else {})


@pytest.mark.parametrize("later", [3, 4, 5, 6])
def test_day_trades_are_forgotten_after_five_sessions(later: int) -> None:
    data = source([10_000] * 80, sessions=short_sessions(8))
    how = setup(capital=20_000.0, min_order_interval_s=0.0)
    found = same(data, InTurn(buy=2, sell=7, odd=10 * later + 3), how)
    assert found.refused == ({"broker": 1} if later < 5 else {})


@pytest.mark.parametrize("hours", [2, 4, 5])
def test_orders_that_wait_around_the_clock_end_with_the_extended_hours(hours: int) -> None:
    first = Session(DAY.date, OPEN_NS, OPEN_NS + 5 * SECOND)
    after = first.close_ns + hours * 3_600 * SECOND
    second = Session(DAY.date + dt.timedelta(1), after + 40 * SECOND, after + 50 * SECOND)
    data = source([10_000] * 60, sessions=[first, second])
    late = data._tape.ts.copy()
    late[5:] += after - late[5]
    late[58:] = second.close_ns + 2 * SECOND
    tape = dataclasses.replace(data._tape, ts=late, kind=np.where(np.arange(60) < 30, 0, 1))
    tape = dataclasses.replace(tape, kind=tape.kind.astype(np.uint8))
    for rule in ("next", "quote"):
        how = setup(fill=rule, all_hours=True, min_order_interval_s=0.0)
        found = same(MemorySource(tape, [first, second]), InTurn(buy=3, sell=3, odd=0), how)
        assert len(found.fills) == (0 if rule == "next" and hours >= 4 else 1)


def test_a_loss_of_the_day_halts_until_the_next_session() -> None:
    prices = [10_000] * 4 + [9_000] * 6 + [9_000] * 10
    data = source(prices, sessions=short_sessions(2))
    how = setup(max_daily_loss_pct=0.005, min_order_interval_s=0.0)
    found = same(data, InTurn(buy=2, sell=9, odd=13), how)
    assert found.refused == {"daily-loss": 1}
    assert [fill.ts_ns >= OPEN_NS + 10 * SECOND for fill in found.fills][-1]


@pytest.mark.parametrize("days", [29, 30, 31])
@pytest.mark.parametrize("fees", ["ibkr-fixed", "ibkr-tiered"])
def test_volume_tiers_count_the_shares_of_a_month(days: int, fees: str) -> None:
    first = Session(DAY.date, OPEN_NS, OPEN_NS + 10 * SECOND)
    second = Session(
        DAY.date + dt.timedelta(days), first.open_ns + days * DAY_NS, first.close_ns + days * DAY_NS
    )
    data = source([1_000] * 20, sessions=[first, second])
    ts = data._tape.ts + np.where(np.arange(20) < 10, 0, days * DAY_NS - 10 * SECOND)
    tape = dataclasses.replace(data._tape, ts=ts)
    how = setup(quantity=100_000, capital=5e6, min_order_interval_s=0.0, fees=fees)
    found = same(MemorySource(tape, [first, second]), InTurn(buy=2, sell=19), how)
    assert len(found.fills) == 18
    fees_of_buys = {fill.commission_micro for fill in found.fills if fill.side > 0}
    assert len(fees_of_buys) == (1 if fees == "ibkr-fixed" else 2)
