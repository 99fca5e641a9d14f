"""The journal of a backtest: a list of records in memory."""

from __future__ import annotations

from typing import Any

Entry = tuple[str, int, Any]
"""Kind, time (ns UTC) and body of a record before it is encoded."""


class MemoryJournal:
    """Keep records in the order they came.

    A body is encoded later than it is appended: hand over frozen structs, numbers, strings and
    tuples of them, never an `Order` or anything else that goes on changing.

    Attributes:
        records: `(kind, ts_ns, body)`; grows with the run, one entry per thing decided.
    """

    __slots__ = ("records",)

    def __init__(self) -> None:
        """Start empty."""
        self.records: list[Entry] = []

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        """Add a record.

        Args:
            kind: One of `ikbr.journal.records.KINDS`.
            ts_ns: When it happened, ns UTC.
            body: Of the type that the kind names; must not change afterwards.
        """
        self.records.append((kind, ts_ns, body))

    def __len__(self) -> int:
        """Count the records."""
        return len(self.records)
