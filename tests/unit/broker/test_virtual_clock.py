"""The standard library tells the market's time, and its own again afterwards."""

from __future__ import annotations

import copy
import datetime
import pickle
import time
from collections.abc import Iterator
from typing import Any

import ib_async.wrapper
import pytest

from ikbr.broker.sim_client import Cable
from ikbr.broker.virtual_clock import virtual_clock
from ikbr.broker.virtual_time import Driver

START = 1_772_461_800_123_456_789
UTC = datetime.UTC
REAL = datetime.datetime


class Market:
    """A market in which nothing happens."""

    def __init__(self) -> None:
        self.now_ns = START
        self.ended = False
        self.clock = self.player = self
        self.next_ns = 2**62

    def step(self, rows: int = 1) -> int:
        raise AssertionError("nothing comes")

    def advance_to(self, ts_ns: int) -> int:
        self.now_ns = ts_ns
        return 0


@pytest.fixture
def market() -> Iterator[Market]:
    market = Market()
    with virtual_clock(Driver(market, Cable(lambda: None))):
        yield market


UTC_NOW = REAL(2026, 3, 2, 14, 30, 0, 123456, tzinfo=UTC)
LOCAL_NOW = UTC_NOW.astimezone().replace(tzinfo=None)


@pytest.mark.parametrize(
    ("tell", "expected"),
    [
        ("time.time_ns()", START),
        ("time.time()", START / 1e9),
        ("datetime.datetime.now(UTC)", UTC_NOW),
        ("datetime.datetime.now(tz=UTC)", UTC_NOW),
        ("datetime.datetime.now()", LOCAL_NOW),
        ("datetime.datetime.today()", LOCAL_NOW),
        ("datetime.datetime.utcnow()", UTC_NOW.replace(tzinfo=None)),
        ("datetime.date.today()", LOCAL_NOW.date()),
        ("ib_async.wrapper.datetime.now(UTC)", UTC_NOW),
        ("time.monotonic()", 0.0),
        ("time.monotonic_ns()", 0),
    ],
)
def test_whoever_asks_learns_the_time_of_the_market(
    market: Market, tell: str, expected: Any
) -> None:
    assert eval(tell) == expected


def test_sleeping_moves_the_market(market: Market) -> None:
    time.sleep(2.5)
    assert market.now_ns == START + 2_500_000_000
    assert time.monotonic() == 2.5


def test_dates_remain_what_they_were(market: Market) -> None:
    made = datetime.datetime(2026, 3, 2, tzinfo=UTC)
    assert type(made) is REAL
    assert isinstance(made, datetime.datetime)
    assert isinstance(made, datetime.date)
    assert isinstance(datetime.datetime.fromisoformat("2026-03-02"), REAL)
    assert type(datetime.datetime.fromtimestamp(0, UTC)) is REAL
    assert datetime.datetime.strptime("2026 +0000", "%Y %z") == REAL(2026, 1, 1, tzinfo=UTC)
    assert issubclass(REAL, datetime.datetime)
    assert not isinstance(3, datetime.date)
    assert type(datetime.date(2026, 3, 2)) is not REAL
    assert issubclass(REAL, datetime.date)
    assert datetime.datetime.max.replace(tzinfo=UTC) > made
    for value in (made, made.date()):
        assert pickle.loads(pickle.dumps(value)) == value
        assert copy.deepcopy(value) == value


def test_the_machine_has_its_own_time_again_afterwards() -> None:
    before = (time.time, time.sleep, datetime.datetime, datetime.date, ib_async.wrapper.datetime)
    with virtual_clock(Driver(Market(), Cable(lambda: None))):
        bound = datetime.datetime
        assert bound.now(UTC) == UTC_NOW
    after = (time.time, time.sleep, datetime.datetime, datetime.date, ib_async.wrapper.datetime)
    assert before == after
    # What somebody bound by name meanwhile tells the machine's time from now on.
    assert abs(bound.now(UTC).timestamp() - time.time()) < 60
    assert pickle.loads(pickle.dumps(UTC_NOW)) == UTC_NOW
