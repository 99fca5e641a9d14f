"""`ikbr run-script`: run an ib_async script over market data and say what came of it."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ikbr.cli.run_options import with_run_options

if TYPE_CHECKING:
    from ikbr.api.outputs import Outputs
    from ikbr.api.script import ScriptPlan
    from ikbr.backtest.result import BacktestResult
    from ikbr.broker.faults import Fault
    from ikbr.broker.program import Outcome

NOT_OF_SCRIPTS = ("strategy", "param", "quantity", "shape", "compile")
FAILED = 1
HOPELESS = 3


@with_run_options(leave_out=NOT_OF_SCRIPTS)
def command(
    script: Annotated[Path, typer.Argument(metavar="FILE.py", help="A script that uses ib_async.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGUMENTS]", help="What the script is given, after --."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="The result as JSON (- for stdout).")
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="HTML report.")] = None,
    progress: Annotated[
        bool | None, typer.Option(help="Show progress. [default: in a terminal]")
    ] = None,
    **run: Any,
) -> None:
    """Run an ib_async script, unchanged, over market data and say what came of it.

    Its IB() meets a simulated gateway in this process, whatever host and port it names, and time
    is that of the data. It ends when it ends, or with the data. Exit code: the script's own; 1
    when it ended by an error or errors in its handlers went unnoticed.
    """
    from ikbr.api.outputs import STDOUT, Outputs
    from ikbr.api.script import prepare_script
    from ikbr.cli.backtest import present, prints_aside
    from ikbr.cli.run_options import request_of

    to_stdout = json == STDOUT
    outputs = Outputs(json=None if to_stdout else json, report=report)
    request = request_of(run)
    request.check()
    outputs.check()
    with ExitStack() as stack:
        with prints_aside(to_stdout):
            plan = prepare_script(request, script, arguments or (), stack)
            result, outcome = _execute(plan, outputs, progress)
        present(result, report, to_stdout)
    raise typer.Exit(_exit_code(outcome))


def _execute(
    plan: ScriptPlan, outputs: Outputs, progress: bool | None
) -> tuple[BacktestResult, Outcome]:
    from ikbr.api.script import execute_script
    from ikbr.cli.backtest import present
    from ikbr.cli.progress import progress_of

    def give_up(result: BacktestResult) -> None:
        outputs.write(result)
        present(result, outputs.report, to_stdout=False)
        _say("the data is over, and the script goes on in spite of every KeyboardInterrupt; ended.")
        sys.stdout.flush()
        os._exit(HOPELESS)

    with progress_of(plan.source, progress) as show:
        result, outcome = execute_script(plan, show, _tell_fault, give_up)
    if outcome.error is not None:
        _tell_error(outcome.error, plan.path)
    outputs.write(result)
    return result, outcome


def _exit_code(outcome: Outcome) -> int:
    """Give the script's own exit code, or say that errors were made."""
    return outcome.code or (FAILED if outcome.faults else 0)


def _tell_fault(fault: Fault) -> None:
    _say(f"an error in the script's handler of {fault.where}, which ib_async would not tell:")
    _show(fault.error)


def _tell_error(error: Exception, path: Path) -> None:
    _say(f"{path.name} ended by an error:")
    _show(error)


def _show(error: BaseException) -> None:
    """Show where an error was made, from the script on."""
    lines = traceback.TracebackException.from_exception(error)
    here = str(Path(__file__).parents[1])
    while len(lines.stack) > 1 and (
        lines.stack[0].filename.startswith((here, "<frozen")) or lines.stack[0].name == "__call__"
    ):
        del lines.stack[0]
    sys.stderr.write("".join(lines.format()))


def _say(text: str) -> None:
    sys.stderr.write(f"ikbr: {text}\n")
