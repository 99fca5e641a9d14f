"""`ikbr cancel`: cancel an order of a running bot, or all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from ikbr.cli.door import Bot, Reason, of_bot
from ikbr.domain.errors import UsageError


@of_bot
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
    *,
    bot: Bot,
) -> None:
    """Cancel an order of a running bot, or all of them.

    Strategies go on, and may send others: stop entries with `ikbr halt` before.
    """
    if (order is None) is not everything:
        raise UsageError("name an order, or give --all; `ikbr status --json` lists what works.")
    if order is not None:
        answer = bot.ask("cancel", reason=reason, order_id=order)
    else:
        answer = bot.ask("cancel-all", reason=reason, strategy=strategy, symbol=symbol)
    print(answer["message"])
