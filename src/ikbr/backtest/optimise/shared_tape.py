"""The shared tape: market data written once as plain columns, mapped by every worker.

A mapped column is read through the operating system's page cache: however many processes map
it, the machine holds it once. The pieces are those of the original source, so that a run over
the mapped tape is the run over the source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.trial import Span
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, CorporateAction, Kind, Tape, TapeSource

META = "tape.json"
_TYPES = {
    "ts": "<i8",
    "sym": "<i2",
    "kind": "|u1",
    "bid": "<i4",
    "ask": "<i4",
    "last": "<i4",
    "bid_size": "<i4",
    "ask_size": "<i4",
    "size": "<i8",
}


class Meta(msgspec.Struct, frozen=True):
    """Describe a shared tape.

    Attributes:
        instruments, sessions, actions, synthetic, has_quotes, resolution: Of the source.
        rows: Number of rows of each piece, in order.
        digest: Fingerprint of all rows and of what describes them.
    """

    instruments: tuple[Instrument, ...]
    sessions: tuple[Session, ...]
    actions: tuple[CorporateAction, ...]
    synthetic: bool
    has_quotes: bool
    resolution: str
    rows: tuple[int, ...]
    digest: str = ""


def write_shared(source: TapeSource, folder: Path) -> Meta:
    """Write a source piece by piece; memory does not grow with it.

    Args:
        source: The market data.
        folder: An empty folder to write to.

    Returns:
        The description, which is written last: a folder without it is unfinished.

    Raises:
        DataError: When the source has no rows.
    """
    assert [one.name for one in fields(Tape)[1:]] == list(_TYPES)
    digest = hashlib.blake2b(digest_size=16)
    rows: list[int] = []
    files: dict[str, BinaryIO] = {}
    try:
        for name in _TYPES:
            files[name] = (folder / f"{name}.bin").open("wb")
        for piece in source.chunks():
            rows.append(len(piece))
            for name, kind in _TYPES.items():
                column = np.ascontiguousarray(getattr(piece, name), kind).data.cast("B")
                files[name].write(column)
                digest.update(column)
    finally:
        for file in files.values():
            file.close()
    if not rows:
        symbols = ", ".join(one.symbol for one in source.instruments)
        raise DataError(f"{symbols}: the chosen days hold no rows; choose others.")
    meta = Meta(
        tuple(source.instruments),
        tuple(source.sessions),
        tuple(source.actions),
        bool(source.synthetic),
        bool(source.has_quotes),
        source.resolution,
        tuple(rows),
    )
    digest.update(msgspec.json.encode(meta))
    meta = msgspec.structs.replace(meta, digest=digest.hexdigest())
    (folder / META).write_bytes(msgspec.json.encode(meta))
    return meta


class SharedTape:
    """Deliver a shared tape, or the sessions of it that a span names; it is a `TapeSource`."""

    def __init__(self, folder: Path, span: Span | None = None) -> None:
        """Open the description; columns are mapped piece by piece when they are read.

        Args:
            folder: Where `write_shared` wrote.
            span: Which sessions; None for all.

        Raises:
            SweepError: When it is not there.
            DataError: When the span holds no session.
        """
        self._folder = folder
        try:
            self.meta = msgspec.json.decode((folder / META).read_bytes(), type=Meta)
        except OSError as error:
            raise SweepError(
                f"the shared market data '{folder}' cannot be read here ({error.strerror}); "
                f"workers on other machines need --results on a folder that all of them share."
            ) from error
        self._span = span
        self.sessions = _within(self.meta.sessions, span)
        if not self.sessions:
            raise DataError(f"no session of the data lies in {span}; choose other days.")
        self._from, self._until = _bounds(self.meta.sessions, self.sessions)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Name what is on the tape, in the order of `Tape.sym`."""
        return self.meta.instruments

    @property
    def actions(self) -> tuple[CorporateAction, ...]:
        """List splits and dividends after the first open and until the last close, in order."""
        if self._span is None:
            return self.meta.actions
        start, stop = self.sessions[0].open_ns, self.sessions[-1].close_ns
        return tuple(one for one in self.meta.actions if start < one.ts_ns <= stop)

    @property
    def synthetic(self) -> bool:
        """Say whether the data is made up."""
        return self.meta.synthetic

    @property
    def has_quotes(self) -> bool:
        """Say whether any row of the whole tape carries quotes."""
        return self.meta.has_quotes

    @property
    def resolution(self) -> str:
        """Name the resolution."""
        return self.meta.resolution

    def chunks(self) -> Iterator[Tape]:
        """Yield the pieces; of the outermost pieces of a span only its rows."""
        start = 0
        unseen = set(range(len(self.instruments))) if self._span else set()
        for rows in self.meta.rows:
            piece = self._map(start, rows)
            start += rows
            if self._span is not None:
                first, stop = np.searchsorted(piece.ts, (self._from, self._until)).tolist()
                if first == stop:
                    continue
                piece = piece.rows(first, stop)
                if unseen:
                    _forget(piece, unseen)
            yield piece

    def _map(self, start: int, rows: int) -> Tape:
        """Map rows. The mapping is private: nothing that is written to it reaches the file."""
        columns: dict[str, Any] = {}
        for name, kind in _TYPES.items():
            place = start * np.dtype(kind).itemsize
            path = self._folder / f"{name}.bin"
            mapped = np.memmap(path, kind, mode="c", offset=place, shape=(rows,))
            # Plain arrays over the mapping: compiled code knows them at once.
            columns[name] = np.asarray(mapped).view(np.ndarray)
        return Tape(self.instruments, **columns)


def _within(sessions: tuple[Session, ...], span: Span | None) -> tuple[Session, ...]:
    if span is None:
        return sessions
    return tuple(one for one in sessions if span.first <= one.date <= span.last)


def _bounds(every: tuple[Session, ...], chosen: tuple[Session, ...]) -> tuple[int, int]:
    """Give the moments between which the rows of sessions lie.

    Between two sessions the night is cut in the middle: what trades after a close belongs to
    its day, what trades before an open to the next.
    """
    dates = [one.date for one in every]
    first, last = dates.index(chosen[0].date), dates.index(chosen[-1].date)
    start = _middle(every[first - 1], every[first]) if first else -(2**63)
    stop = _middle(every[last], every[last + 1]) if last + 1 < len(every) else 2**63 - 1
    return start, stop


def _middle(one: Session, following: Session) -> int:
    return (one.close_ns + following.open_ns + 1) // 2


def _forget(piece: Tape, unseen: set[int]) -> None:
    """Take away last prices from before the span, as a run of these days alone has none.

    Args:
        piece: Rows of the span; changed in place, in this process only.
        unseen: Numbers of the symbols without a print so far; those printed are removed.
    """
    for number in sorted(unseen):
        own = piece.sym == number
        prints = np.flatnonzero(own & (piece.kind != Kind.QUOTE))
        stop = int(prints[0]) if len(prints) else len(piece)
        rows = np.flatnonzero(own[:stop])
        piece.last[rows] = NO_PRICE
        if len(prints):
            unseen.discard(number)
