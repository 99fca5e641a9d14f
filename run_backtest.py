"""Run a backtest: `python run_backtest.py --strategy momentum --days 1 --symbols SPY`.

A door to `ikbr backtest`: it takes the same options (`--help` lists them), and it finds the
project's environment by itself, so any Python may start it.
"""

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / "venv"


def enter(arguments):
    """Hand the arguments to the `ikbr` command of this folder's environment.

    Args:
        arguments: What would follow `ikbr` on a command line.
    """
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    python = VENV / "bin" / "python"
    # Another checkout's environment may be active; this folder's own one goes first.
    if not inside and python.exists():
        os.execv(str(python), [str(python), *sys.argv])
    if importlib.util.find_spec("ikbr") is None:
        sys.exit(f"ikbr is not set up yet; run: {ROOT / 'run'} setup")
    from ikbr.cli.main import run

    sys.argv = ["ikbr", *arguments]
    run()


if __name__ == "__main__":
    enter(["backtest", *sys.argv[1:]])
