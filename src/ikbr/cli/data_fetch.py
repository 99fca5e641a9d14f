"""`ikbr data fetch`: history from IB into the catalog."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ikbr.cli.gateway_options import (
    ClientOption,
    HostOption,
    PortOption,
    TimeoutOption,
    gateway_settings,
    hushed,
)
from ikbr.cli.options import listed

if TYPE_CHECKING:
    from ikbr.api.fetch import Fetched, Progress

BESIDE_THE_BOT = 50
MOST_DAYS = 10_000
SHOWN = 5


def fetch_command(
    symbols: Annotated[str, typer.Option(metavar="A,B", help="Contracts, as AAPL,EUR.USD.")],
    bars: Annotated[str, typer.Option(help="Bars of '1 sec', '1 min' or '1 day'.")] = "",
    ticks: Annotated[str, typer.Option(help="Every tick: trades or quotes.")] = "",
    what: Annotated[str, typer.Option(help="Bars of TRADES, or of BID_ASK.")] = "TRADES",
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="The last N sessions.")] = 30,
    start: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="First day.")] = "",
    end: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Last day.")] = "",
    session: Annotated[str, typer.Option(help="Hours: regular or all.")] = "regular",
    host: HostOption = "",
    port: PortOption = 0,
    client_id: ClientOption = -1,
    timeout: TimeoutOption = 10.0,
    catalog: Annotated[
        Path, typer.Option("--catalog", "--data", metavar="DIR", help="Folder of the catalog.")
    ] = Path("catalog"),
) -> None:
    """Fetch history from Interactive Brokers.

    What the catalog holds is not asked for again, so a fetch that was ended goes on where it was.
    IB allows few requests of ticks and small bars, about six a minute: they take their time.
    """
    from ikbr.api.embedded import cache_folder
    from ikbr.api.fetch import FetchRequest, fetch
    from ikbr.api.request import as_date
    from ikbr.data.fetch_plan import kind_of_bars, kind_of_ticks
    from ikbr.domain.errors import UsageError, nearest

    if bool(bars) == bool(ticks):
        raise UsageError("--bars and --ticks: give one of them, as --bars '1 min'.")
    if session not in {"regular", "all"}:
        raise UsageError(
            f"--session {session!r} is unknown; {nearest(session, ('regular', 'all'))}."
        )
    request = FetchRequest(
        symbols=listed(symbols),
        kind=kind_of_bars(bars, what) if bars else kind_of_ticks(ticks),
        days=days,
        start=as_date(start or None, "start"),
        end=as_date(end or None, "end"),
        regular=session == "regular",
        catalog=catalog,
        gateway=gateway_settings(host, port, client_id, timeout, beside=BESIDE_THE_BOT),
        lock_dir=cache_folder() / "locks",
    )
    began = time.perf_counter()
    with hushed("ib_async", "ikbr"), _progress(sys.stderr.isatty()) as progress:
        found = asyncio.run(fetch(request, progress))
    for one in found:
        _tell(one)
    print(f"into '{catalog}' in {time.perf_counter() - began:.1f} s")
    if not all(one.is_complete for one in found):
        raise typer.Exit(1)


def _tell(one: Fetched) -> None:
    print(
        f"{one.symbol:<10} {one.rows:>12,} rows of {one.days:,} days fetched, "
        f"{one.held:,} days were there"
    )
    for days, words in (
        (one.empty, "IB has nothing of"),
        (one.unfinished, "not over yet, to be fetched later:"),
    ):
        if days:
            print(f"  note: {words} {_some([str(day) for day in sorted(days)])}")
    if one.doubts:
        print(f"  look at: {_some(one.doubts)}")
    for words in (*one.faults[:SHOWN], one.failure):
        if words:
            print(f"ikbr: {one.symbol}: {words}", file=sys.stderr)


def _some(words: list[str]) -> str:
    more = f" and {len(words) - SHOWN:,} more" if len(words) > SHOWN else ""
    return f"{'; '.join(words[:SHOWN])}{more}"


@contextlib.contextmanager
def _progress(is_terminal: bool) -> Iterator[Progress]:
    """Show on stderr how far a fetch has come: a bar in terminals, a line a day elsewhere."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import (
        Progress as Bar,
    )

    from ikbr.api.fetch import Progress

    told = Progress()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Bar(
        *columns, TimeRemainingColumn(), console=console, disable=not is_terminal, transient=True
    ) as bar:
        task = bar.add_task("connecting", total=None)
        if not is_terminal:
            print("connecting", file=sys.stderr, flush=True)
        told.on_plan = lambda days: bar.update(task, total=days, description="fetching")
        told.on_part = lambda share: bar.advance(task, share)

        def done(name: str, rows: int) -> None:
            bar.update(task, description=name)
            if not is_terminal:
                print(f"{name}: {rows:,} rows", file=sys.stderr, flush=True)

        def wait(why: str, seconds: float) -> None:
            pause = f" (waiting {seconds:.0f} s)" if seconds else ""
            console.print(f"{why}{pause}", highlight=False, soft_wrap=True)

        told.on_done, told.on_wait = done, wait
        yield told
