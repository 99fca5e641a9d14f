"""The summary of ordinary and of strange runs."""

from __future__ import annotations

import datetime as dt
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.backtest.analytics import Summary, SummaryInputs, summarise

S = 1_000_000_000
OPEN = 1_700_000_000 * S // (300 * S) * (300 * S)
DAY = dt.date(2023, 11, 14)
NAN = math.nan


class F(msgspec.Struct, frozen=True):
    side: int
    quantity: int
    price: float
    ts_ns: int
    commission: float = 0.0
    strategy: str = "momentum"
    symbol: str = "SPY"
    decision_mid: float = NAN
    decision_price: float = NAN
    arrival_price: float = NAN
    order_id: int = 1


def inputs(fills=(), path=(), ends=(), capital=1000.0, last=OPEN + 3600 * S, **more):
    return SummaryInputs(
        capital=capital,
        equity_ts=np.array([OPEN + at * S for at, _ in path], dtype=np.int64),
        equity=np.array([value for _, value in path], dtype=np.float64),
        session_end_equity=list(ends),
        fills=list(fills),
        multipliers=more.pop("multipliers", {"SPY": 1}),
        first_ts=more.pop("first", OPEN),
        last_ts=last,
        **more,
    )


def at(second: int, side: int, quantity: int, price: float, **more) -> F:
    return F(side, quantity, price, OPEN + second * S, **more)


def sound(summary: Summary) -> dict:
    """Check that JSON holds no number that JSON cannot hold, and give it back."""

    def walk(value: object) -> None:
        if isinstance(value, float):
            assert math.isfinite(value)
        elif isinstance(value, dict):
            for part in value.values():
                walk(part)
        elif isinstance(value, (list, tuple)):
            for part in value:
                walk(part)

    walk(msgspec.to_builtins(summary))
    return msgspec.json.decode(msgspec.json.encode(summary))


def test_a_run_of_several_sessions_is_summed_up() -> None:
    fills = [
        at(0, 1, 10, 100.0, commission=1.0),
        at(900, -1, 10, 102.0, commission=1.0),
        at(1800, 1, 10, 102.0, commission=1.0),
        at(2700, -1, 10, 101.0, commission=1.0),
    ]
    path = [(0, 999.0), (900, 1018.0), (1800, 1017.0), (2700, 1006.0)]
    days = [(DAY, 1018.0), (DAY + dt.timedelta(days=1), 1006.0)]
    summary = summarise(inputs(fills, path, days))
    assert (summary.net_pnl, summary.gross_pnl, summary.commission) == (6.0, 10.0, 4.0)
    assert summary.max_drawdown == pytest.approx(12 / 1018)
    assert summary.risk.basis == "sessions"
    daily = np.array([0.018, 1006 / 1018 - 1])
    assert summary.sharpe == pytest.approx(daily.mean() / daily.std(ddof=1) * math.sqrt(252))
    assert summary.cagr == pytest.approx(1.006**126 - 1)
    assert summary.exposure == pytest.approx(0.5)
    assert summary.turnover == pytest.approx(4050 / np.mean([1000, 999, 1018, 1017, 1006]))
    assert (summary.trips.count, summary.trips.win_rate) == (2, 0.5)
    assert summary.trips.profit_factor == pytest.approx(18 / 12)
    assert summary.trips.expectancy == pytest.approx(3.0)
    assert summary.trips.payoff_ratio == pytest.approx(1.5)
    assert summary.monthly[0].months[10] == pytest.approx(0.006)
    assert summary.by_symbol[0].net_pnl == pytest.approx(6.0)
    assert summary.open_positions == 0
    sound(summary)


def test_a_one_day_run_takes_five_minute_samples_and_says_so() -> None:
    path = [(0, 1000.0), (299, 1010.0), (301, 1005.0), (899, 1020.0)]
    summary = summarise(inputs((), path, [(DAY, 1020.0)]))
    steps = np.array([1010 / 1000, 1005 / 1010, 1020 / 1005]) - 1
    expected = steps.mean() / steps.std(ddof=1) * math.sqrt(252 * 78)
    assert summary.sharpe == pytest.approx(expected)
    assert (summary.risk.basis, summary.risk.periods) == ("buckets", 3)
    assert "5-minute" in summary.risk.label
    assert summary.risk.periods_per_year == 252 * 78
    assert summary.cagr is None


def test_a_short_session_is_annualised_with_its_own_length() -> None:
    path = [(0, 1000.0), (301, 1005.0), (899, 1020.0)]
    spans = [(OPEN, OPEN + 3600 * S)]
    summary = summarise(inputs((), path, [(DAY, 1020.0)], sessions=spans))
    assert summary.risk.periods_per_year == 252 * 12


