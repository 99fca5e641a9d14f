"""The door of the command line: loading, help, failures, exit codes."""

import importlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable

import pytest
import typer

from ikbr.cli import main
from ikbr.compiled import use
from ikbr.compiled.use import Use
from ikbr.domain.errors import DataError, InvariantError, JournalError

HEAVY = ("numpy", "polars", "pandas", "numba", "rich", "jinja2", "msgspec")
"""(typer itself loads pydantic for a command's options where it is installed.)"""


def fail_with(monkeypatch: pytest.MonkeyPatch, raise_it: Callable[[], None]) -> None:
    monkeypatch.setattr("ikbr.cli.demo.command", raise_it)


def raiser(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


def test_help_names_every_command_and_needs_nothing_heavy() -> None:
    code = (
        "import sys\nfrom ikbr.cli.main import execute\ncode = execute(['--help'])\n"
        f"print(code, [n for n in {HEAVY} if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "0 []"
    for name in main.COMMANDS:
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_help_of_a_command_needs_nothing_heavy(name: str) -> None:
    code = (
        f"import sys\nfrom ikbr.cli.main import execute\ncode = execute(['{name}', '--help'])\n"
        f"print(code, [n for n in {HEAVY} if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "0 []"
    assert f"Usage: ikbr {name}" in done.stdout


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_line_of_help_is_the_commands_own(name: str) -> None:
    module = importlib.import_module(f"ikbr.cli.{name.replace('-', '_')}")
    app = getattr(module, "app", None)
    own = app.info.help if app else module.command.__doc__.partition("\n")[0]
    assert main.COMMANDS[name] == own


def test_without_a_command_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.execute([]) == 0
    assert "Commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "more", "warning"),
    [
        (Use(), "", ""),
        (Use(("ikbr.core.desk",)), "runs compiled (1 modules)\n", ""),
        (
            Use(why_not="core/desk.py has changed since"),
            "runs interpreted (compiled modules are not used: core/desk.py has changed since)\n",
            "ikbr: the compiled modules are not used (core/desk.py has changed since); run ./run "
            "compile again, or ./run compile --remove.\n",
        ),
    ],
)
def test_the_version_says_what_runs_and_a_build_that_does_not_fit_is_warned_of(
    found: Use,
    more: str,
    warning: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(use, "CURRENT", found)
    assert main.execute(["--version"]) == 0
    said = capsys.readouterr()
    first, rest = said.out.split("\n", 1)
    assert first.startswith("ikbr ")
    assert (rest, said.err) == (more, warning)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["bactest"], "No such command 'bactest'. Did you mean 'backtest'?"),
        (["backtest", "--dayz", "3"], "No such option: --dayz (Possible options: --data, --days)"),
        (["backtest", "--days", "x"], "Invalid value 'x' for '--days'"),
        (["optimise", "--trials=many"], "Invalid value 'many' for '--trials'"),
        (["strategies", "show"], "Missing argument"),
    ],
)
def test_a_mistyped_command_line_is_one_line_and_exit_code_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.execute(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert sentence in told.err
    assert "--help` lists what there is" in told.err


@pytest.mark.parametrize(
    ("error", "code"), [(DataError("there is\nnone."), 2), (JournalError("there is\nnone."), 1)]
)
def test_an_error_is_one_line_with_its_exit_code(
    error: Exception,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fail_with(monkeypatch, raiser(error))
    assert main.execute(["demo"]) == code
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "ikbr: there is none.\n")


@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), InvariantError("oh")])
def test_a_bug_is_called_one_without_a_traceback(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, raiser(error))
    assert main.execute(["demo"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"ikbr: this is a bug in ikbr ({type(error).__name__}: oh)")
    assert "--debug" in told
    assert told.count("\n") == 1


def test_a_place_that_cannot_be_used_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, raiser(PermissionError(13, "Permission denied", "catalog/SPY")))
    assert main.execute(["demo"]) == 2
    told = capsys.readouterr().err
    assert told == "ikbr: 'catalog/SPY' cannot be used (Permission denied); name another place.\n"


def test_a_full_disk_behind_stdout_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, raiser(OSError(28, "No space left on device")))
    assert main.execute(["demo"]) == 1
    told = capsys.readouterr().err
    assert told == "ikbr: the output cannot be written (No space left on device).\n"


@pytest.mark.parametrize("group", ["data", "journal", "strategies"])
def test_a_group_without_a_command_shows_its_help_in_lines(
    group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.execute([group]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"Usage: ikbr {group} ")
    assert "\nCommands:\n" in told.err


def test_debug_shows_where_it_happened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, raiser(ZeroDivisionError("oh")))
    assert main.execute(["demo", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_is_one_line_and_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, raiser(KeyboardInterrupt()))
    assert main.execute(["demo"]) == 130
    assert capsys.readouterr().err == "ikbr: interrupted.\n"


def test_a_commands_own_exit_code_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, raiser(typer.Exit(3)))
    assert main.execute(["demo"]) == 3


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    python = shlex.quote(sys.executable)
    line = f"{python} -c 'from ikbr.cli.main import run; run()' strategies list | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_a_character_gets_another(encoding: str) -> None:
    code = (
        "import sys\nfrom ikbr.cli import demo, main\n"
        "demo.command = lambda: print('a \u2013 b')\nsys.argv[1:] = ['demo']\nmain.run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"a ? b\n", b"")


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_stream_ends_no_run(closed: str) -> None:
    code = (
        f"import sys\nsys.{closed} = None\nfrom ikbr.cli import demo, main\n"
        "demo.command = lambda: [sys.stdout.write('x'), sys.stderr.write('x')] and None\n"
        "sys.argv[1:] = ['demo']\nmain.run()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == 0
