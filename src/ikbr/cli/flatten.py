"""`ikbr flatten`: close what the strategies of a running bot hold, and stop its entries."""

from __future__ import annotations

from typing import Annotated

import typer

from ikbr.cli.door import ClientId, Config, Host, Mode, Port, Reason, ask_bot


def command(
    strategy: Annotated[str, typer.Option(help="Only what a strategy holds.")] = "",
    symbol: Annotated[str, typer.Option(help="Only what is held in a symbol.")] = "",
    reason: Reason = "",
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    config: Config = None,
) -> None:
    """Close what the strategies of a running bot hold, and stop its entries.

    Its orders are cancelled and what is held is closed at the market. Entries of the whole bot
    wait until `ikbr resume`, also over a restart. What no strategy holds is left alone.
    """
    where = (mode, host, port, client_id, config)
    answer = ask_bot(where, "flatten", reason=reason, strategy=strategy, symbol=symbol)
    print(answer["message"])