STRANGE = {
    "no data at all": inputs(last=OPEN),
    "no fills": inputs((), [(0, 1000.0), (600, 1000.0), (1200, 1000.0)], [(DAY, 1000.0)]),
    "one tick": inputs((), [(0, 1000.0)], [(DAY, 1000.0)], last=OPEN),
    "one fill on one tick": inputs([at(0, 1, 1, 10.0)], [(0, 999.0)], [(DAY, 999.0)], last=OPEN),
    "only buys": inputs(
        [at(0, 1, 1, 10.0), at(60, 1, 1, 11.0)], [(0, 1000.0), (60, 1001.0)], [(DAY, 1001.0)]
    ),
    "constant equity over sessions": inputs(
        (), [(0, 1000.0)], [(DAY + dt.timedelta(days=n), 1000.0) for n in range(5)]
    ),
    "broke": inputs(
        [at(0, 1, 100, 10.0), at(60, -1, 100, 0.01)],
        [(0, 1000.0), (60, -5.0), (400, -5.0)],
        [(DAY, -5.0), (DAY + dt.timedelta(days=1), -5.0)],
    ),
    "exactly nothing left": inputs(
        (), [(60, 0.0)], [(DAY, 500.0), (DAY + dt.timedelta(days=1), 0.0)]
    ),
    "no capital": inputs((), [(0, 0.0), (60, 5.0)], [(DAY, 5.0)], capital=0.0),
    "equity unknown at times": inputs((), [(0, NAN), (60, 990.0), (70, NAN)], [(DAY, NAN)]),
    "free instrument": inputs([at(0, 1, 1, 0.0), at(1, -1, 1, 0.0)], [(0, 1e3)], [(DAY, 1e3)]),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_run_breaks_nothing(name: str) -> None:
    summary = summarise(STRANGE[name])
    sound(summary)
    assert summary.net_pnl == summary.final_equity - summary.capital


def test_a_run_without_fills_has_no_invented_ratios() -> None:
    summary = summarise(STRANGE["no fills"])
    assert (summary.sharpe, summary.trips.win_rate, summary.trips.profit_factor) == (None,) * 3
    assert (summary.exposure, summary.turnover, summary.max_drawdown) == (0.0, 0.0, 0.0)


def test_a_bankrupt_run_is_down_by_more_than_everything() -> None:
    summary = summarise(STRANGE["broke"])
    assert summary.total_return == pytest.approx(-1.005)
    assert summary.cagr is None
    assert summary.max_drawdown == pytest.approx(1.005)


def test_a_position_left_open_is_valued_at_its_mark() -> None:
    fills = [at(0, 1, 10, 100.0, commission=1.0)]
    summary = summarise(inputs(fills, [(0, 999.0), (60, 1049.0)], marks={"SPY": 105.0}))
    assert summary.open_positions == 1
    assert summary.by_symbol[0].net_pnl == pytest.approx(49.0)
    assert summary.by_symbol[0].open_position
    assert summary.exposure == 1.0


def test_costs_are_split_and_unknown_parts_count_as_nothing() -> None:
    known = {"decision_mid": 10.0, "decision_price": 10.01, "arrival_price": 10.03}
    fills = [
        at(0, 1, 100, 10.04, commission=0.5, **known),
        at(60, -1, 100, 10.0, commission=0.5),
    ]
    costs = summarise(inputs(fills, multipliers={"SPY": 2})).costs
    assert costs.fees == 1.0
    assert costs.spread == pytest.approx(2.0)
    assert costs.latency == pytest.approx(4.0)
    assert costs.slippage == pytest.approx(2.0)
    assert costs.total == pytest.approx(9.0)
    selling = {"decision_mid": 10.0, "decision_price": 9.99, "arrival_price": 9.97}
    sold = summarise(inputs([at(0, -1, 100, 9.96, **selling)])).costs
    assert (sold.spread, sold.latency, sold.slippage) == pytest.approx((1.0, 2.0, 1.0))


def test_an_unknown_arrival_makes_the_latency_part_of_the_slippage() -> None:
    live = {"decision_mid": 10.0, "decision_price": 10.01}
    costs = summarise(inputs([at(0, 1, 100, 10.04, **live)])).costs
    assert (costs.spread, costs.latency, costs.slippage) == pytest.approx((1.0, 0.0, 3.0))
    assert costs.total == pytest.approx(4.0)


def test_foreign_money_is_converted() -> None:
    fills = [at(0, 1, 10, 100.0, commission=5.0), at(60, -1, 10, 200.0, commission=5.0)]
    summary = summarise(inputs(fills, fx={"SPY": 0.01}))
    assert summary.round_trips[0].net_pnl == pytest.approx(9.9)
    assert summary.by_symbol[0].net_pnl == pytest.approx(9.9)
    assert summary.commission == pytest.approx(0.1)


def test_exposure_counts_only_time_within_sessions() -> None:
    fills = [at(1800, 1, 1, 10.0), at(7200, -1, 1, 10.0)]
    spans = [(OPEN, OPEN + 3600 * S), (OPEN + 6600 * S, OPEN + 7800 * S)]
    summary = summarise(inputs(fills, last=OPEN + 7800 * S, sessions=spans))
    assert summary.exposure == pytest.approx((1800 + 600) / 4800)


def test_exposure_counts_overlapping_positions_once() -> None:
    fills = [
        at(0, 1, 1, 10.0),
        at(600, -1, 1, 10.0, symbol="BAC"),
        at(1200, -1, 1, 10.0),
        at(1800, 1, 1, 10.0, symbol="BAC"),
    ]
    assert summarise(inputs(fills)).exposure == pytest.approx(0.5)


def test_excursions_come_from_prices_where_there_are_any() -> None:
    fills = [at(0, -1, 10, 100.0), at(60, 1, 10, 98.0)]
    times = np.array([OPEN - 1, OPEN + 10 * S, OPEN + 20 * S, OPEN + 61 * S], dtype=np.int64)
    prices = {"SPY": (times, np.array([500.0, 103.0, 95.0, 1.0]))}
    summary = summarise(inputs(fills, multipliers={"SPY": 2}, prices=prices))
    excursion = summary.round_trips[0].excursion
    assert (excursion.adverse, excursion.favourable) == (60.0, 100.0)
    assert summary.average_mae == pytest.approx(0.03)
    assert summary.average_mfe == pytest.approx(0.05)


def test_excursions_come_from_equity_when_nothing_else_was_held() -> None:
    fills = [at(10, 1, 10, 100.0, commission=1.0), at(60, -1, 10, 101.0, commission=1.0)]
    path = [(0, 1000.0), (10, 999.0), (20, 980.0), (30, 1030.0), (60, 1008.0), (70, 5.0)]
    excursion = summarise(inputs(fills, path)).round_trips[0].excursion
    assert (excursion.adverse, excursion.favourable) == (20.0, 30.0)


def test_excursions_are_unknown_when_positions_overlap_and_prices_are_missing() -> None:
    fills = [
        at(0, 1, 1, 10.0),
        at(30, 1, 1, 10.0, symbol="BAC"),
        at(60, -1, 1, 10.0),
        at(60, -1, 1, 10.0, symbol="BAC"),
        at(70, 1, 1, 10.0),
        at(80, -1, 1, 10.0),
    ]
    found = [record.excursion for record in summarise(inputs(fills)).round_trips]
    assert [excursion is None for excursion in found] == [True, True, False]


def test_symbols_and_strategies_are_told_apart() -> None:
    fills = [
        at(0, 1, 1, 10.0, strategy="a"),
        at(1, 1, 1, 20.0, strategy="b", symbol="BAC"),
        at(2, -1, 1, 15.0, strategy="a"),
        at(3, -1, 1, 18.0, strategy="b", symbol="BAC"),
    ]
    summary = summarise(inputs(fills))
    assert [(p.name, p.net_pnl) for p in summary.by_symbol] == [("BAC", -2.0), ("SPY", 5.0)]
    assert [(p.name, p.trips.wins) for p in summary.by_strategy] == [("a", 1), ("b", 0)]


def test_months_without_data_are_empty_and_years_run_on() -> None:
    ends = [(dt.date(2024, 11, 5), 1100.0), (dt.date(2025, 2, 3), 1210.0)]
    rows = summarise(inputs((), (), ends)).monthly
    assert [row.year for row in rows] == [2024, 2025]
    assert [month for month in rows[1].months if month is not None] == [pytest.approx(0.1)]
    assert rows[1].total == pytest.approx(0.1)
    assert rows[0].months[9] is None


FILLS = st.lists(
    st.tuples(
        st.sampled_from([1, -1]),
        st.integers(1, 50),
        st.integers(1, 10_000),
        st.sampled_from(["SPY", "BAC"]),
        st.integers(0, 30),
    ),
    max_size=25,
)


@given(FILLS, st.lists(st.floats(-1e4, 1e5), max_size=20), st.integers(0, 4))
def test_parts_add_up_and_nothing_is_ever_undefined(rows, equity, sessions) -> None:
    fills, second = [], 0
    for side, quantity, cents, symbol, wait in rows:
        second += wait
        fills.append(at(second, side, quantity, cents / 100, commission=0.1, symbol=symbol))
    path = [(60 * n, value) for n, value in enumerate(equity)]
    ends = [(DAY + dt.timedelta(days=n), value) for n, value in enumerate(equity[:sessions])]
    summary = summarise(inputs(fills, path, ends))
    sound(summary)
    by_symbol = math.fsum(part.net_pnl for part in summary.by_symbol)
    assert by_symbol == pytest.approx(math.fsum(p.net_pnl for p in summary.by_strategy), abs=1e-6)
    assert summary.exposure is not None
    assert 0.0 <= summary.exposure <= 1.0
    assert sum(part.fills for part in summary.by_symbol) == summary.fill_count
