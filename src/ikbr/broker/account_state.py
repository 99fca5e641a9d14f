"""The account's state as IB tells it: what is there before we trade.

Source: IBKR, TWS API, "Account Updates": `CashBalance` and `ExchangeRate` come per currency,
`NetLiquidation` in the currency of the account; the average cost of a position contains its
multiplier and its commissions.
"""

from __future__ import annotations

import math

import msgspec
from ib_async import IB, AccountValue, PortfolioItem

from ikbr.broker.contracts import ContractTable, to_instrument
from ikbr.domain.errors import ContractError, IkbrError
from ikbr.domain.instrument import MICRO, Instrument

TOTALS = frozenset(("BASE", ""))


class AccountError(IkbrError):
    """IB has not said what is in the account."""


class Holding(msgspec.Struct, frozen=True):
    """Hold one position that is there already.

    Attributes:
        instrument: What is held.
        quantity: Signed.
        cost_micro: What it cost, millionths of its currency.
        mark_units: IB's mark, price units.
        con_id: IB's number of the instrument.
    """

    instrument: Instrument
    quantity: int
    cost_micro: int
    mark_units: int
    con_id: int


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """Say what is in an account.

    Attributes:
        account: Which.
        base: Its currency.
        net_liquidation: What all of it is worth, in `base`.
        cash_micro: Cash by currency, millionths.
        fx: Value of one unit of other currencies in `base`.
        holdings: Positions.
        strange: Positions that ikbr cannot read (fractions, bonds, funds …), in words.
        strange_value: What they are worth, in `base`.
    """

    account: str
    base: str
    net_liquidation: float
    cash_micro: dict[str, int]
    fx: dict[str, float]
    holdings: tuple[Holding, ...] = ()
    strange: tuple[str, ...] = ()
    strange_value: float = 0.0


def read_account(ib: IB, account: str, contracts: ContractTable) -> AccountState:
    """Read what ib_async was told of an account when it connected.

    Args:
        ib: The client; account updates are subscribed.
        account: Which account.
        contracts: The instruments that are traded, so that they are found again.

    Raises:
        AccountError: When the values are not there.
    """
    values = ib.accountValues(account)
    net = next((v for v in values if _is(v, "NetLiquidation")), None)
    cash = {v.currency: _micro(v) for v in values if _is(v, "CashBalance")}
    if net is None or not cash:
        raise AccountError(
            f"the gateway has told no cash and no value of account {account}; is it logged in "
            f"and ready?"
        )
    rates = {v.currency: float(v.value) for v in values if _is(v, "ExchangeRate")}
    fx = {c: rate for c, rate in rates.items() if c != net.currency and rate > 0}
    holdings, strange, worth = [], [], 0.0
    for item in ib.portfolio(account):
        holding = _holding(item, contracts)
        if holding is not None:
            holdings.append(holding)
            continue
        strange.append(f"{item.position:g} {item.contract.localSymbol or item.contract.symbol}")
        worth += item.marketValue * fx.get(item.contract.currency, 1.0)
    return AccountState(
        account=account,
        base=net.currency,
        net_liquidation=float(net.value),
        cash_micro=cash,
        fx=fx,
        holdings=tuple(holdings),
        strange=tuple(strange),
        strange_value=worth,
    )


def _is(value: AccountValue, tag: str) -> bool:
    return value.tag == tag and value.currency not in TOTALS


def _micro(value: AccountValue) -> int:
    return round(float(value.value) * MICRO)


def _holding(item: PortfolioItem, contracts: ContractTable) -> Holding | None:
    """Read a position; None where ikbr knows no such instrument or quantity."""
    if not math.isclose(item.position, round(item.position), abs_tol=1e-9):
        return None
    instrument = contracts.find(item.contract)
    if instrument is None:
        try:
            instrument = to_instrument(item.contract)
        except ContractError:
            return None
    quantity = round(item.position)
    return Holding(
        instrument,
        quantity,
        round(item.averageCost * quantity * MICRO),
        instrument.to_units(item.marketPrice),
        item.contract.conId,
    )
