"""`ikbr flatten`: close what the strategies of a running bot hold, and stop its entries."""

from __future__ import annotations

from typing import Annotated

import typer

from ikbr.cli.door import Bot, Reason, of_bot


@of_bot
def command(
    strategy: Annotated[str, typer.Option(help="Only what a strategy holds.")] = "",
    symbol: Annotated[str, typer.Option(help="Only what is held in a symbol.")] = "",
    reason: Reason = "",
    *,
    bot: Bot,
) -> None:
    """Close what the strategies of a running bot hold, and stop its entries.

    Its orders are cancelled and what is held is closed at the market. Entries of the whole bot
    wait until `ikbr resume`, also over a restart. What no strategy holds is left alone. What is
    refused is tried again each second for half a minute; exit code 1 says that something was.
    """
    answer = bot.ask("flatten", reason=reason, strategy=strategy, symbol=symbol)
    print(answer["message"])
    if answer["left"]:
        raise typer.Exit(1)
