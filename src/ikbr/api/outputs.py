"""The files of a run: checked before it, written whole after it, or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ikbr.core.ports import Journal
from ikbr.domain.errors import JournalError, UsageError

if TYPE_CHECKING:
    from ikbr.backtest.result import BacktestResult

STDOUT = Path("-")


@dataclass(frozen=True, slots=True)
class Outputs:
    """Name the files that a run writes.

    Attributes:
        json: The result as JSON.
        report: The HTML report.
        journal: The journal; it must not exist yet.
    """

    json: Path | None = None
    report: Path | None = None
    journal: Path | None = None

    def check(self) -> None:
        """Refuse files that cannot be written.

        Raises:
            UsageError: When a folder is missing or not writable, or the journal exists.
        """
        named = [(n, p) for n in ("json", "report", "journal") if (p := getattr(self, n))]
        for name, path in named:
            _check_writable(name, path)
        if self.journal is not None and self.journal.exists():
            raise UsageError(
                f"journal '{self.journal}' exists and is never overwritten; choose another name."
            )
        for number, (name, path) in enumerate(named):
            for other, earlier in named[:number]:
                if path.resolve() == earlier.resolve():
                    raise UsageError(f"{other} and {name} are both '{path}'; name two files.")

    @contextmanager
    def open_journal(self, meta: Mapping[str, Any]) -> Iterator[Journal]:
        """Give the journal of the run; its file appears when the block ends well."""
        if self.journal is None:
            from ikbr.journal.memory_journal import MemoryJournal

            yield MemoryJournal()
            return
        from ikbr.data.atomic import Replacing
        from ikbr.journal.writer import FileJournal

        with ExitStack() as stack:
            try:
                temporary = stack.enter_context(Replacing(self.journal))
                journal = stack.enter_context(FileJournal(temporary, meta))
            except (OSError, JournalError):
                raise UsageError(
                    f"journal '{self.journal}' cannot be written; name another file."
                ) from None
            yield journal

    def write(self, result: BacktestResult) -> None:
        """Write what shows the result: all of it or nothing.

        Raises:
            UsageError: When a file cannot be written.
        """
        with ExitStack() as stack:
            if self.json is not None:
                # It takes its place only when the block ends, that is when the report is there.
                self._write_json(result, stack)
            if self.report is not None:
                from ikbr.backtest.report.report import write_report

                write_report(result, self.report)

    def _write_json(self, result: BacktestResult, stack: ExitStack) -> None:
        from ikbr.data.atomic import Replacing

        assert self.json is not None
        text = json_text(result) + "\n"
        try:
            temporary = stack.enter_context(Replacing(self.json))
            temporary.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"json '{self.json}' cannot be written ({error.strerror or error}); name another "
                f"file."
            ) from None


def json_text(result: BacktestResult) -> str:
    """Write a result as JSON text."""
    from ikbr.backtest.as_json import to_json

    return json.dumps(to_json(result), indent=1, allow_nan=False)


def _check_writable(name: str, path: Path) -> None:
    folder = path.parent
    if path == STDOUT:
        raise UsageError(f"{name} '-' cannot be: only the json goes to stdout; name a file.")
    if path.is_dir():
        raise UsageError(f"{name} '{path}' is a folder; name a file in it.")
    if path.exists() and not path.is_file():
        # The finished file takes the place of what is there: a device would be gone.
        raise UsageError(f"{name} '{path}' is a device, not a file; name a file (or --json -).")
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise UsageError(f"{name} '{path}': folder '{folder}' {what}; make it or name another.")
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise UsageError(f"{name} '{path}' cannot be written; name another file.")
