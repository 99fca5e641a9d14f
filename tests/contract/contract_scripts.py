"""The contract's tape, and what is asked for at which of its rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.order import OrderType, Side, TimeInForce
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Kind, Tape

SECOND = 1_000_000_000
OPEN_NS = 1_772_461_800 * SECOND
DAY_NS = 86_400 * SECOND
CLOSE_S = 100
"""The trading day of the contract is short."""

INSTRUMENTS = (parse_contract("SPY"), parse_contract("KO"))

SESSIONS = (
    Session(dt.date(2026, 3, 2), OPEN_NS, OPEN_NS + CLOSE_S * SECOND),
    Session(dt.date(2026, 3, 3), OPEN_NS + DAY_NS, OPEN_NS + DAY_NS + CLOSE_S * SECOND),
)


def wave(second: int) -> int:
    """Give the mid of SPY in cents: up 40 cents in 20 seconds, down 80, up again."""
    phase = (second + 20) % 80
    return 50_000 + 2 * (phase - 20 if phase < 40 else 60 - phase)


def contract_tape() -> Tape:
    """Two days: quotes and prints before the open, auctions, a wave, and quotes after hours.

    SPY is quoted two cents wide, 300 a side, and prints 100 at the bid or the ask every third
    second; KO stands still at 70.00 / 70.02.
    """
    rows: list[tuple[int, int, int, int, int, int, int, int, int]] = []
    state = {0: [NO_PRICE] * 3, 1: [NO_PRICE] * 3}

    def add(at_ns: int, sym: int, kind: Kind, size: int = 0) -> None:
        bid, ask, last = state[sym]
        rows.append((at_ns, sym, int(kind), bid, ask, last, 300, 300, size))

    for day in (0, 1):
        start = OPEN_NS + day * DAY_NS
        for second in range(-20, CLOSE_S + 30, 1 if day == 0 else 10):
            at = start + second * SECOND
            if second < 0 and second % 10:
                continue
            if second % 25 == 0:
                state[1] = [700_000, 700_200, 700_000]
                add(at, 1, Kind.QUOTE)
            mid = wave(second) * 100
            state[0][:2] = [mid - 100, mid + 100]
            add(at, 0, Kind.QUOTE)
            if second in {0, CLOSE_S}:
                state[0][2] = mid
                add(at, 0, Kind.AUCTION, 5_000)
            elif second % 3 == 0:
                state[0][2] = mid - 100 if second % 2 else mid + 100
                add(at, 0, Kind.PRINT, 100)
    columns = list(zip(*rows, strict=True))
    types = (np.int64, np.int16, np.uint8, *([np.int32] * 5), np.int64)
    arrays: list[Any] = [np.array(c, t) for c, t in zip(columns, types, strict=True)]
    return Tape(INSTRUMENTS, *arrays)


def contract_source() -> MemorySource:
    return MemorySource(contract_tape(), SESSIONS)


@dataclass(frozen=True)
class Ask:
    """One thing that is asked for, once the tape has come to a time.

    Attributes:
        at: Seconds after the open of the first day.
        verb: send, modify or cancel.
        name: What the order is called in the script.
        what: The fields of the request, or of the change.
    """

    at: float
    verb: str
    name: str
    what: dict[str, Any]


def send(at: float, name: str, quantity: int, kind: str = "MKT", **what: Any) -> Ask:
    side = Side.BUY if quantity > 0 else Side.SELL
    fields = {"symbol": "SPY", "side": side, "quantity": abs(quantity), **what}
    return Ask(at, "send", name, {**fields, "order_type": OrderType(kind)})


def modify(at: float, name: str, **what: Any) -> Ask:
    return Ask(at, "modify", name, what)


def cancel(at: float, name: str) -> Ask:
    return Ask(at, "cancel", name, {})


GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK

SCRIPTS: dict[str, list[Ask]] = {
    "market in and out": [send(5, "in", 100), send(9, "out", -100)],
    "two symbols": [send(5, "a", 100), send(5, "b", -50, symbol="KO"), send(30, "c", 25)],
    "a short sale": [send(5, "short", -200), send(35, "cover", 200)],
    "turning round": [send(5, "in", 100), send(9, "turn", -300), send(12, "flat", 200)],
    "a resting limit fills": [send(5, "in", 100, "LMT", limit_price=499.90)],
    "a marketable limit fills at once": [send(5, "in", 100, "LMT", limit_price=510.0)],
    "a limit that is never reached": [send(5, "in", 100, "LMT", limit_price=490.0)],
    "a sell limit above": [send(5, "in", 100), send(6, "out", -100, "LMT", limit_price=500.30)],
    "a stop": [send(5, "in", 100), send(6, "stop", -100, "STP", stop_price=499.80)],
    "a stop that is reached already": [send(5, "stop", -100, "STP", stop_price=505.0)],
    "a stop limit": [
        send(5, "x", -100, "STP LMT", stop_price=499.90, limit_price=499.85),
        send(5, "y", 100, "STP LMT", stop_price=500.20, limit_price=500.25),
    ],
    "trailing stops": [
        send(5, "amount", -100, "TRAIL", trail_amount=0.15),
        send(5, "percent", -100, "TRAIL", trail_percent=0.05),
        send(5, "first", -100, "TRAIL", trail_amount=0.15, stop_price=499.50),
    ],
    "midprice": [
        send(5, "free", 100, "MIDPRICE"),
        send(5, "capped", 100, "MIDPRICE", limit_price=499.90),
    ],
    "adaptive": [
        send(5, "in", 100, algo="adaptive-normal"),
        send(9, "out", -100, "LMT", limit_price=499.0, algo="adaptive-urgent"),
    ],
    "sent to an exchange": [send(5, "in", 1000, exchange="ARCA"), send(9, "out", -1000)],
    "auctions": [
        send(-10, "open", 100, "MOO"),
        send(20, "close", -50, "MOC"),
        send(20, "limit", -50, "LOC", limit_price=499.0),
        send(20, "too dear", -50, "LOC", limit_price=599.0),
        send(20, "next open", 10, "MOO"),
    ],
    "a bracket takes its profit": [send(5, "in", 100, take_profit=500.30, stop_loss=499.50)],
    "a bracket is stopped out": [send(21, "in", 100, take_profit=501.0, stop_loss=499.80)],
    "a protective stop alone": [send(21, "in", 100, stop_loss=499.80)],
    "a bracket whose entry waits": [
        send(5, "in", 100, "LMT", limit_price=499.80, take_profit=500.10, stop_loss=499.0)
    ],
    "a bracket whose entry is cancelled": [
        send(5, "in", 100, "LMT", limit_price=490.0, take_profit=500.10, stop_loss=489.0),
        cancel(10, "in"),
    ],
    "one cancels the other": [
        send(5, "high", -100, "LMT", limit_price=500.30, oca_group="pair"),
        send(5, "low", -100, "STP", stop_price=499.70, oca_group="pair"),
    ],
    "a price is changed": [
        send(5, "in", 100, "LMT", limit_price=490.0),
        modify(10, "in", limit_price=491.0),
        modify(12, "in", limit_price=510.0),
    ],
    "a quantity is changed": [
        send(5, "in", 100, "LMT", limit_price=499.90),
        modify(10, "in", quantity=60),
        modify(12, "in", quantity=80),
    ],
    "a stop is moved": [
        send(5, "in", 100),
        send(6, "stop", -100, "STP", stop_price=499.0),
        modify(12, "stop", stop_price=499.9),
    ],
    "a change that the account cannot carry": [
        send(5, "in", 100, "LMT", limit_price=490.0),
        modify(10, "in", quantity=9_000_000),
        send(50, "on", 10),
    ],
    "an order is cancelled": [send(5, "in", 100, "LMT", limit_price=490.0), cancel(10, "in")],
    "cancelled twice": [
        send(5, "in", 100, "LMT", limit_price=490.0),
        cancel(10, "in"),
        cancel(10, "in"),
    ],
    "immediate or cancel": [
        send(5, "fills", 100, "LMT", limit_price=510.0, tif=IOC),
        send(5, "does not", 100, "LMT", limit_price=490.0, tif=IOC),
        send(5, "whole", 100, "LMT", limit_price=510.0, tif=FOK),
        send(5, "not whole", 100, "LMT", limit_price=490.0, tif=FOK),
    ],
    "more than the account can carry": [send(5, "in", 9_000_000), send(8, "on", 10)],
    "before the open": [
        send(-10, "held", 100),
        send(-10, "early", 100, "LMT", limit_price=510.0, outside_rth=True),
        send(-10, "limit", 100, "LMT", limit_price=499.9),
    ],
    "after the close": [
        send(CLOSE_S + 5, "late", 100, "LMT", limit_price=510.0, outside_rth=True),
        send(CLOSE_S + 5, "held", 100),
        send(CLOSE_S + 5, "kept", 100, "LMT", limit_price=490.0, tif=GTC),
    ],
    "the day ends": [
        send(5, "day", 100, "LMT", limit_price=490.0),
        send(5, "kept", 100, "LMT", limit_price=490.0, tif=GTC),
        send(5, "long day", 100, "LMT", limit_price=490.0, outside_rth=True),
    ],
    "off the price grid": [send(5, "in", 100, "MIDPRICE", limit_price=500.005)],
    "immediate orders that cannot be": [send(5, "in", 100, "STP", stop_price=501.0, tif=IOC)],
}
