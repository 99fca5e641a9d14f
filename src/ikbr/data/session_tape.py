"""The tape of a session: what the pipeline saw, row by row, in a file that survives a kill.

The file is a header and frames: a length, a checksum, rows of the columns of `domain.tape.Tape`. A
frame is one write, so that a death of the process loses the rows that waited in memory and nothing
else. Rows are given to the disk by the operating system: a loss of power may cost more.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, CorporateAction, Tape

MAGIC = b"ikbr tape 1\n"
FLUSH_ROWS = 512
"""Rows that wait in memory at most; a kill loses no more than these."""
FLUSH_NS = 1_000_000_000
"""How long a row waits at most while others come, by the time of the rows."""
READ_ROWS = 200_000
"""Rows of a piece of tape when it is read."""
READ_BYTES = 64_000_000
"""How much of a tape that is followed is read at once."""

_ROW = Struct("<qqiiiiihBx")
_FRAME = Struct("<4sII")
_MARK = b"rows"
_TYPES = np.dtype(
    {
        "names": ["ts", "size", "bid", "ask", "last", "bid_size", "ask_size", "sym", "kind"],
        "formats": ["<i8", "<i8", "<i4", "<i4", "<i4", "<i4", "<i4", "<i2", "u1"],
        "itemsize": _ROW.size,
    }
)
_LARGEST = 2**31 - 1


class TapeWriter:
    """Write rows; memory is bounded by `FLUSH_ROWS`.

    Attributes:
        rows: Rows that were taken.
        written: Rows that are with the operating system.
        lost: Rows that the disk did not take.
        failure: Why it did not; "" while it does.
    """

    def __init__(self, path: Path) -> None:
        """Begin a file.

        Raises:
            OSError: When it cannot be made, or is there already.
        """
        self._file: IO[bytes] = path.open("xb", buffering=0)
        self._file.write(MAGIC)
        self._buffer = bytearray(FLUSH_ROWS * _ROW.size)
        self._waiting = 0
        self._oldest_ns = 0
        self._length = len(MAGIC)
        self.rows = self.written = self.lost = 0
        self.failure = ""

    def append(  # noqa: PLR0913, PLR0917 - a row has nine columns
        self,
        ts: int,
        sym: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
    ) -> None:
        """Take a row; see `domain.tape.Tape`."""
        if not self._waiting:
            self._oldest_ns = ts
        sizes = min(bid_size, _LARGEST), min(ask_size, _LARGEST)
        place = self._waiting * _ROW.size
        _ROW.pack_into(self._buffer, place, ts, size, bid, ask, last, *sizes, sym, kind)
        self.rows += 1
        self._waiting += 1
        if self._waiting == FLUSH_ROWS or ts - self._oldest_ns >= FLUSH_NS:
            self.flush()

    def flush(self) -> None:
        """Hand what waits to the operating system; what it does not take is lost, and counted."""
        waiting, self._waiting = self._waiting, 0
        if not waiting:
            return
        rows = memoryview(self._buffer)[: waiting * _ROW.size]
        frame = _FRAME.pack(_MARK, waiting, zlib.crc32(rows)) + rows
        try:
            if self._file.write(frame) != len(frame):
                raise OSError("the disk took only a part")
        except (OSError, ValueError) as error:
            self.lost += waiting
            self.failure = str(error)
            self._cut()
        else:
            self.written += waiting
            self._length += len(frame)

    def close(self) -> None:
        """Write what waits, and end."""
        self.flush()
        self._file.close()

    def _cut(self) -> None:
        """Leave no part of a frame behind, so that later ones can be read."""
        try:
            self._file.truncate(self._length)
            self._file.seek(self._length)
        except (OSError, ValueError) as error:
            self.failure = str(error)


class TapeFollower:
    """Read a tape that is being written: what has come since one looked last."""

    def __init__(self, path: Path) -> None:
        """Begin before the first row."""
        self._path = path
        self._place = 0

    def new(self) -> list[NDArray[np.void]]:
        """Give the rows that have come, at most `READ_BYTES` of them at once.

        Raises:
            DataError: When the file is not there, is no tape, or was changed.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._place)
                data = file.read(READ_BYTES)
        except OSError as error:
            raise DataError(f"tape '{self._path}' cannot be read ({error.strerror}).") from None
        begin = 0
        if not self._place:
            if not data.startswith(MAGIC):
                raise DataError(f"'{self._path}' is no tape of a session.")
            begin = len(MAGIC)
        pieces, end = whole_frames(data, begin, self._path)
        self._place += end
        return pieces


