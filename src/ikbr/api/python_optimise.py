"""The door for Python programs and notebooks: `ikbr.optimise(...)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any

from ikbr.api.optimise import execute_sweep, prepare_sweep
from ikbr.api.outputs import Outputs
from ikbr.api.python import as_path, as_symbols
from ikbr.api.request import Request, as_date
from ikbr.api.sweep_outputs import write_sweep
from ikbr.api.sweep_request import SweepRequest
from ikbr.backtest.optimise.sweep import Tell
from ikbr.backtest.optimise.swept import Swept
from ikbr.domain.errors import UsageError, nearest


def optimise(
    strategy: Any = "momentum",
    symbols: str | Sequence[str] = (),
    *,
    grid: Mapping[str, Any] | Sequence[str],
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
) -> Swept:
    """Run a strategy over a grid of parameters.

    Every run is kept in a folder as it ends: the same call continues where it was stopped.

    Args:
        strategy: As in `ikbr.backtest`; a class or a name, not an object.
        symbols: As in `ikbr.backtest`.
        grid: What to vary: `{"lookback": range(5, 205, 5), "threshold": [0.001, 0.002]}`, or
            texts as on the command line: `["lookback=5:200:5"]`.
        sampler: grid for every combination; tpe or random for some, chosen by Optuna.
        trials: How many of those; None for 100.
        objective: Which figure is to be best: sharpe, net_pnl, ... (min:NAME, max:NAME).
        executor: local, dask or ray.
        address: Of the cluster.
        jobs: Local processes; None for one per processor; 1 for this very process.
        path: auto or engine: whether compiled code may run the whole grid.
        yes: Whether to start however many runs there are.
        sampler_seed: Of the sampler.
        results: Folder that keeps the results; None for one in sweeps/.
        json: File for the sweep as JSON.
        report: File for a copy of the HTML report.
        progress: Told after every run how far the sweep is.
        **run: Everything else as in `ikbr.backtest`: data, days, fees, settings, ...

    Returns:
        All runs, with `frame()`, `equity_frame()`, `best` and `ranked`.

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
    request = request_of_call("optimise", strategy, symbols, run)
    outputs = Outputs(json=as_path(json), report=as_path(report))
    outputs.check()
    with ExitStack() as stack:
        swept = execute_sweep(prepare_sweep(request, wanted, stack), progress)
        write_sweep(swept, outputs)
    return swept


def request_of_call(
    who: str, strategy: Any, symbols: str | Sequence[str], run: Mapping[str, Any]
) -> Request:
    """Make the request that the arguments of a call mean.

    Args:
        who: The function that was called, for the message.
        strategy: As in `ikbr.backtest`.
        symbols: As in `ikbr.backtest`.
        run: Further arguments as in `ikbr.backtest`; None stands for "nothing said".

    Raises:
        UsageError: When an argument is unknown or makes no sense.
    """
    known = {one.name for one in fields(Request)} - {"strategy", "symbols"}
    for name in run:
        if name not in known:
            raise UsageError(f"{who} has no argument {name!r}; {nearest(name, known)}")
    given = dict(run)
    for name in ("start", "end", "fees_as_of"):
        if name in given:
            given[name] = as_date(given[name], name)
    if "config" in given:
        given["config"] = as_path(given["config"])
    given = {name: value for name, value in given.items() if value is not None}
    return Request(strategy=strategy, symbols=as_symbols(symbols), **given)
