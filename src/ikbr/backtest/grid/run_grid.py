"""Run a whole grid of parameter sets compiled, each as the engine would have run it alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikbr.backtest.grid import layout
from ikbr.backtest.grid.eligible import why_not
from ikbr.backtest.grid.group import BLOCK, Group, groups_of
from ikbr.backtest.grid.outcome import Frame, GridOutcome
from ikbr.backtest.grid.samples import Samples, carried
from ikbr.backtest.stage import Instance, Setup
from ikbr.domain.errors import ConfigError, DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import NO_PRICE, Kind, Tape, TapeSource

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class GridRun:
    """Hold what a grid did.

    Attributes:
        outcomes: One per parameter set, in the order given.
        events: Rows of the tape.
        seconds: Wall time of the replay; reading data and compiling are not counted.
        note: What a reader should know of the compiled code; "" for nothing.
    """

    outcomes: Sequence[GridOutcome]
    events: int
    seconds: float
    note: str = ""


def run_grid(
    source: TapeSource,
    instances: Sequence[Instance],
    setup: Setup,
    *,
    feed: str = "both",
    progress: Progress | None = None,
) -> GridRun:
    """Run parameter sets over market data, each in an account of its own.

    Args:
        source: The market data.
        instances: One per parameter set, all with the same kernel strategy.
        setup: How each is run.
        feed: Name of the feed.
        progress: Told how many rows are done and the time of the last one, after every piece.

    Returns:
        What each did. A set that came to something that compiled code does not know (a margin
        call, an exception) says so in `left`; run it with the engine.

    Raises:
        ConfigError: When the grid cannot run compiled; `why_not` says so before.
        DataError: When the source has no rows.
        StrategyError: When the kernel cannot be compiled.
    """
    reason = why_not(source, instances, setup, feed)
    if reason:
        raise ConfigError(f"the grid cannot run compiled: {reason}; run it with the engine.")
    groups = groups_of(instances)
    notes = [group.start(instances, setup.capital, len(source.sessions)) for group in groups]
    replay = _Replay(source, setup, groups)
    for tape in source.chunks():
        replay.piece(tape)
        if progress is not None:
            progress(replay.events, replay.last_ns)
    if not replay.events:
        raise DataError("the data has no rows; choose other days.")
    outcomes = replay.finish(instances)
    return GridRun(outcomes, replay.events, replay.seconds, next(filter(None, notes), ""))


class _Replay:
    """Take the groups through the tape, piece by piece."""

    def __init__(self, source: TapeSource, setup: Setup, groups: Sequence[Group]) -> None:
        self._source = source
        self._setup = setup
        self._groups = groups
        self._samples = Samples(source.sessions)
        self._before = NO_PRICE
        self._first_ns = 0
        self._terms_until = -1
        self.last_ns = 0
        self.events = 0
        self.seconds = 0.0

    def piece(self, tape: Tape) -> None:
        """Replay one piece."""
        from ikbr.backtest.scan import marks_of

        began = time.perf_counter()
        if not self.events:
            self._first_ns = int(tape.ts[0])
        self.last_ns = int(tape.ts[-1])
        self._renew_terms()
        columns = _columns(tape)
        standing = marks_of(tape.bid, tape.ask, tape.last)
        columns["mark"] = marks = carried(standing, self._before)
        columns["halt"] = np.flatnonzero(tape.kind >= Kind.HALT)
        market = layout.MARKET.rows(1)
        seen = layout.MARKET.view(market, 0)
        seen.length, seen.first, seen.before = len(tape), self.events, self._before
        seen.scale = float(self._source.instruments[0].price_scale)
        seen.halts = len(columns["halt"])
        for name, column in columns.items():
            setattr(seen, name, column.ctypes.data)
        for group in self._groups:
            group.begin(self._terms, market)
            if not self.events:
                group.settle(layout.NOT_YET)
        for start in range(0, len(tape), BLOCK):
            for group in self._groups:
                group.run(start, min(start + BLOCK, len(tape)))
        self._samples.see(tape.ts, marks, standing, self.events)
        self._before = int(marks[-1])
        self.events += len(tape)
        self.seconds += time.perf_counter() - began

    def _renew_terms(self) -> None:
        """Fill the terms, with the fees of every day so far."""
        from ikbr.backtest.grid.tables import terms_of

        if self.last_ns > self._terms_until:
            source = self._source
            self._terms_until = max(self.last_ns, source.sessions[-1].close_ns)
            self._terms = terms_of(
                source.instruments[0], self._setup, source.sessions, self._first_ns, self.last_ns
            )

    def finish(self, instances: Sequence[Instance]) -> list[GridOutcome]:
        """Run what is due after the last row; give the outcomes in the order of the sets."""
        source = self._source
        began = time.perf_counter()
        end_ns = max(source.sessions[-1].close_ns, self.last_ns)
        self._samples.finish(end_ns)
        frame = Frame(
            source.instruments[0], source.sessions, self._setup.capital, self._samples,
            self._first_ns, self.last_ns, self.events,
        )  # fmt: skip
        found: dict[int, GridOutcome] = {}
        for group in self._groups:
            group.settle(end_ns)
            for own, number, records in zip(group.sets, group.members, group.fills(), strict=True):
                found[number] = _outcome(instances[number].name, own, records, frame)
        self.seconds += time.perf_counter() - began
        return [found[number] for number in range(len(instances))]


def _columns(tape: Tape) -> dict[str, NDArray[Any]]:
    """Give the columns that compiled code reads, each in one run of memory."""
    names = ("ts", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    return {name: np.ascontiguousarray(getattr(tape, name)) for name in names}


def _outcome(name: str, own: Any, records: NDArray[np.int64], frame: Frame) -> GridOutcome:
    instrument: Instrument = frame.instrument
    worth = own.position * own.mark * instrument.unit_value_micro if own.position else 0
    return GridOutcome(
        name=name,
        left=layout.LEFT_REASONS[own.left],
        final_equity_micro=own.cash + worth,
        position=own.position,
        commission_micro=own.fees_paid,
        orders=own.orders,
        refused={r: n for r, n in zip(layout.REFUSALS, own.refused, strict=True) if n},
        muted=own.muted,
        halted_ns=own.halt_ns,
        session_equity_micro=np.array(own.equity, np.int64),
        records=records,
        frame=frame,
    )
