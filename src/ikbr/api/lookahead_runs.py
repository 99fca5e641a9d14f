"""The runs that look-ahead is looked for with: whole, over another future, from a later start."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from ikbr.api.other_world import Change, other_world
from ikbr.api.redirect import own_modules, redirected
from ikbr.api.request import Request
from ikbr.api.run import Plan, prepare
from ikbr.backtest.engine import run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.backtest.validation.lookahead import Start, compare_start
from ikbr.backtest.validation.run_events import Event, events_of
from ikbr.data.catalog import Catalog
from ikbr.data.history import CatalogHistory
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.errors import UsageError
from ikbr.domain.session import Session
from ikbr.domain.tape import TapeSource
from ikbr.journal.memory_journal import MemoryJournal

DAYS_AFTER = {"minute": 1, "daily": 20}
"""Sessions after that of a cut which are run as well, where a session has few rows: enough to see
whether decisions change with the data."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Hold what the run over all the data showed.

    Attributes:
        catalog: Where its data is.
        plan: Its plan; the strategies in it are used up.
        events: What it did.
        moments: Times spread over the run as its data is, ns UTC.
    """

    catalog: Catalog
    plan: Plan
    events: list[Event]
    moments: list[int]

    @property
    def source(self) -> CatalogSource:
        """Its data."""
        assert isinstance(self.plan.source, CatalogSource)
        return self.plan.source


def whole_run(request: Request, remark: Callable[[str], None]) -> Whole:
    """Run over all the data.

    Args:
        request: What to run.
        remark: Told what was chosen where nothing was said.

    Raises:
        UsageError: When the data is in no catalog.
    """
    with ExitStack() as stack, own_modules():
        plan = prepare(request, stack, remark)
        if not isinstance(plan.source, CatalogSource):
            raise UsageError("look-ahead is looked for in a catalog; name its folder as data.")
        journal = MemoryJournal()
        result = _execute(plan, journal)
    catalog = plan.source.catalog
    moments = np.asarray(result.equity_ts, dtype=np.int64).tolist()
    return Whole(catalog, plan, events_of(journal.records), moments)


def _execute(plan: Plan, journal: MemoryJournal) -> BacktestResult:
    return run_backtest(
        plan.source,
        plan.instances,
        plan.setup,
        journal=journal,
        feed=plan.feed,
        settings=plan.record,
        history=plan.history,
    )


def run_again(
    request: Request,
    whole: Whole,
    world: Catalog | None = None,
    sessions: Sequence[Session] | None = None,
    exact_until_ns: int = 2**63 - 1,
) -> tuple[list[Event], TapeSource]:
    """Run anew, with strategies made anew.

    Args:
        request: What to run.
        whole: The run over all the data.
        world: Another catalog that stands for the whole one's, if there is one.
        sessions: Which sessions; None for all.
        exact_until_ns: As `events_of` takes it.

    Returns:
        What happened, and the data that was run over.
    """
    journal = MemoryJournal()
    if sessions is not None and request.days is not None:
        request = replace(request, days=len(sessions))  # the other world may hold no more
    with ExitStack() as stack, own_modules():
        if world is not None:
            stack.enter_context(redirected(whole.catalog.path, world.path))
        plan = prepare(request, stack, lambda text: None)
        source = _source(request, whole, world or whole.catalog, sessions)
        history = plan.history
        if world is not None and isinstance(history, CatalogHistory):
            history = CatalogHistory(
                world, session="all" if request.session == "all" else "regular"
            )
        _execute(replace(plan, source=source, history=history), journal)
    return events_of(journal.records, exact_until_ns), source


def _source(
    request: Request, whole: Whole, catalog: Catalog, sessions: Sequence[Session] | None
) -> CatalogSource:
    source = whole.source
    return CatalogSource(
        catalog,
        [instrument.symbol for instrument in source.instruments],
        source.sessions if sessions is None else sessions,
        resolution=source.resolution,
        feed=whole.plan.feed,  # type: ignore[arg-type]
        session="all" if request.session == "all" else "regular",
    )


def changed_run(
    request: Request, whole: Whole, cut_ns: int, change: Change
) -> tuple[list[Event], int]:
    """Run over a cut, with another future after it.

    Args:
        request: What to run.
        whole: The run over all the data.
        cut_ns: The cut, ns UTC.
        change: What becomes of the data.

    Returns:
        What happened, and the close of the last day that was run, ns UTC.
    """
    sessions = whole.source.sessions
    days = 1 + sum(session.close_ns < cut_ns for session in sessions)
    if change == "mirrored":
        days += DAYS_AFTER.get(whole.source.resolution, 0)
    with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
        world = _world(whole, Path(folder), cut_ns, change)
        events, source = run_again(request, whole, world, sessions[:days], cut_ns)
    return events, source.sessions[-1].close_ns


def later_starts(whole: Whole, count: int) -> list[tuple[int, int]]:
    """Choose later starting points: time and number of the first session.

    With several sessions they are opens; within a single one the data before is left out.
    """
    sessions = whole.source.sessions
    if len(sessions) == 1:
        moments = whole.moments
        places = [len(moments) * (n + 1) // (count + 2) for n in range(count)]
        return [(moments[place], 0) for place in sorted(set(places)) if 0 < place < len(moments)]
    firsts = sorted({max(1, len(sessions) * (n + 1) // (count + 1)) for n in range(count)})
    return [(sessions[first].open_ns, first) for first in firsts if first < len(sessions)]


def late_run(request: Request, whole: Whole, start_ns: int, first: int) -> Start | None:
    """Run from a later start and compare.

    Args:
        request: What to run.
        whole: The run over all the data.
        start_ns: When it starts, ns UTC.
        first: Number of its first session.

    Returns:
        The comparison; None when neither run decided anything from there on.
    """
    sessions = whole.source.sessions[first:]
    if first:
        events, source = run_again(request, whole, None, sessions)
    else:
        with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
            world = _world(whole, Path(folder), start_ns, "late")
            events, source = run_again(request, whole, world, sessions)
            return _with_rows(compare_start(whole.events, events, start_ns), source)
    return _with_rows(compare_start(whole.events, events, start_ns), source)


def _with_rows(start: Start | None, source: TapeSource) -> Start | None:
    """Count the rows that agreement took."""
    if start is None or start.agree_from_ns is None:
        return start
    rows = 0
    if start.agree_from_ns > start.start_ns:
        for tape in source.chunks():
            before = int(np.searchsorted(tape.ts, start.agree_from_ns))
            rows += before
            if before < len(tape):
                break
    return msgspec.structs.replace(start, rows=rows)


def _world(whole: Whole, folder: Path, cut_ns: int, change: Change) -> Catalog:
    source = whole.source
    symbols = [instrument.symbol for instrument in source.instruments]
    return other_world(whole.catalog, folder, symbols, source.sessions, cut_ns, change)
