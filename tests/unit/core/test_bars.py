"""Bars: what they sum up, and when they are full."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.core.bars import BarBuilder, BarSpec
from ikbr.domain.errors import StrategyError

MINUTE = 60_000_000_000


@pytest.mark.parametrize(
    ("text", "span_s", "ticks", "volume"),
    [
        ("1min", 60, 0, 0),
        (" 30s ", 30, 0, 0),
        ("15sec", 15, 0, 0),
        ("2H", 7200, 0, 0),
        ("1tick", 0, 1, 0),
        ("100ticks", 0, 100, 0),
        ("500vol", 0, 0, 500),
        ("500 volume", 0, 0, 500),
    ],
)
def test_a_specification_is_read(text: str, span_s: int, ticks: int, volume: int) -> None:
    spec = BarSpec(text)
    assert (spec.span_ns, spec.ticks, spec.volume) == (span_s * 10**9, ticks, volume)
    assert spec.by_time is (span_s > 0)


@pytest.mark.parametrize("text", ["", "0min", "min", "1.5min", "-1min", "1week", "min1", "0vol"])
def test_a_specification_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(StrategyError, match="is not understood; write 1min"):
        BarSpec(text)


def built(text: str, prints: list[tuple[float, int, int]]) -> list[Any]:
    builder = BarBuilder("SPY", BarSpec(text))
    return [bar for p in prints if (bar := builder.add(*p)) is not None]


def test_a_tick_bar_closes_with_its_last_print() -> None:
    (bar,) = built("3tick", [(10.0, 5, 1), (12.0, 1, 2), (9.0, 4, 3), (11.0, 1, 4)])
    assert (bar.open, bar.high, bar.low, bar.close) == (10.0, 12.0, 9.0, 9.0)
    assert (bar.start_ns, bar.end_ns, bar.volume, bar.count) == (1, 3, 10, 3)
    assert bar.vwap == pytest.approx((50 + 12 + 36) / 10)


def test_a_volume_bar_takes_the_print_that_fills_it_whole() -> None:
    bars = built("100vol", [(1.0, 60, 1), (2.0, 60, 2), (3.0, 100, 3), (4.0, 99, 4)])
    assert [(b.volume, b.close, b.start_ns, b.end_ns) for b in bars] == [
        (120, 2.0, 1, 2), (100, 3.0, 3, 3),
    ]  # fmt: skip


def test_a_time_bar_is_closed_by_the_clock_alone_and_covers_its_span() -> None:
    builder = BarBuilder("SPY", BarSpec("1min"))
    assert builder.close(MINUTE) is None
    assert builder.add(10.0, 5, MINUTE + 7) is None
    bar = builder.close(2 * MINUTE)
    assert bar is not None
    assert (bar.start_ns, bar.end_ns, bar.count) == (MINUTE, 2 * MINUTE, 1)
    assert builder.close(3 * MINUTE) is None


def test_a_bar_that_is_cut_short_begins_where_its_span_does() -> None:
    builder = BarBuilder("SPY", BarSpec("7min"))
    builder.add(10.0, 5, 8 * MINUTE)
    bar = builder.close(10 * MINUTE)
    assert bar is not None
    assert (bar.start_ns, bar.end_ns) == (7 * MINUTE, 10 * MINUTE)


def test_a_bar_without_volume_has_no_average_price() -> None:
    (bar,) = built("1tick", [(10.0, 0, 1)])
    assert bar.vwap != bar.vwap


def test_a_cleared_builder_has_forgotten_its_prints() -> None:
    builder = BarBuilder("SPY", BarSpec("1min"))
    builder.add(10.0, 5, 1)
    builder.clear()
    assert builder.close(MINUTE) is None


PRINTS = st.lists(
    st.tuples(st.floats(0.01, 1e5), st.integers(0, 10**6), st.integers(1, 10**9)), max_size=40
)


@given(PRINTS, st.lists(st.integers(0, 40), max_size=5))
def test_adding_many_is_adding_one_by_one(prints: list[Any], cuts: list[int]) -> None:
    single, many = (BarBuilder("SPY", BarSpec("1min")) for _ in range(2))
    for price, size, ts in prints:
        single.add(price, size, ts)
    bounds = sorted({0, len(prints), *(c for c in cuts if c < len(prints))})
    for start, stop in zip(bounds, bounds[1:] or [0], strict=False):
        some = prints[start:stop]
        many.add_many(
            np.array([p for p, _, _ in some], np.float64),
            np.array([s for _, s, _ in some], np.int64),
            np.array([t for _, _, t in some], np.int64),
        )
    assert (single.count, single.last_ns) == (many.count, many.last_ns)
    assert repr(single.close(MINUTE)) == repr(many.close(MINUTE))
