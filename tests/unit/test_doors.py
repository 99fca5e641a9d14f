"""main.py and run_backtest.py, started by a Python that does not know ikbr."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOW_ARGUMENTS = '#!/bin/bash\nprintf "%s|" "$@"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("main.py", "run_backtest.py"):
        shutil.copy(ROOT / name, folder)
    return folder


def open_door(checkout: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    bare = [sys.executable, "-S", "-E"]  # without site-packages, and so without ikbr
    return subprocess.run(
        [*bare, str(checkout / name), *words],
        cwd=checkout.parent,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def add_venv(checkout: Path) -> Path:
    python = checkout / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(SHOW_ARGUMENTS, encoding="utf-8")
    python.chmod(0o755)
    return python


@pytest.mark.parametrize("name", ["main.py", "run_backtest.py"])
def test_without_an_environment_a_door_says_how_to_get_one(checkout: Path, name: str) -> None:
    done = open_door(checkout, name)
    assert done.returncode == 1
    assert done.stderr == f"ikbr is not set up yet; run: {checkout}/run setup\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("run_backtest.py", ("--strategy", "momentum", "--symbols", "SPY")),
        ("main.py", ("--mode", "backtest", "--param", "a=b c")),
        ("main.py", ("--mode", "paper", "--symbols", "SPY")),
        ("main.py", ("--mode", "live", "--shadow")),
    ],
)
def test_a_door_goes_on_in_the_environment_of_its_own_folder(
    checkout: Path, name: str, words: tuple[str, ...]
) -> None:
    add_venv(checkout)
    done = open_door(checkout, name, *words)
    assert done.stdout == "".join(f"{word}|" for word in (str(checkout / name), *words))


def test_a_mode_that_is_not_there_is_refused_in_one_sentence(checkout: Path) -> None:
    done = open_door(checkout, "main.py", "--mode", "papre")
    assert done.returncode == 2
    sentence = "--mode 'papre' is unknown; choose from: backtest, paper, live."
    assert done.stderr == f"main.py: {sentence}\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("run_backtest.py", ["--symbols", "SPY"]),
        ("main.py", ["--mode=backtest", "--symbols", "SPY"]),
    ],
)
def test_inside_its_environment_a_door_enters_the_backtest_command(
    checkout: Path, name: str, words: list[str]
) -> None:
    command = checkout / "ikbr" / "cli" / "main.py"
    command.parent.mkdir(parents=True)
    for package in (command.parent, command.parent.parent):
        (package / "__init__.py").touch()
    command.write_text("import sys\ndef run():\n    print(sys.argv)\n", encoding="utf-8")
    done = open_door(checkout, name, *words)
    assert done.stdout == "['ikbr', 'backtest', '--symbols', 'SPY']\n", done.stderr