class SessionTape:
    """Deliver a recorded tape (a `TapeSource`).

    Attributes:
        instruments, sessions, actions, synthetic, resolution: See `TapeSource`.
        torn: Bytes of a frame that a kill left half written at the end.
    """

    resolution = "tick"
    actions: tuple[CorporateAction, ...] = ()

    def __init__(
        self,
        path: Path,
        instruments: Sequence[Instrument],
        sessions: Sequence[Session],
        *,
        synthetic: bool = False,
    ) -> None:
        """Read a tape.

        Args:
            path: The file.
            instruments: What its numbers mean.
            sessions: When they were traded.
            synthetic: Whether the market was made up.

        Raises:
            DataError: When the file is not there, is no tape, or was changed.
        """
        self.instruments = tuple(instruments)
        self.sessions = tuple(sessions)
        self.synthetic = synthetic
        self._rows, self.torn = _read(path, len(self.instruments))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._rows)

    @property
    def ts(self) -> NDArray[np.int64]:
        """The times of all rows."""
        times: NDArray[np.int64] = self._rows["ts"]
        return times

    @property
    def has_quotes(self) -> bool:
        """Say whether any row carries quotes."""
        return bool((self._rows["bid"] != NO_PRICE).any() or (self._rows["ask"] != NO_PRICE).any())

    def column(self, name: str) -> NDArray[np.int64]:
        """Give a column of all rows."""
        values: NDArray[np.int64] = self._rows[name]
        return values

    def chunks(self) -> Iterator[Tape]:
        """Yield the tape in time order."""
        for start in range(0, len(self._rows), READ_ROWS):
            piece = self._rows[start : start + READ_ROWS]
            names: Sequence[str] = _TYPES.names or ()
            columns = {name: np.ascontiguousarray(piece[name]) for name in names}
            yield Tape(self.instruments, **columns)


def whole_frames(data: bytes, place: int, path: Path) -> tuple[list[NDArray[np.void]], int]:
    """Take the whole frames out of a piece of a tape.

    Args:
        data: The piece; a frame begins at `place`.
        place: Where to begin.
        path: Of the tape, for the message.

    Returns:
        The rows of each frame, and where a torn one begins.

    Raises:
        DataError: When it was changed.
    """
    pieces, known = [], 0
    while place + _FRAME.size <= len(data):
        mark, count, check = _FRAME.unpack_from(data, place)
        begin = place + _FRAME.size
        end = begin + count * _ROW.size
        if mark == _MARK and end > len(data):
            break
        if mark != _MARK or zlib.crc32(data[begin:end]) != check:
            raise DataError(
                f"tape '{path}' was changed or is damaged behind row {known}; "
                f"take it from a copy of the session's folder."
            )
        pieces.append(np.frombuffer(data, _TYPES, count, begin))
        place, known = end, known + count
    return pieces, place


def _read(path: Path, instruments: int) -> tuple[NDArray[np.void], int]:
    """Read all whole frames; say how many bytes of a torn one follow."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"tape '{path}' cannot be read ({error.strerror}).") from None
    if not data.startswith(MAGIC):
        raise DataError(f"'{path}' is no tape of a session; it was written by something else.")
    pieces, place = whole_frames(data, len(MAGIC), path)
    rows = np.concatenate(pieces) if pieces else np.empty(0, _TYPES)
    if len(rows) and not 0 <= int(rows["sym"].min()) <= int(rows["sym"].max()) < instruments:
        raise DataError(
            f"tape '{path}' holds rows of instruments that session.json does not name; the two "
            f"files are not of one session."
        )
    return rows, len(data) - place
