"""Following a journal that is being written: what has come since one looked last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ikbr.domain.errors import JournalError, UsageError
from ikbr.journal.chain_check import BROKEN, SEAL_START
from ikbr.journal.reader import read_header
from ikbr.journal.records import Line, Record, typed
from ikbr.journal.segments import segment_names

_LINE = msgspec.json.Decoder(Line)


class Follow:
    """Read on where one stopped; a line that is not whole yet waits. The chain is not checked."""

    def __init__(self, path: Path) -> None:
        """Begin before the first record.

        Args:
            path: A file, or the folder of a live journal.

        Raises:
            UsageError: When it is no journal.
        """
        self._path = path
        self._segment = ""
        self._kinds = 1
        self._offset = 0
        if path.is_dir():
            if not segment_names(str(path)):
                raise UsageError(f"folder {path} holds no journal: it has no segment files.")
        else:
            read_header(path)

    def new(self) -> Iterator[tuple[str, Record]]:
        """Give what has come, with the names of the segments, "" in a single file.

        Raises:
            UsageError: When a file cannot be read.
            JournalError: When a line cannot be understood.
        """
        if not self._path.is_dir():
            yield from self._rest_of(self._path)
            return
        for name in segment_names(str(self._path)):
            if name < self._segment:
                continue
            if name > self._segment:
                self._segment, self._offset = name, 0
            yield from self._rest_of(self._path / name)

    def _rest_of(self, file: Path) -> Iterator[tuple[str, Record]]:
        try:
            with file.open("rb") as opened:
                opened.seek(self._offset)
                data = opened.read()
        except OSError as error:
            raise UsageError(f"journal {file} cannot be read: {error.strerror}.") from None
        whole = data[: data.rfind(b"\n") + 1]
        if self._offset == 0 and whole:
            self._kinds = read_header(file).kinds
        for line in whole.splitlines(keepends=True):
            first, self._offset = self._offset == 0, self._offset + len(line)
            if first or line.startswith(SEAL_START):
                continue
            try:
                record = _LINE.decode(line)
            except BROKEN:
                raise JournalError(
                    f"{file}, byte {self._offset}: it is neither a record nor a seal; "
                    "`ikbr journal verify` says more."
                ) from None
            yield self._segment, typed(record, self._kinds)
