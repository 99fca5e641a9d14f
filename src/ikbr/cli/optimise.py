"""`ikbr optimise`: run a strategy over a grid of parameters and say which were best."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ikbr.cli.run_options import with_run_options

if TYPE_CHECKING:
    from ikbr.backtest.optimise.swept import Swept


@with_run_options()
def command(
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FIRST:LAST:STEP|NAME=A,B",
            help="What to vary (repeatable), as lookback=5:200:5.",
        ),
    ] = None,
    sampler: Annotated[
        str, typer.Option(metavar="grid|tpe|random", help="All combinations, or some of them.")
    ] = "grid",
    trials: Annotated[
        int | None, typer.Option(metavar="N", help="Runs of a sampler. [default: 100]")
    ] = None,
    objective: Annotated[
        str, typer.Option(metavar="NAME|min:NAME|max:NAME", help="Which figure is to be best.")
    ] = "sharpe",
    executor: Annotated[
        str, typer.Option(metavar="local|dask|ray", help="Where runs are made.")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of the Dask scheduler, or Ray's head or auto."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Local processes. [default: one per processor]"),
    ] = None,
    path: Annotated[
        str,
        typer.Option(
            metavar="auto|engine", help="Compiled code for the whole grid where it can, or not."
        ),
    ] = "auto",
    yes: Annotated[bool, typer.Option("--yes", help="Start however many runs there are.")] = False,
    sampler_seed: Annotated[
        int, typer.Option(metavar="N", help="Of the sampler; equal ones choose equal runs.")
    ] = 1,
    results: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Keeps the results; repeat to continue. [default: in sweeps/]"
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="The sweep as JSON (- for stdout).")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A copy of the HTML report.")
    ] = None,
    progress: Annotated[
        bool | None, typer.Option(help="Show progress. [default: in a terminal]")
    ] = None,
    **run: Any,
) -> None:
    """Run a strategy over a grid of parameters and say which were best.

    Every run is kept as it ends: the same command continues where it was stopped or killed.
    """
    from contextlib import ExitStack

    from ikbr.api.optimise import execute_sweep, prepare_sweep
    from ikbr.api.outputs import STDOUT, Outputs
    from ikbr.api.run import say
    from ikbr.api.sweep_outputs import write_sweep
    from ikbr.api.sweep_request import SweepRequest
    from ikbr.cli.backtest import prints_aside
    from ikbr.cli.run_options import request_of
    from ikbr.cli.sweep_progress import sweep_progress

    request = request_of(run)
    wanted = SweepRequest(
        grid=grid or (),
        sampler=sampler,
        trials=trials,
        objective=objective,
        executor=executor,
        address=address,
        jobs=jobs,
        path=path,
        yes=yes,
        sampler_seed=sampler_seed,
        results=results,
    )
    to_stdout = json == STDOUT
    outputs = Outputs(json=None if to_stdout else json, report=report)
    outputs.check()
    with prints_aside(to_stdout), ExitStack() as stack:
        sweep = prepare_sweep(request, wanted, stack)
        try:
            with sweep_progress(sweep.total, wanted.objective, progress) as tell:
                swept = execute_sweep(sweep, tell)
        except KeyboardInterrupt:
            say(f"the runs so far are kept in {sweep.folder}; the same command goes on there")
            raise
        written = write_sweep(swept, outputs)
    _present(swept, report or written, to_stdout)


def _present(swept: Swept, report: Path, to_stdout: bool) -> None:
    from rich.console import Console

    from ikbr.api.sweep_outputs import sweep_text
    from ikbr.backtest.optimise.console import show_swept
    from ikbr.backtest.optimise.errors import SweepError

    console = Console(stderr=to_stdout, highlight=False)
    show_swept(swept, console, report)
    if to_stdout:
        print(sweep_text(swept))
    if swept.unreached:
        raise SweepError(swept.unreached)
