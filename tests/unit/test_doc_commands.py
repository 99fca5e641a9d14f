"""Every command on a page can be given as it stands there: it exists, and so do its options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from ikbr.cli.main import _application

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
BLOCK = re.compile(r"^ *```(?:bash)?\n(.*?)^ *```$", re.M | re.S)
RUN = (ROOT / "run").read_text(encoding="utf-8")


def commands_of(text: str) -> list[str]:
    """Take the lines that call `ikbr` or `./run` out of the blocks of a page."""
    blocks = [re.sub(r"\\\n *", "", block) for block in BLOCK.findall(text)]
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(("ikbr ", "./run "))]


CASES = [
    pytest.param(line, id=f"{page.stem}: {line}")
    for page in PAGES
    for line in dict.fromkeys(commands_of(page.read_text(encoding="utf-8")))
]


def problem_with(line: str) -> str:
    """Parse a line as `ikbr` does, carry nothing out, and say what is wrong with it."""
    words = shlex.split(line, comments=True)[1:]
    context: Any = None
    command: Any = typer.main.get_command(_application(words))
    try:
        while True:
            context = command.make_context("ikbr", list(words), parent=context)
            words = [*context._protected_args, *context.args]
            if not hasattr(command, "commands") or (command.invoke_without_command and not words):
                return ""
            _, command, words = command.resolve_command(context, words)
    except Exception as error:
        if type(error).__name__ == "Exit":  # --help and the like
            return ""
        if not hasattr(error, "format_message"):
            raise
        return str(error.format_message())


@pytest.mark.parametrize("line", CASES)
def test_a_command_on_a_page_can_be_given_as_it_stands_there(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if line.startswith("./run "):
        assert re.search(rf'^COMMANDS=".*\b{shlex.split(line, comments=True)[1]}\b', RUN, re.M)
        return
    monkeypatch.chdir(tmp_path)
    assert problem_with(line) == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ikbr dream", "No such command 'dream'"),
        ("ikbr data dream", "No such command 'dream'"),
        ("ikbr backtest --dream 1", "No such option: --dream"),
        ("ikbr backtest --days x", "valid integer"),
        ("ikbr strategies show", "Missing argument"),
    ],
)
def test_a_command_that_cannot_be_is_noticed(line: str, said: str) -> None:
    assert said in problem_with(line)


def test_the_pages_for_beginners_have_commands() -> None:
    for name in ("quick-start", "first-strategy", "from-ib-async", "runbook", "going-live"):
        assert len(commands_of((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"))) > 2
