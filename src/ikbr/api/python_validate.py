"""The doors for Python programs and notebooks: `ikbr.walk_forward(...)`, `ikbr.lookahead(...)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ikbr.api import lookahead as search
from ikbr.api.outputs import Outputs
from ikbr.api.python import as_path
from ikbr.api.python_optimise import request_of_call
from ikbr.api.sweep_request import SweepRequest
from ikbr.api.walk_forward import WalkRequest, execute_walk, prepare_walk
from ikbr.api.walk_outputs import write_walk
from ikbr.backtest.optimise.sweep import Tell
from ikbr.backtest.validation.lookahead import Verdict
from ikbr.backtest.validation.walked import Walked


def walk_forward(
    strategy: Any = "momentum",
    symbols: str | Sequence[str] = (),
    *,
    grid: Mapping[str, Any] | Sequence[str],
    in_sample: int,
    out_of_sample: int,
    scheme: str = "rolling",
    purge: int = 0,
    embargo: int = 0,
    whole: bool = True,
    sampler: str = "grid",
    trials: int | None = None,
    objective: str = "sharpe",
    executor: str = "local",
    address: str | None = None,
    jobs: int | None = None,
    path: str = "auto",
    yes: bool = False,
    sampler_seed: int = 1,
    results: str | Path | None = None,
    json: str | Path | None = None,
    report: str | Path | None = None,
    progress: Tell | None = None,
    **run: Any,
) -> Walked:
    """Choose parameters on the past and judge them on what follows, window after window.

    Every run is kept in a folder as it ends: the same call continues where it was stopped.

    Args:
        strategy: As in `ikbr.backtest`; a class or a name, not an object.
        symbols: As in `ikbr.backtest`.
        grid: What to vary, as in `ikbr.optimise`.
        in_sample: Sessions that parameters are chosen on.
        out_of_sample: Sessions after them that judge the choice.
        scheme: "rolling" drops the oldest sessions at each step, "anchored" keeps them.
        purge: Sessions left out between the two parts.
        embargo: Further ones left out after a test, in the cross-validation.
        whole: Whether to search over all the data as well, for the judgement of the search.
        sampler: As in `ikbr.optimise`, like all that follows.
        trials: How many runs a sampler makes in each window.
        objective: Which figure is to be best.
        executor: local, dask or ray.
        address: Of the cluster.
        jobs: Local processes.
        path: auto or engine.
        yes: Whether to start however many runs there are.
        sampler_seed: Of the sampler.
        results: Folder that keeps the results; None for one in sweeps/.
        json: File for everything as JSON.
        report: File for a copy of the HTML report.
        progress: Told after every run how far it is.
        **run: Everything else as in `ikbr.backtest`: data, days, fees, settings, ...

    Returns:
        The windows, the stitched result out of sample and the judgement of the search.

    Raises:
        IkbrError: When something is not there or makes no sense; one sentence says what to do.
    """
    wanted = SweepRequest(
        grid=grid,
        sampler=sampler,
        trials=trials,
        objective=objective,
        executor=executor,
        address=address,
        jobs=jobs,
        path=path,
        yes=yes,
        sampler_seed=sampler_seed,
        results=as_path(results),
    )
    walk = WalkRequest(
        in_sample=in_sample,
        out_of_sample=out_of_sample,
        scheme=scheme,
        purge=purge,
        embargo=embargo,
        whole=whole,
    )
    request = request_of_call("walk_forward", strategy, symbols, run)
    outputs = Outputs(json=as_path(json), report=as_path(report))
    outputs.check()
    with ExitStack() as stack:
        plan = prepare_walk(request, wanted, walk, stack)
        walked = execute_walk(plan, progress)
        write_walk(walked, outputs)
    return walked


def lookahead(
    strategy: Any = "momentum",
    symbols: str | Sequence[str] = (),
    *,
    cuts: int = search.CUTS,
    starts: int = search.STARTS,
    progress: search.Tell | None = None,
    **run: Any,
) -> Verdict:
    """Find out whether a strategy knows the future, and how long it warms up.

    Args:
        strategy: As in `ikbr.backtest`; of a class only what its instances hold is made anew,
            a file is read afresh for every run.
        symbols: As in `ikbr.backtest`.
        cuts: At how many moments to change the future, each in two ways.
        starts: From how many later starting points to run; 0 for none.
        progress: Told how many runs are done, of how many, and what is run next.
        **run: Everything else as in `ikbr.backtest`: data (a catalog's folder), days, ...

    Returns:
        The verdict, with `is_clean`, `first`, `differences` and `starts`.

    Raises:
        IkbrError: When something is not there or makes no sense; one sentence says what to do.
    """
    request = request_of_call("lookahead", strategy, symbols, run)
    return search.lookahead(request, cuts=cuts, starts=starts, tell=progress)
