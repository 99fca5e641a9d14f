"""This machine: disk, memory, and the exchange's calendar."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import psutil

from ikbr.compiled import use
from ikbr.data.calendars import sessions
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import IkbrError
from ikbr.ops.doctor.case import Visit
from ikbr.ops.doctor.finding import Finding, failure, note, ok, warning

GIB = 1024**3
DISK_WARN, DISK_LEAST = 5 * GIB, GIB // 2
MEMORY_WARN = GIB // 2
"""A gateway's Java takes 768 MB by itself, a bot some 200 MB."""


async def check_disk(visit: Visit) -> list[Finding]:
    """Look whether the journal has room."""
    folder = _existing(visit.case.journals)
    return [judge_disk(folder, shutil.disk_usage(folder).free)]


def judge_disk(folder: Path, free: int) -> Finding:
    """Judge how much of a disk is free.

    Args:
        folder: On the disk.
        free: Bytes.
    """
    words = f"{free / GIB:.1f} GiB are free where the journals are ({folder.resolve()})"
    if free >= DISK_WARN:
        return ok(words)
    level = failure if free < DISK_LEAST else warning
    return level(
        words,
        "What cannot be written into the journal is not sent: entries stop when the disk is full.",
        "ikbr deploy backup FILE, then remove old sessions; or journal.dir on a larger disk",
    )


async def check_memory(_visit: Visit) -> list[Finding]:
    """Look whether there is memory."""
    return [judge_memory(psutil.virtual_memory().available)]


def judge_memory(available: int) -> Finding:
    """Judge how much memory is available, in bytes."""
    words = f"{available / GIB:.1f} GiB of memory are available"
    if available >= MEMORY_WARN:
        return ok(words)
    return warning(
        words,
        "The system ends processes when there is none left, gateways and bots first.",
        "ps aux --sort=-rss | head",
    )


async def check_compiled(_visit: Visit) -> list[Finding]:
    """Say whether compiled modules are used."""
    return [judge_compiled(use.CURRENT)]


def judge_compiled(found: use.Use) -> Finding:
    """Judge what is used."""
    if found.why_not:
        why = "Orders take about twice as long on their way."
        return warning(f"ikbr runs {found}", why, "./run compile")
    return ok(f"ikbr runs {found}")


async def check_calendar(visit: Visit) -> list[Finding]:
    """Say when the market is open next."""
    symbol = next(iter(visit.case.symbols), "SPY")
    now = dt.datetime.now(dt.UTC)
    try:
        calendar = parse_contract(symbol).calendar
        coming = sessions(calendar, now.date(), now.date() + dt.timedelta(days=10))
    except IkbrError as error:
        return [
            warning(
                f"the calendar of {symbol} is not known ({error})",
                "Sessions are planned by it.",
                "ikbr data check",
            )
        ]
    now_ns = int(now.timestamp()) * 10**9
    for one in coming:
        if one.close_ns > now_ns:
            begin, end = (
                dt.datetime.fromtimestamp(t // 10**9, dt.UTC) for t in (one.open_ns, one.close_ns)
            )
            if one.open_ns <= now_ns:
                return [ok(f"{calendar} is open until {end:%a %H:%M} UTC")]
            return [ok(f"{calendar} opens next at {begin:%a %Y-%m-%d %H:%M} UTC")]
    return [note(f"{calendar} is closed for the next ten days", "", "")]


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
