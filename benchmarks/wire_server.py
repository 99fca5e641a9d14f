"""The other end of the wire in a benchmark: a simulated gateway whose ticks are sent by hand.

The market of the gateway stands still; a tick is bytes that the benchmark writes itself, between
two readings of the clock. Whatever the client asks is answered by the gateway: orders are filled
against the standing quote, with all messages that a fill has.
"""

from __future__ import annotations

import datetime as dt
import selectors
import socket
import struct
import subprocess
import time
from typing import Any

import numpy as np

from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.session import Session as TradingDay
from ikbr.domain.tape import Tape
from ikbr.gateway.framing import FrameReader, frame
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.session import Session
from ikbr.gateway.world import World

OPEN_NS = 1_772_461_800_000_000_000
SECOND = 1_000_000_000
SHIFT_NS = OPEN_NS + 600 * SECOND - time.time_ns()
"""From the time of the machine to that of the market, in which everyone here lives."""

BID, ASK = 100.0, 100.01
PLACE, SUBSCRIBE = b"3\0", b"1\x0011\0"
PATIENCE_S = 20.0


def world_of(symbols: list[str], lines: int = 10_000) -> World:
    """Give a gateway whose market stands still at a quote.

    Args:
        symbols: What is traded.
        lines: Of market data; half as many messages a second may come from a client.
    """
    instruments = tuple(parse_contract(symbol) for symbol in symbols)
    count = len(instruments)
    bid, ask = (instruments[0].to_units(price) for price in (BID, ASK))

    def column(value: int, kind: Any = np.int32) -> Any:
        return np.full(count, value, kind)

    tape = Tape(
        instruments,
        ts=column(OPEN_NS + SECOND, np.int64) + np.arange(count),
        sym=np.arange(count, dtype=np.int16),
        kind=column(0, np.uint8),
        bid=column(bid),
        ask=column(ask),
        last=column(bid),
        bid_size=column(100_000),
        ask_size=column(100_000),
        size=column(0, np.int64),
    )
    day = TradingDay(dt.date(2026, 3, 2), OPEN_NS, OPEN_NS + 23_400 * SECOND)
    options = GatewayOptions(
        accounts={"DU1000001": 10_000_000.0},
        model=ExecutionModel(queue="none", fees="none"),
        lines=lines,
    )
    world = World(MemorySource(tape, [day], synthetic=True), options)
    world.advance_to(OPEN_NS + 2 * SECOND)
    return world


class Peer:
    """Serve one client.

    Attributes:
        name: Of the variant.
        subscriptions: The ids of its requests for market data, in the order they came.
        orders: How many it has placed.
    """

    def __init__(self, name: str, world: World, process: subprocess.Popen[str]) -> None:
        self.name = name
        self.process = process
        self.subscriptions: list[bytes] = []
        self.orders = 0
        self._world = world
        self._session = Session(world, name=name)
        self._reader = FrameReader(preamble=True)
        self._is_echo = name.startswith("echo")

    def take(self, connection: socket.socket) -> None:
        """Serve a connection from now on."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection

    def hear(self, data: bytes) -> list[bytes]:
        """Note what came; give the orders in it."""
        placed = []
        for payload in self._reader.feed(data):
            if payload.startswith(SUBSCRIBE):
                self.subscriptions.append(payload.split(b"\0")[2])
            elif payload.startswith(PLACE):
                self.orders += 1
                placed.append(payload)
        return placed

    def answer(self, data: bytes) -> None:
        """Let the gateway answer what came."""
        if self._is_echo:
            return
        self._world.advance_to(time.time_ns() + SHIFT_NS)
        self._session.receive(data)
        while out := self._session.take_output():
            self.socket.sendall(out)

    def serve(self, seconds: float) -> None:
        """Answer for so long whatever comes."""
        until = time.perf_counter() + seconds
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.socket, selectors.EVENT_READ)
            while (left := until - time.perf_counter()) > 0:
                if waiting.select(left):
                    data = self.socket.recv(1 << 18)
                    if not data:
                        raise SystemExit(f"{self.name} has hung up.")
                    self.hear(data)
                    self.answer(data)

    def tick(self, number: int, sub: int = 0) -> bytes:
        """Write a quote: both sides, sizes that differ from the one before."""
        if self._is_echo:
            return frame(b"1\0tick\0")
        return quote(self.subscriptions[sub], number)

    def order_after(self, tick: bytes) -> tuple[int, bytes]:
        """Send a tick and wait for the bytes of an order.

        Returns:
            Nanoseconds between, and all bytes that came.
        """
        sent, clock = self.orders, time.perf_counter_ns
        heard = b""
        self.socket.settimeout(PATIENCE_S)
        began = clock()
        self.socket.sendall(tick)
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                raise SystemExit(f"{self.name} has sent no order after a tick.") from None
            now = clock()
            if not data:
                raise SystemExit(f"{self.name} has hung up.")
            heard += data
            if self.hear(data) or self.orders > sent:
                return now - began, heard


def quote(request_id: bytes, number: int) -> bytes:
    """Write a quote of a line as the gateway does: a price with its size, for both sides."""
    size = 100 + number % 97
    return b"".join(
        frame(b"1\x006\0%b\0%d\0%b\0%d\x001\0" % (request_id, side, price, size))
        for side, price in ((1, b"100.0"), (2, b"100.01"))
    )


def burst(payloads: list[bytes]) -> bytes:
    """Write messages one behind the other."""
    return b"".join(struct.pack(">I", len(one)) + one for one in payloads)


TRIGGER = 1_000
"""Sizes from here on, up to twice as many, are triggers: a strategy is to act on them."""


def is_trigger(size: float) -> bool:
    """Say whether a quote with this size at the ask is one to act on."""
    return TRIGGER <= size < 2 * TRIGGER
