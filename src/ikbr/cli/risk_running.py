"""`ikbr risk tighten | enable | unblock`: change what risk allows in a bot that runs."""

from __future__ import annotations

from typing import Annotated

import typer

from ikbr.cli.door import Bot, Reason, of_bot
from ikbr.domain.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the commands to a group."""
    for command in (tighten, enable, unblock):
        app.command()(command)


@of_bot
def tighten(
    limits: Annotated[list[str], typer.Argument(metavar="LIMIT=VALUE...", help="New limits.")],
    reason: Reason = "",
    *,
    bot: Bot,
) -> None:
    """Tighten limits of a running bot.

    Write them as risk.max_position_pct=0.05; nothing can be loosened. They hold until the bot has
    ended in an orderly way, also over a crash.
    """
    pairs = dict(_pair(text) for text in limits)
    answer = bot.ask("tighten", reason=reason, limits=pairs)["limits"]
    for name, value in answer.items():
        print(f"{name} = {value}")
    if not answer:
        print("These limits are in force already.")


@of_bot
def enable(
    strategy: Annotated[str, typer.Argument(help="Its name.")],
    reason: Reason = "",
    *,
    bot: Bot,
) -> None:
    """Let a strategy enter again that has used up its runs (risk.max_runs)."""
    bot.ask("enable", reason=reason, subject=strategy)
    print(f"{strategy} counts its orders from 0.")


@of_bot
def unblock(
    symbol: Annotated[str, typer.Argument(help="Its name.")],
    reason: Reason = "",
    *,
    bot: Bot,
) -> None:
    """Let a symbol be entered again that was blocked."""
    answer = bot.ask("unblock", reason=reason, subject=symbol)
    print(f"{symbol} may be entered again; it was blocked because: {answer['was']}.")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{text!r}: write it as LIMIT=VALUE, as risk.max_position_pct=0.05.")
    return name.strip(), value.strip()
