"""The browser of reports: what backtests, searches and sessions have left in their folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

MOST = 500
LOOKED_AT = 5_000
"""Pages that are looked at; folders with more show a part."""
DEEPEST = 4
LARGEST_HEAD = 4_096
LARGEST_JSON = 32_000_000
FIGURES = ("strategy", "symbols", "start", "end", "net_pnl", "max_drawdown", "sharpe", "fills")
"""What is shown of a result, where it says so."""

KINDS = {
    b"walk-forward": "walk-forward", b"sweep": "optimise", b"replay": "replay",
    b"paper": "paper", b"live": "live", b"shadow": "shadow",
}  # fmt: skip
"""What a report is of, by a word of its title."""

GENERATOR = b'name="generator" content="ikbr'
"""What a report of ours says of itself near its beginning."""


class Report(NamedTuple):
    """Describe one report.

    Attributes:
        name: How it is called.
        kind: "backtest" or one of `KINDS`.
        path: What it is asked for by.
        modified_ns: When it was written.
        summary: Its figures, where a result lies beside it.
        file: Where it is.
    """

    name: str
    kind: str
    path: str
    modified_ns: int
    summary: dict[str, Any]
    file: Path

    def plain(self) -> dict[str, Any]:
        """Describe it for pages, which need not know where it is."""
        return {name: value for name, value in self._asdict().items() if name != "file"}


def list_reports(folders: Sequence[Path]) -> list[Report]:
    """List the reports of some folders, newest first.

    What lies outside of them, also by a symbolic link, is left out.
    """
    found = [_report(*one) for one in _found(folders)]
    return sorted(found, key=lambda one: -one.modified_ns)[:MOST]


def find_report(folders: Sequence[Path], path: str) -> Path | None:
    """Find a report by what `list_reports` called it; None for everything else."""
    found = ((_path(number, root, file), file) for number, root, file, _head in _found(folders))
    return next((file for name, file in found if name == path), None)


def _found(folders: Sequence[Path]) -> Iterator[tuple[int, Path, Path, bytes]]:
    """Give every report with its folder and its beginning."""
    left = LOOKED_AT
    for number, folder in enumerate(folders):
        root = folder.resolve()
        for file in _pages(root, DEEPEST):
            left -= 1
            if left < 0:
                return
            head = _head(file)
            if GENERATOR in head:
                yield number, root, file, head


def _path(number: int, root: Path, file: Path) -> str:
    return f"{number}/{file.relative_to(root).as_posix()}"


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_HEAD)
    except OSError:
        return b""


def _pages(folder: Path, deep: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink() or entry.name.startswith("."):
            continue
        if entry.is_file() and entry.name.endswith(".html"):
            yield Path(entry.path)
        elif deep and entry.is_dir():
            yield from _pages(Path(entry.path), deep - 1)


def _report(number: int, root: Path, file: Path, head: bytes) -> Report:
    inside = file.relative_to(root)
    name = inside.parent.name if file.name == "report.html" and inside.parent.name else inside.stem
    modified_ns = _modified_ns(file)
    summary = _beside(file, modified_ns)
    return Report(name, _kind(head), _path(number, root, file), modified_ns, summary, file)


def _modified_ns(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=2 * MOST)
def _beside(file: Path, _modified_ns: int) -> dict[str, Any]:
    """Read the figures beside a report: of the same name, or of the same session."""
    beside = [file.with_suffix(".json")]
    if file.name == "report.html":
        beside.append(file.with_name("result.json"))
    for name in beside:
        try:
            if name.stat().st_size <= LARGEST_JSON:
                told = msgspec.json.decode(name.read_bytes())
                return _summary(told) if isinstance(told, dict) else {}
        except (OSError, msgspec.DecodeError):
            continue
    return {}


def _kind(head: bytes) -> str:
    """Read from the title what a report is of: it stands behind the last colon."""
    title = head.partition(b"<title>")[2].partition(b"</title>")[0].lower()
    what = title.rpartition(b":")[2]
    return next((kind for word, kind in KINDS.items() if word in what), "backtest")


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    told = {name: result[name] for name in FIGURES if result.get(name) is not None}
    for name in ("fills", "symbols"):
        value = told.get(name)
        if isinstance(value, list):
            told[name] = len(value) if name == "fills" else ", ".join(map(str, value))
    settings = result.get("settings")
    if isinstance(settings, dict) and isinstance(settings.get("base"), str):
        told["currency"] = settings["base"]
    return told
