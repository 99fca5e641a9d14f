"""The file system as a live journal needs it: a seam, so that a simulation can make it fail."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from typing import Protocol

from ikbr.domain.errors import JournalError


class Files(Protocol):
    """Do what a live journal asks of a disk; every failure is an `OSError`."""

    def make_directory(self, path: str) -> None:
        """Make a folder, and those above it; one that is there already is fine."""

    def names(self, path: str) -> list[str]:
        """List the names in a folder."""

    def read(self, path: str) -> bytes:
        """Give the content of a file."""

    def create(self, path: str) -> int:
        """Make a file that is not there yet and open it for writing."""

    def open(self, path: str) -> int:
        """Open a file for writing; an empty one is made if it is not there."""

    def write_at(self, handle: int, data: bytes, offset: int) -> int:
        """Write at a position.

        Returns:
            How many bytes were taken; may be fewer than were given.
        """

    def truncate(self, handle: int, length: int) -> None:
        """Cut a file to a length."""

    def reserve(self, handle: int, offset: int, length: int) -> None:
        """Keep disk space behind a position free for the file, without making it longer."""

    def sync(self, handle: int) -> None:
        """Return when what was written is on the disk."""

    def sync_directory(self, path: str) -> None:
        """Return when the names in a folder are on the disk."""

    def lock(self, handle: int) -> bool:
        """Keep other processes away until the file is closed; say whether that worked."""

    def close(self, handle: int) -> None:
        """Close a file."""

    def remove(self, path: str) -> None:
        """Delete a file."""


class OsFiles:
    """Use the operating system's file system (a `Files`)."""

    def make_directory(self, path: str) -> None:
        """Make a folder, and those above it; one that is there already is fine."""
        os.makedirs(path, exist_ok=True)

    def names(self, path: str) -> list[str]:
        """List the names in a folder."""
        return os.listdir(path)

    def read(self, path: str) -> bytes:
        """Give the content of a file."""
        with open(path, "rb") as file:
            return file.read()

    def create(self, path: str) -> int:
        """Make a file that is not there yet and open it for writing."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def open(self, path: str) -> int:
        """Open a file for writing; an empty one is made if it is not there."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    write_at = staticmethod(os.pwrite)
    truncate = staticmethod(os.ftruncate)
    sync = staticmethod(getattr(os, "fdatasync", os.fsync))
    close = staticmethod(os.close)
    remove = staticmethod(os.remove)

    def reserve(self, handle: int, offset: int, length: int) -> None:
        """Keep disk space behind a position free for the file, without making it longer."""
        _reserve(handle, offset, length)

    def sync_directory(self, path: str) -> None:
        """Return when the names in a folder are on the disk."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def lock(self, handle: int) -> bool:
        """Keep other processes away until the file is closed; say whether that worked."""
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_KEEP_SIZE = 1
"""Source: Linux, fallocate(2), FALLOC_FL_KEEP_SIZE."""


def _find_fallocate() -> Callable[[int, int, int, int], int] | None:
    # Python offers posix_fallocate alone, which makes the file longer.
    if not sys.platform.startswith("linux"):
        return None
    found = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    if found is not None:
        found.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
        found.restype = ctypes.c_int
    return found


_fallocate = _find_fallocate()
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EINTR)


def _reserve(handle: int, offset: int, length: int) -> None:
    if _fallocate is None or _fallocate(handle, _KEEP_SIZE, offset, length) == 0:
        return
    code = ctypes.get_errno()
    if code not in _UNSUPPORTED:
        raise OSError(code, os.strerror(code))


def write_whole(files: Files, handle: int, data: bytes, offset: int) -> None:
    """Write all of it, however many calls that takes.

    Raises:
        OSError: When the disk refuses; a part may have been written.
    """
    taken = files.write_at(handle, data, offset)
    while taken < len(data):
        more = files.write_at(handle, data[taken:], offset + taken)
        if more <= 0:
            raise OSError(errno.EIO, "the disk takes nothing more")
        taken += more


def describe(what: str, error: OSError) -> JournalError:
    """Tell a person what the disk refused."""
    return JournalError(f"{what}: {error.strerror or error}.")
