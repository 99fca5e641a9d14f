"""Look for look-ahead: run a strategy over its data and over data with another future."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ikbr.api.other_world import Change, other_world
from ikbr.api.redirect import own_modules, redirected
from ikbr.api.request import Request
from ikbr.api.run import Plan, prepare, say
from ikbr.backtest.engine import run_backtest
from ikbr.backtest.report.wording import words_for
from ikbr.backtest.validation.lookahead import (
    ENOUGH,
    FUTURES,
    Difference,
    Event,
    Start,
    Verdict,
    choose_cuts,
    compare_start,
    decided_between,
    decisions_of,
    events_of,
    first_difference,
)
from ikbr.data.catalog import Catalog
from ikbr.data.history import CatalogHistory
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.errors import StrategyError, UsageError
from ikbr.domain.session import Session
from ikbr.domain.tape import TapeSource
from ikbr.journal.memory_journal import MemoryJournal

CUTS = 8
STARTS = 3
MOST_CUTS = 1_000

DAYS_AFTER = {"minute": 1, "daily": 20}
"""Sessions after that of a cut which are run as well, where a session has few rows: enough to see
whether decisions change with the data."""

Decided = list[tuple[int, str]]
"""Time and key of decisions."""

Tell = Callable[[int, int, str], None]
"""Told how many runs are done, of how many, and what is run next."""


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


def lookahead(
    request: Request,
    *,
    cuts: int = CUTS,
    starts: int = STARTS,
    tell: Tell | None = None,
    remark: Callable[[str], None] = say,
) -> Verdict:
    """Find out whether strategies know the future, and whether they forget where they started.

    Args:
        request: What to run; its data is a catalog.
        cuts: At how many moments to change the future, each in two ways.
        starts: From how many later starting points to run; 0 for none.
        tell: Told how far it is.
        remark: Told what was chosen where nothing was said.

    Returns:
        What was found.

    Raises:
        UsageError: When the data is in memory, a number cannot be, or nothing was decided.
        IkbrError: As a backtest raises it.
    """
    _check(request, cuts, starts)
    tell = tell or (lambda done, total, what: None)
    total = 2 + len(FUTURES) * cuts + starts
    tell(0, total, "the whole run")
    whole = _whole(request, remark)
    decided = [event.ts_ns for event in decisions_of(whole.events)]
    _check_decided(whole, decided)
    tell(1, total, "the same again")
    again, _ = _run(request, whole, None, None)
    unrepeated = first_difference(whole.events, again, 2**63 - 1, "cut off")
    if unrepeated is not None:
        # What differs by itself cannot be compared.
        return _verdict(whole, decided, unrepeated, runs=2)
    chosen = choose_cuts(decided, whole.moments, cuts)
    total = 2 + len(FUTURES) * len(chosen) + starts
    differences = []
    later: list[tuple[Decided, Decided]] = []
    done = 2
    for cut_ns in chosen:
        for future in FUTURES:
            tell(done, total, f"the future {future}")
            events, until_ns = _changed_run(request, whole, cut_ns, future)
            found = first_difference(whole.events, events, cut_ns, future)
            differences += [found] if found is not None else []
            if future == "mirrored":
                one = decided_between(whole.events, cut_ns, until_ns)
                later.append((one, decided_between(events, cut_ns, until_ns)))
            done += 1
    late = []
    for start_ns, first in _starts(whole, starts):
        tell(done, total, "a later start")
        compared = _late_run(request, whole, start_ns, first)
        late += [compared] if compared is not None else []
        done += 1
    tell(total, total, "done")
    return _verdict(
        whole,
        decided,
        None,
        cuts=chosen,
        differences=tuple(differences),
        starts=tuple(late),
        follows_data=_follows(later),
        runs=done,
    )


def _check(request: Request, cuts: int, starts: int) -> None:
    request.check()
    if not 1 <= cuts <= MOST_CUTS:
        raise UsageError(f"cuts {cuts} cannot be; give 1 to {MOST_CUTS}.")
    if not 0 <= starts <= MOST_CUTS:
        raise UsageError(f"starts {starts} cannot be; give 0 to {MOST_CUTS}.")
    if request.data is not None and not isinstance(request.data, str | Path | Catalog):
        raise UsageError("look-ahead is looked for in a catalog; name its folder as data.")


def _check_decided(whole: Whole, decided: Sequence[int]) -> None:
    fault = next((e.text for e in whole.events if e.kind == "alert" and not decided), "")
    if not decided:
        why = f" ({fault})" if fault else ""
        raise StrategyError(
            f"the strategy decides nothing on this data{why}, so nothing can be compared; choose "
            f"parameters or days with which it does."
        )


def _whole(request: Request, remark: Callable[[str], None]) -> Whole:
    with ExitStack() as stack, own_modules():
        plan = prepare(request, stack, remark)
        if not isinstance(plan.source, CatalogSource):
            raise UsageError("look-ahead is looked for in a catalog; name its folder as data.")
        journal = MemoryJournal()
        result = _execute(plan, journal)
    catalog = plan.source.catalog
    moments = np.asarray(result.equity_ts, dtype=np.int64).tolist()
    return Whole(catalog, plan, events_of(journal.records), moments)


def _execute(plan: Plan, journal: MemoryJournal) -> Any:
    return run_backtest(
        plan.source,
        plan.instances,
        plan.setup,
        journal=journal,
        feed=plan.feed,
        settings=plan.record,
        history=plan.history,
    )


def _run(
    request: Request,
    whole: Whole,
    world: Catalog | None,
    sessions: Sequence[Session] | None,
    exact_until_ns: int = 2**63 - 1,
) -> tuple[list[Event], TapeSource]:
    """Run anew, with strategies made anew, in another world if there is one."""
    journal = MemoryJournal()
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


def _changed_run(
    request: Request, whole: Whole, cut_ns: int, change: Change
) -> tuple[list[Event], int]:
    """Run over a cut, with another future after it.

    Returns:
        What happened, and the close of the last day that was run, ns UTC.
    """
    sessions = whole.source.sessions
    days = 1 + sum(session.close_ns < cut_ns for session in sessions)
    if change == "mirrored":
        days += DAYS_AFTER.get(whole.source.resolution, 0)
    with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
        world = _world(whole, Path(folder), cut_ns, change)
        events, source = _run(request, whole, world, sessions[:days], cut_ns)
    return events, source.sessions[-1].close_ns


def _follows(later: Sequence[tuple[Decided, Decided]]) -> bool | None:
    """Say whether decisions changed with the data after the cuts."""
    if sum(max(len(one), len(two)) for one, two in later) < ENOUGH:
        return None
    return any(one != two for one, two in later)


def _world(whole: Whole, folder: Path, cut_ns: int, change: Change) -> Catalog:
    source = whole.source
    symbols = [instrument.symbol for instrument in source.instruments]
    return other_world(whole.catalog, folder, symbols, source.sessions, cut_ns, change)


def _starts(whole: Whole, count: int) -> list[tuple[int, int]]:
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


def _late_run(request: Request, whole: Whole, start_ns: int, first: int) -> Start | None:
    sessions = whole.source.sessions[first:]
    if first:
        events, source = _run(request, whole, None, sessions)
    else:
        with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
            world = _world(whole, Path(folder), start_ns, "late")
            events, source = _run(request, whole, world, sessions)
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


def _verdict(
    whole: Whole,
    decided: Sequence[int],
    unrepeated: Difference | None,
    *,
    runs: int,
    cuts: tuple[int, ...] = (),
    differences: tuple[Difference, ...] = (),
    starts: tuple[Start, ...] = (),
    follows_data: bool | None = None,
) -> Verdict:
    instruments = whole.source.instruments
    return Verdict(
        strategy="+".join(instance.name for instance in whole.plan.instances),
        symbols=tuple(instrument.symbol for instrument in instruments),
        decisions=len(decided),
        repeatable=unrepeated is None,
        unrepeated=unrepeated,
        cuts=cuts,
        differences=differences,
        starts=starts,
        runs=runs,
        follows_data=follows_data,
        synthetic=whole.source.synthetic,
        zone=words_for({one.symbol: one for one in instruments}, {}).zone,
    )
