"""Past bars from the catalog: which ones, made of what, and read how often."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ikbr.core.bars import BarBuilder, BarSpec
from ikbr.core.ports import History
from ikbr.data import columns as col
from ikbr.data.calendars import sessions
from ikbr.data.catalog import Catalog
from ikbr.data.history import CatalogHistory, span_of
from ikbr.data.synthetic import make_synthetic
from ikbr.domain.errors import DataError
from ikbr.domain.events import Bar
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session

SPY = Instrument(symbol="SPY")
DAYS = (dt.date(2026, 3, 2), dt.date(2026, 3, 3))
MINUTE = 60 * 10**9
NEVER = 2**62


class Counting(Catalog):
    """Count what is read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.reads: list[tuple[str, dt.date]] = []

    def read(self, symbol: str, kind: str, day: dt.date, **how: Any) -> col.Columns:
        self.reads.append((kind, day))
        return super().read(symbol, kind, day, **how)

    def read_range(self, symbol: str, kind: str, first: dt.date, last: dt.date) -> col.Columns:
        self.reads.append((kind, first))
        return super().read_range(symbol, kind, first, last)


def hours(first: dt.date = DAYS[0], last: dt.date = DAYS[1]) -> tuple[Session, ...]:
    return sessions("NYSE", first, last)


def write(catalog: Catalog, kind: str, day: dt.date, **arrays: Any) -> None:
    columns = col.make_columns(kind, {k: np.array(v) for k, v in arrays.items()})
    catalog.write(SPY, kind, day, columns, source="test")


def write_bars(catalog: Catalog, kind: str, day: dt.date, ends: list[int], first: int = 1) -> None:
    """Write bars of 10 shares that each rise by one unit."""
    low = np.arange(first, first + len(ends))
    prices = {"open": low, "high": low + 1, "low": low, "close": low + 1}
    write(catalog, kind, day, ts_ns=ends, volume=[10] * len(ends), **prices)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalog")
    make_synthetic(folder, symbols=["SPY"], days=3, rows_per_day=4_000)
    return folder


