"""The store: a folder that keeps a sweep's results as they come, so that it can be continued."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.trial import Outcome
from ikbr.data.atomic import Replacing
from ikbr.domain.errors import UsageError

HEADER = "sweep.json"
OUTCOMES = "outcomes.jsonl"
LOCK = ".lock"
FORMAT = 1
SYNC_EVERY_S = 1.0
"""Seconds after which what was written must be on the disk, not only with the system."""


class Identity(msgspec.Struct, frozen=True):
    """Say what a sweep is; only the same sweep is continued.

    Attributes:
        strategy: Fingerprint of the strategies' sources.
        data: Fingerprint of the market data.
        settings: Fingerprint of everything else that shapes a run.
        grid: Fingerprint of what is varied.
        sampler: How trials are chosen.
        version: Of ikbr.
        lag: Trials that a sampler chooses ahead of the results; not compared.
        format: Of the folder.
    """

    strategy: str
    data: str
    settings: str
    grid: str
    sampler: str
    version: str
    lag: int = 0
    format: int = FORMAT

    def differs(self, other: Identity) -> list[str]:
        """Name the parts in which another sweep differs."""
        return [
            name
            for name in self.__struct_fields__
            if name != "lag" and getattr(self, name) != getattr(other, name)
        ]


class Store:
    """Keep outcomes; one process at a time.

    Use it as a context. Attributes:
        folder: Where.
        outcomes: What is known, by number.
        identity: Of the sweep; the kept one when it is continued.
        resumed: How many outcomes were there when it was opened.
    """

    def __init__(self, folder: Path, identity: Identity) -> None:
        """Name the folder; nothing is touched yet."""
        self.folder = folder
        self.identity = identity
        self.outcomes: dict[int, Outcome] = {}
        self.resumed = 0
        self._lock: BinaryIO | None = None
        self._file: BinaryIO | None = None
        self._synced = 0.0
        self._new: list[Path] = []

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            UsageError: When it holds another sweep, is in use or cannot be written.
            SweepError: When what it holds is damaged.
        """
        try:
            self._open()
        except OSError as error:
            self.discard()
            raise UsageError(
                f"results folder '{self.folder}' cannot be used ({error.strerror or error}); "
                f"name another with --results DIR."
            ) from error
        except BaseException:
            self.discard()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close it; what holds nothing after an error is removed."""
        if error is not None and not self.outcomes:
            self.discard()
        self.close()

    def discard(self) -> None:
        """Close it and remove what was made since it was opened; what was there stays."""
        self.close()
        for path in reversed(self._new):
            with suppress(OSError):  # a folder may hold other things by now
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        self._new.clear()

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome: after this line a kill loses it no more.

        Args:
            outcome: Of a number that is not kept yet; others are ignored.
        """
        assert self._file is not None
        if outcome.number in self.outcomes:
            return
        self._file.write(msgspec.json.encode(outcome, enc_hook=str) + b"\n")
        self._file.flush()
        if time.monotonic() - self._synced > SYNC_EVERY_S:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()
        self.outcomes[outcome.number] = outcome

    def close(self) -> None:
        """Write what remains and let others in."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _open(self) -> None:
        header, path = self.folder / HEADER, self.folder / OUTCOMES
        places = [*reversed(self.folder.parents), self.folder, self.folder / LOCK, header, path]
        missing = [one for one in places if not one.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder / LOCK)
        self._new = missing
        if header.exists():
            self._compare(header)
        else:
            self._refuse_strangers()
            with Replacing(header) as temporary:
                temporary.write_bytes(msgspec.json.encode(self.identity))
        self.outcomes = read_outcomes(path)
        self.resumed = len(self.outcomes)
        self._file = path.open("ab")

    def _compare(self, header: Path) -> None:
        try:
            kept = msgspec.json.decode(header.read_bytes(), type=Identity)
        except (msgspec.MsgspecError, UnicodeError):
            raise SweepError(
                f"'{header}' is no header of a sweep; name another folder with --results DIR."
            ) from None
        if parts := self.identity.differs(kept):
            *most, last = (self._told(kept, part) for part in parts)
            named = f"{', '.join(most)} and {last}" if most else last
            raise UsageError(
                f"results folder '{self.folder}' holds a sweep that differs in {named}; name "
                f"another folder with --results DIR, or delete this one."
            )
        self.identity = kept

    def _told(self, kept: Identity, part: str) -> str:
        """Name a part in which a kept sweep differs, with both values where they are words."""
        if part not in ("sampler", "version"):
            return part
        return f"{part} ({getattr(kept, part)} there, {getattr(self.identity, part)} here)"

    def _refuse_strangers(self) -> None:
        """Refuse a folder with other files: a sweep is told from them by nothing."""
        strange = [
            one.name for one in self.folder.iterdir() if not one.name.startswith((".", "tape"))
        ]
        if strange:
            raise UsageError(
                f"results folder '{self.folder}' holds other files ({', '.join(strange[:3])}); "
                f"name an empty or a new one."
            )


def read_outcomes(path: Path) -> dict[int, Outcome]:
    """Read kept outcomes; a last line that was cut short by a kill is removed from the file.

    Args:
        path: Of the file; it need not be there.

    Returns:
        The outcomes by number; of doubled numbers the first.

    Raises:
        SweepError: When a line is damaged.
    """
    if not path.exists():
        return {}
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as file:
            file.truncate(whole)
    found: dict[int, Outcome] = {}
    decoder = msgspec.json.Decoder(Outcome)
    for number, line in enumerate(data[:whole].splitlines(), 1):
        try:
            outcome = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise SweepError(
                f"line {number} of '{path}' is damaged ({error}); remove that line, and its run "
                f"is made again."
            ) from error
        found.setdefault(outcome.number, outcome)
    return found


def _locked(path: Path) -> BinaryIO:
    """Lock a file for this process; the system unlocks it however the process ends."""
    file = path.open("ab")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows has no such lock; two sweeps in one folder are then possible
        pass
    except OSError:
        file.close()
        raise UsageError(
            f"results folder '{path.parent}' is in use by another sweep; wait for it, or name "
            f"another folder with --results DIR."
        ) from None
    return file


def plain(parameters: Mapping[str, object]) -> str:
    """Write parameters so that equal ones have equal texts.

    >>> plain({"b": 1, "a": (1, 2.0)})
    '{"a":[1,2.0],"b":1}'
    """
    return msgspec.json.encode(parameters, order="sorted", enc_hook=str).decode()
