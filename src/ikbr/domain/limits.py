"""Risk limits: the settings of the risk manager."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from ikbr.domain.errors import ConfigError

_FRACTIONS = ("max_drawdown_pct", "max_daily_loss_pct", "correlation_threshold", "min_excess_pct")
"""More than 1 of these makes no sense."""


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bound what orders may do. Percentages are fractions of equity; 0 switches a limit off.

    Unit, scope and meaning of each stand in `domain/limit_table.py`.
    """

    # How large a position may become
    max_position_pct: float = 0.30
    max_position_notional: float = 0.0
    max_gross_pct: float = 1.0
    max_net_pct: float = 0.0
    max_sector_pct: float = 0.0
    sectors: tuple[str, ...] = ()
    correlation_threshold: float = 0.8
    max_correlated_pct: float = 0.6

    # How much may be lost
    max_drawdown_pct: float = 0.05
    max_daily_loss_pct: float = 0.0

    # What one order may be
    max_order_quantity: int = 0
    max_order_notional: float = 0.0
    collar_pct: float = 0.0
    collar_ticks: int = 0
    max_spread_pct: float = 0.0
    refuse_self_trade: bool = False
    check_children: bool = False
    require_stop: bool = False
    preview_notional: float = 0.0
    min_excess_pct: float = 0.0

    # How much may be sent
    min_order_interval_s: float = 0.001
    duplicate_s: float = 0.0
    max_messages_per_s: int = 0
    max_orders_per_minute: int = 0
    max_orders_per_day: int = 0
    max_quantity_per_minute: int = 0
    max_quantity_per_day: int = 0
    max_notional_per_minute: float = 0.0
    max_notional_per_day: float = 0.0
    max_runs: int = 0
    max_rejections: int = 0
    rejection_window_s: float = 600.0
    refusal_retry_s: float = 1.0

    # Where and when anything may be traded
    restricted: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    refuse_stale: bool = False
    stale_after_s: float = 60.0
    refuse_closed: bool = False
    auction_cutoff_s: float = 600.0
    refuse_unreconciled: bool = False

    def __post_init__(self) -> None:
        """Refuse limits that make no sense."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, int | float) and not value >= 0:
                raise ConfigError(f"risk.{name} = {value}: it must be 0 (off) or more.")
        for name in _FRACTIONS:
            if getattr(self, name) > 1:
                raise ConfigError(
                    f"risk.{name} = {getattr(self, name)}: it is a fraction of at most 1 "
                    f"(0.05 is five per cent)."
                )
        sector_of(self.sectors)


def sector_of(sectors: Iterable[str]) -> dict[str, str]:
    """Read `sectors` into the sector of each symbol.

    Args:
        sectors: One entry per sector, its name before a colon: "banks: BAC JPM". Symbols that
            hold spaces themselves stand between semicolons.

    Raises:
        ConfigError: When an entry cannot be read or names a symbol that has a sector already.

    >>> sector_of(["banks: BAC JPM", "tech: AAPL"])
    {'BAC': 'banks', 'JPM': 'banks', 'AAPL': 'tech'}
    >>> sector_of(["rates: ZN 202612 CBOT; TLT"])
    {'ZN 202612 CBOT': 'rates', 'TLT': 'rates'}
    """
    found: dict[str, str] = {}
    for entry in sectors:
        name, colon, symbols = entry.partition(":")
        if not colon or not name.strip() or not symbols.split():
            raise ConfigError(
                f"risk.sectors holds {entry!r}: write the sector, a colon and its symbols, as "
                f"'banks: BAC JPM'."
            )
        for symbol in map(str.strip, symbols.split(";" if ";" in symbols else None)):
            if found.setdefault(symbol, name.strip()) != name.strip():
                raise ConfigError(
                    f"risk.sectors puts {symbol} into {found[symbol]!r} and {name.strip()!r}; "
                    f"leave one of them out."
                )
    return found


_GUARDED = RiskLimits(
    max_position_pct=0.10,
    max_net_pct=1.0,
    collar_ticks=5,
    refuse_self_trade=True,
    check_children=True,
    min_excess_pct=0.10,
    max_rejections=3,
    refuse_stale=True,
    refuse_closed=True,
    refuse_unreconciled=True,
)
"""What paper and live have in common."""

PROFILES: dict[str, RiskLimits] = {
    "backtest": RiskLimits(),
    "paper": replace(
        _GUARDED,
        max_position_notional=10_000.0,
        max_sector_pct=0.40,
        min_order_interval_s=0.2,
        collar_pct=0.05,
        max_spread_pct=0.02,
        max_order_quantity=20_000,
        max_order_notional=20_000.0,
        preview_notional=5_000.0,
        duplicate_s=0.1,
        max_messages_per_s=30,
        max_orders_per_minute=120,
        max_orders_per_day=5_000,
        max_quantity_per_minute=100_000,
        max_quantity_per_day=2_000_000,
        max_notional_per_minute=200_000.0,
        max_notional_per_day=5_000_000.0,
        max_runs=1_000,
    ),
    "live": replace(
        _GUARDED,
        max_position_notional=5_000.0,
        max_sector_pct=0.30,
        min_order_interval_s=1.0,
        max_drawdown_pct=0.02,
        max_daily_loss_pct=0.01,
        require_stop=True,
        collar_pct=0.03,
        max_spread_pct=0.01,
        max_order_quantity=10_000,
        max_order_notional=10_000.0,
        preview_notional=2_500.0,
        duplicate_s=0.5,
        max_messages_per_s=20,
        max_orders_per_minute=60,
        max_orders_per_day=1_000,
        max_quantity_per_minute=20_000,
        max_quantity_per_day=200_000,
        max_notional_per_minute=50_000.0,
        max_notional_per_day=500_000.0,
        max_runs=200,
    ),
}
"""Source: the owner's guide, "Live vs Backtest Architecture" and "Safety Measures", for positions,
drawdown, intervals and correlation. The others are ours, wide enough for what those let pass."""
