"""`ikbr record`: live market data into the catalog."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import signal
import sys
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
from ikbr.domain.errors import UsageError

if TYPE_CHECKING:
    from ikbr.api.record import Recorded, RecordRequest

BESIDE_THE_BOT = 60
_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def command(
    symbols: Annotated[str, typer.Option(metavar="A,B", help="Contracts, as AAPL,EUR.USD.")],
    for_: Annotated[str, typer.Option("--for", help="How long, as 90s, 30m or 6h.")] = "",
    until: Annotated[
        str, typer.Option(metavar="TIME", help="End then, as 2026-03-02T16:00 (here) or …-05:00.")
    ] = "",
    lines: Annotated[int, typer.Option(min=1, help="Market data lines of the user.")] = 100,
    delayed: Annotated[bool, typer.Option("--delayed", help="Delayed data will do.")] = False,
    host: HostOption = "",
    port: PortOption = 0,
    client_id: ClientOption = -1,
    timeout: TimeoutOption = 10.0,
    catalog: Annotated[
        Path, typer.Option("--catalog", "--data", metavar="DIR", help="Folder of the catalog.")
    ] = Path("catalog"),
) -> None:
    """Record live quotes and prints until Ctrl-C, or until it is time.

    A day goes into the catalog when the next one begins and at the end. What a kill leaves behind
    goes there at the next start; it loses a second at most.
    """
    from ikbr.api.embedded import cache_folder
    from ikbr.api.record import RecordRequest

    request = RecordRequest(
        symbols=listed(symbols),
        catalog=catalog,
        gateway=gateway_settings(host, port, client_id, timeout, beside=BESIDE_THE_BOT),
        lock_dir=cache_folder() / "locks",
        for_s=_seconds(for_) if for_ else 0.0,
        until_ns=_moment_ns(until) if until else 0,
        lines=lines,
        delayed=delayed,
    )
    with hushed("ib_async"):
        found = asyncio.run(_record(request))
    print(f"{found.rows:,} rows of {', '.join(request.symbols)} recorded into '{catalog}'")
    for path in found.kept_apart:
        print(f"note: '{path}' stays apart, as the catalog has that day from elsewhere")
    if found.lost:
        print(f"ikbr: {found.lost:,} rows were lost, as the disk took none.", file=sys.stderr)
        raise typer.Exit(1)


async def _record(request: RecordRequest) -> Recorded:
    from ikbr.api.record import record

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, ended.set)
    return await record(request, ended, lambda words: print(f"ikbr: {words}", file=sys.stderr))


def _seconds(text: str) -> float:
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None or not float(match[1]):
        raise UsageError(f"--for {text!r} is not understood; write it as 90s, 30m or 6h.")
    return float(match[1]) * _SECONDS[match[2]]


def _moment_ns(text: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--until {text!r} is no time; write it as 2026-03-02T16:00 or with a zone as "
            "2026-03-02T16:00-05:00."
        ) from None
    return round(moment.timestamp() * 1_000_000) * 1000
