"""The recording of a session, so that it can be replayed: an observer behind the orders.

A failure of the disk is told once and stops nothing.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import msgspec

from ikbr.core.opening import Held, Opening
from ikbr.core.ports import History
from ikbr.core.risk_memory import risk_state
from ikbr.data.session_tape import TapeWriter
from ikbr.domain.events import Alert, Bar
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.domain.ticker import Ticker
from ikbr.live.pipeline import LivePipeline
from ikbr.live.plan import SessionPlan
from ikbr.live.session_record import (
    NOTES,
    RECORD,
    TICKS,
    Ended,
    Gap,
    Note,
    PastBar,
    SessionRecord,
    Stopping,
    StrategyRecord,
)

log = logging.getLogger("ikbr.live")


class SessionRecorder:
    """Record what a session sees into a folder.

    Attributes:
        folder: The folder.
    """

    def __init__(
        self,
        folder: Path,
        strategies: Sequence[StrategyRecord],
        journal: Callable[[], tuple[str, str]],
    ) -> None:
        """Prepare; nothing is written before `begin`.

        Args:
            folder: Made by `begin`.
            strategies: How the strategies are made again.
            journal: Names the folder of the session's journal and its segment, once it is open.
        """
        self.folder = folder
        self._strategies = tuple(strategies)
        self._journal = journal
        self._pipeline: LivePipeline | None = None
        self._tape: TapeWriter | None = None
        self._notes: IO[bytes] | None = None
        self._next_id = 0
        self._told = False

    def begin(
        self,
        pipeline: LivePipeline,
        plan: SessionPlan,
        sessions: Sequence[Session],
        history: History,
        *,
        simulated: bool,
    ) -> History:
        """Write how the session begins, and listen from here on.

        Args:
            pipeline: Before its start, with its books opened.
            plan: What is run.
            sessions: When it is traded.
            history: The past bars.
            simulated: Whether the gateway is a simulated one.

        Returns:
            The past bars, noted as they are given.
        """
        record = describe_session(
            pipeline, plan, sessions, self._strategies, self._journal(), simulated=simulated
        )
        self._discard()
        try:
            self.folder.mkdir(parents=True)
            (self.folder / RECORD).write_bytes(msgspec.json.encode(record))
            self._notes = (self.folder / NOTES).open("xb", buffering=0)
            self._tape = TapeWriter(self.folder / TICKS)
        except OSError as error:
            log.warning("this session is not recorded: %s", error)
            return history
        self._pipeline = pipeline
        self._next_id = pipeline.trader.orders.next_id
        self._numbers = {i.symbol: (n, i.to_units) for n, i in enumerate(pipeline.instruments)}
        pipeline.on_seen, pipeline.on_gap = self._on_seen, self._on_gap
        return _Noting(history, self._note)

    def _discard(self) -> None:
        """Throw away what was begun before a preparation that failed, and is made again."""
        if self._tape is None or self._notes is None:
            return
        self._tape.close()
        self._notes.close()
        for name in (RECORD, NOTES, TICKS):
            (self.folder / name).unlink(missing_ok=True)
        self.folder.rmdir()

    def on_stopping(self, reason: str, flatten: bool) -> None:
        """Note that the session begins to end on purpose."""
        if self._pipeline is not None:
            self._note(Stopping(self._pipeline.clock.now_ns, reason, flatten))

    def close(self) -> None:
        """Write what waits, and end."""
        tape, notes, pipeline = self._tape, self._notes, self._pipeline
        if tape is None or notes is None or pipeline is None:
            return
        pipeline.on_seen, pipeline.on_gap = _unseen, _unseen
        tape.close()
        self._note(Ended(pipeline.clock.now_ns, tape.rows, tape.lost))
        notes.close()
        self._tape = self._notes = None

    def _on_seen(self, ticker: Ticker, kind: Kind) -> None:
        tape, pipeline = self._tape, self._pipeline
        if tape is None or pipeline is None:
            return
        number, to_units = self._numbers[ticker.symbol]
        bid, ask, last = ticker.bid, ticker.ask, ticker.last
        try:
            tape.append(
                ticker.ts_ns,
                number,
                kind,
                to_units(bid) if bid == bid else NO_PRICE,
                to_units(ask) if ask == ask else NO_PRICE,
                to_units(last) if last == last else NO_PRICE,
                ticker.bid_size,
                ticker.ask_size,
                ticker.last_size,
            )
        except (struct.error, OverflowError) as error:
            tape.rows += 1
            tape.lost += 1
            tape.failure = str(error)
        next_id = pipeline.trader.orders.next_id
        if next_id != self._next_id:
            # What led to an order survives a kill.
            self._next_id = next_id
            tape.flush()
        if tape.failure and not self._told:
            self._tell(f"rows of the tape are lost: {tape.failure}")

    def _on_gap(self, symbol: str, why: str) -> None:
        if self._pipeline is not None:
            self._note(Gap(self._pipeline.clock.now_ns, symbol, why))

    def _note(self, note: Note) -> None:
        if self._notes is None:
            return
        try:
            self._notes.write(msgspec.json.encode(note) + b"\n")
        except (OSError, ValueError) as error:
            self._tell(f"a note of the session is lost: {error}")

    def _tell(self, words: str) -> None:
        if self._pipeline is not None and not self._told:
            self._told = True
            now = self._pipeline.clock.now_ns
            self._pipeline.trader.alert(Alert(now, "warning", "recording", words))


class _Noting:
    """Note the bars that a history gives (a `History`)."""

    def __init__(self, inner: History, note: Callable[[Note], None]) -> None:
        self._inner = inner
        self._note = note

    def bars(self, symbol: str, resolution: str, end_ns: int, count: int) -> Sequence[Bar]:
        """Give the last bars that closed at or before a time."""
        found = self._inner.bars(symbol, resolution, end_ns, count)
        for bar in found:
            self._note(PastBar(resolution, bar))
        return found


def describe_session(
    pipeline: LivePipeline,
    plan: SessionPlan,
    sessions: Sequence[Session],
    strategies: Sequence[StrategyRecord],
    journal: tuple[str, str],
    *,
    simulated: bool,
) -> SessionRecord:
    """Say how a session begins."""
    trader = pipeline.trader
    books = trader.portfolio
    return SessionRecord(
        mode="shadow" if plan.shadow else plan.mode,
        simulated=simulated,
        begin_ns=pipeline.clock.now_ns,
        client_id=plan.connection.client_id,
        journal=journal[0],
        segment=journal[1],
        instruments=pipeline.instruments,
        sessions=tuple(sessions),
        base=books.base,
        fx={c: micro / 1e6 for c, micro in books.fx_micro.items() if c != books.base},
        opening=Opening(
            cash_micro=dict(books.cash_micro),
            held=tuple(_held(books)),
            owned=tuple(h for r in trader.manager.running for h in _held(r.books, r.name)),
            risk=risk_state(trader.risk),
        ),
        carried=tuple(trader.orders.working),
        strategies=tuple(strategies),
        limits=plan.limits,
        routing=plan.routing,
        quantity=plan.quantity,
        all_hours=plan.all_hours,
        model=plan.shadow_model,
    )


def _held(books: Portfolio, strategy: str = "") -> list[Held]:
    return [
        Held(symbol, one.quantity, one.cost_micro, one.mark_units, strategy)
        for symbol, one in books.positions.items()
        if one.quantity
    ]


def _unseen(*_what: object) -> None:
    pass
