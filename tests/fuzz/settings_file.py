"""Settings: a TOML file is accepted with values that mean something, or refused by name."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.fuzz.allowed import accepted, check_plain

from ikbr.settings import load_settings

CONFIG = Path(__file__).parents[2] / "config" / "settings.toml"


def feed(data: bytes) -> None:
    """Take the first byte as the profile, the rest as the file."""
    profile = ("backtest", "paper", "live")[(data[0] if data else 0) % 3]
    with tempfile.TemporaryDirectory(dir=_fast()) as folder:
        path = Path(folder) / "settings.toml"
        path.write_bytes(data[1:])
        found = accepted(lambda: load_settings(profile, (), path, {}))
    if found is not None:
        check_plain(found.public())


def _fast() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def seeds() -> list[bytes]:
    """Give the file that comes with the project, and a small one."""
    small = b"[risk]\nmax_position_pct = 0.3\nsectors = ['A=B']\n[broker]\nclient_id = 7\n"
    return [b"\x00" + small, b"\x01[risk]\nmax_drawdown_pct = nan\n", b"\x00" + CONFIG.read_bytes()]