@pytest.fixture(scope="module")
def prints_only(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prints")
    old, new = Catalog(made), Catalog(folder)
    for day in old.days("SPY", "print"):
        new.write(old.instrument("SPY"), "print", day, old.prints("SPY", day), source="test")
    return folder


def built(folder: Path, text: str) -> list[Bar]:
    """Build the bars of regular hours print by print, as a run does."""
    catalog, spec, found = Catalog(folder), BarSpec(text), []
    scale = catalog.instrument("SPY").price_scale
    days = catalog.days("SPY", "print")
    for session in catalog.sessions("SPY", days[0], days[-1]):
        prints = catalog.prints("SPY", session.date)
        builder, due = BarBuilder("SPY", spec), session.open_ns // spec.span_ns * spec.span_ns
        rows = zip(prints.ts_ns.tolist(), prints.price.tolist(), prints.size.tolist(), strict=True)
        for ts, price, size in rows:
            if session.holds(ts) and size > 0:
                while due <= ts:
                    found.append(builder.close(due))
                    due += spec.span_ns
                builder.add(price / scale, size, ts)
        found.append(builder.close(min(due, session.close_ns)))
    return [bar for bar in found if bar is not None]


@pytest.mark.parametrize("text", ["30s", "1min", "5min", "7min", "1h"])
def test_bars_built_from_prints_are_those_of_a_run(prints_only: Path, text: str) -> None:
    history: History = CatalogHistory(Catalog(prints_only))
    expected = built(prints_only, text)
    assert len(expected) > 15
    assert repr(history.bars("SPY", text, NEVER, 10**6)) == repr(tuple(expected))
    assert repr(history.bars("SPY", text, NEVER, 17)) == repr(tuple(expected[-17:]))


def test_the_past_begins_with_the_open_of_the_first_day_that_holds_anything(
    prints_only: Path, tmp_path: Path
) -> None:
    history = CatalogHistory(Catalog(prints_only))
    [first, *_] = history.bars("SPY", "1min", NEVER, 10**6)
    assert history.first_ns("SPY") == first.start_ns
    empty = Catalog(tmp_path)
    write(
        empty,
        "quote",
        DAYS[0],
        ts_ns=[hours()[0].open_ns],
        bid=[1],
        ask=[2],
        bid_size=[1],
        ask_size=[1],
    )
    assert CatalogHistory(empty).first_ns("SPY") is None


def test_nothing_is_given_that_closed_after_the_time(prints_only: Path) -> None:
    history = CatalogHistory(Catalog(prints_only))
    every = history.bars("SPY", "1min", NEVER, 10**6)
    for place in (1, 200, 391, 500):
        end = every[place].end_ns
        assert repr(history.bars("SPY", "1min", end, 2)[-1]) == repr(every[place])
        assert history.bars("SPY", "1min", end - 1, 2)[-1].end_ns == every[place - 1].end_ns
    assert history.bars("SPY", "1min", every[0].end_ns - 1, 5) == ()
    assert history.bars("SPY", "1min", NEVER, 0) == ()


def test_stored_bars_come_before_bars_built_from_prints(tmp_path: Path) -> None:
    catalog = Counting(tmp_path)
    first, second = hours()
    for session in (first, second):
        ts = [session.open_ns + 1, session.open_ns + MINUTE]
        write(catalog, "print", session.date, ts_ns=ts, price=[7, 8], size=[5, 5], flags=[0, 0])
    write_bars(catalog, "bar-minute", second.date, [second.open_ns + MINUTE])
    found = CatalogHistory(catalog).bars("SPY", "1min", NEVER, 9)
    assert [(bar.volume, bar.count) for bar in found] == [(5, 1), (5, 1), (10, 0)]
    assert catalog.reads == [("bar-minute", second.date), ("print", first.date)]
    assert (found[-1].open, found[-1].close, found[-1].start_ns) == (1e-4, 2e-4, second.open_ns)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("1min", [(1, 2, 10), (2, 3, 10), (3, 4, 10), (4, 5, 10)]),
        ("2min", [(1, 3, 20), (3, 5, 20)]),
        ("5min", [(1, 5, 40)]),
        ("1day", [(1, 5, 40)]),
    ],
)
def test_longer_bars_are_joined_from_stored_ones(
    tmp_path: Path, text: str, shape: list[tuple[int, int, int]]
) -> None:
    catalog, session = Catalog(tmp_path), hours()[0]
    ends = [session.open_ns + n * MINUTE for n in range(5)]
    write_bars(catalog, "bar-minute", session.date, ends, first=0)
    found = CatalogHistory(catalog).bars("SPY", text, NEVER, 9)
    # The bar that ends at the open came before it.
    assert [(round(b.low * 1e4), round(b.high * 1e4), b.volume) for b in found] == shape
    assert [round(b.open * 1e4) for b in found] == [low for low, _, _ in shape]
    assert [round(b.close * 1e4) for b in found] == [high for _, high, _ in shape]


def test_all_hours_hold_what_regular_hours_leave_out(tmp_path: Path) -> None:
    catalog, session = Catalog(tmp_path), hours()[0]
    ends = [session.open_ns - MINUTE, session.open_ns + MINUTE, session.close_ns + MINUTE]
    write_bars(catalog, "bar-minute", session.date, ends)
    sunday = dt.date(2026, 3, 1)
    write_bars(catalog, "bar-minute", sunday, [session.open_ns - 86_400 * 10**9])
    regular = CatalogHistory(catalog).bars("SPY", "1min", NEVER, 9)
    every = CatalogHistory(catalog, session="all").bars("SPY", "1min", NEVER, 9)
    assert [bar.end_ns for bar in regular] == ends[1:2]
    assert [bar.end_ns for bar in every[1:]] == ends


@pytest.mark.parametrize("kind", ["print", "bar-minute"])
def test_a_bar_that_the_close_cuts_short_ends_there(tmp_path: Path, kind: str) -> None:
    catalog, session = Catalog(tmp_path), hours()[0]
    if kind == "print":
        ts = [session.open_ns, session.close_ns - 1]
        write(catalog, "print", session.date, ts_ns=ts, price=[7, 8], size=[5, 5], flags=[0, 0])
    else:
        write_bars(catalog, kind, session.date, [session.open_ns + MINUTE, session.close_ns])
    history, span = CatalogHistory(catalog), 11 * MINUTE
    found = history.bars("SPY", "11min", NEVER, 9)
    assert [bar.start_ns for bar in found] == [t // span * span for t in
                                               (session.open_ns, session.close_ns - 1)]  # fmt: skip
    assert [bar.end_ns for bar in found] == [found[0].start_ns + span, session.close_ns]
    assert len(history.bars("SPY", "11min", session.close_ns - 1, 9)) == 1


