"""The made-up market behaves like a market and is the same everywhere."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from typing import Any

import numpy as np
import pytest

from ikbr.domain.errors import DataError
from ikbr.domain.session import Session
from ikbr.domain.tape import PrintFlag
from ikbr.sim.synthetic import SyntheticDay, SyntheticTicks, generate_market

SYMBOLS = ("SPY", "QQQ", "KO")
SECOND = 10**9
OPEN = 1_772_461_800 * SECOND
COLUMNS = SyntheticTicks.__slots__


def session(number: int, minutes: int = 390) -> Session:
    start = OPEN + number * 86_400 * SECOND
    day = dt.date(2026, 3, 2) + dt.timedelta(number)
    return Session(day, start, start + minutes * 60 * SECOND, minutes < 390)


SESSIONS = (session(0), session(1), session(2, minutes=210))


@pytest.fixture(scope="module")
def days() -> list[SyntheticDay]:
    return list(generate_market(SYMBOLS, SESSIONS, rows_per_day=60_000))


@pytest.fixture(scope="module")
def pieces(days: list[SyntheticDay]) -> list[tuple[Session, SyntheticTicks]]:
    return [(day.session, ticks) for day in days for ticks in day.ticks]


def digest(days: list[SyntheticDay]) -> str:
    found = hashlib.sha256()
    for day, name in itertools.product(days, COLUMNS):
        for ticks in day.ticks:
            found.update(getattr(ticks, name).astype("<i8").tobytes())
    return found.hexdigest()


def autocorrelation(values: Any) -> float:
    return float(np.corrcoef(values[1:], values[:-1])[0, 1])


def minute_returns(day: Session, ticks: SyntheticTicks) -> Any:
    count = (day.close_ns - day.open_ns) // (60 * SECOND)
    ends = day.open_ns + np.arange(1, count) * 60 * SECOND
    mid = (ticks.bid + ticks.ask)[np.searchsorted(ticks.quote_ts, ends) - 1]
    return np.diff(mid) / mid[0]


def test_every_machine_makes_the_same_bytes(days: list[SyntheticDay]) -> None:
    assert digest(days) == ("ad768838ef53da75c97f51840270fe0b31184e3c43774e74c59fb9102b14d93a")


def test_another_seed_makes_another_market(days: list[SyntheticDay]) -> None:
    other = list(generate_market(SYMBOLS, SESSIONS, rows_per_day=60_000, seed=8))
    assert digest(other) != digest(days)


def test_a_symbol_does_not_depend_on_its_neighbours(days: list[SyntheticDay]) -> None:
    alone = next(generate_market(["QQQ"], SESSIONS[:1], rows_per_day=60_000, seed=7)).ticks[0]
    beside = days[0].ticks[1]
    calm = alone.quote_ts < alone.print_ts[alone.flags == PrintFlag.HALT][0]
    for name in ("quote_ts", "bid", "ask"):
        here = getattr(alone, name)[calm]
        assert (here == getattr(beside, name)[: len(here)]).all()


def test_times_rise_within_the_session(pieces: list[tuple[Session, SyntheticTicks]]) -> None:
    for day, ticks in pieces:
        for ts in (ticks.quote_ts, ticks.print_ts):
            assert (np.diff(ts) >= 0).all()
            assert ts[0] == day.open_ns
            assert ts[-1] < day.close_ns


def test_prices_are_on_the_cent_grid_and_quotes_never_cross(
    pieces: list[tuple[Session, SyntheticTicks]],
) -> None:
    for _, ticks in pieces:
        for price in (ticks.bid, ticks.ask, ticks.price):
            assert (price % 100 == 0).all()
        width = (ticks.ask - ticks.bid) // 100
        assert ticks.bid.min() > 0
        assert width.max() <= 6
        assert width.min() >= 1
        assert 1 <= width.mean() <= 4


def test_prints_stay_within_the_standing_quote(
    pieces: list[tuple[Session, SyntheticTicks]],
) -> None:
    for _, ticks in pieces:
        dealt = ticks.size > 0
        at = np.searchsorted(ticks.quote_ts, ticks.print_ts[dealt], side="right") - 1
        assert (ticks.price[dealt] >= ticks.bid[at]).all()
        assert (ticks.price[dealt] <= ticks.ask[at]).all()


def test_sizes_are_odd_and_round_lots(pieces: list[tuple[Session, SyntheticTicks]]) -> None:
    for _, ticks in pieces:
        for shown in (ticks.bid_size, ticks.ask_size):
            assert shown.min() >= 100
            assert (shown % 100 == 0).all()
        plain = ticks.size[ticks.flags == 0]
        assert plain.min() >= 1
        assert 0.25 < (plain < 100).mean() < 0.45
        assert (plain[plain >= 100] % 100 == 0).all()


def test_each_day_opens_and_closes_with_an_auction(
    pieces: list[tuple[Session, SyntheticTicks]],
) -> None:
    for day, ticks in pieces:
        assert ticks.flags[0] == ticks.flags[-1] == PrintFlag.AUCTION
        assert ticks.print_ts[-1] == day.close_ns - 1
        assert ticks.size[0] > 20 * ticks.size[1:-1][ticks.flags[1:-1] == 0].mean()


def test_one_symbol_is_halted_once_and_then_deals_again(
    pieces: list[tuple[Session, SyntheticTicks]],
) -> None:
    halted = [ticks for _, ticks in pieces if (ticks.flags == PrintFlag.HALT).any()]
    assert len(halted) == 1
    ticks = halted[0]
    (at,) = np.flatnonzero(ticks.flags == PrintFlag.HALT)
    # Straight after the halt comes its end, then the reopening auction: no print between.
    assert ticks.flags[at : at + 3].tolist() == [4, 8, 2]
    assert ticks.size[at : at + 2].tolist() == [0, 0]
    assert ticks.price[at - 1] == ticks.price[at] == ticks.price[at + 1]
    start, end = ticks.print_ts[at], ticks.print_ts[at + 1]
    assert end - start >= 5 * 60 * SECOND
    assert not ((ticks.quote_ts >= start) & (ticks.quote_ts <= end)).any()
    assert (ticks.print_ts > end).sum() > 100


def test_prints_bounce_between_bid_and_ask(
    pieces: list[tuple[Session, SyntheticTicks]],
) -> None:
    for _, ticks in pieces:
        moves = np.diff(ticks.price[ticks.size > 0])
        assert -0.5 < autocorrelation(moves) < -0.1


def test_volatility_clusters(pieces: list[tuple[Session, SyntheticTicks]]) -> None:
    found = [autocorrelation(np.abs(minute_returns(day, ticks))) for day, ticks in pieces]
    assert np.mean(found) > 0.05
    tick = [autocorrelation(np.abs(np.diff(t.price[t.size > 0]))) for _, t in pieces]
    assert np.mean(tick) > 0


def test_a_day_moves_neither_too_little_nor_too_much(
    pieces: list[tuple[Session, SyntheticTicks]],
) -> None:
    for day, ticks in pieces:
        assert 0.0002 < minute_returns(day, ticks).std() < 0.0015


def test_symbols_move_together_but_not_as_one(days: list[SyntheticDay]) -> None:
    for day in days:
        table = np.corrcoef([minute_returns(day.session, ticks) for ticks in day.ticks])
        assert (table[np.triu_indices(len(SYMBOLS), 1)] > 0.3).all()
        assert (table[np.triu_indices(len(SYMBOLS), 1)] < 0.9).all()


def test_the_open_and_close_are_busier_than_noon(
    pieces: list[tuple[Session, SyntheticTicks]],
) -> None:
    prints, volume = np.zeros(6), np.zeros(6)
    for day, ticks in pieces:
        sixths = (ticks.print_ts - day.open_ns) * 6 // (day.close_ns - day.open_ns)
        prints += np.bincount(sixths)
        volume += np.bincount(sixths, weights=ticks.size)
    for counted in (prints, volume):
        assert min(counted[0], counted[5]) > 1.5 * max(counted[2], counted[3])


def test_a_short_day_has_fewer_rows_and_ends_early(days: list[SyntheticDay]) -> None:
    for full, short in zip(days[0].ticks, days[2].ticks, strict=True):
        assert len(short.quote_ts) < 0.85 * len(full.quote_ts)


def test_prices_go_on_from_day_to_day(days: list[SyntheticDay]) -> None:
    for before, after in itertools.pairwise(days):
        for old, new in zip(before.ticks, after.ticks, strict=True):
            assert abs(int(new.bid[0]) / int(old.bid[-1]) - 1) < 0.03


@pytest.mark.parametrize(
    ("sessions", "rows", "complaint"),
    [
        ((session(0, minutes=30),), 1000, "lasts 30 minutes"),
        ((session(0),), 50, "rows_per_day 50 is too small"),
    ],
)
def test_days_that_cannot_be_made_are_refused(
    sessions: tuple[Session, ...], rows: int, complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        list(generate_market(["SPY"], sessions, rows_per_day=rows))


def test_no_sessions_make_no_days() -> None:
    assert list(generate_market(["SPY"], ())) == []
