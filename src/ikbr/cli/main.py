"""`ikbr`: the commands, each loaded only when it is called, and how failures are told.

Nothing heavy is imported here: `ikbr --help` has to answer at once.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from ikbr.compiled import use
from ikbr.domain.errors import IkbrError, InvariantError

COMMANDS = {
    "alerts": "Show who is told of alerts, and try it.",
    "arm": "Allow a bot to trade again that was stopped.",
    "backtest": "Run strategies over market data and say what came of it.",
    "cancel": "Cancel an order of a running bot, or all of them.",
    "dashboard": "Watch running bots in a browser, and act on them.",
    "data": "Fetch, import, list, check and make market data.",
    "demo": "Show a backtest and a morning of trading on paper, each with a report.",
    "deploy": "Render and check what a host needs; upgrade, roll back, back up, restore.",
    "doctor": "Find out why it does not work, and say what mends it.",
    "flatten": "Close what the strategies of a running bot hold, and stop its entries.",
    "gateway": "Simulate an IB Gateway for TWS API clients.",
    "halt": "Stop the entries of a running bot, and leave it running.",
    "journal": "Look into a journal, query it and verify it.",
    "kill": "Stop a bot from outside: cancel what is open, close what is held.",
    "latency": "Say how long orders took from the bytes of their tick, stage by stage.",
    "live": "Trade with the limits of the live profile, on paper or with real money.",
    "lookahead": "Find out whether a strategy knows the future, and how long it warms up.",
    "optimise": "Run a strategy over a grid of parameters and say which were best.",
    "paper": "Trade on paper over a gateway.",
    "record": "Record live quotes and prints until Ctrl-C, or until it is time.",
    "replay": "Run a recorded session through the backtester and show what differs.",
    "resume": "Let the entries of a running bot go on that were stopped.",
    "risk": "Show the limits of risk, and tighten those of a running bot.",
    "run-script": "Run an ib_async script, unchanged, over market data and say what came of it.",
    "simulate": "Let bot and gateway meet in virtual time while everything goes wrong.",
    "set-parameter": "Change a parameter of a strategy that runs, within its range.",
    "status": "Say how a running bot stands.",
    "strategies": "List strategies and their parameters.",
    "walk-forward": "Choose parameters on the past and judge them on what follows.",
}
"""Every command with its line of help; `ikbr.cli.NAME` holds it (with `_` for `-`), as `app` or as
`command`."""

INTERRUPTED = 130
"""Source: POSIX shells report 128 + the signal's number; SIGINT is 2."""

DEBUG = "--debug"


def run() -> None:
    """Run the command line of this process and leave with its exit code."""
    _make_streams_safe()
    sys.exit(execute(sys.argv[1:]))


def _make_streams_safe() -> None:
    """Let no character and no closed stream end a run.

    Source: Python's documentation of `sys.stdout`: None where there is none, and the locale's
    encoding, which need not know a dash.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def execute(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: What follows `ikbr`.

    Returns:
        0, 2 for input that cannot be used, 130 for an interruption, 1 and others for failures.
    """
    words = [word for word in arguments if word != DEBUG]
    debug = len(words) < len(arguments)
    if not words:
        words = ["--help"]
    _warn_of_compiled()
    try:
        return _run(words)
    except KeyboardInterrupt:
        return _say("interrupted.", INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the outermost place: a person must be told
        if debug:
            traceback.print_exc()
        return _tell(error, words, debug)


def _warn_of_compiled() -> None:
    """Say that there are compiled modules which are not used: things are slower than they were."""
    why_not = use.CURRENT.why_not
    if why_not:
        _say(f"the compiled modules are not used ({why_not}); {use.REMEDY}.", 0)


def _run(words: list[str]) -> int:
    """Hand the words to the command line library, which must not print failures itself."""
    command = typer.main.get_command(_application(words))
    code = command.main(words, prog_name="ikbr", standalone_mode=False)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    # Standard output is flushed here, so that a full disk or a closed pipe is not lost at exit.
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has seen enough; what remains must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code if isinstance(code, int) else 0


def _application(words: Sequence[str]) -> typer.Typer:
    """Put the commands together; only the one that is called is imported."""
    app = typer.Typer(
        name="ikbr",
        help=(
            "Backtest trading strategies for Interactive Brokers.\n\n"
            "Start with `ikbr demo`; `ikbr COMMAND --help` explains a command."
        ),
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    called = next((word for word in words if not word.startswith("-")), "")
    for name, text in COMMANDS.items():
        if name == called:
            _add(app, name, text)
        else:
            app.command(name, help=text)(_stub)
    return app


def _add(app: typer.Typer, name: str, text: str) -> None:
    module = importlib.import_module(f"ikbr.cli.{name.replace('-', '_')}")
    group: typer.Typer | None = getattr(module, "app", None)
    if group is not None:
        group.rich_markup_mode = None
        app.add_typer(group, name=name, help=text)
    else:
        app.command(name)(module.command)


def _stub() -> None:
    raise InvariantError("a command ran that was not loaded.")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"ikbr {version('ikbr')}")
        if use.CURRENT.modules or use.CURRENT.why_not:
            print(f"runs {use.CURRENT}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Show where a failure happened (after any command).")
    ] = False,
) -> None:
    pass


def _tell(error: Exception, words: Sequence[str], debug: bool) -> int:
    """Say in one paragraph what went wrong and give the exit code."""
    usage: Callable[[], str] | None = getattr(error, "format_message", None)
    if usage is not None and type(error).__name__ == "NoArgsIsHelpError":
        print(usage(), file=sys.stderr)
        return 2
    if usage is not None:
        text = _with_value(error, usage(), words)
        return _say(_usage_text(error, text), int(getattr(error, "exit_code", 2)))
    if isinstance(error, IkbrError) and not isinstance(error, InvariantError):
        return _say(str(error), error.exit_code)
    if isinstance(error, OSError):
        # A folder without rights or a full disk is nobody's bug.
        why = error.strerror or type(error).__name__
        if error.filename is None:
            return _say(f"the output cannot be written ({why}).", 1)
        return _say(f"'{error.filename}' cannot be used ({why}); name another place.", 2)
    hint = "" if debug else f" Please report it with the output of the same command and {DEBUG}."
    return _say(f"this is a bug in ikbr ({type(error).__name__}: {error}).{hint}", 1)


def _with_value(error: Any, text: str, words: Sequence[str]) -> str:
    """Name the value that an option was given, where the library names only the option."""
    for option in getattr(getattr(error, "param", None), "opts", ()):
        for word, following in zip(words, (*words[1:], ""), strict=True):
            name, equals, value = word.partition("=")
            if name == option:
                given = value if equals else following
                return text.replace("Invalid value for", f"Invalid value {given!r} for", 1)
    return text


def _usage_text(error: Any, text: str) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "ikbr"
    return f"{text.rstrip('.')} (`{path} --help` lists what there is)."


def _say(text: str, code: int) -> int:
    print(f"ikbr: {text.replace(chr(10), ' ')}", file=sys.stderr)
    return code
