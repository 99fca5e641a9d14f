"""Replaying a session: the recorded tape through the backtester, and what came out differently."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ikbr.api.recorded_session import RecordedSession, ShownBars, read_recorded
from ikbr.api.strategy_records import remake
from ikbr.backtest.compare.classify import MILLISECOND_NS, Classifier
from ikbr.backtest.compare.comparison import Comparison, Side
from ikbr.backtest.compare.market import SeenMarket
from ikbr.backtest.compare.money import Valuer
from ikbr.backtest.compare.trace import Trace, read_trace
from ikbr.backtest.engine import run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.backtest.stage import Setup
from ikbr.core.opening import Part
from ikbr.data.session_tape import FLUSH_ROWS
from ikbr.domain.errors import UsageError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO
from ikbr.domain.portfolio import Portfolio
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.live.session_record import SessionRecord

NEXT_MOMENT_MS = 1e-6
"""One nanosecond."""
SECOND_NS = 1_000_000_000
"""Source: IBKR, TWS API, Execution.time: whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """Say what to replay, and how.

    Attributes:
        session: The session's folder.
        journal: The journal's folder or file; None for the one that the session names.
        market: Values of the simulated market (`ExecutionModel`) that win over those of the
            session's settings; None leaves one as it is.
        tolerance_ms: Moments this far apart are one.
    """

    session: Path
    journal: Path | None = None
    market: dict[str, Any] = field(default_factory=dict)
    tolerance_ms: float = 1.0

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: Naming the field, its value and the remedy.
        """
        if not 0 <= self.tolerance_ms < 3_600_000:
            raise UsageError(
                f"tolerance_ms {self.tolerance_ms:g} cannot be; give milliseconds of 0 or more."
            )


class Replayed(NamedTuple):
    """Hold what a replay has given.

    Attributes:
        comparison: What differs.
        result: The replay itself, as a backtest.
    """

    comparison: Comparison
    result: BacktestResult


def replay_session(request: ReplayRequest) -> Replayed:
    """Replay a session and compare.

    Raises:
        IkbrError: When something of the session is missing, damaged, or cannot be made again.
    """
    request.check()
    return replay_recorded(read_recorded(request.session, request.journal), request)


def replay_recorded(recorded: RecordedSession, request: ReplayRequest) -> Replayed:
    """Replay what a session has left, and compare.

    Args:
        recorded: What it has left.
        request: How.

    Raises:
        IkbrError: When it cannot be replayed.
    """
    record, tape = recorded.record, recorded.tape
    instances, notes = remake(record.strategies)
    model = _model(record, request)
    tape.sessions = recorded.sessions
    journal = MemoryJournal()
    result = run_backtest(
        tape,
        instances,
        _setup(recorded, model),
        journal=journal,
        settings={"profile": record.mode, "data": str(request.session), "resolution": "tick"},
        history=ShownBars(recorded.notes),
    )
    tolerance_ns = round(request.tolerance_ms * MILLISECOND_NS)
    until_ns = recorded.until_ns + (tolerance_ns if recorded.ended is not None else 0)
    session = read_trace(recorded.before, recorded.journal, record.begin_ns, until_ns)
    replay = read_trace((), journal.records, record.begin_ns, until_ns)
    market = SeenMarket(list(tape.chunks()), recorded.gaps, recorded.incomplete)
    valuer = _valuer(record, market)
    # A session dates a fill when it hears of it, and a real gateway in whole seconds.
    fills_ns = tolerance_ns + model.response_ns + (0 if record.simulated else SECOND_NS)
    classifier = Classifier(session, replay, market, valuer, tolerance_ns, fills_ns)
    opening = valuer.opening(record.opening)
    comparison = Comparison(
        differences=classifier.differences(),
        session=_side(session, valuer, opening),
        replay=_side(replay, valuer, opening),
        base=record.base,
        notes=[*notes, *_notes(recorded, session)],
        from_ns=record.begin_ns,
        until_ns=until_ns,
    )
    return Replayed(comparison, result)


def _model(record: SessionRecord, request: ReplayRequest) -> ExecutionModel:
    """Choose how the simulated market treats orders.

    Over a wire no order is filled while the strategies still look at the tick that led to it.
    """
    given = {name: value for name, value in request.market.items() if value is not None}
    model = ExecutionModel(**(msgspec.structs.asdict(record.model) | given))
    if record.mode == "shadow" or model.entry_ns:
        return model
    return msgspec.structs.replace(model, latency_ms=NEXT_MOMENT_MS)


def _setup(recorded: RecordedSession, model: ExecutionModel) -> Setup:
    record, stopping = recorded.record, recorded.stopping
    part = Part(
        begin_ns=record.begin_ns,
        end_ns=recorded.until_ns,
        # Rows of that very moment had been seen.
        stop_ns=stopping.ts_ns + 1 if stopping is not None else 0,
        flatten=stopping is not None and stopping.flatten,
        reason=stopping.reason if stopping is not None else "",
    )
    return Setup(
        capital=_opening_equity(record),
        limits=record.limits,
        model=model,
        routing=record.routing,
        quantity=record.quantity,
        all_hours=record.all_hours,
        base=record.base,
        fx=record.fx,
        opening=record.opening,
        part=part,
    )


def _opening_equity(record: SessionRecord) -> float:
    by_symbol = {one.symbol: one for one in record.instruments}
    books = record.opening.open(Portfolio(by_symbol, 0, record.base, record.fx))
    return books.equity_micro() / MICRO


def _valuer(record: SessionRecord, market: SeenMarket) -> Valuer:
    marks = {one.symbol: one.mark_units for one in record.opening.held} | market.marks()
    by_symbol = {one.symbol: one for one in record.instruments}
    return Valuer(by_symbol, marks, record.base, record.fx)


def _side(trace: Trace, valuer: Valuer, opening: int) -> Side:
    fills = sum(len(order.fills) for order in trace.orders) + len(trace.strangers)
    return Side(len(trace.orders), fills, valuer.books(trace) - opening)


def _notes(recorded: RecordedSession, session: Trace) -> list[str]:
    notes = []
    if recorded.ended is None:
        late = sum(
            kind in {"intent", "fill"} and ts_ns > recorded.until_ns
            for kind, ts_ns, _ in recorded.journal
        )
        notes.append(
            f"The session did not end by itself: at most {FLUSH_ROWS} rows behind its last order "
            f"are not on the tape. It is compared up to there; {late} orders and fills after "
            f"that are left out."
        )
    if recorded.record.carried:
        notes.append(
            f"{len(recorded.record.carried)} orders of earlier sessions still worked when it "
            f"began; the replay has none of them."
        )
    if session.actions:
        did = ", ".join(dict.fromkeys(did.action for _, did in session.actions))
        notes.append(f"A person stepped in ({did}); the replay does none of it again.")
    if any(not ready for _, ready, _ in session.down):
        notes.append("The link was lost on the way; the tape has nothing of that time.")
    return notes
