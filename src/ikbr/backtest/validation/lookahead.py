"""Look-ahead and warm-up dependence, read off the records of runs.

A strategy that knows only the past does the same before a moment, whatever follows it. So a run
over all the data is compared with runs whose data ends at a moment (the cut) or goes on in another
way after it. Nothing that was decided before the cut may differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from ikbr.backtest.validation.run_events import Event, decisions_of

Future = Literal["cut off", "mirrored"]
FUTURES: tuple[Future, ...] = ("cut off", "mirrored")
"""What becomes of the data after a cut: nothing follows, or every move goes the other way."""

ENOUGH = 10
"""Decisions after cuts from which on it is said whether a strategy follows the data at all."""


class Difference(msgspec.Struct, frozen=True):
    """Say where a run with another future first went another way.

    Attributes:
        ts_ns: Time of the first event that differs, ns UTC.
        cut_ns: The data is another one from this time on, ns UTC.
        future: What became of it.
        full: What happened on all the data; "" for nothing.
        other: What happened instead; "" for nothing.
    """

    ts_ns: int
    cut_ns: int
    future: Future
    full: str
    other: str


class Start(msgspec.Struct, frozen=True):
    """Say how a run that starts later compares with the whole run.

    Attributes:
        start_ns: Where it starts, ns UTC.
        full, late: Decisions of the whole run from there on, and of the later one.
        shared: Decisions that both made.
        agreeing: The last so many decisions of both are the same.
        agree_from_ns: Nothing differs from this time on; `start_ns` when nothing ever does,
            None when the last decisions differ.
        rows: Rows of data from the start to there; None likewise.
    """

    start_ns: int
    full: int
    late: int
    shared: int
    agreeing: int
    agree_from_ns: int | None
    rows: int | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up what was found out about a strategy.

    Attributes:
        strategy, symbols: What was run, on what.
        decisions: Made on all the data, refused ones included.
        repeatable: Whether the same run twice did the same.
        unrepeated: Where it did not; the fields of the cut mean nothing.
        cuts: Times at which the future was changed, ns UTC.
        differences: One for each changed future that changed what went before.
        starts: Later starting points.
        runs: How many runs it took.
        follows_data: Whether anything was decided otherwise after the data turned round; None
            when too little was decided there to say.
        synthetic: Whether the market data is made up.
        zone: Time zone of the exchange.
    """

    strategy: str
    symbols: tuple[str, ...]
    decisions: int
    repeatable: bool
    unrepeated: Difference | None
    cuts: tuple[int, ...]
    differences: tuple[Difference, ...]
    starts: tuple[Start, ...]
    runs: int
    follows_data: bool | None
    synthetic: bool
    zone: str

    @property
    def first(self) -> Difference | None:
        """The earliest difference."""
        return min(self.differences, key=lambda found: (found.ts_ns, found.cut_ns), default=None)

    @property
    def depends_on_start(self) -> bool:
        """Whether some later start never came to decide as the whole run does."""
        return any(start.agree_from_ns is None for start in self.starts)

    @property
    def is_clean(self) -> bool:
        """Whether no look-ahead was found; dependence on the start may well be meant."""
        return self.repeatable and not self.differences


def choose_cuts(decided: Sequence[int], moments: Sequence[int], count: int) -> tuple[int, ...]:
    """Choose at which times to change the future.

    Half of the cuts come right after a decision, where a look ahead would show at once; the
    others are spread over the run, where something may have been left undone.

    Args:
        decided: Times of decisions, ns UTC, rising.
        moments: Times of the run, spread as its data is, ns UTC, rising.
        count: How many cuts.

    Returns:
        Times, rising, each once; fewer if there are not so many.

    >>> choose_cuts([10, 20, 30, 40], [0, 25, 50, 75, 100], 4)
    (21, 26, 41, 76)
    """
    after = _spread(sorted(set(decided)), (count + 1) // 2)
    # Before the first and after the last moment there is nothing to compare.
    between = _spread(sorted(set(moments[1:-1])), count - len(after))
    return tuple(sorted({ts + 1 for ts in (*after, *between)}))


def first_difference(
    full: Sequence[Event], other: Sequence[Event], cut_ns: int, future: Future
) -> Difference | None:
    """Find the first event before a cut in which two runs differ.

    Args:
        full: Events of the run over all the data.
        other: Events of the run whose data is another one from the cut on.
        cut_ns: The cut, ns UTC.
        future: What became of the data.

    Returns:
        The difference; None when everything before the cut is the same.

    >>> first_difference([Event(5, "fill", "a", "buys")], [], 9, "cut off").full
    'buys'
    """
    one = [event for event in full if event.ts_ns < cut_ns]
    two = [event for event in other if event.ts_ns < cut_ns]
    for place in range(max(len(one), len(two))):
        a = one[place] if place < len(one) else None
        b = two[place] if place < len(two) else None
        if a is None or b is None or (a.ts_ns, a.kind, a.exact) != (b.ts_ns, b.kind, b.exact):
            times = [event.ts_ns for event in (a, b) if event is not None]
            return Difference(min(times), cut_ns, future, _told(a, times), _told(b, times))
    return None


def compare_start(full: Sequence[Event], late: Sequence[Event], start_ns: int) -> Start | None:
    """Find from when on a run that started later decides as the whole run does.

    Decisions are the same when the same strategy goes the same way in the same symbol at the
    same time; sizes may differ with the equity. As the two runs may hold different positions at
    first, agreement is found at the latest when both were flat once.

    Args:
        full: Events of the whole run.
        late: Events of the run that starts later.
        start_ns: Where it starts, ns UTC.

    Returns:
        The comparison; None when neither decided anything after the start.

    >>> told = [Event(ts, "decision", "", "", "SPY BUY") for ts in (1, 5, 9)]
    >>> compare_start(told, told[2:], 4).agree_from_ns
    6
    """
    one = [(e.ts_ns, e.key) for e in decisions_of(full) if e.ts_ns >= start_ns]
    two = [(e.ts_ns, e.key) for e in decisions_of(late) if e.ts_ns >= start_ns]
    if not one and not two:
        return None
    agreeing = 0
    while agreeing < min(len(one), len(two)) and one[-1 - agreeing] == two[-1 - agreeing]:
        agreeing += 1
    rest = one[: len(one) - agreeing] + two[: len(two) - agreeing]
    since: int | None = None
    if not rest:
        since = start_ns
    elif agreeing:
        since = max(ts for ts, _ in rest) + 1
    shared = (Counter(one) & Counter(two)).total()
    return Start(start_ns, len(one), len(two), shared, agreeing, since)


def _spread(values: Sequence[int], count: int) -> list[int]:
    if len(values) <= count:
        return list(values)
    return [values[(2 * n + 1) * len(values) // (2 * count)] for n in range(count)]


def _told(event: Event | None, times: Sequence[int]) -> str:
    """Tell an event, unless it only came later than the other."""
    if event is None or event.ts_ns > min(times):
        return ""
    return event.text
