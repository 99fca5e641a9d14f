"""The market that clients are shown: a few rows of two days, every one known.

Source of all expected values in the tables: this page. Rows that are not named carry on what
stood before. Times are New York's, on 2 and 3 March 2026 (winter time: UTC - 5 h).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ikbr.data.memory_source import MemorySource

DAYS = ("20260302", "20260303")
MIDNIGHTS = (1_772_427_600, 1_772_514_000)
"""New York's midnights of the two days, seconds since 1970."""
ACCOUNT = "DU1"
CASH = 1_000_000.0

INSTRUMENTS = ("SPY@ARCA", "KO@NYSE", "EUR.USD", "ES 202606 CME", "SPY   260619C00500000")
_SPY, _KO, _EUR, _ES, _OPT = range(len(INSTRUMENTS))


class Moment(NamedTuple):
    """One row of the market; a price of 0 means that there is none, None that it is as before."""

    day: int
    time: str
    instrument: int
    kind: str
    bid: float | None = None
    bid_size: int | None = None
    ask: float | None = None
    ask_size: int | None = None
    last: float | None = None
    size: int = 0


def _quote(day: int, time: str, what: int, bid: float, bid_size: int, ask: float,
           ask_size: int) -> Moment:  # fmt: skip
    return Moment(day, time, what, "QUOTE", bid, bid_size, ask, ask_size)


def _print(day: int, time: str, what: int, last: float, size: int, kind: str = "PRINT") -> Moment:
    return Moment(day, time, what, kind, last=last, size=size)


MOMENTS = (
    # the first day
    _quote(0, "09:30:00", _SPY, 500.00, 300, 500.02, 200),
    _print(0, "09:30:01", _SPY, 500.01, 100),
    _quote(0, "09:30:02", _KO, 60.00, 500, 60.01, 400),
    _print(0, "09:30:03", _KO, 60.00, 50),
    _quote(0, "09:30:04", _EUR, 1.10000, 1_000_000, 1.10005, 2_000_000),
    _quote(0, "09:30:05", _ES, 5000.00, 10, 5000.25, 12),
    _print(0, "09:30:06", _ES, 5000.25, 2),
    _quote(0, "09:30:07", _OPT, 5.00, 20, 5.10, 30),
    _print(0, "15:59:58", _SPY, 501.00, 200),
    _print(0, "15:59:59", _KO, 60.10, 100),
    # the second day, until ten
    _quote(1, "09:30:00", _SPY, 502.00, 100, 502.04, 100),
    _print(1, "09:30:00", _SPY, 502.02, 1000, "AUCTION"),
    _quote(1, "09:30:01", _KO, 60.00, 500, 60.02, 400),
    _print(1, "09:30:02", _KO, 60.01, 200),
    _quote(1, "09:30:03", _ES, 5010.00, 10, 5010.25, 12),
    _print(1, "09:30:04", _ES, 5010.25, 3),
    _quote(1, "09:31:00", _SPY, 502.10, 300, 502.12, 200),
    _print(1, "09:31:10", _SPY, 502.11, 100),
    _print(1, "09:31:30", _SPY, 502.09, 50),
    _print(1, "09:32:05", _SPY, 502.12, 10),
    _print(1, "09:59:50", _SPY, 502.11, 40),
    # the second day, after ten
    _quote(1, "10:00:05", _SPY, 503.00, 300, 503.02, 200),
    _print(1, "10:00:06", _SPY, 503.01, 100),
    _quote(1, "10:00:07", _SPY, 503.00, 400, 503.02, 200),
    _quote(1, "10:00:08", _SPY, 0, 0, 503.02, 200),
    _quote(1, "10:00:09", _SPY, 503.00, 400, 503.02, 200),
    Moment(1, "10:01:00", _SPY, "HALT"),
    Moment(1, "10:01:30", _SPY, "RESUME"),
    _quote(1, "10:02:00", _SPY, 500.00, 300, 500.02, 200),
    _print(1, "10:02:01", _SPY, 500.01, 60),
    _quote(1, "10:03:00", _SPY, 505.00, 300, 505.02, 200),
    _print(1, "10:03:01", _SPY, 505.01, 70),
    _quote(1, "15:58:00", _SPY, 504.00, 300, 504.02, 200),
    _print(1, "15:59:59", _SPY, 504.01, 500),
    _print(1, "16:00:00", _SPY, 504.01, 900, "AUCTION"),
)


SPY = {"conId": 78359423, "symbol": "SPY", "secType": "STK", "exchange": "SMART",
       "currency": "USD"}  # fmt: skip
KO = SPY | {"conId": 333558704, "symbol": "KO"}
EUR = {"conId": 711322759, "symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO",
       "currency": "USD"}  # fmt: skip
ES = {"conId": 749087829, "symbol": "ES", "secType": "FUT", "exchange": "CME", "currency": "USD",
      "lastTradeDateOrContractMonth": "20260630"}  # fmt: skip
OPT = {"conId": 283680562, "symbol": "SPY", "secType": "OPT", "exchange": "SMART",
       "currency": "USD", "lastTradeDateOrContractMonth": "20260619", "strike": 500.0,
       "right": "C"}  # fmt: skip
NONE = SPY | {"conId": 0, "symbol": "NONE"}
"""What the instruments are called by clients, and a stock that is not there."""


def seconds(time: str, day: int = 1) -> int:
    """Give a moment in New York as seconds since 1970.

    >>> seconds("10:00:00")
    1772550000
    """
    hours, minutes, rest = (int(part) for part in time.split(":"))
    return MIDNIGHTS[day] + hours * 3600 + minutes * 60 + rest


def source() -> MemorySource:
    """Lay the market on a tape."""
    import datetime as dt

    import numpy as np

    from ikbr.data.memory_source import MemorySource
    from ikbr.domain.contracts import parse_contract
    from ikbr.domain.session import Session
    from ikbr.domain.tape import NO_PRICE, Kind, Tape

    instruments = tuple(parse_contract(one) for one in INSTRUMENTS)
    standing: list[dict[str, int]] = [
        {"bid": NO_PRICE, "ask": NO_PRICE, "last": NO_PRICE, "bid_size": 0, "ask_size": 0}
        for _ in instruments
    ]
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    columns: dict[str, list[int]] = {name: [] for name in names}
    for one in MOMENTS:
        own, scale = standing[one.instrument], instruments[one.instrument].price_scale
        for name in ("bid", "ask", "last"):
            price = getattr(one, name)
            if price is not None:
                own[name] = round(price * scale) if price else NO_PRICE
        for name in ("bid_size", "ask_size"):
            if getattr(one, name) is not None:
                own[name] = getattr(one, name)
        values = own | {
            "ts": seconds(one.time, one.day) * 10**9,
            "sym": one.instrument,
            "kind": int(Kind[one.kind]),
            "size": one.size,
        }
        for name in names:
            columns[name].append(values[name])
    types = {"ts": np.int64, "sym": np.int16, "kind": np.uint8, "size": np.int64}
    arrays: Any = {n: np.array(v, types.get(n, np.int32)) for n, v in columns.items()}
    sessions = [
        Session(
            dt.date(2026, 3, 2 + day),
            seconds("09:30:00", day) * 10**9,
            seconds("16:00:00", day) * 10**9,
        )
        for day in (0, 1)
    ]
    return MemorySource(Tape(instruments, **arrays), sessions, synthetic=True)
