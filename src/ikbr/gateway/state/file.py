"""The file of a state: changes are added to its end, and now and then it is written anew.

A line is a checksum and a change in JSON. A line that was not finished (the process was killed in
the middle of it) is left out; anything else that is wrong is an error. What was added is in the
hands of the system at once, so that it outlives the process; it is forced onto the disk when the
file is written anew and when it is closed.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ikbr.domain.errors import StateError
from ikbr.gateway.state.records import Change

NAME = "gateway.state"
HEADER = b"ikbr gateway state 1\n"
_KIND = b"ikbr gateway state "


class StateFile:
    """Keep changes in a folder, for one process at a time.

    Attributes:
        path: Of the file.
        size: Of the file, bytes.
    """

    def __init__(self, folder: Path) -> None:
        """Take hold of a folder; it is made if need be.

        Raises:
            StateError: When it cannot be used, or another gateway uses it.
        """
        self.path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / "lock").open("w")
        except OSError as error:
            raise StateError(f"--state {folder} cannot be used: {error.strerror}.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise StateError(
                f"--state {folder} is in use by another gateway; end that one or choose another."
            ) from None
        self._file: int | None = None
        self.size = 0

    def read(self) -> Iterator[Change]:
        """Yield the changes; none when there is no file yet.

        Raises:
            StateError: When the file is damaged or no state.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StateError(f"{self.path} cannot be read: {error.strerror}.") from None
        if not data.startswith(HEADER):
            what = "is of another version" if data.startswith(_KIND) else "is no gateway state"
            raise StateError(f"{self.path} {what}; choose another folder for --state.")
        lines = data[len(HEADER) :].split(b"\n")
        decoder = msgspec.json.Decoder(Change)
        for number, line in enumerate(lines[:-1], 2):
            try:
                checksum, payload = int(line[:8], 16), line[9:]
                if line[8:9] != b" " or checksum != zlib.crc32(payload):
                    raise ValueError("its checksum does not fit")
                change = decoder.decode(payload)
            except (ValueError, msgspec.MsgspecError) as error:
                raise StateError(
                    f"{self.path} is damaged in line {number}: {error}; restore the file from a "
                    "copy, or choose another folder for --state to start anew."
                ) from None
            yield change

    def add(self, change: Change) -> None:
        """Add a change to the end.

        Raises:
            StateError: When the disk does not take it.
        """
        line = _line(change)
        assert self._file is not None
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise StateError(f"{self.path} cannot be written: {error.strerror}.") from None
        if written != len(line):
            raise StateError(f"{self.path} cannot be written: the disk is full.")
        self.size += len(line)

    def write(self, change: Change) -> None:
        """Put one change in the place of all that were; it is there whole or not at all.

        Raises:
            StateError: When the disk does not take it.
        """
        fresh = self.path.with_suffix(".new")
        data = HEADER + _line(change)
        try:
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            self._close()
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise StateError(f"{self.path} cannot be written: {error.strerror}.") from None
        self.size = len(data)

    def close(self) -> None:
        """Let go of the folder."""
        if self._file is not None:
            os.fsync(self._file)
        self._close()
        self._lock.close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _line(change: Change) -> bytes:
    payload = msgspec.json.encode(change)
    return b"%08x %s\n" % (zlib.crc32(payload), payload)
