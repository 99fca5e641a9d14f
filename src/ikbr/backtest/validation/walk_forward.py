"""Walking forward: choose on the past, judge on what follows, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ikbr.backtest.optimise.drive import Proposer
from ikbr.backtest.optimise.executors.executor import Executor
from ikbr.backtest.optimise.objective import Objective, why_unreached
from ikbr.backtest.optimise.store import Store
from ikbr.backtest.optimise.sweep import Listed, Sweeper, Tell
from ikbr.backtest.optimise.trial import Trial
from ikbr.backtest.validation.layout import WHOLE, Layout, placed
from ikbr.domain.errors import UsageError


class Walk:
    """Run a walk-forward into a store; what is kept there is not run again.

    Attributes:
        sweeper: Counts what was made.
        where: What ran it in this session, in words.
    """

    def __init__(
        self,
        layout: Layout,
        store: Store,
        objective: Objective,
        *,
        whole: bool = True,
        tell: Tell | None = None,
    ) -> None:
        """Prepare.

        Args:
            layout: The runs.
            store: Open.
            objective: What is to be best.
            whole: Whether to search over all the data as well.
            tell: Told after every run.
        """
        self._layout, self._store, self._objective = layout, store, objective
        self._whole = whole
        self.where = ""
        self.sweeper = Sweeper(store, objective, runs_of(layout, whole=whole), tell)

    def run(
        self,
        proposer: Callable[[], Proposer],
        executor: Callable[[], Executor],
        fast_path: Callable[[Iterator[Trial]], bool] | None = None,
    ) -> None:
        """Search in-sample in every window, then run the winners out of sample.

        Args:
            proposer: Gives the search, afresh for every window.
            executor: Where runs are made; called when there are any.
            fast_path: Runs all trials of a grid at once and says whether it did; the winners
                are run by the engine in any case.

        Raises:
            UsageError: When no window has a run that reaches the objective.
            SweepError: When the sweep cannot go on; what was computed is kept.
        """
        if fast_path is None or not fast_path(self._search(proposer)):
            self.sweeper.run(placed(self._layout, proposer, whole=self._whole), executor)
        searched = self.sweeper.path
        winners = []
        for window in self._layout.windows:
            tried = self._layout.trials_of(window.number, self._store.outcomes)
            best = self._objective.best(tried)
            if best is not None:
                number = self._layout.judging(window)
                winners.append(Trial(number, best.parameters, self._layout.test(window)))
        if not winners:
            all_tried = [
                one
                for window in self._layout.windows
                for one in self._layout.trials_of(window.number, self._store.outcomes)
            ]
            raise UsageError(f"in no window: {why_unreached(self._objective, all_tried)}")
        self.sweeper.run(Listed(winners), executor)
        self.where = " and ".join(dict.fromkeys(p for p in (searched, self.sweeper.path) if p))

    def _search(self, proposer: Callable[[], Proposer]) -> Iterator[Trial]:
        """Go through a search that knows its trials beforehand."""
        search = placed(self._layout, proposer, whole=self._whole)
        while (trial := search.propose()) is not None:
            yield trial


def runs_of(layout: Layout, *, whole: bool) -> int:
    """Count the runs of a walk-forward.

    Args:
        layout: The runs.
        whole: Whether the search over all the data is one of them.
    """
    places = len(layout.windows) + (1 if whole else WHOLE)
    return places * layout.trials + len(layout.windows)
