"""Telemetry: tells other processes of this machine how a session stands, while somebody listens.

    event ─► noted (an append)          ┐
    prices, books, risk, latency ─ read ┴─ 50 times a second ─► JSON lines ─► socket ─► dashboard

Nothing of it is on the way of a tick or an order, and nothing that goes wrong here reaches them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ikbr.core.stopwatch import Stopwatch
from ikbr.domain.instrument import MICRO
from ikbr.live.pipeline import LivePipeline
from ikbr.live.runner import Runner
from ikbr.live.telemetry.events import Events
from ikbr.live.telemetry.figures import latencies_of, limits_of, strategies_of
from ikbr.live.telemetry.listeners import Listeners
from ikbr.live.telemetry.state import Prices, state_of

log = logging.getLogger("ikbr.telemetry")

TURN_S = 0.02
SECOND_TURNS = 50
STATE_TURNS = 5
POINTS = 2_000
"""Points of the equity's curve that a new listener gets at most."""

Message = Mapping[str, Any]


class Telemetry:
    """Tell how a session stands."""

    def __init__(
        self,
        path: Path,
        runner: Runner,
        events: Events,
        about: Mapping[str, Any],
        journal_lag_ns: Callable[[int], int],
    ) -> None:
        """Prepare; `open` serves.

        Args:
            path: Of the socket.
            runner: Of the session, which has begun.
            events: What happened last.
            about: What is said of the bot besides, plain values.
            journal_lag_ns: Says at a time how far the disk is behind the journal.
        """
        pipeline = runner.pipeline
        assert pipeline is not None
        self._runner, self._pipeline = runner, pipeline
        self._events, self._about = events, about
        self._journal_lag_ns = journal_lag_ns
        self._watch: Stopwatch | None = pipeline.trader.desk.watch
        self._listeners = Listeners(path, self._welcome, self._begin)
        self._prices = Prices(pipeline.trader.market_data.tickers)
        self._timer: asyncio.TimerHandle | None = None
        self._turn_number = 0
        self._told = self._counted = 0
        self._lag_s = 0.0
        self._bot = b""
        self._due_s = 0.0
        trader = pipeline.trader
        events.begin(
            lambda: pipeline.clock.now_ns, trader.portfolio.base, trader.market_data.instruments
        )

    async def open(self) -> None:
        """Serve from now on.

        Raises:
            UsageError: When the socket cannot be made.
        """
        await self._listeners.open()

    def close(self) -> None:
        """Serve no more."""
        self._events.close()
        if self._timer is not None:
            self._timer.cancel()
        self._listeners.close()

    # --- the turns, while somebody listens -----------------------------------------------------

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._due_s = loop.time()
        self._next(loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        # Turns that were missed are not made up for.
        self._due_s = max(self._due_s, loop.time() - TURN_S) + TURN_S
        self._timer = loop.call_at(self._due_s, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if not len(self._listeners):
            return
        self._lag_s = max(self._lag_s, loop.time() - self._due_s)
        self._turn_number += 1
        try:
            lines = b"".join(encoded(one) for one in self._news(self._turn_number))
            if lines:
                self._listeners.tell(lines)
        except Exception:
            # Trading goes on without it, whatever it was.
            log.exception("the telemetry has failed and tells no more")
            self._listeners.close()
            return
        self._next(loop)

    def _news(self, turn: int) -> Iterable[Message]:
        """Give what is to be told; the larger things in turns of their own."""
        yield from self._changes()
        phase = turn % SECOND_TURNS
        if phase % STATE_TURNS == 0:
            yield from self._state()
        elif phase == 11:
            yield self._risk()
        elif phase == 22:
            yield from self._latency()
        elif phase == 33:
            yield from self._changed_bot()
        elif phase == 44:
            point = [self._pipeline.clock.now_ns, self._pipeline.valuation.equity_micro / MICRO]
            yield {"type": "equity", "points": [point]}

    def _changes(self) -> Iterable[Message]:
        """Give the prices that have changed, and what was noted since."""
        prices = self._prices.changed()
        if prices:
            yield self._priced(prices)
        if self._events.latest != self._told:
            told, self._told = self._told, self._events.latest
            yield from self._events.since(told)

    def _welcome(self) -> bytes:
        """Give everything at once, to one who has just come, and what is new to the others."""
        try:
            news = b"".join(encoded(one) for one in self._changes())
            self._listeners.tell(news)
            told: list[Message] = [
                self._bot_message(),
                {"type": "equity", "points": _curve(self._pipeline)},
                *self._state(),
                self._risk(),
                self._priced(self._prices.all()),
                *self._events.since(0),
            ]
            if self._watch is not None:
                told.append({"type": "latency", "stages": latencies_of(self._watch)})
            return b"".join(encoded(one) for one in told)
        except Exception:
            log.exception("the telemetry has failed")
            return b""

    # --- messages ------------------------------------------------------------------------------

    def _priced(self, prices: Mapping[str, Any]) -> Message:
        return {"type": "prices", "ts_ns": self._pipeline.clock.now_ns, "symbols": prices}

    def _state(self) -> Iterable[Message]:
        status = self._runner.status()
        if status is None:
            return
        lag_s, self._lag_s = self._lag_s, 0.0
        lag_ns = self._journal_lag_ns(status.ts_ns)
        yield state_of(self._pipeline, status, self._runner.connection) | {
            "loop_lag_ms": lag_s * 1e3,
            "journal_lag_ms": lag_ns / 1e6,
        }

    def _risk(self) -> Message:
        return {"type": "risk", "limits": limits_of(self._pipeline)}

    def _bot_message(self) -> Message:
        return {"type": "bot", **self._about, "strategies": strategies_of(self._pipeline)}

    def _latency(self) -> Iterable[Message]:
        if self._watch is None:
            return
        count = sum(one.count for one in self._watch.histograms.values())
        if count != self._counted:
            self._counted = count
            yield {"type": "latency", "stages": latencies_of(self._watch)}

    def _changed_bot(self) -> Iterable[Message]:
        bot = self._bot_message()
        line = encoded(bot)
        if line != self._bot:
            self._bot = line
            yield bot


def encoded(message: Message) -> bytes:
    """Write a message as a line; NaN is written as null."""
    return msgspec.json.encode(message) + b"\n"


def _curve(pipeline: LivePipeline) -> list[tuple[int, float]]:
    """Give the equity of the session so far, thinned out evenly."""
    times, equity = pipeline.recorder.equity_path()
    step = max(1, -(-len(times) // POINTS))
    return list(zip(times[::step].tolist(), equity[::step].tolist(), strict=True))
