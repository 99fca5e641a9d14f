"""Real money: what must hold before ikbr trades with it."""

from __future__ import annotations

from collections.abc import Sequence

from ikbr.core.pipeline import Instance
from ikbr.domain.errors import ConfigError
from ikbr.domain.limit_table import first_looser
from ikbr.domain.limits import RiskLimits

NEEDED = (
    "max_position_pct",
    "max_position_notional",
    "max_gross_pct",
    "max_drawdown_pct",
    "max_daily_loss_pct",
    "min_order_interval_s",
    "collar_pct",
)
"""Limits that may not be switched off with real money."""


def check_real_money(limits: RiskLimits, paper: RiskLimits, instances: Sequence[Instance]) -> None:
    """Refuse real money unless everything holds that can be known before connecting.

    Args:
        limits: In force.
        paper: Those of the paper profile; none may be looser than they are.
        instances: The strategies.

    Raises:
        ConfigError: With the field, its value and the remedy.
    """
    for name in NEEDED:
        if not getattr(limits, name):
            raise ConfigError(f"risk.{name} is 0 (off), and real money needs it; set a limit.")
    for name in ("refuse_stale", "require_stop"):
        if not getattr(limits, name):
            raise ConfigError(f"risk.{name} is false, and real money needs it; set it to true.")
    loose = first_looser(paper, limits)
    if loose is not None:
        raise ConfigError(
            f"risk.{loose.name} = {loose.after} is looser than on paper ({loose.before}); tighten "
            f"it, or loosen [profile.paper.risk] in the settings file."
        )
    for one in instances:
        if not one.strategy.stop_loss_pct > 0:
            raise ConfigError(
                f"{one.name} has no protective stop, and real money needs one for every position; "
                f"set it with --param {one.name}.stop_loss_pct=0.01, or in its file."
            )


def confirm_account(account: str, typed: str) -> None:
    """Refuse real money unless its account was named.

    Args:
        account: The account that would be traded.
        typed: What a person typed, or gave with --confirm-live.

    Raises:
        ConfigError: When it is not the same.
    """
    if typed.strip() != account:
        given = f"{typed.strip()!r} was given" if typed.strip() else "nothing was given"
        raise ConfigError(
            f"real money in an account is only traded when its number is confirmed; {given}: "
            f"type it when asked, or use --confirm-live ACCOUNT."
        )
