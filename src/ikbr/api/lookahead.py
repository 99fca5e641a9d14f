"""Look for look-ahead: run a strategy over its data and over data with another future."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ikbr.api.lookahead_runs import (
    Whole,
    changed_run,
    late_run,
    later_starts,
    run_again,
    whole_run,
)
from ikbr.api.request import Request
from ikbr.api.run import say
from ikbr.backtest.report.wording import words_for
from ikbr.backtest.validation.lookahead import (
    ENOUGH,
    FUTURES,
    Difference,
    Start,
    Verdict,
    choose_cuts,
    first_difference,
)
from ikbr.backtest.validation.run_events import decided_between, decisions_of
from ikbr.data.catalog import Catalog
from ikbr.domain.errors import StrategyError, UsageError

CUTS = 8
STARTS = 3
MOST_CUTS = 1_000

Decided = list[tuple[int, str]]
"""Time and key of decisions."""

Tell = Callable[[int, int, str], None]
"""Told how many runs are done, of how many, and what is run next."""


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
    steps = _Steps(tell, 2 + len(FUTURES) * cuts + starts)
    steps.next("the whole run")
    whole = whole_run(request, remark)
    decided = [event.ts_ns for event in decisions_of(whole.events)]
    _check_decided(whole, decided)
    steps.next("the same again")
    again, _ = run_again(request, whole)
    unrepeated = first_difference(whole.events, again, 2**63 - 1, "cut off")
    if unrepeated is not None:
        # What differs by itself cannot be compared.
        return _verdict(whole, decided, unrepeated, runs=steps.begun)
    chosen = choose_cuts(decided, whole.moments, cuts)
    later = later_starts(whole, starts)
    steps.total = 2 + len(FUTURES) * len(chosen) + len(later)
    differences, follows = _futures(request, whole, chosen, steps)
    late = []
    for start_ns, first in later:
        steps.next("a later start")
        compared = late_run(request, whole, start_ns, first)
        late += [compared] if compared is not None else []
    steps.end()
    return _verdict(
        whole,
        decided,
        None,
        cuts=chosen,
        differences=differences,
        starts=tuple(late),
        follows_data=follows,
        runs=steps.begun,
    )


class _Steps:
    """Count runs and tell how far they are."""

    def __init__(self, tell: Tell | None, total: int) -> None:
        self._tell = tell
        self.total = total
        self.begun = 0

    def next(self, what: str) -> None:
        if self._tell is not None:
            self._tell(self.begun, self.total, what)
        self.begun += 1

    def end(self) -> None:
        if self._tell is not None:
            self._tell(self.begun, self.total, "done")


def _futures(
    request: Request, whole: Whole, cuts: Sequence[int], steps: _Steps
) -> tuple[tuple[Difference, ...], bool | None]:
    """Change the future at every cut; find what differs before, and whether anything does after."""
    differences = []
    later: list[tuple[Decided, Decided]] = []
    for cut_ns in cuts:
        for future in FUTURES:
            steps.next(f"the future {future}")
            events, until_ns = changed_run(request, whole, cut_ns, future)
            found = first_difference(whole.events, events, cut_ns, future)
            differences += [found] if found is not None else []
            if future == "mirrored":
                one = decided_between(whole.events, cut_ns, until_ns)
                later.append((one, decided_between(events, cut_ns, until_ns)))
    return tuple(differences), _follows(later)


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


def _follows(later: Sequence[tuple[Decided, Decided]]) -> bool | None:
    """Say whether decisions changed with the data after the cuts."""
    if sum(max(len(one), len(two)) for one, two in later) < ENOUGH:
        return None
    return any(one != two for one, two in later)


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
