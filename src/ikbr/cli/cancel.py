"""`ikbr cancel`: cancel an order of a running bot, or all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from ikbr.cli.door import ClientId, Config, Host, Mode, Port, Reason, ask_bot
from ikbr.domain.errors import UsageError


def command(
    order: Annotated[
        int | None, typer.Argument(metavar="ORDER", help="Its id, as `ikbr status` shows it.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All of them, except exits that protect what is held.")
    ] = False,
    strategy: Annotated[str, typer.Option(help="With --all: only those of a strategy.")] = "",
    symbol: Annotated[str, typer.Option(help="With --all: only those in a symbol.")] = "",
    reason: Reason = "",
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    config: Config = None,
) -> None:
    """Cancel an order of a running bot, or all of them.

    Strategies go on, and may send others: stop entries with `ikbr halt` before.
    """
    if (order is None) is not everything:
        raise UsageError("name an order, or give --all; `ikbr status --json` lists what works.")
    where = (mode, host, port, client_id, config)
    if order is not None:
        answer = ask_bot(where, "cancel", reason=reason, order_id=order)
    else:
        answer = ask_bot(where, "cancel-all", reason=reason, strategy=strategy, symbol=symbol)
    print(answer["message"])
