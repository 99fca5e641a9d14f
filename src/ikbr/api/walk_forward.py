"""Walking forward: the composition of a sweep, its windows and the judgement of it all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from ikbr.api.optimise import SweepPlan, offered_fast_path, prepare_sweep, sweep_settings
from ikbr.api.request import Request
from ikbr.api.run import say
from ikbr.api.sweep_files import results_folder
from ikbr.api.sweep_request import SweepRequest
from ikbr.backtest.optimise.drive import Proposer
from ikbr.backtest.optimise.executors.choose import choose_executor
from ikbr.backtest.optimise.executors.executor import Executor
from ikbr.backtest.optimise.explosion import MOST_RUNS
from ikbr.backtest.optimise.objective import Objective, parse_objective
from ikbr.backtest.optimise.sampler import LAG, Sampled
from ikbr.backtest.optimise.store import Identity, Store
from ikbr.backtest.optimise.sweep import Listed, Tell
from ikbr.backtest.optimise.trial import Outcome, Trial
from ikbr.backtest.report.wording import duration
from ikbr.backtest.validation.judgement import judge
from ikbr.backtest.validation.layout import WHOLE, Layout
from ikbr.backtest.validation.splits import SCHEMES, Scheme, walk_forward
from ikbr.backtest.validation.walk_forward import Walk, runs_of
from ikbr.backtest.validation.walked import Walked, drift_of, stitch, window_result
from ikbr.domain.errors import UsageError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkRequest:
    """Say how to walk forward; lengths are in sessions.

    Attributes:
        in_sample: Of the first in-sample part; with "rolling" of every one.
        out_of_sample: Of every out-of-sample part.
        scheme: "rolling" or "anchored".
        purge: Left out between the parts, and beside what cross-validation tests.
        embargo: Further ones left out after what cross-validation tests. In the walk itself
            nothing is chosen on what follows a test.
        whole: Whether to search over all the data as well, which the judgement needs.
    """

    in_sample: int
    out_of_sample: int
    scheme: str = "rolling"
    purge: int = 0
    embargo: int = 0
    whole: bool = True

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: Naming the field, its value and the remedy.
        """
        if self.scheme not in SCHEMES:
            raise UsageError(f"scheme {self.scheme!r} is unknown; {nearest(self.scheme, SCHEMES)}")
        for name, least in (("in_sample", 1), ("out_of_sample", 1), ("purge", 0), ("embargo", 0)):
            if getattr(self, name) < least:
                option = name.replace("_", "-")
                raise UsageError(
                    f"{option} {getattr(self, name)} is too few; give {least} or more."
                )


@dataclass(frozen=True, slots=True)
class WalkPlan:
    """Hold a walk-forward that is ready to run.

    Attributes:
        walk: How to walk.
        sweep: The search.
        layout: All its runs.
        identity: Tells this walk from others and from plain sweeps.
    """

    walk: WalkRequest
    sweep: SweepPlan
    layout: Layout
    identity: Identity

    @property
    def name(self) -> str:
        """Name the strategies."""
        return "+".join(one.name for one in self.sweep.plan.instances)

    @property
    def folder(self) -> Path:
        """Name the folder of the results."""
        named = msgspec.structs.replace(self.identity, lag=0)
        digest = hashlib.sha256(msgspec.json.encode(named)).hexdigest()
        return results_folder(self.sweep.wanted.results, f"{self.name}-walk-forward", digest)

    @property
    def total(self) -> int:
        """How many runs there will be."""
        return runs_of(self.layout, whole=self.walk.whole)


def prepare_walk(
    request: Request,
    wanted: SweepRequest,
    walk: WalkRequest,
    stack: ExitStack,
    tell: Callable[[str], None] = say,
) -> WalkPlan:
    """Read and check everything that a walk-forward needs.

    Args:
        request: What to run.
        wanted: How to search in every window.
        walk: How to walk.
        stack: Removes the shared tape when it is over.
        tell: Told what was chosen where nothing was said.

    Returns:
        The walk, ready.

    Raises:
        IkbrError: When something is not there or makes no sense.
    """
    walk.check()
    sweep = prepare_sweep(request, wanted, stack, tell)
    dates = tuple(session.date for session in sweep.tape.sessions)
    scheme = cast(Scheme, walk.scheme)
    windows = walk_forward(
        len(dates), walk.in_sample, walk.out_of_sample, scheme=scheme, purge=walk.purge
    )
    layout = Layout(dates, windows, sweep.total)
    words = (
        f"{sweep.identity.sampler}, {sweep.total} trials; walk-forward {scheme} "
        f"{walk.in_sample}+{walk.out_of_sample}, purge {walk.purge}"
    )
    identity = msgspec.structs.replace(sweep.identity, sampler=words, lag=LAG)
    return WalkPlan(walk, sweep, layout, identity)


