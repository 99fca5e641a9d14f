"""Margin previews: what an order would do to an account, without placing it (IB's whatIf)."""

from __future__ import annotations

import msgspec


class MarginPreview(msgspec.Struct, frozen=True):
    """Say what an order would do to the account, in millionths.

    Attributes:
        initial_before_micro, initial_after_micro: Initial margin, base currency.
        maintenance_before_micro, maintenance_after_micro: Maintenance margin, base currency.
        equity_before_micro, equity_after_micro: Equity with loan value, base currency.
        commission_micro: Estimated fees, in the instrument's currency.
    """

    initial_before_micro: int
    initial_after_micro: int
    maintenance_before_micro: int
    maintenance_after_micro: int
    equity_before_micro: int
    equity_after_micro: int
    commission_micro: int

    @property
    def excess_after_micro(self) -> int:
        """What of the equity would be left over the initial margin."""
        return self.equity_after_micro - self.initial_after_micro

    @property
    def frees_margin(self) -> bool:
        """Whether the order would need no more margin than there is now."""
        return self.initial_after_micro <= self.initial_before_micro
