"""Quality rules about time: order, future, wrong day, gaps, repeated rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ikbr.data.calendars import trading_days
from ikbr.data.columns import PrintColumns, QuoteColumns, names
from ikbr.data.quality_case import SECOND, Case, Finding
from ikbr.domain.tape import PrintFlag


def order(case: Case) -> Iterator[Finding]:
    """Report rows earlier than the row before: an error, since cause and effect change places.

    Reading sorts such rows, but where the true place of each was cannot be known.
    """
    ts = case.columns.ts_ns
    rows = np.flatnonzero(ts[1:] < ts[:-1]) + 1
    yield from case.find(
        "error",
        "order",
        rows,
        "rows are earlier than the row before",
        lambda row: f"after {case.clock(int(ts[row - 1]))}",
    )


def future(case: Case) -> Iterator[Finding]:
    """Report rows later than now: an error, most often a wrong time zone or epoch unit."""
    rows = np.flatnonzero(case.columns.ts_ns > case.now_ns)
    yield from case.find("error", "future", rows, "rows are later than now")


def wrong_day(case: Case) -> Iterator[Finding]:
    """Report rows of another trading day than the file's: an error, they would be met twice."""
    if case.resolution == "daily":
        return
    shift = 1 if case.span_ns else 0
    local = trading_days(case.columns.ts_ns - shift, case.instrument.calendar)
    rows = np.flatnonzero(local != np.datetime64(case.day))
    yield from case.find(
        "error", "wrong-day", rows, "rows are of another day", lambda row: f"on {local[row]}"
    )


def gaps(case: Case) -> Iterator[Finding]:
    """Report pauses in regular hours: a warning, since a quiet instrument pauses too.

    A pause that begins with a halt of dealing is ordinary.
    """
    if case.resolution == "daily" or not case.sessions:
        return
    most = int(case.limits.gap_s[case.resolution] * SECOND)
    session = case.sessions[0]
    inside = case.columns.ts_ns[case.regular]
    if not len(inside):
        yield _no_session(case)
        return
    inside = np.sort(inside)
    starts = np.concatenate([[session.open_ns], inside])
    ends = np.concatenate([inside - case.span_ns, [session.close_ns]])
    long = np.flatnonzero(ends - starts > most)
    halted = [
        bool(((case.halts >= starts[row] - SECOND) & (case.halts < ends[row])).any())
        for row in long.tolist()
    ]
    long = long[~np.array(halted, np.bool_)]
    if len(long):
        examples = tuple(
            f"{case.clock(int(starts[row]))} for {(ends[row] - starts[row]) / SECOND:,.0f} s"
            for row in long[:3].tolist()
        )
        yield Finding(
            severity="warning",
            rule="gap",
            symbol=case.symbol,
            kind=case.kind,
            day=case.day,
            count=len(long),
            text=f"nothing for more than {most / SECOND:g} s of regular hours",
            examples=examples,
        )


def _no_session(case: Case) -> Finding:
    return Finding(
        severity="warning",
        rule="gap",
        symbol=case.symbol,
        kind=case.kind,
        day=case.day,
        count=1,
        text="nothing at all in regular hours",
    )


def repeats(case: Case) -> Iterator[Finding]:
    """Report rows identical to the row before.

    One order that trades against many of one size prints many identical rows in a millisecond,
    and a change on a venue behind the best one repeats a quote: both are ordinary (info). Half
    of all prints doubled, or a run longer than any order book would give, is a file written
    twice or a stuck feed: a warning. Two bars of one time contradict each other: an error.
    """
    ts = case.columns.ts_ns
    if case.span_ns:
        rows = np.flatnonzero(ts[1:] == ts[:-1]) + 1
        yield from case.find("error", "duplicate", rows, "bars have the time of the bar before")
        return
    same = np.ones(max(len(ts) - 1, 0), np.bool_)
    for name in names(case.kind):
        values = getattr(case.columns, name)
        same &= values[1:] == values[:-1]
    if isinstance(case.columns, PrintColumns):
        same &= (case.columns.flags[1:] & (PrintFlag.HALT | PrintFlag.RESUME)) == 0
    rows = np.flatnonzero(same) + 1
    longest = _longest_run(same)
    doubled = len(rows) >= 100 and 2 * len(rows) >= len(ts) and len(case.columns) > 0
    if isinstance(case.columns, QuoteColumns):
        doubled = doubled and 10 * len(rows) >= 9 * len(ts)
    stuck = longest > case.limits.repeats
    yield from case.find(
        "warning" if doubled or stuck else "info",
        "duplicate",
        rows,
        f"rows are identical to the row before (longest run {longest + 1})",
    )


def _longest_run(same: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0
