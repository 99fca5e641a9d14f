"""The disk of a process, where it can die: before, in the middle of, or after each operation."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from ikbr.journal.simulated_files import SimulatedFiles

BEFORE, MIDST, AFTER = "before", "in the midst of", "after"
Where = tuple[str, str]
"""A name of `Files` and when: before, in the midst of (a write) or after it."""


class ProcessDied(SystemExit):
    """End the process that runs: no `except Exception` of it keeps it alive."""


class Disk(SimulatedFiles):
    """Keep files, and let the process that uses them die at them.

    Attributes:
        watch: Asked at each place whether the process dies there; kills it then.
    """

    def __init__(self) -> None:
        """Start with an empty disk that nobody dies at."""
        super().__init__()
        self.watch: Callable[[Where], bool] = lambda _where: False

    def used(self) -> int:
        """Give the bytes that files take."""
        return self.capacity - self._free()

    def content_hash(self) -> str:
        """Sum up what all files hold."""
        digest = sha256()
        for path in sorted(self._files):
            digest.update(path.encode())
            digest.update(self._files[path].content)
        return digest.hexdigest()

    def write_at(self, handle: int, data: bytes, offset: int) -> int:
        """Write, unless the process dies at it."""
        self._pass("write", BEFORE)
        if self.watch(("write", MIDST)):
            super().write_at(handle, data[: len(data) // 2], offset)
            raise self._death("write", MIDST)
        taken = super().write_at(handle, data, offset)
        self._pass("write", AFTER)
        return taken

    def sync(self, handle: int) -> None:
        """Sync, unless the process dies at it."""
        self._pass("sync", BEFORE)
        super().sync(handle)
        self._pass("sync", AFTER)

    def lock(self, handle: int) -> bool:
        """Lock a journal that is opened, unless the process dies before it."""
        self._pass("open", BEFORE)
        return super().lock(handle)

    def _pass(self, name: str, when: str) -> None:
        """Go by a place, unless the process dies at it."""
        if self.watch((name, when)):
            raise self._death(name, when)

    def _death(self, name: str, when: str) -> ProcessDied:
        self.kill()
        return ProcessDied(f"{when} a {name}")
