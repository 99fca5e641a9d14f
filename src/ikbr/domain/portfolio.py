"""The portfolio: cash per currency and positions, valued in one base currency.

The identity that always holds: equity = cash + Σ position × multiplier × mark × fx.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ikbr.domain.amendment import Amendment, amend_position
from ikbr.domain.errors import ContractError
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill
from ikbr.domain.position import Position


class Portfolio:
    """Keep the books of an account or of one strategy; exact in millionths.

    Attributes:
        base: The currency everything is valued in.
        cash_micro: Cash per currency.
        positions: By symbol; flat ones stay with their realised profit.
        fx_micro: Value of one unit of a currency in the base currency, in millionths.
    """

    __slots__ = ("_instruments", "base", "cash_micro", "fx_micro", "positions")

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        capital_micro: int,
        base: str = "USD",
        fx: Mapping[str, float] | None = None,
    ) -> None:
        """Open the books.

        Args:
            instruments: What may be held, by symbol.
            capital_micro: Opening cash in the base currency, millionths.
            base: The base currency.
            fx: Value of one unit of other currencies in the base currency.
        """
        self._instruments = instruments
        self.base = base
        self.cash_micro: dict[str, int] = {base: capital_micro}
        self.positions: dict[str, Position] = {}
        self.fx_micro: dict[str, int] = {base: MICRO}
        for currency, rate in (fx or {}).items():
            self.set_fx(currency, rate)

    def position(self, symbol: str) -> Position:
        """Give the position in a symbol; a flat one when there is none."""
        position = self.positions.get(symbol)
        if position is None:
            position = self.positions[symbol] = Position(self._instruments[symbol])
        return position

    def quantity(self, symbol: str) -> int:
        """Give the signed quantity held."""
        position = self.positions.get(symbol)
        return position.quantity if position is not None else 0

    def set_fx(self, currency: str, rate: float) -> None:
        """Set what one unit of a currency is worth in the base currency."""
        micro = round(rate * MICRO) if 0 < rate < MICRO else 0
        if not micro:
            raise ContractError(
                f"exchange rate {currency}/{self.base} is {rate}; it must be above a millionth."
            )
        self.fx_micro[currency] = MICRO if currency == self.base else micro

    def rate_micro(self, currency: str) -> int:
        """Give what one unit of a currency is worth, in millionths of the base currency.

        Raises:
            ContractError: When no rate is known.
        """
        try:
            return self.fx_micro[currency]
        except KeyError:
            raise ContractError(
                f"no exchange rate for {currency} to {self.base}; add {currency}.{self.base} to "
                f"the symbols or give one with --fx {currency}=RATE."
            ) from None

    def apply_fill(self, fill: Fill) -> int:
        """Book a fill: cash, position, fees.

        Returns:
            The profit that it realised, without fees, in millionths of its currency.
        """
        symbol, price_units, fees = fill.symbol, fill.price_units, fill.commission_micro
        position = self.positions.get(symbol) or self.position(symbol)
        change = fill.side * fill.quantity
        currency = position.currency
        cash = self.cash_micro
        spent = change * price_units * position.unit_value_micro + fees
        cash[currency] = cash.get(currency, 0) - spent
        position.fees_micro += fees
        if not position.mark_units:
            position.mark_units = price_units
        return position.apply(change, price_units)

    def amend(self, amendment: Amendment, history: Iterable[Fill]) -> None:
        """Book that a fill was something else: cash, position, fees.

        Args:
            amendment: What is amended.
            history: The fills of these books in its symbol, in the order they were booked, the
                old one included.
        """
        old, new = amendment.before, amendment.after
        position = self.position(old.symbol)
        traded = new.signed_quantity * new.price_units - old.signed_quantity * old.price_units
        spent = traded * position.unit_value_micro + amendment.fees_micro
        self.cash_micro[position.currency] = self.cash_micro.get(position.currency, 0) - spent
        amend_position(position, amendment, history)

    def adopt(self, symbol: str, quantity: int, cost_micro: int) -> None:
        """Take over a holding that was there before the books were opened.

        Args:
            symbol: What is held.
            quantity: Signed.
            cost_micro: What it cost, millionths of the instrument's currency; cash is as it is.
        """
        position = self.position(symbol)
        position.quantity += quantity
        position.cost_micro += cost_micro

    def add_cash(self, amount_micro: int, currency: str | None = None) -> None:
        """Book a payment that is no fill: interest, dividends, borrow fees, deposits."""
        currency = currency or self.base
        self.cash_micro[currency] = self.cash_micro.get(currency, 0) + amount_micro

    def mark(self, symbol: str, units: int) -> None:
        """Set the price at which a position is valued."""
        position = self.positions.get(symbol)
        if position is not None:
            position.mark_units = units

    def to_base(self, amount_micro: int, currency: str) -> int:
        """Convert an amount into the base currency, rounding down to a millionth."""
        if currency == self.base:
            return amount_micro
        return amount_micro * self.rate_micro(currency) // MICRO

    def equity_micro(self) -> int:
        """Value everything in the base currency."""
        total = 0
        base = self.base
        for currency, amount in self.cash_micro.items():
            total += amount if currency == base else self.to_base(amount, currency)
        for position in self.positions.values():
            if position.quantity:
                value = position.quantity * position.mark_units * position.unit_value_micro
                currency = position.currency
                total += value if currency == base else self.to_base(value, currency)
        return total

    def gross_micro(self) -> int:
        """Sum up the absolute values of all positions, in the base currency."""
        return sum(
            self.to_base(abs(p.value_micro), p.instrument.currency)
            for p in self.positions.values()
            if p.quantity
        )

    @property
    def equity(self) -> float:
        """The equity as a float, in the base currency."""
        return self.equity_micro() / MICRO

    @property
    def cash(self) -> float:
        """All cash as a float, in the base currency."""
        return sum(self.to_base(a, c) for c, a in self.cash_micro.items()) / MICRO
