"""What an order would do to an account."""

from __future__ import annotations

import msgspec


class WhatIf(msgspec.Struct, frozen=True):
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
