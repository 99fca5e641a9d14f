"""`ikbr kill`: stop a trader from outside, whatever state it is in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ikbr.api.kill import Outcome
    from ikbr.api.places import Places

Mode = Annotated[str, typer.Option(metavar="paper|live", help="Whose settings say where it is.")]
Host = Annotated[str | None, typer.Option(help="Of the gateway. [default: by the settings]")]
Port = Annotated[int | None, typer.Option(help="Of the gateway. [default: by the settings]")]
ClientId = Annotated[int | None, typer.Option(help="Of the bot. [default: by the settings]")]
Reason = Annotated[str, typer.Option(metavar="WORDS", help="Why; it goes into the journal.")]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings file.")]


def command(
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Close what its strategies hold.")
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Cancel the orders of all clients, and with --flatten close everything."
        ),
    ] = False,
    reason: Reason = "",
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=600, help="To end, and to cancel.")
    ] = 10.0,
    config: Config = None,
    json: Annotated[bool, typer.Option("--json", help="Say it as JSON.")] = False,
) -> None:
    """Stop a bot from outside: cancel what is open, close what is held.

    No new orders are sent until `ikbr arm`. Works when the bot hangs (it is ended by force) and
    when none runs. Its own orders are meant, protective stops last. Exit code 0 says that nothing
    is open any more.
    """
    import asyncio
    import logging

    from ikbr.api.kill import KillRequest, kill

    # What it says of a connection is said here in words.
    logging.getLogger("ib_async").setLevel(logging.CRITICAL + 1)
    places = places_from(mode, host, port, client_id, config)
    request = KillRequest(
        reason=reason, flatten=flatten, everything=everything, patience_s=patience
    )
    outcome = asyncio.run(kill(places, request))
    if json:
        _print_json(outcome)
    else:
        _print(outcome)
    if not outcome.complete:
        raise typer.Exit(1)


def places_from(
    mode: str, host: str | None, port: int | None, client_id: int | None, config: Path | None
) -> Places:
    """Find the trader that the options mean."""
    from ikbr.api.kill import places_of
    from ikbr.settings import load_settings

    return places_of(load_settings(mode, (), config), host, port, client_id)


def _print(outcome: Outcome) -> None:
    print(f"Stopped: no new orders until `ikbr arm`; {outcome.process}.")
    done = outcome.done
    if done is not None:
        print(f"Cancelled {done.cancelled} orders, sent {done.closed} to close positions.")
        for text in done.open:
            print(f"STILL OPEN: {text}")
        for symbol, quantity in done.held.items():
            print(f"STILL HELD: {quantity:+d} {symbol}")
    if outcome.problem:
        print(f"NOT DONE: {outcome.problem.rstrip('.')}.")
    if outcome.complete:
        print("Nothing is open any more.")


def _print_json(outcome: Outcome) -> None:
    import orjson

    done = outcome.done._asdict() if outcome.done is not None else None
    told = {
        "complete": outcome.complete,
        "process": outcome.process,
        "done": done,
        "problem": outcome.problem,
    }
    print(orjson.dumps(told).decode())
