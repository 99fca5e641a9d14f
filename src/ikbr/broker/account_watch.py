"""The account watch: what IB says the account is worth, and earned today.

Source: IBKR, TWS API, "Account Updates" (every three minutes and after fills), "P&L" (each second).
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from ib_async import IB, AccountValue

UNSET = 1e300


class AccountWatch:
    """Follow the broker's own figures of an account.

    Attributes:
        net_liquidation: What the account is worth; NaN while unknown.
        daily_pnl, unrealised, realised: The profit of the day; NaN while unknown.
    """

    def __init__(self, ib: IB, account: str) -> None:
        """Listen; `subscribe` asks."""
        self._ib = ib
        self._account = account
        nan = float("nan")
        self.net_liquidation = self.daily_pnl = self.unrealised = self.realised = nan
        for value in ib.accountValues(account):
            self._on_value(value)
        ib.accountValueEvent.connect(self._on_value, keep_ref=True)
        ib.pnlEvent.connect(self._on_pnl, keep_ref=True)

    def subscribe(self) -> None:
        """Ask for the profit of the day."""
        if (self._account, "") not in self._ib.wrapper.pnlKey2ReqId:
            self._ib.reqPnL(self._account)

    def _on_value(self, value: AccountValue) -> None:
        if value.account == self._account and value.tag == "NetLiquidation" and value.currency:
            self.net_liquidation = float(value.value)

    def _on_pnl(self, pnl: Any) -> None:
        if pnl.account == self._account:
            self.daily_pnl = _known(pnl.dailyPnL)
            self.unrealised = _known(pnl.unrealizedPnL)
            self.realised = _known(pnl.realizedPnL)


def _known(amount: float | None) -> float:
    unknown = amount is None or not isfinite(amount) or abs(amount) > UNSET
    return float("nan") if unknown or amount is None else amount
