"""Catalogs with another future: the past stays to the last number."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ikbr.api.other_world import Change, other_world
from ikbr.data.calendars import sessions
from ikbr.data.catalog import Catalog
from ikbr.data.columns import BarColumns, PrintColumns, QuoteBarColumns, QuoteColumns
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.tape import NO_PRICE

SESSIONS = sessions("NYSE", dt.date(2026, 3, 2), dt.date(2026, 3, 4))
SPAN = SESSIONS[0].close_ns - SESSIONS[0].open_ns
MINUTE = 60_000_000_000


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Make three days of everything, of two symbols."""
    store = Catalog(tmp_path / "catalog")
    rng = np.random.default_rng(1)
    for symbol in ("SPY", "KO"):
        for session in SESSIONS:
            write(store, symbol, session.date, rng, session.open_ns, session.close_ns)
    return store


def write(store: Catalog, symbol: str, day: dt.date, rng: Any, open_ns: int, close_ns: int) -> None:
    def prices(count: int) -> Any:
        return (5_000_000 + np.cumsum(rng.integers(-50, 51, count)) * 100).astype(np.int32)

    ts = np.sort(rng.integers(open_ns, close_ns, 200))
    price, size = prices(200), rng.integers(1, 9, 200) * 100
    little = size.astype(np.int32)
    bid = np.where(rng.random(200) < 0.1, NO_PRICE, price - 100).astype(np.int32)
    ends = open_ns + (np.arange(390) + 1) * MINUTE
    o, c = prices(390), prices(390)
    high, low = np.maximum(o, c) + 100, np.minimum(o, c) - 100
    some = np.full(390, 7, np.int32)
    last = np.array([close_ns])
    d = [np.array([value], np.int32) for value in (o[0], high.max(), low.min(), c[-1])]
    sides = (o - 50, high - 50, low - 50, c - 50, some, o + 50, high + 50, low + 50, c + 50, some)
    for kind, columns in (
        ("print", PrintColumns(ts, price, size, np.zeros(200, np.uint8))),
        ("quote", QuoteColumns(ts, bid, price + 100, little, little)),
        ("bar-minute", BarColumns(ends, o, high, low, c, np.full(390, 9, np.int64))),
        ("quotebar-minute", QuoteBarColumns(ends, *sides)),
        ("bar-daily", BarColumns(last, d[0], d[1], d[2], d[3], np.array([10**6]))),
    ):
        instrument = parse_contract(symbol)
        store.write(instrument, kind, day, columns, source="test", synthetic=True)


def rows(store: Catalog, resolution: str) -> list[tuple[int, ...]]:
    """Lay everything out as rows of the tape."""
    source = CatalogSource(store, ["SPY", "KO"], SESSIONS, resolution=resolution)
    found = []
    for tape in source.chunks():
        columns = (tape.ts, tape.sym, tape.kind, tape.bid, tape.ask, tape.last, tape.bid_size,
                   tape.ask_size, tape.size)  # fmt: skip
        found += list(zip(*(column.tolist() for column in columns), strict=True))
    return found


CUTS = [
    SESSIONS[0].open_ns + SPAN // 3 + 12_345,
    SESSIONS[1].open_ns + 1,
    SESSIONS[1].open_ns + 100 * MINUTE,
    SESSIONS[1].open_ns + 100 * MINUTE + 1,
    SESSIONS[1].open_ns + 100 * MINUTE + 30_000_000_000,
    SESSIONS[2].close_ns - 1,
]


@pytest.mark.parametrize("resolution", ["tick", "minute", "daily"])
@pytest.mark.parametrize("change", ["cut off", "mirrored"])
@pytest.mark.parametrize("cut_ns", CUTS)
def test_the_tape_is_the_same_before_the_cut_and_another_after_it(
    catalog: Catalog, tmp_path: Path, resolution: str, change: Change, cut_ns: int
) -> None:
    world = other_world(catalog, tmp_path / "other", ["SPY", "KO"], SESSIONS, cut_ns, change)
    old, new = rows(catalog, resolution), rows(world, resolution)
    assert [r for r in new if r[0] < cut_ns] == [r for r in old if r[0] < cut_ns]
    after = [r for r in old if r[0] >= cut_ns]
    other = [r for r in new if r[0] >= cut_ns]
    if change == "mirrored":
        assert [r[:3] for r in other] == [r[:3] for r in after]
        if resolution == "tick" and len(after) > 20:
            assert other != after
    else:
        per_bar = 0 if resolution == "tick" else 3
        assert len(other) <= 2 * per_bar


def test_every_move_goes_the_other_way(catalog: Catalog, tmp_path: Path) -> None:
    world = other_world(catalog, tmp_path / "other", ["SPY"], SESSIONS, CUTS[0], "mirrored")
    old, new = catalog.prints("SPY", SESSIONS[1].date), world.prints("SPY", SESSIONS[1].date)
    assert (np.diff(new.price) == -np.diff(old.price)).all()
    quotes = world.quotes("SPY", SESSIONS[1].date)
    known = quotes.bid != NO_PRICE
    assert (quotes.bid[known] <= quotes.ask[known]).all() or (quotes.ask == NO_PRICE).any()
    bars = world.bars("SPY", "minute", SESSIONS[2].date)
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert sorted(new.size.tolist()) == sorted(old.size.tolist())


def test_a_late_start_leaves_out_what_went_before(catalog: Catalog, tmp_path: Path) -> None:
    cut_ns = CUTS[0]
    world = other_world(catalog, tmp_path / "other", ["SPY", "KO"], SESSIONS, cut_ns, "late")
    assert rows(world, "tick")[0][0] >= cut_ns
    kept = [r[:3] for r in rows(catalog, "tick") if r[0] >= cut_ns]
    assert [r[:3] for r in rows(world, "tick")] == kept


def test_other_symbols_and_past_days_are_links(catalog: Catalog, tmp_path: Path) -> None:
    world = other_world(catalog, tmp_path / "other", ["SPY"], SESSIONS, CUTS[2], "mirrored")
    first, second = (SESSIONS[n].date for n in (0, 1))
    assert (world.path / "KO").is_symlink()
    assert (world.path / "SPY" / "print" / f"{first}.parquet").is_symlink()
    assert not (world.path / "SPY" / "print" / f"{second}.parquet").is_symlink()
    assert world.symbols() == catalog.symbols()


def test_days_long_after_the_run_are_left_out(catalog: Catalog, tmp_path: Path) -> None:
    world = other_world(catalog, tmp_path / "other", ["SPY"], SESSIONS[:1], CUTS[0], "mirrored")
    assert len(world.days("SPY", "print")) == 3
    far = dt.date(2026, 6, 1)
    write(catalog, "SPY", far, np.random.default_rng(2), 1_780_300_000 * 10**9,
          1_780_320_000 * 10**9)  # fmt: skip
    again = other_world(catalog, tmp_path / "third", ["SPY"], SESSIONS[:1], CUTS[0], "mirrored")
    assert far not in again.days("SPY", "print")
