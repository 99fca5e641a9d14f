"""The runs of a walk-forward: one numbering for all of them, so that each is kept once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ikbr.backtest.optimise.drive import Proposer
from ikbr.backtest.optimise.trial import Outcome, Span, Trial
from ikbr.backtest.validation.splits import Window

WHOLE = 0
"""The place of the sweep over all the data; windows have their numbers."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Number the runs: of every place its trials, then the run that judges their best.

    Attributes:
        dates: Of the sessions.
        windows: Of the walk-forward.
        trials: How many each place has.
    """

    dates: Sequence[dt.date]
    windows: Sequence[Window]
    trials: int

    def first(self, place: int) -> int:
        """Give the number of the first trial of a place."""
        return place * (self.trials + 1)

    def judging(self, window: Window) -> int:
        """Give the number of the run out of sample."""
        return self.first(window.number) + self.trials

    def place_of(self, number: int) -> int:
        """Give the place of a trial."""
        return number // (self.trials + 1)

    def train(self, window: Window) -> Span:
        """Give the days in-sample."""
        return self._span(window.train)

    def test(self, window: Window) -> Span:
        """Give the days out of sample."""
        return self._span(window.test)

    def trials_of(self, place: int, outcomes: Mapping[int, Outcome]) -> list[Outcome]:
        """Pick the outcomes of a place's trials, by number."""
        first = self.first(place)
        numbers = range(first, first + self.trials)
        return [outcomes[number] for number in numbers if number in outcomes]

    def _span(self, sessions: tuple[int, int]) -> Span:
        return Span(self.dates[sessions[0]], self.dates[sessions[1] - 1])


class Placed:
    """Let a proposer propose for one place."""

    def __init__(self, inner: Proposer, first: int, span: Span | None) -> None:
        """Wrap a proposer whose trials are numbered from 0 and have no span."""
        self._inner, self._first, self._span = inner, first, span

    def propose(self) -> Trial | None:
        """Give its next trial."""
        trial = self._inner.propose()
        if trial is None:
            return None
        return Trial(self._first + trial.number, trial.parameters, self._span)

    def tell(self, outcome: Outcome) -> None:
        """Pass it on under the number that the proposer knows."""
        number = outcome.number - self._first
        self._inner.tell(msgspec.structs.replace(outcome, number=number))


class Places:
    """Propose for all places; while one waits for results, the next ones go on."""

    def __init__(self, layout: Layout, proposers: Mapping[int, Proposer]) -> None:
        """Take a proposer for each place."""
        self._layout = layout
        self._proposers: dict[int, Any] = dict(proposers)

    def propose(self) -> Trial | None:
        """Give the next trial of the first place that has one."""
        for proposer in self._proposers.values():
            trial: Trial | None = proposer.propose()
            if trial is not None:
                return trial
        return None

    def tell(self, outcome: Outcome) -> None:
        """Tell the place that the outcome is of."""
        self._proposers[self._layout.place_of(outcome.number)].tell(outcome)


def placed(layout: Layout, proposer: Any, *, whole: bool) -> Places:
    """Propose the same search for every place.

    Args:
        layout: The places.
        proposer: Called for each of them; gives its proposer.
        whole: Whether the whole data is one of them.
    """
    found: dict[int, Proposer] = {}
    if whole:
        found[WHOLE] = Placed(proposer(), layout.first(WHOLE), None)
    for window in layout.windows:
        first = layout.first(window.number)
        found[window.number] = Placed(proposer(), first, layout.train(window))
    return Places(layout, found)
