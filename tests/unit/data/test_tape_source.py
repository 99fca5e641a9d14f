"""Streaming the catalog as a tape."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ikbr.data import columns as col
from ikbr.data.catalog import Catalog
from ikbr.data.merge import Feed
from ikbr.data.synthetic import make_synthetic
from ikbr.data.tape_source import CatalogSource, select_days
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, CorporateAction, Kind, Tape, TapeSource

COLUMNS = Tape.__slots__[1:]
MINUTE = 60 * 10**9
HOUR = 60 * MINUTE


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("catalog")
    make_synthetic(folder, symbols=["SPY", "QQQ"], days=3, rows_per_day=4_000)
    return Catalog(folder)


def source(catalog: Catalog, **choice: Any) -> CatalogSource:
    symbols = choice.pop("symbols", ["SPY", "QQQ"])
    found = select_days(catalog, symbols, choice.get("resolution", "tick"))
    return CatalogSource(catalog, symbols, found, **choice)


def rows(tapes: list[Tape]) -> list[Any]:
    return [np.concatenate([getattr(tape, name) for tape in tapes]).tolist() for name in COLUMNS]


def test_it_is_a_tape_source_that_says_what_it_holds(made: Catalog) -> None:
    found: TapeSource = source(made)
    assert [one.symbol for one in found.instruments] == ["SPY", "QQQ"]
    assert (found.synthetic, found.has_quotes, found.resolution) == (True, True, "tick")
    assert len(found.sessions) == 3
    assert not source(made, feed="trades").has_quotes


@pytest.mark.parametrize("resolution", ["tick", "minute"])
def test_pieces_hold_the_same_rows_whatever_their_size(made: Catalog, resolution: str) -> None:
    whole = list(source(made, resolution=resolution).chunks())
    pieces = list(source(made, resolution=resolution, chunk_rows=500).chunks())
    assert len(whole) == 3
    assert len(pieces) > 10
    assert max(len(piece) for piece in pieces) <= 500
    assert rows(pieces) == rows(whole)
    assert (np.diff(rows(whole)[0]) >= 0).all()


def test_the_last_price_carries_on_over_night(made: Catalog) -> None:
    before = NO_PRICE
    for day in source(made, symbols=["SPY"]).chunks():
        # A synthetic day starts with a quote, when nothing has been printed yet.
        assert (day.kind[0], day.last[0]) == (Kind.QUOTE, before)
        before = day.last[-1]
        assert before != NO_PRICE


def test_yesterdays_quote_is_no_offer_today(tmp_path: Path) -> None:
    catalog, days = Catalog(tmp_path), (dt.date(2026, 3, 2), dt.date(2026, 3, 3))
    spy = Instrument(symbol="SPY")
    for session in sessions_of(spy, catalog, days):
        ts = session.open_ns + np.array([1, 2])
        quote = {"ts_ns": ts[:1], "bid": [10], "ask": [20], "bid_size": [1], "ask_size": [2]}
        printed = {"ts_ns": ts[1:], "price": [15], "size": [5], "flags": [0]}
        for kind, arrays in (("print", printed), ("quote", quote)):
            if kind == "print" or session.date == days[0]:
                data = col.make_columns(kind, {k: np.array(v) for k, v in arrays.items()})
                catalog.write(spy, kind, session.date, data, source="test")
    first, second = source(catalog, symbols=["SPY"]).chunks()
    assert (first.bid.tolist(), first.last.tolist()) == ([10, 10], [NO_PRICE, 15])
    assert (second.bid.tolist(), second.bid_size.tolist()) == ([NO_PRICE], [0])


def sessions_of(
    instrument: Instrument, catalog: Catalog, days: tuple[dt.date, dt.date]
) -> tuple[Session, ...]:
    from ikbr.data.calendars import sessions

    return sessions(instrument.calendar, days[0], days[1], catalog.path)


def write_prints(catalog: Catalog, one: Instrument, day: dt.date, ts: list[int]) -> None:
    arrays = {"ts_ns": np.array(ts), "price": np.arange(1, len(ts) + 1)}
    arrays |= {"size": np.ones(len(ts)), "flags": np.zeros(len(ts))}
    catalog.write(one, "print", day, col.make_columns("print", arrays), source="test")


@pytest.mark.parametrize(
    ("hours", "offsets"), [("regular", [0, 1]), ("all", [-HOUR, -1, 0, 1, 2, 3])]
)
def test_regular_hours_hold_the_open_but_not_the_close(
    tmp_path: Path, hours: Any, offsets: list[int]
) -> None:
    catalog, day, spy = Catalog(tmp_path), dt.date(2026, 3, 2), Instrument(symbol="SPY")
    (session,) = sessions_of(spy, catalog, (day, day))
    at = {-HOUR: session.open_ns - HOUR, -1: session.open_ns - 1, 0: session.open_ns}
    at |= {1: session.close_ns - 1, 2: session.close_ns, 3: session.close_ns + HOUR}
    write_prints(catalog, spy, day, list(at.values()))
    (tape,) = source(catalog, symbols=["SPY"], session=hours).chunks()
    assert tape.ts.tolist() == [at[offset] for offset in offsets]


def test_regular_bars_end_after_the_open_and_at_the_close(tmp_path: Path) -> None:
    catalog, day, spy = Catalog(tmp_path), dt.date(2026, 3, 2), Instrument(symbol="SPY")
    (session,) = sessions_of(spy, catalog, (day, day))
    ends = session.open_ns + MINUTE * np.array([0, 1, 390, 391])
    arrays = {name: ends if name == "ts_ns" else np.ones(4) for name in col.names("bar-minute")}
    columns = col.make_columns("bar-minute", arrays)
    catalog.write(spy, "bar-minute", day, columns, source="test")
    (tape,) = source(catalog, symbols=["SPY"], resolution="minute").chunks()
    assert tape.ts[3::4].tolist() == (ends[1:3] - 1).tolist()
    assert tape.ts[0] == session.open_ns
    (tape,) = source(catalog, symbols=["SPY"], resolution="minute", session="all").chunks()
    assert len(tape) == 16


def test_daily_bars_run_from_open_to_close_a_year_at_a_time(made: Catalog) -> None:
    found = source(made, resolution="daily")
    (tape,) = found.chunks()
    assert len(tape) == 3 * 2 * 4
    opens = tape.ts[tape.kind == Kind.BAR_OPEN].tolist()
    closes = tape.ts[tape.kind == Kind.BAR_CLOSE].tolist()
    assert opens == [s.open_ns for s in found.sessions for _ in range(2)]
    assert closes == [s.close_ns - 1 for s in found.sessions for _ in range(2)]
    middle = CatalogSource(made, ["SPY"], found.sessions[1:2], resolution="daily")
    assert [len(piece) for piece in middle.chunks()] == [4]


@pytest.mark.parametrize(("feed", "quoted"), [("trades", False), ("quotes", True)])
def test_the_feed_decides_what_is_on_the_tape(made: Catalog, feed: Feed, quoted: bool) -> None:
    for tape in source(made, feed=feed).chunks():
        assert (tape.bid != NO_PRICE).all() == quoted
        assert (tape.last == NO_PRICE).all() == quoted


def test_actions_lie_between_the_first_open_and_the_last_close(tmp_path: Path) -> None:
    catalog, spy = Catalog(tmp_path), Instrument(symbol="SPY")
    days = sessions_of(spy, catalog, (dt.date(2026, 3, 2), dt.date(2026, 3, 4)))
    for session in days:
        write_prints(catalog, spy, session.date, [session.open_ns + 1])
    noon = [session.open_ns - 4 * HOUR for session in days]
    split = CorporateAction("SPY", noon[1], split=2.0)
    paid = CorporateAction("SPY", noon[2], dividend=1.5)
    catalog.write_actions("SPY", [CorporateAction("SPY", noon[0], dividend=1.0), paid, split])
    found = source(catalog, symbols=["SPY"])
    assert found.actions == (split, paid)
    assert CatalogSource(catalog, ["SPY"], ()).actions == ()
    assert list(CatalogSource(catalog, ["SPY"], ()).chunks()) == []


def test_a_split_makes_the_last_price_unknown(tmp_path: Path) -> None:
    catalog, spy = Catalog(tmp_path), Instrument(symbol="SPY")
    days = sessions_of(spy, catalog, (dt.date(2026, 3, 2), dt.date(2026, 3, 3)))
    write_prints(catalog, spy, days[0].date, [days[0].open_ns])
    quote = {name: np.array([9]) for name in col.names("quote")}
    quote["ts_ns"] = np.array([days[1].open_ns])
    data = col.make_columns("quote", quote)
    catalog.write(spy, "quote", days[1].date, data, source="test")
    assert [t.last.tolist() for t in source(catalog, symbols=["SPY"]).chunks()] == [[1], [1]]
    action = CorporateAction("SPY", days[1].open_ns - HOUR, split=2.0)
    catalog.write_actions("SPY", [action])
    pieces = source(catalog, symbols=["SPY"]).chunks()
    assert [tape.last.tolist() for tape in pieces] == [[1], [NO_PRICE]]


def test_days_of_calendars_that_overlap_are_refused(tmp_path: Path) -> None:
    catalog, spy = Catalog(tmp_path), Instrument(symbol="SPY")
    days = sessions_of(spy, catalog, (dt.date(2026, 3, 2), dt.date(2026, 3, 3)))
    write_prints(catalog, spy, days[0].date, [days[1].open_ns])
    write_prints(catalog, spy, days[1].date, [days[0].close_ns])
    with pytest.raises(DataError, match="trading days of SPY overlap around 2026-03-03"):
        list(source(catalog, symbols=["SPY"], session="all").chunks())


@pytest.mark.parametrize(
    ("choice", "complaint"),
    [
        ({"chunk_rows": 1}, "chunk_rows 1 is too small"),
        ({"symbols": ["SPY", "SPY"]}, "hold a symbol twice"),
    ],
)
def test_senseless_sources_are_refused(
    made: Catalog, choice: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        source(made, **choice)