def test_daily_bars_come_from_a_years_file_that_is_read_once(tmp_path: Path) -> None:
    catalog, both = Counting(tmp_path), hours()
    write_bars(catalog, "bar-daily", DAYS[0], [session.close_ns for session in both])
    history = CatalogHistory(catalog)
    found = history.bars("SPY", "1day", NEVER, 9)
    assert [(b.start_ns, b.end_ns) for b in found] == [(s.open_ns, s.close_ns) for s in both]
    assert history.bars("SPY", "1day", both[1].close_ns - 1, 9)[0].end_ns == both[0].close_ns
    assert len(catalog.reads) == 1


def test_a_daily_bar_of_prints_covers_the_session(prints_only: Path) -> None:
    found = CatalogHistory(Catalog(prints_only)).bars("SPY", "1day", NEVER, 9)
    minutes = CatalogHistory(Catalog(prints_only)).bars("SPY", "1min", NEVER, 10**6)
    assert len(found) == 3
    assert sum(bar.volume for bar in found) == sum(bar.volume for bar in minutes)
    assert (found[0].open, found[-1].close) == (minutes[0].open, minutes[-1].close)
    assert found[0].end_ns - found[0].start_ns == 23_400 * 10**9


def test_nothing_is_read_twice_and_only_what_is_needed(prints_only: Path) -> None:
    catalog = Counting(prints_only)
    days = catalog.days("SPY", "print")
    history = CatalogHistory(catalog)
    once = history.bars("SPY", "1min", NEVER, 10)
    assert repr(history.bars("SPY", "1min", NEVER, 10)) == repr(once)
    assert catalog.reads == [("print", days[-1])]
    history.bars("SPY", "1min", NEVER, 400)
    assert catalog.reads == [("print", days[-1]), ("print", days[-2])]


def test_the_day_used_longest_ago_is_forgotten_first(prints_only: Path) -> None:
    catalog = Counting(prints_only)
    days = catalog.days("SPY", "print")
    first, second, third = (s.close_ns for s in catalog.sessions("SPY", days[0], days[-1]))
    history = CatalogHistory(catalog, cached_bars=800)
    for end in (first, second, first, third):
        history.bars("SPY", "1min", end, 1)
    catalog.reads.clear()
    history.bars("SPY", "1min", first, 1)
    assert catalog.reads == []
    history.bars("SPY", "1min", second, 1)
    assert catalog.reads == [("print", days[1])]


def test_daily_bars_are_right_even_when_hardly_any_can_be_kept(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    ends = [session.close_ns for session in hours(DAYS[0], dt.date(2026, 3, 13))]
    write_bars(catalog, "bar-daily", DAYS[0], ends)
    found = CatalogHistory(catalog, cached_bars=2).bars("SPY", "1day", NEVER, 99)
    assert [bar.end_ns for bar in found] == ends


@pytest.mark.parametrize("text", ["100tick", "10000vol", "0min", "2day", "25h", "week", ""])
def test_a_length_that_is_not_understood_is_an_error(made: Path, text: str) -> None:
    with pytest.raises(DataError, match="write 30s, 1min, 1h or 1day"):
        CatalogHistory(Catalog(made)).bars("SPY", text, NEVER, 1)


def test_lengths_are_read_as_people_write_them() -> None:
    assert [span_of(t) for t in ("30s", "30 sec", "1H")] == [30 * 10**9, 30 * 10**9, 60 * MINUTE]


def test_an_unknown_symbol_is_an_error_and_one_without_prints_has_no_past(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    quote = {"bid": [1], "ask": [2], "bid_size": [1], "ask_size": [1]}
    write(catalog, "quote", DAYS[0], ts_ns=[hours()[0].open_ns], **quote)
    history = CatalogHistory(catalog)
    assert history.bars("SPY", "1min", NEVER, 5) == ()
    with pytest.raises(DataError, match="is not in catalog"):
        history.bars("KO", "1min", NEVER, 5)
