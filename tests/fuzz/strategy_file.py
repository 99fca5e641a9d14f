"""Strategy files: accepted with numbers that are numbers, or refused by name."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.fuzz.allowed import accepted, check_plain
from tests.fuzz.settings_file import _fast

from ikbr.strategies.instances import load_instance

FILES = Path(__file__).parents[2] / "config" / "strategies"


def feed(data: bytes) -> None:
    """Take it as the file."""
    with tempfile.TemporaryDirectory(dir=_fast()) as folder:
        path = Path(folder) / "one.toml"
        path.write_bytes(data)
        found = accepted(lambda: load_instance(path))
    if found is not None:
        assert found.symbols == tuple(dict.fromkeys(found.symbols))
        check_plain([found.capital_share, found.stop_loss_pct or 0.0, dict(found.parameters)])


def seeds() -> list[bytes]:
    """Give the files that come with the project."""
    return [path.read_bytes() for path in sorted(FILES.glob("*.toml"))[:3]]
