"""Risk limits: the settings of the risk manager."""

from __future__ import annotations

import msgspec

from ikbr.domain.errors import ConfigError


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bound what orders may do. Percentages are fractions of equity; 0 switches a limit off.

    Attributes:
        max_position_pct: Notional of one position.
        max_position_notional: Notional of one position, in the base currency.
        max_gross_pct: Sum of the absolute notionals of all positions and open orders.
        max_drawdown_pct: Fall below the high-water mark that halts entries for good.
        max_daily_loss_pct: Loss since the session began that halts entries until the next.
        correlation_threshold: From which correlation of returns two holdings count as one.
        max_correlated_pct: Net notional of holdings that count as one.
        min_order_interval_s: Shortest time between two entries of a strategy in a symbol.
        max_order_quantity: Quantity of one order.
        max_order_notional: Notional of one order, in the base currency.
        max_orders_per_day: Orders of the account in a session.
        collar_pct: Distance of a limit price from the market beyond which it is refused.
        refusal_retry_s: How long a refused direction is not asked again, unless a fill comes.
        stale_after_s: Age from which a ticker is labelled stale.
        refuse_stale: Whether entries on stale, crossed or halted data are refused.
        restricted: Symbols that may not be traded.
    """

    max_position_pct: float = 0.30
    max_position_notional: float = 0.0
    max_gross_pct: float = 1.0
    max_drawdown_pct: float = 0.05
    max_daily_loss_pct: float = 0.0
    correlation_threshold: float = 0.8
    max_correlated_pct: float = 0.6
    min_order_interval_s: float = 0.001
    max_order_quantity: int = 0
    max_order_notional: float = 0.0
    max_orders_per_day: int = 0
    collar_pct: float = 0.0
    refusal_retry_s: float = 1.0
    stale_after_s: float = 60.0
    refuse_stale: bool = False
    restricted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse limits that make no sense."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, int | float) and not value >= 0:
                raise ConfigError(f"risk.{name} = {value}: it must be 0 (off) or more.")
        for name in ("max_drawdown_pct", "max_daily_loss_pct", "correlation_threshold"):
            if getattr(self, name) > 1:
                raise ConfigError(
                    f"risk.{name} = {getattr(self, name)}: it is a fraction of at most 1 "
                    f"(0.05 is five per cent)."
                )


PROFILES: dict[str, RiskLimits] = {
    "backtest": RiskLimits(),
    "paper": RiskLimits(
        max_position_pct=0.10,
        max_position_notional=10_000.0,
        min_order_interval_s=0.2,
        collar_pct=0.05,
        refuse_stale=True,
    ),
    "live": RiskLimits(
        max_position_pct=0.10,
        max_position_notional=5_000.0,
        min_order_interval_s=1.0,
        max_drawdown_pct=0.02,
        max_daily_loss_pct=0.01,
        collar_pct=0.03,
        refuse_stale=True,
    ),
}
"""Source: the owner's guide, "Live vs Backtest Architecture" and "Safety Measures"."""