def execute_walk(plan: WalkPlan, tell: Tell | None = None) -> Walked:
    """Walk forward, or what is left of it.

    Args:
        plan: What `prepare_walk` gave.
        tell: Told after every run.

    Returns:
        Everything that came of it, runs of earlier sessions too.

    Raises:
        UsageError: When there are more runs than were probably meant, or none reaches the
            objective.
        SweepError: When it cannot go on; what was computed is kept.
    """
    sweep, layout, walk = plan.sweep, plan.layout, plan.walk
    wanted = sweep.wanted
    objective = parse_objective(wanted.objective)
    fast_path = offered_fast_path(sweep)
    folder = plan.folder
    began = time.monotonic()
    with Store(folder, plan.identity) as store:
        if not wanted.yes:
            _check_size(plan, store)
        work = Walk(layout, store, objective, whole=walk.whole, tell=tell)
        lag = store.identity.lag

        def executor() -> Executor:
            return choose_executor(sweep.job, wanted.executor, wanted.address, wanted.jobs)

        def compiled(trials: Iterator[Trial]) -> bool:
            assert fast_path is not None
            return work.sweeper.run_whole(sweep.job, trials, fast_path)

        may = sweep.plan.setup.compile and wanted.sampler == "grid"
        takes_over = compiled if fast_path is not None and may else None
        work.run(lambda: _proposer(sweep, objective, lag), executor, takes_over)
        outcomes = dict(sorted(store.outcomes.items()))
        session = Session(store.resumed, work, time.monotonic() - began)
        return _walked(plan, objective, outcomes, folder, session)


@dataclass(frozen=True, slots=True)
class Session:
    """Say what was done in this session.

    Attributes:
        resumed: Runs that were kept before.
        work: What was run.
        seconds: Wall time.
    """

    resumed: int
    work: Walk
    seconds: float


def _walked(
    plan: WalkPlan,
    objective: Objective,
    outcomes: Mapping[int, Outcome],
    folder: Path,
    session: Session,
) -> Walked:
    """Add up what all runs say."""
    sweep, layout, walk = plan.sweep, plan.layout, plan.walk
    setup, work = sweep.plan.setup, session.work
    windows = [window_result(layout, one, outcomes, objective) for one in layout.windows]
    judgement = None
    if walk.whole:
        searched = layout.trials_of(WHOLE, outcomes)
        gap = {"purge": walk.purge, "embargo": walk.embargo}
        judgement = judge(searched, objective, setup.capital, len(layout.dates), **gap)
    return Walked(
        strategy=plan.name,
        symbols=tuple(one.symbol for one in sweep.tape.instruments),
        resolution=sweep.tape.resolution,
        synthetic=sweep.tape.synthetic,
        settings=sweep_settings(sweep),
        capital=setup.capital,
        grid=sweep.grid,
        sampler=sweep.identity.sampler,
        objective=objective,
        scheme=cast(Scheme, walk.scheme),
        in_sample=walk.in_sample,
        out_of_sample=walk.out_of_sample,
        purge=walk.purge,
        embargo=walk.embargo,
        windows=windows,
        stitched=stitch(layout, windows, outcomes, setup.capital),
        drift=drift_of(windows, [one.parameters for one in outcomes.values()]),
        judgement=judgement,
        layout=layout,
        outcomes=outcomes,
        resumed=session.resumed,
        made=work.sweeper.made,
        seconds=session.seconds,
        where=work.where,
        why_engine=work.sweeper.reason,
        folder=folder,
    )


def _proposer(sweep: SweepPlan, objective: Objective, lag: int) -> Proposer:
    """Begin the search of one window."""
    wanted = sweep.wanted
    if wanted.sampler == "grid":
        return Listed(Trial(number, point) for number, point in enumerate(sweep.grid))
    return Sampled(sweep.grid, objective, wanted.sampler, wanted.sampler_seed, sweep.total, lag)


def _check_size(plan: WalkPlan, store: Store) -> None:
    """Refuse a large walk, telling how long it would take; the runs timed for that are kept."""
    left = plan.total - len(store.outcomes)
    if left <= MOST_RUNS:
        return
    sweep, layout = plan.sweep, plan.layout
    each = ""
    if sweep.wanted.sampler == "grid":
        first = layout.windows[0]
        begin = layout.first(first.number)
        seconds = 0.0
        # The first run also loads compiled code; the second one is like the rest.
        for number in range(min(2, layout.trials)):
            known = store.outcomes.get(begin + number)
            trial = Trial(begin + number, sweep.grid.at(number), layout.train(first))
            outcome = known or sweep.job(trial)
            store.add(outcome)
            seconds = outcome.seconds
        share = _sessions(plan) / (first.train[1] - first.train[0])
        each = f", about {duration(seconds * share)} of computing in all"
    raise UsageError(
        f"{len(layout.windows):,} windows with {layout.trials:,} trials each make "
        f"{plan.total:,} runs{each}; add --yes to run them, take coarser steps, longer windows, "
        f"or a sampler (--sampler tpe --trials 50)."
    )


def _sessions(plan: WalkPlan) -> float:
    """Count the sessions of all runs."""
    layout = plan.layout
    trained = sum(window.train[1] - window.train[0] for window in layout.windows)
    whole = len(layout.dates) if plan.walk.whole else 0
    return layout.trials * float(trained + whole)
