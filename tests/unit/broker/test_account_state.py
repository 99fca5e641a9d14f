"""What is in an account, as ib_async was told when it connected."""

from __future__ import annotations

from typing import Any

import pytest
from ib_async import IB, AccountValue, Contract, PortfolioItem

from ikbr.broker.account_state import AccountError, read_account
from ikbr.broker.contracts import ContractTable
from ikbr.domain.contracts import parse_contract

ACCOUNT = "DU1234567"
VALUES = [
    ("NetLiquidation", "105000.50", "USD"),
    ("NetLiquidation", "105000.50", "BASE"),
    ("CashBalance", "50000.25", "USD"),
    ("CashBalance", "2000.00", "EUR"),
    ("CashBalance", "52200.25", "BASE"),
    ("ExchangeRate", "1.000000", "USD"),
    ("ExchangeRate", "1.100000", "EUR"),
]


def account(
    values: list[tuple[str, str, str]] = VALUES, items: list[PortfolioItem] | None = None
) -> IB:
    ib = IB()
    wrapper: Any = ib.wrapper
    for tag, value, currency in values:
        key = (ACCOUNT, tag, currency, "")
        wrapper.accountValues[key] = AccountValue(ACCOUNT, tag, value, currency, "")
    for item in items or []:
        wrapper.portfolio[ACCOUNT][item.contract.conId] = item
    return ib


def item(contract: Contract, quantity: float, price: float, cost: float) -> PortfolioItem:
    return PortfolioItem(contract, quantity, price, quantity * price, cost, 0.0, 0.0, ACCOUNT)


def stock(symbol: str, number: int, **more: Any) -> Contract:
    return Contract(secType="STK", symbol=symbol, conId=number, currency="USD", **more)


SPY = parse_contract("SPY")
TABLE = ContractTable([SPY])


def test_cash_comes_by_currency_and_totals_do_not_count_twice() -> None:
    state = read_account(account(), ACCOUNT, TABLE)
    assert state.base == "USD"
    assert state.net_liquidation == 105_000.50
    assert state.cash_micro == {"USD": 50_000_250_000, "EUR": 2_000_000_000}
    assert state.fx == {"EUR": 1.1}


def test_holdings_have_quantity_cost_and_mark() -> None:
    items = [item(stock("SPY", 1), 100, 501.0, 500.5), item(stock("KO", 2), -50, 60.0, 61.0)]
    spy, ko = read_account(account(items=items), ACCOUNT, TABLE).holdings
    assert spy.instrument is SPY, "what is traded is found again"
    assert (spy.quantity, spy.cost_micro, spy.con_id) == (100, 50_050_000_000, 1)
    assert spy.mark_units == SPY.to_units(501.0)
    assert (ko.instrument.symbol, ko.quantity, ko.cost_micro) == ("KO", -50, -3_050_000_000)


def test_what_cannot_be_read_is_named_and_its_value_counts() -> None:
    bond = Contract(secType="BOND", symbol="T", conId=3, currency="EUR", localSymbol="T 4 1/2")
    items = [item(bond, 10, 100.0, 99.0), item(stock("BRK B", 4), 0.5, 400.0, 390.0)]
    state = read_account(account(items=items), ACCOUNT, TABLE)
    assert state.holdings == ()
    assert state.strange == ("10 T 4 1/2", "0.5 BRK B")
    assert state.strange_value == pytest.approx(10 * 100.0 * 1.1 + 0.5 * 400.0)


@pytest.mark.parametrize("missing", ["NetLiquidation", "CashBalance"])
def test_an_account_that_is_not_told_yet_is_refused(missing: str) -> None:
    values = [one for one in VALUES if one[0] != missing]
    with pytest.raises(AccountError, match=ACCOUNT):
        read_account(account(values), ACCOUNT, TABLE)
