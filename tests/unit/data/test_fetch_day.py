"""What cannot be used is not written, and nothing of it is counted twice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from ikbr.data.calendars import sessions, to_ns
from ikbr.data.catalog import Catalog
from ikbr.data.columns import Columns
from ikbr.data.fetch_day import Stored, bars_of, prints_of, quote_bars_of, quotes_of, store
from ikbr.data.fetch_plan import Hours, Unit
from ikbr.domain.contracts import parse_contract
from ikbr.domain.past import BarRow, PrintRow, QuoteRow

SPY = parse_contract("SPY")
DAYS = sessions("NYSE", dt.date(2025, 12, 30), dt.date(2026, 1, 6))
OPEN, CLOSE = DAYS[0].open_ns, DAYS[0].close_ns
MINUTE = 60 * 10**9
FLAT = (10.0, 10.5, 9.5, 10.25)


def unit(kind: str, days: int = 1) -> Unit:
    return Unit(SPY, kind, DAYS[:days], Hours(OPEN, DAYS[days - 1].close_ns), True)


def keep(tmp_path: Path, what: Unit, columns: Columns, now_ns: int = 2 * 10**18) -> Stored:
    return store(Catalog(tmp_path), what, columns, now_ns=now_ns, synthetic=False)


def minutes(count: int, prices: tuple[float, float, float, float] = FLAT) -> list[BarRow]:
    return [BarRow(OPEN + n * MINUTE, prices, 100.0) for n in range(count)]


def test_bars_are_stamped_at_their_end_once_and_only_within_the_hours() -> None:
    rows = minutes(3)
    rows = [rows[2], *rows, BarRow(OPEN - MINUTE, FLAT, 1.0), BarRow(CLOSE, FLAT, 1.0)]
    bars = bars_of(unit("bar-minute"), rows)
    assert (bars.ts_ns - OPEN).tolist() == [MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert (bars.high[0], bars.low[0], bars.volume[0]) == (105_000, 95_000, 100)


def test_a_day_is_written_with_where_it_came_from(tmp_path: Path) -> None:
    what = unit("bar-minute")
    stored = keep(tmp_path, what, bars_of(what, minutes(390)))
    assert (stored.rows, stored.days, stored.faults, stored.doubts) == (390, 1, (), ())
    about = Catalog(tmp_path).file_meta("SPY", "bar-minute", DAYS[0].date)
    assert (about.source, about.note, about.synthetic) == (
        "Interactive Brokers",
        "regular hours",
        False,
    )


def test_a_day_with_holes_is_written_and_told(tmp_path: Path) -> None:
    what = unit("bar-minute")
    stored = keep(tmp_path, what, bars_of(what, minutes(300)))
    assert [one.rule for one in stored.doubts] == ["gap"]


def test_what_cannot_be_used_is_not_written(tmp_path: Path) -> None:
    what = unit("bar-minute")
    stored = keep(tmp_path, what, bars_of(what, minutes(390, (10.0, 9.0, 9.5, 10.0))))
    assert [one.severity for one in stored.faults] == ["error"]
    assert (stored.rows, stored.days) == (0, 0)
    assert not list(tmp_path.glob("*/*/*.parquet"))


def test_daily_bars_end_with_their_sessions_and_go_to_their_years(tmp_path: Path) -> None:
    what = unit("bar-daily", len(DAYS))
    rows = [
        BarRow(to_ns(dt.datetime.combine(one.date, dt.time(), dt.UTC)), FLAT, 5.0)
        for one in DAYS[:-1]
    ]
    rows.append(BarRow(to_ns(dt.datetime(2026, 1, 3, tzinfo=dt.UTC)), FLAT, 5.0))  # a Saturday
    stored = keep(tmp_path, what, bars_of(what, rows))
    assert stored.empty == (DAYS[-1].date,)
    got = Catalog(tmp_path)
    assert got.days("SPY", "bar-daily") == tuple(one.date for one in DAYS[:-1])
    assert got.bars("SPY", "daily", DAYS[0].date).ts_ns.tolist() == [CLOSE]
    assert sorted(file.name for file in tmp_path.glob("SPY/bar-daily/*")) == [
        "2025.parquet",
        "2026.parquet",
    ]


def test_no_rows_mean_that_there_is_nothing(tmp_path: Path) -> None:
    stored = keep(tmp_path, unit("print"), prints_of(unit("print"), []))
    assert stored.empty == (DAYS[0].date,)
    assert not list(tmp_path.iterdir())


def test_bids_and_asks_are_joined_where_both_are_there() -> None:
    bids, asks = minutes(3), minutes(4, (11.0, 11.5, 10.5, 11.25))[1:]
    bars = quote_bars_of(unit("quotebar-minute"), bids, asks)
    assert (bars.ts_ns - OPEN).tolist() == [2 * MINUTE, 3 * MINUTE]
    assert (bars.bid_close[0], bars.ask_close[0]) == (102_500, 112_500)


def test_ticks_keep_their_order_and_their_doubts() -> None:
    prints = prints_of(
        unit("print"), [PrintRow(OPEN, 10.00004, 3.0, False), PrintRow(OPEN, 9.99, 1.0, True)]
    )
    assert prints.price.tolist() == [100_000, 99_900]
    assert (prints.size.tolist(), prints.flags.tolist()) == ([3, 1], [0, 1])
    quotes = quotes_of(unit("quote"), [QuoteRow(OPEN, 9.99, 10.0, 3.0, 4.0)])
    assert np.array([quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size]).T.tolist() == [
        [99_900, 100_000, 3, 4]
    ]
