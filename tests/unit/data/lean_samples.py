"""Small LEAN folders for tests, written the way LEAN writes them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

TICK_QUOTE = "equity/usa/tick/bac/20131007_quote.zip"
TICK_PRINT = "equity/usa/tick/spy/20131007_trade.zip"
FOREX = "forex/fxcm/tick/eurusd/20140501_quote.zip"


def write_zip(root: Path, place: str, lines: Iterable[str]) -> Path:
    """Write lines as the one csv of a zip at a place of a LEAN folder."""
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}.csv", "\n".join(lines))
    return path
