"""The journal explorer: reads the journals of the folder, also those that are being written."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ikbr.domain.errors import IkbrError, UsageError
from ikbr.journal.follow import Follow
from ikbr.journal.records import Record
from ikbr.journal.segments import segment_names
from ikbr.journal.session_reader import Journey
from ikbr.journal.words import words

KINDS = ("paper", "live", "shadow")
MOST = 500
LARGEST_CHECKED = 256_000_000
"""A longer journal is not read through to count and verify it."""
LONGEST_SUMMARY = 300


class Summary(NamedTuple):
    """Describe a journal.

    Attributes:
        name: Of its folder.
        account: Whose.
        records: How many; None when it was not read through.
        first_ns, last_ns: When the first and the last were written.
        verified: Whether it is what was written; None when that was not looked at.
        message: The verdict in words.
    """

    name: str
    account: str
    records: int | None
    first_ns: int | None
    last_ns: int | None
    verified: bool | None
    message: str


class Journals:
    """Look into the journals of a folder; nothing is written, and the bot is asked for nothing."""

    def __init__(self, folder: Path) -> None:
        """Look into a folder."""
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Any, Summary]] = {}

    def summaries(self) -> list[Summary]:
        """Describe every journal; one that has not changed is not read again."""
        with self._lock:
            return [self._summary(folder) for folder in self._folders().values()]

    def page(
        self, name: str, *, after: int, limit: int, kind: str, text: str
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Give some records.

        Args:
            name: Of the journal, as `summaries` gives it.
            after: Only records behind this one; -1 for the last ones.
            limit: How many, `MOST` at most.
            kind: Only this kind; "" for all.
            text: Only records in which this stands, whatever the case; "" for all.

        Returns:
            The records, and where to go on; None at the end.

        Raises:
            UsageError: When there is no such journal.
            JournalError: When a record cannot be understood.
        """
        folder = self._folders().get(name)
        if folder is None:
            raise UsageError(f"there is no journal {name[:80]!r}.")
        limit = min(max(limit, 1), MOST)
        chosen = _chosen(Follow(folder), after, kind, text.casefold())
        if after < 0:
            return list(deque(chosen, maxlen=limit)), None
        found: list[dict[str, Any]] = []
        for record in chosen:
            if len(found) == limit:
                return found, found[-1]["seq"]
            found.append(record)
        return found, None

    def _folders(self) -> dict[str, Path]:
        try:
            entries = sorted(self._folder.iterdir())
        except OSError:
            return {}
        return {
            one.name: one
            for one in entries
            if one.name.partition("-")[0] in KINDS and one.is_dir() and not one.is_symlink()
        }

    def _summary(self, folder: Path) -> Summary:
        try:
            names = segment_names(str(folder))
            stats = [(folder / name).stat() for name in names]
            mark = [(one.st_size, one.st_mtime_ns) for one in stats]
        except (OSError, IkbrError) as error:
            return Summary(folder.name, _account(folder), None, None, None, None, str(error))
        known = self._known.get(folder.name)
        if known is None or known[0] != mark:
            size = sum(one.st_size for one in stats)
            found = _read_through(folder) if size <= LARGEST_CHECKED else _unread(folder)
            known = self._known[folder.name] = (mark, found)
        return known[1]


def _account(folder: Path) -> str:
    parts = folder.name.split("-")
    return parts[1] if len(parts) > 2 else ""


def _unread(folder: Path) -> Summary:
    words = "too long to be read through here; use `ikbr journal verify`."
    return Summary(folder.name, _account(folder), None, None, None, None, words)


def _read_through(folder: Path) -> Summary:
    first = last = None
    try:
        journey = Journey(str(folder))
        for line in journey.lines():
            first = line.t if first is None else first
            last = line.t
    except IkbrError as error:
        return Summary(folder.name, _account(folder), None, first, last, None, str(error))
    problem = f"{journey.segment}, {journey.problem}." if journey.problem else ""
    return Summary(
        folder.name, _account(folder), journey.records, first, last, not problem, problem
    )


def _chosen(follow: Follow, after: int, kind: str, text: str) -> Iterator[dict[str, Any]]:
    for seq, (_segment, record) in enumerate(follow.new(), 1):
        if seq <= after or (kind and record.kind != kind):
            continue
        shown = _shown(seq, record)
        if not text or text in shown["summary"].casefold() or text in record.kind:
            shown["summary"] = shown["summary"][:LONGEST_SUMMARY]
            yield shown


def _shown(seq: int, record: Record) -> dict[str, Any]:
    return {
        "seq": seq,
        "ts_ns": record.ts_ns,
        "kind": record.kind,
        "summary": words(record.body),
        "data": msgspec.to_builtins(record.body),
    }
