"""The environments of the peers: each has its own, so that nothing of theirs reaches ikbr."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Peer:
    """Name a peer.

    Attributes:
        pinned: What is installed.
        folder: Where.
        script: Its momentum strategy.
    """

    pinned: str
    folder: Path
    script: Path

    @property
    def label(self) -> str:
        """Its name and version."""
        return self.pinned.replace("==", " ")

    @property
    def python(self) -> Path | None:
        """Its interpreter; None when it is not set up."""
        stamp = self.folder / ".ready"
        ready = stamp.exists() and stamp.read_text() == self.pinned
        return self.folder / "bin" / "python" if ready else None


PEERS = {
    # The newest version with wheels for Python 3.11. LGPL-3.0: measured, never imported by ikbr.
    "nautilus": Peer(
        "nautilus_trader==1.221.0", ROOT / "venv-nautilus", HERE / "nautilus_momentum.py"
    ),
    "hftbacktest": Peer(
        "hftbacktest==2.4.4", HERE / "venv-hftbacktest", HERE / "hftbacktest_momentum.py"
    ),
    "vectorbt": Peer("vectorbt==1.2.0", HERE / "venv-vectorbt", HERE / "vectorbt_momentum.py"),
}


def set_up(name: str) -> Path:
    """Make the environment of a peer, unless it is there already.

    Args:
        name: Which of `PEERS`.

    Returns:
        Its interpreter.
    """
    peer = PEERS[name]
    if peer.python is not None:
        return peer.python
    place = peer.folder.relative_to(ROOT)
    print(f"setting up {place}/ with {peer.pinned} (once; about a minute)", file=sys.stderr)
    made = peer.folder / "bin" / "python"
    if (
        not made.exists()
        or subprocess.run([made, "-m", "pip", "-V"], check=False, capture_output=True).returncode
    ):
        _make(peer.folder)
    subprocess.run([made, "-m", "pip", "install", "-q", peer.pinned], check=True)
    (peer.folder / ".ready").write_text(peer.pinned)
    return made


def _make(folder: Path) -> None:
    """Make an empty environment, with virtualenv where python3-venv is missing."""
    for tool in ("venv", "virtualenv"):
        done = subprocess.run(
            [sys.executable, "-m", tool, str(folder)], check=False, capture_output=True
        )
        if done.returncode == 0:
            return
    # A virtual environment can always make one without pip and lend it its own.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    made = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(made), "install", "-q", "pip"], check=True
    )
