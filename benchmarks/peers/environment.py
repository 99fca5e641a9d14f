"""The environments of the peers: each has its own, so that nothing of theirs reaches ikbr."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "venv-nautilus"
PINNED = "nautilus_trader==1.221.0"
"""The newest version with wheels for Python 3.11. LGPL-3.0: measured, never imported by ikbr."""

_STAMP = FOLDER / ".ready"


def nautilus_python() -> Path | None:
    """Give the interpreter of the nautilus environment; None when it is not set up."""
    ready = _STAMP.exists() and _STAMP.read_text() == PINNED
    return FOLDER / "bin" / "python" if ready else None


def set_up() -> Path:
    """Make the nautilus environment, unless it is there already.

    Returns:
        Its interpreter.
    """
    python = nautilus_python()
    if python is not None:
        return python
    print(f"setting up {FOLDER.name}/ with {PINNED} (once; about a minute)", file=sys.stderr)
    made = FOLDER / "bin" / "python"
    if (
        not made.exists()
        or subprocess.run([made, "-m", "pip", "-V"], check=False, capture_output=True).returncode
    ):
        make_environment()
    subprocess.run([made, "-m", "pip", "install", "-q", PINNED], check=True)
    _STAMP.write_text(PINNED)
    return made


def make_environment() -> None:
    """Make an empty environment, with virtualenv where python3-venv is missing."""
    for tool in ("venv", "virtualenv"):
        done = subprocess.run(
            [sys.executable, "-m", tool, str(FOLDER)], check=False, capture_output=True
        )
        if done.returncode == 0:
            return
    # A virtual environment can always make one without pip and lend it its own.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(FOLDER)], check=True)
    made = FOLDER / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(made), "install", "-q", "pip"], check=True
    )
