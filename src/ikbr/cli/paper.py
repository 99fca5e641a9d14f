"""`ikbr paper`: trade on paper, over a real or a simulated gateway."""

from __future__ import annotations

from typing import Any

from ikbr.cli.run_options import share_options, with_run_options
from ikbr.cli.trading import BACKTEST_ONLY, options, trade


def command(**given: Any) -> None:
    """Trade on paper over a gateway.

    The strategies are those of backtests; no real money is touched.

    Without an account: start `ikbr gateway sim` first. Ctrl-C ends in an orderly way.
    """
    trade("paper", given)


share_options(command, options, ())
with_run_options(leave_out=BACKTEST_ONLY)(command)
