"""A finding: what a check has seen, why that matters, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Level(StrEnum):
    """Say how much a finding matters."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing, or something that could not be looked at from here."""
    WARNING = "warning"
    FAILURE = "failure"
    """Trading will not work like this."""


class Finding(msgspec.Struct, frozen=True):
    """Hold what one check has found.

    Attributes:
        level: How much it matters.
        seen: What was seen, with the values.
        why: Why it matters; "" where that is plain.
        mend: One command or step that mends it; "" where nothing need be done.
        check: Which check found it.
    """

    level: Level
    seen: str
    why: str = ""
    mend: str = ""
    check: str = ""


def ok(seen: str) -> Finding:
    """Find that something is as it should be."""
    return Finding(Level.OK, seen)


def note(seen: str, why: str = "", mend: str = "") -> Finding:
    """Find something worth knowing."""
    return Finding(Level.NOTE, seen, why, mend)


def warning(seen: str, why: str, mend: str) -> Finding:
    """Find something that will trouble a session."""
    return Finding(Level.WARNING, seen, why, mend)


def failure(seen: str, why: str, mend: str) -> Finding:
    """Find something that prevents trading."""
    return Finding(Level.FAILURE, seen, why, mend)


def exit_code(findings: Iterable[Finding]) -> int:
    """Give the exit code: 0 all is well, 1 there are warnings, 2 trading will not work.

    >>> exit_code([ok("a"), note("b")]), exit_code([warning("a", "b", "c"), ok("d")])
    (0, 1)
    """
    levels = {one.level for one in findings}
    return 2 if Level.FAILURE in levels else 1 if Level.WARNING in levels else 0
