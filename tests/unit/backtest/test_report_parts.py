"""The parts of the report: sampling, wording, shades, costs and settings."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.backtest.results import make_result

from ikbr.backtest.analytics.costs import Costs
from ikbr.backtest.analytics.monthly import MonthlyRow
from ikbr.backtest.report.charts import packed
from ikbr.backtest.report.identity import grouped, identity
from ikbr.backtest.report.results import cost_parts, heat_rows, month_names
from ikbr.backtest.report.sampling import keep_extremes, wall_ms
from ikbr.backtest.report.wording import Words, duration, number, percent, words_for
from ikbr.domain.contracts import parse_contract

S = 1_000_000_000
NONE = (None,) * 12


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400),
    st.integers(min_value=4, max_value=60),
)
def test_thinning_keeps_ends_and_extremes_within_the_limit(values, limit) -> None:
    array = np.array(values)
    places = keep_extremes(array, limit)
    assert len(places) <= limit or len(values) <= limit
    assert places[0] == 0
    assert places[-1] == len(values) - 1
    assert np.all(np.diff(places) > 0)
    assert array[places].min() == array.min()
    assert array[places].max() == array.max()


def test_flat_stretches_keep_their_length_on_a_chart() -> None:
    values = np.concatenate((np.zeros(5000), np.sin(np.arange(5000))))
    places = keep_extremes(values, 1000)
    flat = np.count_nonzero(places < 5000)
    assert flat == pytest.approx(len(places) / 2, abs=3)
    assert flat > 450


def test_the_wall_clock_follows_daylight_saving() -> None:
    moments = [dt.datetime(2013, 11, day, 15, tzinfo=dt.UTC) for day in (1, 4)]
    clock = wall_ms(np.array([int(m.timestamp()) * S for m in moments]), "America/New_York")
    hours = [dt.datetime.fromtimestamp(ms / 1000, dt.UTC).hour for ms in clock.tolist()]
    assert hours == [11, 10]
    assert wall_ms(np.empty(0, dtype=np.int64), "America/New_York").tolist() == []


def test_packed_times_rise_even_in_the_hour_that_autumn_repeats() -> None:
    start = int(dt.datetime(2013, 11, 3, 5, tzinfo=dt.UTC).timestamp()) * S
    times = start + np.arange(0, 3 * 3600, 600, dtype=np.int64) * S
    series = packed(times, np.arange(len(times), dtype=float), "America/New_York", 2)
    assert series is not None
    assert min(series["steps"]) > 0
    assert series["values"][-1] == len(times) - 1


def test_of_one_moment_the_last_value_is_drawn() -> None:
    times = np.array([0, 0, 5 * S, 5 * S + 1], dtype=np.int64)
    series = packed(times, np.array([1.0, 2.0, 3.0, 4.0]), "UTC", 2)
    assert series == {"first": 0, "steps": [5000], "values": [2.0, 4.0]}
    assert packed(times[:2], np.array([1.0, 2.0]), "UTC", 2) is None


@pytest.mark.parametrize(
    ("symbol", "zone"),
    [
        ("SPY", "America/New_York"),
        ("ES 202612 CME", "America/Chicago"),
        ("EUR.USD", "America/New_York"),
    ],
)
def test_the_clock_is_that_of_the_exchange(symbol: str, zone: str) -> None:
    assert words_for({symbol: parse_contract(symbol)}, {}).zone == zone


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(-0.001), "0.00"),
        (number(None), "–"),
        (percent(7e-24, 1), "0.0\xa0%"),
        (percent(-0.0123, signed=True), "−1.23\xa0%"),
        (percent(float("inf")), "–"),
        (Words("EUR").money(-5.0), "−EUR\xa05.00"),
        (Words().money(0.0, signed=True), "$0.00"),
        (duration(None), "–"),
        (duration(0.0), "0 s"),
        (duration(59.96), "60.0 s"),
        (duration(3599.7), "1 h 0 min"),
    ],
)
def test_numbers_are_written_for_people(shown: str, expected: str) -> None:
    assert shown == expected


def test_the_heat_map_is_shaded_by_size() -> None:
    rows = heat_rows([MonthlyRow(2014, (0.10, -0.02, 0.0, *NONE[3:]), 0.08)])
    assert [cell.shade for cell in rows[0].months] == ["up-5", "down-1", ""]
    assert [cell.text for cell in rows[0].months[1:]] == ["−2.00\xa0%", "0.00\xa0%"]
    assert rows[0].total.shade == "gain"
    assert heat_rows([]) == []


def test_months_that_no_year_has_are_left_out() -> None:
    years = [
        MonthlyRow(2013, (*NONE[:10], 0.01, 0.02), 0.03),
        MonthlyRow(2014, (-0.01, *NONE[1:]), -0.01),
    ]
    assert month_names(years) == ["Jan", "Nov", "Dec"]
    assert [[cell.text for cell in row.months] for row in heat_rows(years)] == [
        ["", "+1.00\xa0%", "+2.00\xa0%"],
        ["−1.00\xa0%", "", ""],
    ]


def test_a_cost_that_earned_takes_no_room_in_the_bar() -> None:
    parts = cost_parts(Costs(fees=3.0, spread=1.0, latency=-2.0, slippage=0.0), Words())
    assert [part.share for part in parts] == [75.0, 25.0, 0.0, 0.0]
    assert parts[2].amount == "−$2.00"
    assert [part.share for part in cost_parts(Costs(), Words())] == [0.0] * 4


def test_settings_are_grouped_whatever_they_nest() -> None:
    values = {"a": {"b": {"c": [1, 2.5], "e": {}}, "d": True}, "x": False, "y": {}}
    assert grouped(values) == [
        ("", [("x", "no")]),
        ("a", [("b.c", "1, 2.5"), ("b.e", "–"), ("d", "yes")]),
    ]


def test_the_journal_is_named_when_there_is_one() -> None:
    facts = {fact.name: fact.value for fact in identity(make_result(journal=[1, 2]))}
    assert facts["Journal"] == "2 records"
    assert "Journal" not in {fact.name for fact in identity(make_result())}
