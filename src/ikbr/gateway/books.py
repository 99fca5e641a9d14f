"""Books: one account as its clients see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill
from ikbr.domain.position import Position
from ikbr.domain.tape import NO_PRICE
from ikbr.domain.timers import TimerHeap
from ikbr.gateway.contracts import Contracts
from ikbr.gateway.fields import Values
from ikbr.gateway.options import GatewayOptions
from ikbr.sim.account import Account
from ikbr.sim.account_state import AccountState, PositionState
from ikbr.sim.broker import SimBroker
from ikbr.sim.exchange import Exchange
from ikbr.sim.margin import MarginBook


class AccountValue(NamedTuple):
    """Hold one value of an account, as it is told."""

    key: str
    value: str
    currency: str


class BooksRecord(msgspec.Struct):
    """Hold what the books of an account are; see `Books`."""

    account: AccountState
    opening_micro: int
    opening_realised: dict[str, int]
    heard: dict[str, PositionState]


class Books:
    """Keep one account and say what it holds, in the words of the wire.

    Attributes:
        name: Of the account.
        account: The broker's books and rules.
        broker: The door to the exchange.
        opening_micro: Equity when the trading day began.
    """

    def __init__(
        self, name: str, contracts: Contracts, exchange: Exchange, clock: TimerHeap,
        options: GatewayOptions,
    ) -> None:  # fmt: skip
        """Open the account."""
        by_symbol = {one.symbol: one for one in contracts.instruments}
        self._contracts = contracts
        self.name = name
        self.account = Account(
            by_symbol,
            options.accounts[name],
            options.model,
            base=options.base,
            fx=options.fx,
        )
        self._margin = MarginBook(by_symbol, self.account.portfolio, options.model.account)
        self.broker = SimBroker(exchange, self.account, clock, options.model)
        self.opening_micro = self.account.portfolio.equity_micro()
        # Source: Regulation T and FINRA 4210: a quarter of what is bought must be one's own.
        self._leverage = 4 if options.model.account == "reg-t" else 1
        self._opening_realised: dict[str, int] = {}
        self._heard: dict[str, Position] = {}

    def open_day(self) -> None:
        """Begin to count the day's profit anew."""
        self.opening_micro = self.account.portfolio.equity_micro()
        self._opening_realised = {
            symbol: position.realised_micro - position.fees_micro
            for symbol, position in self.account.portfolio.positions.items()
        }

    def realised_by(self, fill: Fill) -> float | None:
        """Say what a fill has realised, after its own fees.

        Args:
            fill: The next one that is told, in the order in which they happened.

        Returns:
            The profit in the instrument's currency; None when it closed nothing.
        """
        # The account may be ahead: with latency a fill is told after later ones were booked.
        position = self._heard.get(fill.symbol)
        if position is None:
            position = Position(self.account.portfolio.position(fill.symbol).instrument)
            self._heard[fill.symbol] = position
        held, change = position.quantity, fill.signed_quantity
        realised = position.apply(change, fill.price_units)
        if held == 0 or (held > 0) == (change > 0):
            return None
        return (realised - fill.commission_micro) / MICRO

    def split(self, symbol: str, new: int, old: int) -> None:
        """Follow a split that the account has booked."""
        position = self._heard.get(symbol)
        if position is not None:
            position.split(new, old)

    def copies_of(self, symbol: str) -> tuple[Position, ...]:
        """Give the position as it is booked, and as far as its fills were told."""
        heard = self._heard.setdefault(
            symbol, Position(self.account.portfolio.position(symbol).instrument)
        )
        return self.account.portfolio.position(symbol), heard

    def mark(self, symbol: str, units: int) -> None:
        """Take a new mark of an instrument."""
        position = self.account.portfolio.positions.get(symbol)
        if position is not None and units != NO_PRICE:
            position.mark_units = units

    # --- written down ---------------------------------------------------------------------------

    def state(self) -> BooksRecord:
        """Write down what they are."""
        return BooksRecord(
            self.account.state(),
            self.opening_micro,
            dict(self._opening_realised),
            {symbol: PositionState.of(one) for symbol, one in self._heard.items()},
        )

    def resume(self, state: BooksRecord) -> None:
        """Be what was written down."""
        self.account.resume(state.account)
        self.opening_micro = state.opening_micro
        self._opening_realised = dict(state.opening_realised)
        by_symbol = {one.symbol: one for one in self._contracts.instruments}
        for symbol, one in state.heard.items():
            if symbol in by_symbol:
                self._heard[symbol] = one.position(by_symbol[symbol])

    # --- positions ------------------------------------------------------------------------------

    def held(self) -> list[Values]:
        """List the positions that are not flat, for `position` messages."""
        return [self.position_of(n) for n in self._numbers() if self.quantity(n)]

    def quantity(self, number: int) -> int:
        """Give the signed quantity of an instrument."""
        return self.account.portfolio.quantity(self._contracts.instruments[number].symbol)

    def position_of(self, number: int) -> Values:
        """Describe one position, flat or not, for a `position` message."""
        position = self._position(number)
        wire = self._contracts.wire[number]
        return {
            **wire,
            "account": self.name,
            "exchange": wire["primaryExchange"],
            "position": position.quantity,
            "avgCost": _average_cost(position),
        }

    def portfolio_of(self, number: int) -> Values:
        """Describe one position at its mark, for a `portfolioValue` message."""
        position = self._position(number)
        instrument = position.instrument
        return {
            **self._contracts.wire[number],
            "account": self.name,
            "position": position.quantity,
            "marketPrice": position.mark_units / instrument.price_scale,
            "marketValue": position.value_micro / MICRO,
            "averageCost": _average_cost(position),
            "unrealizedPNL": position.unrealised_micro / MICRO,
            "realizedPNL": self._realised_today(position) / MICRO,
        }

    def touched(self) -> list[int]:
        """List the instruments that were traded, in the order of the tape."""
        positions = self.account.portfolio.positions
        return [n for n in self._numbers() if self._contracts.instruments[n].symbol in positions]

    # --- profit ---------------------------------------------------------------------------------

    def pnl(self) -> Values:
        """Give the account's profit: today, of what is held, and realised today."""
        portfolio = self.account.portfolio
        unrealised = realised = 0
        for position in portfolio.positions.values():
            unrealised += portfolio.to_base(position.unrealised_micro, position.currency)
            realised += portfolio.to_base(self._realised_today(position), position.currency)
        return {
            "dailyPnL": (portfolio.equity_micro() - self.opening_micro) / MICRO,
            "unrealizedPnL": unrealised / MICRO,
            "realizedPnL": realised / MICRO,
        }

    def pnl_of(self, number: int) -> Values:
        """Give the profit of one position."""
        position = self._position(number)
        realised = self._realised_today(position)
        return {
            "position": position.quantity,
            "dailyPnL": (position.unrealised_micro + realised) / MICRO,
            "unrealizedPnL": position.unrealised_micro / MICRO,
            "realizedPnL": realised / MICRO,
            "value": position.value_micro / MICRO,
        }

    # --- values ---------------------------------------------------------------------------------

    def values(self) -> list[AccountValue]:
        """List the account's values in the order in which they are told.

        Source: IBKR, "Account Window Values"; the keys that margin and cash accounts share.
        """
        portfolio = self.account.portfolio
        base = portfolio.base
        first = self._contracts.instruments[0].symbol
        initial = self._margin.initial_before_and_after(first, 0, 0)[1]
        maintenance = self._margin.maintenance_micro()
        equity = portfolio.equity_micro()
        cash = sum(portfolio.to_base(a, c) for c, a in portfolio.cash_micro.items())
        pnl = self.pnl()
        available = equity - initial
        amounts = {
            "NetLiquidation": equity,
            "EquityWithLoanValue": equity,
            "TotalCashValue": cash,
            "SettledCash": cash,
            "AccruedCash": 0,
            "StockMarketValue": equity - cash,
            "GrossPositionValue": portfolio.gross_micro(),
            "InitMarginReq": initial,
            "MaintMarginReq": maintenance,
            "FullInitMarginReq": initial,
            "FullMaintMarginReq": maintenance,
            "AvailableFunds": available,
            "FullAvailableFunds": available,
            "ExcessLiquidity": equity - maintenance,
            "FullExcessLiquidity": equity - maintenance,
            "BuyingPower": max(available, 0) * self._leverage,
            "UnrealizedPnL": round(pnl["unrealizedPnL"] * MICRO),
            "RealizedPnL": round(pnl["realizedPnL"] * MICRO),
            "PreviousDayEquityWithLoanValue": self.opening_micro,
        }
        told = [
            AccountValue("AccountCode", self.name, ""),
            AccountValue("AccountType", "INDIVIDUAL", ""),
            AccountValue("AccountReady", "true", ""),
            AccountValue("Cushion", f"{(equity - maintenance) / equity if equity else 0:.6f}", ""),
            AccountValue(
                "Leverage", f"{portfolio.gross_micro() / equity if equity else 0:.2f}", ""
            ),
        ]
        told += [AccountValue(key, _money(micro), base) for key, micro in amounts.items()]
        for currency, micro in portfolio.cash_micro.items():
            told.append(AccountValue("CashBalance", _money(micro), currency))
            rate = portfolio.rate_micro(currency) / MICRO
            told.append(AccountValue("ExchangeRate", f"{rate:.6f}", currency))
        told.append(AccountValue("CashBalance", _money(cash), "BASE"))
        return told

    def by_key(self) -> Mapping[str, AccountValue]:
        """Give the account's values by key, those of the base currency winning."""
        found: dict[str, AccountValue] = {}
        for one in self.values():
            found.setdefault(one.key, one)
        return found

    def _numbers(self) -> range:
        return range(len(self._contracts.instruments))

    def _position(self, number: int) -> Position:
        instrument: Instrument = self._contracts.instruments[number]
        found = self.account.portfolio.positions.get(instrument.symbol)
        return found if found is not None else Position(instrument)

    def _realised_today(self, position: Position) -> int:
        opening = self._opening_realised.get(position.instrument.symbol, 0)
        return position.realised_micro - position.fees_micro - opening


def _average_cost(position: Position) -> float:
    return position.cost_micro / position.quantity / MICRO if position.quantity else 0.0


def _money(micro: int) -> str:
    return f"{micro / MICRO:.2f}"
