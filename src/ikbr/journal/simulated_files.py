"""A file system in memory that fails on demand: full, failing, lying, torn by a loss of power.

The same calls and draws give the same bytes, so that a simulation can be repeated.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field

SECTOR = 512
"""Bytes that a disk writes whole or not at all."""

Below = Callable[[int], int]
"""Draw a number from 0 up to, but not including, another."""


@dataclass(slots=True)
class _File:
    content: bytearray = field(default_factory=bytearray)
    on_disk: bytes = b""
    unsynced: list[tuple[int, bytes]] = field(default_factory=list)
    named: bool = False
    reserved: int = 0
    locked: bool = False

    @property
    def space(self) -> int:
        return max(len(self.content), self.reserved)


class SimulatedFiles:
    """Keep files in memory (a `ikbr.journal.files.Files`).

    Attributes:
        capacity: Bytes that fit on the disk.
        lies: Whether a sync reports what it did not do.
        failures: What the next calls of a name raise: `failures["sync"] = [errno.EIO]`; None
            lets one call through.
        calls: How often each name was called.
    """

    def __init__(self, capacity: int = 1 << 40) -> None:
        """Start with an empty disk."""
        self.capacity = capacity
        self.lies = False
        self.failures: dict[str, list[int | None]] = {}
        self.calls: dict[str, int] = {}
        self._files: dict[str, _File] = {}
        self._open: dict[int, _File] = {}
        self._next_handle = 3

    def kill(self) -> None:
        """Let the process die: what was written stays, what was open is released."""
        self._open.clear()
        for file in self._files.values():
            file.locked = False

    def lose_power(self, below: Below) -> None:
        """Let the machine die: of what was not synced any part may be there, or none.

        Args:
            below: Draws what survives.
        """
        self.kill()
        for path, file in tuple(self._files.items()):
            if not file.named and below(2):
                del self._files[path]
                continue
            content = bytearray(file.on_disk)
            for offset, data in file.unsynced:
                torn = (offset + below(len(data) + 1)) // SECTOR * SECTOR - offset
                survives = (0, len(data), max(0, torn))[below(3)]
                _lay(content, offset, data[:survives])
            file.content, file.on_disk = content, bytes(content)
            file.unsynced.clear()
            file.named = True

    def make_directory(self, path: str) -> None:
        """Make a folder; folders are not kept account of."""
        self._called("make_directory")

    def names(self, path: str) -> list[str]:
        """List the names in a folder."""
        self._called("names")
        return sorted(os.path.basename(p) for p in self._files if os.path.dirname(p) == path)

    def read(self, path: str) -> bytes:
        """Give the content of a file."""
        self._called("read")
        return bytes(self._find(path).content)

    def create(self, path: str) -> int:
        """Make a file that is not there yet and open it for writing."""
        self._called("create")
        if path in self._files:
            raise _error(errno.EEXIST)
        return self._opened(self._files.setdefault(path, _File()))

    def open(self, path: str) -> int:
        """Open a file for writing; an empty one is made if it is not there."""
        self._called("open")
        return self._opened(self._files.setdefault(path, _File()))

    def write_at(self, handle: int, data: bytes, offset: int) -> int:
        """Write at a position; a disk with too little room takes a part."""
        self._called("write_at")
        file = self._of(handle)
        room = max(0, file.space + self._free() - offset)
        if data and not room:
            raise _error(errno.ENOSPC)
        taken = data[:room]
        _lay(file.content, offset, taken)
        file.unsynced.append((offset, taken))
        return len(taken)

    def truncate(self, handle: int, length: int) -> None:
        """Cut a file to a length."""
        self._called("truncate")
        file = self._of(handle)
        del file.content[length:]
        file.reserved = 0
        # What was cut may come back with a loss of power, as long as nothing was synced.
        file.unsynced = [(o, d[: max(0, length - o)]) for o, d in file.unsynced if o < length]

    def reserve(self, handle: int, offset: int, length: int) -> None:
        """Keep disk space behind a position free for the file."""
        self._called("reserve")
        file = self._of(handle)
        if offset + length - file.space > self._free():
            raise _error(errno.ENOSPC)
        file.reserved = max(file.reserved, offset + length)

    def sync(self, handle: int) -> None:
        """Bring a file to the disk, or say so."""
        self._called("sync")
        file = self._of(handle)
        if not self.lies:
            file.on_disk = bytes(file.content)
            file.unsynced.clear()

    def sync_directory(self, path: str) -> None:
        """Bring the names in a folder to the disk, or say so."""
        self._called("sync_directory")
        if not self.lies:
            for name, file in self._files.items():
                file.named = file.named or os.path.dirname(name) == path

    def lock(self, handle: int) -> bool:
        """Lock a file; say whether nobody had it locked."""
        self._called("lock")
        file = self._of(handle)
        free, file.locked = not file.locked, True
        return free

    def close(self, handle: int) -> None:
        """Close a file."""
        self._called("close")
        self._of(handle).locked = False
        del self._open[handle]

    def remove(self, path: str) -> None:
        """Delete a file."""
        self._called("remove")
        self._find(path)
        del self._files[path]

    def flip(self, path: str, at: int, bits: int) -> None:
        """Change one byte of a file, as a person or a broken disk would."""
        self._find(path).content[at] ^= bits

    def _called(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1
        due = self.failures.get(name)
        code = due.pop(0) if due else None
        if code is not None:
            raise _error(code)

    def _free(self) -> int:
        return self.capacity - sum(file.space for file in self._files.values())

    def _opened(self, file: _File) -> int:
        handle = self._next_handle
        self._next_handle += 1
        self._open[handle] = file
        return handle

    def _of(self, handle: int) -> _File:
        if handle not in self._open:
            raise _error(errno.EBADF)
        return self._open[handle]

    def _find(self, path: str) -> _File:
        if path not in self._files:
            raise _error(errno.ENOENT)
        return self._files[path]


def _lay(content: bytearray, offset: int, data: bytes) -> None:
    if data:
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))
