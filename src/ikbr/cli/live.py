"""`ikbr live`: the live profile, on a paper account or with real money."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ikbr.cli.run_options import share_options, with_run_options
from ikbr.cli.trading import BACKTEST_ONLY, options, trade


def command(
    confirm_live: Annotated[
        str, typer.Option(metavar="ACCOUNT", help="Real money may be traded in this account.")
    ] = "",
    **given: Any,
) -> None:
    """Trade with the limits of the live profile, on paper or with real money.

    TRADING_MODE says in which account: paper tries it out on the paper account. Real money needs
    TRADING_MODE=live and more (docs/live.md).
    """
    trade("live", {**given, "confirm_live": confirm_live})


share_options(command, options, ())
with_run_options(leave_out=BACKTEST_ONLY)(command)
