"""`ikbr walk-forward`: choose parameters on the past, judge them on what follows."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ikbr.cli.optimise import command as optimise
from ikbr.cli.run_options import share_options

if TYPE_CHECKING:
    from ikbr.backtest.validation.walked import Walked


@partial(share_options, other=optimise)
def command(
    in_sample: Annotated[
        int, typer.Option(metavar="N", help="Sessions that parameters are chosen on.")
    ],
    out_of_sample: Annotated[
        int, typer.Option(metavar="N", help="Sessions after them that judge the choice.")
    ],
    scheme: Annotated[
        str, typer.Option(metavar="rolling|anchored", help="Drop the oldest sessions, or keep.")
    ] = "rolling",
    purge: Annotated[int, typer.Option(metavar="N", help="Sessions left out between the two.")] = 0,
    embargo: Annotated[
        int,
        typer.Option(
            metavar="N", help="Further sessions left out after a test, in the cross-validation."
        ),
    ] = 0,
    whole: Annotated[
        bool, typer.Option(help="Also search all the data, for the judgement of the search.")
    ] = True,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="Everything as JSON (- for stdout).")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A copy of the HTML report.")
    ] = None,
    progress: Annotated[
        bool | None, typer.Option(help="Show progress. [default: in a terminal]")
    ] = None,
    **run: Any,
) -> None:
    """Choose parameters on the past and judge them on what follows.

    It goes forward window by window. Every run is kept as it ends: the same command continues
    where it was stopped or killed.
    """
    from contextlib import ExitStack

    from ikbr.api.outputs import STDOUT, Outputs
    from ikbr.api.run import say
    from ikbr.api.sweep_request import SweepRequest
    from ikbr.api.walk_forward import WalkRequest, execute_walk, prepare_walk
    from ikbr.api.walk_outputs import write_walk
    from ikbr.cli.backtest import prints_aside
    from ikbr.cli.run_options import request_of
    from ikbr.cli.sweep_progress import sweep_progress

    names = [field.name for field in fields(SweepRequest)]
    sweep = {name: run.pop(name) for name in names if name in run}
    wanted = SweepRequest(**{**sweep, "grid": sweep.get("grid") or ()})
    walk = WalkRequest(
        in_sample=in_sample,
        out_of_sample=out_of_sample,
        scheme=scheme,
        purge=purge,
        embargo=embargo,
        whole=whole,
    )
    to_stdout = json == STDOUT
    outputs = Outputs(json=None if to_stdout else json, report=report)
    outputs.check()
    with prints_aside(to_stdout), ExitStack() as stack:
        plan = prepare_walk(request_of(run), wanted, walk, stack)
        try:
            with sweep_progress(plan.total, wanted.objective, progress) as tell:
                walked = execute_walk(plan, tell)
        except KeyboardInterrupt:
            say(f"the runs so far are kept in {plan.folder}; the same command goes on there")
            raise
        written = write_walk(walked, outputs)
    _present(walked, report or written, to_stdout)


def _present(walked: Walked, report: Path, to_stdout: bool) -> None:
    from rich.console import Console

    from ikbr.api.walk_outputs import walk_text
    from ikbr.backtest.validation.console import show_walked

    show_walked(walked, Console(stderr=to_stdout, highlight=False), report)
    if to_stdout:
        print(walk_text(walked))
