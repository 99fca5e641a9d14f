"""A progress bar on stderr, in terminals only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ikbr.domain.tape import TapeSource


@contextmanager
def progress_of(
    source: TapeSource, wanted: bool | None
) -> Iterator[Callable[[int, int], None] | None]:
    """Show how many sessions of a tape are done.

    Args:
        source: The tape.
        wanted: Whether to show it; None for "when stderr is a terminal".

    Yields:
        What to tell how many rows are done and the time of the last, ns UTC.
    """
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    closes = [session.close_ns for session in source.sessions]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sessions", total=len(closes))

        def show(rows: int, ts_ns: int) -> None:
            done = sum(close <= ts_ns + 1_000_000_000 for close in closes)
            bar.update(task, completed=done, description=f"{rows:,} events, sessions")

        yield show
