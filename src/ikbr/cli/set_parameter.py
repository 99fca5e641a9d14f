"""`ikbr set-parameter`: change a parameter of a strategy that runs, within its range."""

from __future__ import annotations

from typing import Annotated

import typer

from ikbr.cli.door import ClientId, Config, Host, Mode, Port, Reason, ask_bot
from ikbr.domain.errors import UsageError


def command(
    strategy: Annotated[str, typer.Argument(help="Its name.")],
    assignment: Annotated[str, typer.Argument(metavar="NAME=VALUE", help="As threshold=0.01.")],
    reason: Reason = "",
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    config: Config = None,
) -> None:
    """Change a parameter of a strategy that runs, within its range.

    Only what the strategy declares changeable; it holds until the bot ends.
    """
    name, equals, value = (part.strip() for part in assignment.partition("="))
    if not (name and equals and value):
        raise UsageError(f"{assignment!r}: write it as NAME=VALUE, as threshold=0.01.")
    where = (mode, host, port, client_id, config)
    asked = {"strategy": strategy, "name": name, "value": value}
    print(ask_bot(where, "set-parameter", reason=reason, **asked)["message"])
