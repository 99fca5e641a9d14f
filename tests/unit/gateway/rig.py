"""A market of few rows, and a client that reads what it is sent by the same tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.session import Session as TradingDay
from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.gateway.framing import PREAMBLE, FrameReader, frame
from ikbr.gateway.messages import answers, market_answers, order_answers, requests
from ikbr.gateway.messages.place_order import PLACE_ORDER
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.session import Session
from ikbr.gateway.tables import Table
from ikbr.gateway.world import World

OPEN = 1_772_461_800_000_000_000
"""2026-03-02 09:30 in New York."""
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
ACCOUNT = "DU1000001"

ANSWERS = {
    one.number: one
    for module in (answers, market_answers, order_answers)
    for one in vars(module).values()
    if isinstance(one, Table)
}

Row = tuple[int, int, Kind, float | None, float | None, float | None, int]
"""Seconds after the open, symbol, kind, bid, ask, last, size."""


def quote(seconds: int, bid: float | None, ask: float | None, sym: int = 0) -> Row:
    return (seconds, sym, Kind.QUOTE, bid, ask, None, 0)


def trade(seconds: int, price: float, size: int = 100, sym: int = 0) -> Row:
    return (seconds, sym, Kind.PRINT, None, None, price, size)


def source_of(rows: Sequence[Row], symbols: Sequence[str] = ("SPY", "KO")) -> MemorySource:
    """Lay rows on a tape; what a row leaves out is carried on."""
    instruments = tuple(parse_contract(one) for one in symbols)
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    columns: dict[str, list[int]] = {name: [] for name in names}
    standing = [[NO_PRICE, NO_PRICE, NO_PRICE] for _ in instruments]
    for seconds, sym, kind, bid, ask, last, size in rows:
        own, scale = standing[sym], instruments[sym].price_scale
        for place, price in enumerate((bid, ask, last)):
            if price is not None:
                own[place] = round(price * scale)
        shown = [300 if price != NO_PRICE else 0 for price in own[:2]]
        row = (OPEN + seconds * SECOND, sym, kind, *own, *shown, size)
        for name, value in zip(names, row, strict=True):
            columns[name].append(int(value))
    types = {"ts": np.int64, "sym": np.int16, "kind": np.uint8, "size": np.int64}
    arrays: dict[str, Any] = {n: np.array(v, types.get(n, np.int32)) for n, v in columns.items()}
    days = [TradingDay(dt.date(2026, 3, 2), OPEN, OPEN + 6 * HOUR + HOUR // 2)]
    return MemorySource(Tape(instruments, **arrays), days, synthetic=True)


ROWS = [
    quote(1, 100.00, 100.02),
    quote(1, 50.00, 50.01, sym=1),
    trade(2, 100.01),
    quote(3, 100.10, 100.12),
    trade(4, 100.11, 200),
    quote(5, 99.90, 99.92),
    trade(6, 99.91),
    quote(7, 101.00, 101.02),
    trade(8, 101.01),
]


def a_world(rows: Sequence[Row] = ROWS, **options: Any) -> World:
    return World(source_of(rows), GatewayOptions(**options))


class Client:
    """Speak to a session as a client does."""

    def __init__(self, world: World, client_id: int = 1, *, newest: int = 178) -> None:
        self.session = Session(world)
        self._reader = FrameReader(longest=1 << 24)
        self._order_id = 0
        self.session.receive(PREAMBLE + frame(f"v100..{newest}".encode()))
        hello = self.messages_raw()
        self.version = int(hello[0][0]) if hello else 0
        if self.version:
            self.greeting = self.ask(requests.START_API, clientId=client_id)

    def messages_raw(self) -> list[list[str]]:
        found = self._reader.feed(self.session.take_output())
        return [payload.decode().split("\0")[:-1] for payload in found]

    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        """Give what came, decoded."""
        found = []
        for words in self.messages_raw():
            table = ANSWERS[int(words[0])]
            found.append((table.name, table.decode(words, self.version)))
        return found

    def send(self, table: Table, **values: Any) -> None:
        self.session.receive(frame(table.encode(values, self.version)))

    def ask(self, table: Table, **values: Any) -> list[tuple[str, dict[str, Any]]]:
        self.send(table, **values)
        return self.heard()

    def place(self, **values: Any) -> list[tuple[str, dict[str, Any]]]:
        """Place an order; by default a market order to buy 100 SPY with the next id."""
        if "orderId" not in values:
            self._order_id += 1
            values["orderId"] = self._order_id
        usual = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD",
                 "action": "BUY", "totalQuantity": 100, "orderType": "MKT",
                 "transmit": True}  # fmt: skip
        return self.ask(PLACE_ORDER, **(usual | values))


def names(heard: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, _ in heard]


def only(heard: list[tuple[str, dict[str, Any]]], name: str) -> list[dict[str, Any]]:
    return [values for found, values in heard if found == name]


def codes(heard: list[tuple[str, dict[str, Any]]]) -> list[int]:
    return [values["code"] for values in only(heard, "error")]
