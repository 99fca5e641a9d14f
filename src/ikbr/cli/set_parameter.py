"""`ikbr set-parameter`: change a parameter of a strategy that runs, within its range."""

from __future__ import annotations

from typing import Annotated

import typer

from ikbr.cli.door import Bot, Reason, of_bot
from ikbr.domain.errors import UsageError


@of_bot
def command(
    strategy: Annotated[str, typer.Argument(help="Its name.")],
    assignment: Annotated[str, typer.Argument(metavar="NAME=VALUE", help="As threshold=0.01.")],
    reason: Reason = "",
    *,
    bot: Bot,
) -> None:
    """Change a parameter of a strategy that runs, within its range.

    Only what the strategy declares changeable; it holds until the bot ends.
    """
    name, equals, value = (part.strip() for part in assignment.partition("="))
    if not (name and equals and value):
        raise UsageError(f"{assignment!r}: write it as NAME=VALUE, as threshold=0.01.")
    asked = {"strategy": strategy, "name": name, "value": value}
    print(bot.ask("set-parameter", reason=reason, **asked)["message"])
