"""How figures and parameters of a sweep are written for people."""

from __future__ import annotations

from typing import Any

from ikbr.backtest.report.wording import NOTHING, Words, duration, number, percent

_MONEY = frozenset(
    "net_pnl gross_pnl commission final_equity expectancy average_win average_loss best "
    "worst cost_spread cost_latency cost_slippage cost_total".split()
)
_SHARES = frozenset(
    "total_return cagr max_drawdown exposure average_mae average_mfe volatility win_rate "
    "value_at_risk expected_shortfall ulcer_index probabilistic_sharpe".split()
)
_COUNTS = frozenset(
    "sessions fill_count open_positions trips wins losses longest_losing_streak orders "
    "refused".split()
)


def figure(name: str, value: float | None, words: Words | None = None) -> str:
    r"""Write a figure.

    Args:
        name: Of the figure.
        value: Its value; None for undefined.
        words: For money.

    >>> figure("net_pnl", -12.5), figure("max_drawdown", 0.0123), figure("trips", 12.0)
    ('−$12.50', '1.23\xa0%', '12')
    """
    if value is None:
        return NOTHING
    if name in _MONEY:
        return (words or Words()).money(value)
    if name in _SHARES:
        return percent(value)
    if name in _COUNTS:
        return f"{value:,.0f}"
    if name == "average_held_s":
        return duration(value)
    return number(value, 3)


def parameter(value: Any) -> str:
    """Write the value of a parameter.

    >>> parameter(0.30000000000000004), parameter(True), parameter(None), parameter((1, 2))
    ('0.3', 'true', 'none', '1,2')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        return ",".join(parameter(one) for one in value)
    return str(value)
