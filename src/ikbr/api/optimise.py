"""Optimising: the one composition of request, grid, shared tape, store and executor."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from ikbr.api.chosen_strategies import find_strategies
from ikbr.api.instance_maker import InstanceMaker, variable
from ikbr.api.request import Request
from ikbr.api.run import Plan, prepare, say
from ikbr.api.sweep_files import results_folder, tape_folder
from ikbr.api.sweep_request import USUAL_TRIALS, SweepRequest
from ikbr.backtest.checks import check_kernels
from ikbr.backtest.optimise.engine_job import EngineJob
from ikbr.backtest.optimise.executors.choose import choose_executor
from ikbr.backtest.optimise.executors.executor import Executor
from ikbr.backtest.optimise.executors.local import usual_jobs
from ikbr.backtest.optimise.explosion import check_size
from ikbr.backtest.optimise.grid import Grid, parse_grid
from ikbr.backtest.optimise.objective import parse_objective
from ikbr.backtest.optimise.sampler import LAG, Sampled
from ikbr.backtest.optimise.shared_tape import Meta, write_shared
from ikbr.backtest.optimise.store import Identity, Store
from ikbr.backtest.optimise.sweep import FastPath, Listed, Sweeper, Tell
from ikbr.backtest.optimise.swept import Swept
from ikbr.backtest.optimise.trial import Trial
from ikbr.domain.errors import StrategyError, UsageError
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.settings import load_settings

TRIED = 200
"""Combinations among which one must be a strategy, before anything is run."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Hold a sweep that is ready to run.

    Attributes:
        wanted: How to sweep.
        grid: Over what.
        job: What runs a trial.
        plan: The backtest behind it, with one combination of the grid.
        tape: What the shared tape holds.
        identity: Tells this sweep from others.
        folder: Of its results.
    """

    wanted: SweepRequest
    grid: Grid
    job: EngineJob
    plan: Plan
    tape: Meta
    identity: Identity
    folder: Path

    @property
    def total(self) -> int:
        """How many runs there will be."""
        sampled = self.wanted.sampler != "grid"
        return (self.wanted.trials or USUAL_TRIALS) if sampled else self.grid.count

    def trials(self) -> Iterator[Trial]:
        """Go through the whole grid."""
        return (Trial(number, one) for number, one in enumerate(self.grid))


def prepare_sweep(
    request: Request, wanted: SweepRequest, stack: ExitStack, tell: Callable[[str], None] = say
) -> SweepPlan:
    """Read and check everything that a sweep needs, and write the shared tape.

    Args:
        request: What to run.
        wanted: How to sweep.
        stack: Removes the tape when the sweep is over.
        tell: Told what was chosen where nothing was said.

    Returns:
        The sweep, ready.

    Raises:
        IkbrError: When something is not there or makes no sense.
    """
    request.check()
    wanted.check()
    texts = {name: str(value) for name, value in request.settings.items()}
    folder = load_settings(request.profile, texts, request.config).strategy.dir
    known = variable(find_strategies(request.strategy, folder))
    grid = parse_grid(wanted.grid, known)
    _check_grid(grid, request, wanted)
    plan = _prepare_one(request, grid, stack, tell)
    if plan.setup.shape == "kernel":
        check_kernels(plan.instances, plan.setup)
    maker = InstanceMaker(
        request.strategy, folder, {one.name: one.symbols for one in plan.instances}, request.params
    )
    place = stack.enter_context(tape_folder(wanted.results))
    tape = write_shared(plan.source, place)
    job = EngineJob(place, maker, plan.setup, MemoryJournal, plan.feed, plan.history)
    identity = _identity(request, wanted, grid, maker, plan, tape)
    name = "+".join(one.name for one in plan.instances)
    words = hashlib.sha256(msgspec.json.encode(identity)).hexdigest()
    results = results_folder(wanted.results, name, words)
    return SweepPlan(wanted, grid, job, plan, tape, identity, results)


def execute_sweep(sweep: SweepPlan, tell: Tell | None = None) -> Swept:
    """Run a sweep, or what is left of it.

    Args:
        sweep: What `prepare_sweep` gave.
        tell: Told after every run.

    Returns:
        All outcomes, those kept by earlier sessions too.

    Raises:
        UsageError: When the grid is too large to be meant.
        SweepError: When the sweep cannot go on; what was computed is kept.
    """
    wanted = sweep.wanted
    objective = parse_objective(wanted.objective)
    fast_path = offered_fast_path(sweep)
    began = time.monotonic()
    with Store(sweep.folder, _with_lag(sweep)) as store:
        sweeper = Sweeper(store, objective, sweep.total, tell)

        def executor() -> Executor:
            return choose_executor(sweep.job, wanted.executor, wanted.address, wanted.jobs)

        if wanted.sampler == "grid":
            if not wanted.yes:
                _check_size(sweep, store, fast_path)
            if fast_path is None or not sweeper.run_whole(sweep.job, sweep.trials(), fast_path):
                sweeper.run(Listed(sweep.trials()), executor)
        else:
            seed, lag = wanted.sampler_seed, store.identity.lag
            sweeper.run(
                Sampled(sweep.grid, objective, wanted.sampler, seed, sweep.total, lag), executor
            )
        outcomes = [one for number, one in sorted(store.outcomes.items()) if number < sweep.total]
        return Swept(
            strategy="+".join(one.name for one in sweep.plan.instances),
            symbols=tuple(one.symbol for one in sweep.tape.instruments),
            dates=(sweep.tape.sessions[0].date, sweep.tape.sessions[-1].date),
            events=sum(sweep.tape.rows),
            resolution=sweep.tape.resolution,
            synthetic=sweep.tape.synthetic,
            settings=sweep_settings(sweep),
            capital=sweep.plan.setup.capital,
            grid=sweep.grid,
            sampler=sweep.identity.sampler,
            objective=objective,
            outcomes=outcomes,
            resumed=store.resumed,
            made=sweeper.made,
            seconds=time.monotonic() - began,
            where=sweeper.path,
            why_engine=sweeper.reason,
            folder=sweep.folder,
        )


def _check_size(sweep: SweepPlan, store: Store, fast_path: FastPath | None) -> None:
    jobs = sweep.wanted.jobs or usual_jobs()
    try:
        check_size(sweep.grid, sweep.job, store, jobs, fast_path)
    except UsageError:
        # The folder must be free for the smaller grid that is advised.
        if not store.resumed:
            store.discard()
        raise


def offered_fast_path(sweep: SweepPlan) -> FastPath | None:
    """Offer the compiled grid, unless the person chose how runs are replayed, or where."""
    wanted, setup = sweep.wanted, sweep.job.setup
    if wanted.path == "engine" or wanted.executor != "local" or setup.shape != "auto":
        return None
    from ikbr.backtest.grid.fast_path import compiled_grid

    return compiled_grid


def _check_grid(grid: Grid, request: Request, wanted: SweepRequest) -> None:
    for one in grid.dimensions:
        if one.name in request.params:
            raise UsageError(
                f"parameter {one.name} is given by --param and by --grid; leave out one."
            )
        if one.continuous and wanted.sampler == "grid":
            raise UsageError(
                f"--grid {one.name}={one.low:g}:{one.high:g} has no step, and a grid needs one, as "
                f"{one.low:g}:{one.high:g}:STEP; a sampler does without (--sampler tpe)."
            )


def _prepare_one(
    request: Request, grid: Grid, stack: ExitStack, tell: Callable[[str], None]
) -> Plan:
    """Prepare the run of the first combination that the strategy accepts."""
    first: StrategyError | None = None
    for point in _some(grid):
        try:
            return prepare(replace(request, params={**request.params, **point}), stack, tell)
        except StrategyError as error:
            first = first or error
    assert first is not None
    raise first


def _some(grid: Grid) -> list[dict[str, Any]]:
    """Choose combinations spread over the grid."""
    ends = [one.values if not one.continuous else (one.low, one.high) for one in grid.dimensions]
    count = 1
    for values in ends:
        count *= len(values)
    step = max(1, count // TRIED)
    points = []
    for number in range(0, count, step):
        point, rest = {}, number
        for one, values in zip(grid.dimensions, ends, strict=True):
            rest, place = divmod(rest, len(values))
            point[one.name] = values[place]
        points.append(point)
    return points


def _identity(
    request: Request,
    wanted: SweepRequest,
    grid: Grid,
    maker: InstanceMaker,
    plan: Plan,
    tape: Meta,
) -> Identity:
    sampler = wanted.sampler
    if sampler != "grid":
        sampler += f", seed {wanted.sampler_seed}"
    if wanted.sampler == "tpe":
        objective = parse_objective(wanted.objective)
        sampler += f", {'max' if objective.maximise else 'min'}:{objective.name}"
    settings = {
        "setup": plan.setup,
        "feed": plan.feed,
        "session": request.session,
        "params": {name: str(value) for name, value in request.params.items()},
        "symbols": {one.name: one.symbols for one in plan.instances},
        "shares": {one.name: one.share for one in plan.instances},
    }
    return Identity(
        strategy=maker.source,
        data=tape.digest,
        settings=_hash(settings),
        grid=_hash([one.spec() for one in grid.dimensions]),
        sampler=sampler,
        version=version("ikbr"),
    )


def _with_lag(sweep: SweepPlan) -> Identity:
    return msgspec.structs.replace(sweep.identity, lag=LAG)


def _hash(value: Any) -> str:
    text = msgspec.json.encode(value, order="sorted", enc_hook=str)
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def sweep_settings(sweep: SweepPlan) -> Mapping[str, Any]:
    """Name what shapes every run of a sweep, for its report."""
    setup = sweep.plan.setup
    return {
        "base": setup.base,
        "quantity": setup.quantity,
        "risk": msgspec.to_builtins(setup.limits),
        "sim": msgspec.to_builtins(setup.model),
        **sweep.plan.record,
    }
