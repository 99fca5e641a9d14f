"""Market time: lets a client of the simulated gateway live in the market's time.

The simulated gateway says in its greeting what it is. Only then anything is sent that a real
gateway would not know: that the time is to be told with every message, and after each turn how far
the market may go. What a bot does is then the same at any speed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Protocol

from ib_async import IB

from ikbr.broker.greeting import Greeting
from ikbr.domain.timers import NEVER

FOLLOW_TIME, CONTINUE = "9001", "9002"
MARKET_TIME, TURN = 9001, 9002


class Turns(Protocol):
    """Say what is done with the market's time."""

    def on_time(self, now_ns: int) -> None:
        """Take the time; the market has come so far."""

    def on_turn(self, turn: int) -> None:
        """Take a turn; the market waits until it is ended."""


class MarketTime:
    """Follow the time of a simulated gateway, connection by connection."""

    def __init__(self, ib: IB, turns: Turns, on_fault: Callable[[Exception], None]) -> None:
        """Listen to a client; it may be connected or not, and connect again.

        Args:
            ib: The client.
            turns: Hears of the time.
            on_fault: Told of an error of `turns`, which ib_async would swallow.
        """
        self._greeting = Greeting(ib)
        client: Any = ib.client
        self._client = client
        self._start_api: Callable[[], None] = self._client.startApi
        self._client.startApi = self._start

        def guarded(take: Callable[[int], None]) -> Callable[[list[str]], None]:
            def handle(fields: list[str]) -> None:
                try:
                    take(int(fields[2]))
                except Exception as fault:  # noqa: BLE001 - ib_async would log it and go on
                    on_fault(fault)

            return handle

        handlers = self._client.decoder.handlers
        handlers[MARKET_TIME] = guarded(turns.on_time)
        handlers[TURN] = guarded(turns.on_turn)

    @property
    def simulated(self) -> bool:
        """Whether the gateway at the other end is a simulated one."""
        return self._greeting.simulated

    def end_turn(self, turn: int, until_ns: int) -> None:
        """Let the market go on.

        Args:
            turn: The turn that is over.
            until_ns: How far it may go before it tells the time; NEVER for as far as it likes.
        """
        self._send(CONTINUE, turn, until_ns if until_ns < NEVER else 0)

    def _start(self) -> None:
        if self.simulated:
            self._send(FOLLOW_TIME)
        self._start_api()

    def _send(self, number: str, *values: int) -> None:
        # Past ib_async's queue: the market waits for it.
        message = "\0".join([number, "1", *map(str, values), ""]).encode()
        self._client.conn.sendMsg(struct.pack(">I", len(message)) + message)
