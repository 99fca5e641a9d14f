"""What an account is at a moment, apart from its rules: written down and taken up again."""

from __future__ import annotations

import datetime as dt

import msgspec

from ikbr.domain.instrument import Instrument
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.position import Position


class PositionState(msgspec.Struct, array_like=True):
    """Hold one position; see `Position`."""

    quantity: int
    cost_micro: int
    realised_micro: int
    fees_micro: int
    mark_units: int

    @classmethod
    def of(cls, position: Position) -> PositionState:
        """Write a position down."""
        return cls(*(getattr(position, name) for name in cls.__struct_fields__))

    def position(self, instrument: Instrument) -> Position:
        """Take a position up again."""
        found = Position(instrument)
        for name in self.__struct_fields__:
            setattr(found, name, getattr(self, name))
        return found


class SaleState(msgspec.Struct, array_like=True):
    """Hold the proceeds of a sale that has not settled; see `Settlement`."""

    amount_micro: int
    currency: str
    sessions: int
    latest: dt.date


class DayTradesState(msgspec.Struct):
    """Hold the day trades that count; see `DayTrades`."""

    earlier: list[int]
    today: int
    increased: list[str]


class BillState(msgspec.Struct, array_like=True):
    """Hold what an order has run up; see `FeeSchedule`."""

    day: int
    shares: int
    value: int
    raw: int
    venue: int
    charged: int


class FeesState(msgspec.Struct):
    """Hold the bills of orders that are not filled whole, and the volume of the month."""

    bills: dict[int, BillState]
    month: tuple[int, int]
    month_shares: int


class AccountState(msgspec.Struct):
    """Hold an account.

    Attributes:
        cash_micro: By currency.
        positions: By symbol.
        fees: See `FeesState`.
        sales: Proceeds that have not settled.
        day_trades: Where the rule holds.
        date: Of the latest session.
        equity_at_close: Of the latest close, millionths.
        actions_until_ns: Up to when splits and dividends were booked.
    """

    cash_micro: dict[str, int]
    positions: dict[str, PositionState]
    fees: FeesState
    sales: list[SaleState]
    day_trades: DayTradesState | None
    date: dt.date | None
    equity_at_close: int | None
    actions_until_ns: int

    def fill(self, portfolio: Portfolio, instruments: dict[str, Instrument]) -> None:
        """Take cash and positions up again, those of unknown instruments left out."""
        portfolio.cash_micro.clear()
        portfolio.cash_micro.update(self.cash_micro)
        portfolio.positions.clear()
        for symbol, one in self.positions.items():
            if symbol in instruments:
                portfolio.positions[symbol] = one.position(instruments[symbol])
