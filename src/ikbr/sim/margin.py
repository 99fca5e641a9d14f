"""Margin: what the positions of an account require, and how far the market is from a call."""

from __future__ import annotations

from collections.abc import Mapping

from ikbr.domain.execution import AccountType
from ikbr.domain.instrument import MICRO, Instrument, SecType
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.position import Position
from ikbr.sim.margin_rates import MarginRate, rate_of, required_micro

INFINITE = float("inf")
_NAKED_PER_MILLION = 200_000
"""Of the strike's value, for a short option that nothing covers. Source: FINRA Rule
4210(f)(2)(E)(i), 20 % of the underlying, here of the strike and without the out-of-the-money
relief, so that it does not hang on the underlying's price."""
_STEEP_BELOW_MICRO = 5_000_000
"""Price of a share from which the requirement of a short never grows faster than 30 %."""


_SHY = 1 - 1e-9
"""Keeps a bound below its exact value when it is rounded to a float."""


class MarginBook:
    """Work out margin for a portfolio at its marks, in millionths of its base currency."""

    __slots__ = ("_account", "_instruments", "_portfolio", "_rates")

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        portfolio: Portfolio,
        account: AccountType,
    ) -> None:
        """Look up the rates of all instruments once.

        Args:
            instruments: What may be held.
            portfolio: What is held.
            account: The kind of account.
        """
        self._instruments = instruments
        self._portfolio = portfolio
        self._account = account
        self._rates = {s: rate_of(i, account) for s, i in instruments.items()}

    def covered(self, option: Instrument, quantities: Mapping[str, int] | None = None) -> int:
        """Count the contracts of a short call that long shares of its underlying cover.

        Args:
            option: The call; puts are never covered.
            quantities: What to take as held instead of the positions, by symbol.

        Returns:
            How many contracts of this option can be short without being naked, other short
            calls on the same shares being served first in order of their symbols.
        """
        if option.right != "C":
            return 0
        held = quantities if quantities is not None else self._held()
        root = option.symbol[:6].strip()
        contracts = 0
        for symbol, quantity in held.items():
            other = self._instruments[symbol]
            if other.sec_type == SecType.STOCK and symbol.replace(" ", "") == root:
                contracts += max(quantity, 0) // option.multiplier
        for symbol in sorted(held):
            other = self._instruments[symbol]
            if (
                symbol < option.symbol
                and other.sec_type == SecType.OPTION
                and other.right == "C"
                and symbol[:6].strip() == root
            ):
                contracts -= max(-held[symbol], 0)
        return max(contracts, 0)

    def initial_before_and_after(
        self, symbol: str, after: int, price_units: int
    ) -> tuple[int, int, int]:
        """Say what opening an order would require.

        Args:
            symbol: Of the order.
            after: Signed quantity after it.
            price_units: Its price.

        Returns:
            Equity, initial margin as it is and as it would be.
        """
        portfolio = self._portfolio
        base = portfolio.base
        rates = self._rates
        equity = before = own = 0
        for currency, amount in portfolio.cash_micro.items():
            equity += amount if currency == base else portfolio.to_base(amount, currency)
        for name, position in portfolio.positions.items():
            quantity = position.quantity
            if not quantity:
                continue
            unit = position.mark_units * position.unit_value_micro
            value = quantity * unit
            if quantity > 0 <= value:
                required = -(-value * rates[name].long_initial // MICRO)
            else:
                required = self._initial_of(position.instrument, quantity, unit)
            currency = position.currency
            if currency != base:
                value = portfolio.to_base(value, currency)
                required = portfolio.to_base(required, currency)
            equity += value
            before += required
            if name == symbol:
                own = required
        instrument = self._instruments[symbol]
        required = self._initial_of(instrument, after, price_units * instrument.unit_value_micro)
        if instrument.currency != base:
            required = portfolio.to_base(required, instrument.currency)
        return equity, before, before - own + required

    def maintenance_micro(self, quantities: Mapping[str, int] | None = None) -> int:
        """Sum up the maintenance margin.

        Args:
            quantities: What to take as held instead of the positions, by symbol.
        """
        total = 0
        portfolio = self._portfolio
        for symbol, position in portfolio.positions.items():
            quantity = position.quantity if quantities is None else quantities.get(symbol, 0)
            if quantity:
                required = self._maintenance_of(position, quantity, quantities)
                total += portfolio.to_base(required, position.currency)
        return total

    def safe_move(self) -> float:
        """Bound how far all marks may move against the account at once without a call.

        The excess over maintenance is a sum of terms, each linear in its mark or (for the floors of
        short stock) below a line; so it cannot fall below zero before the move that uses it up
        at the sum of those slopes. Cash and positions in other currencies count their exchange
        rate as one more mark.

        Returns:
            The fraction; infinite when no move of prices down to zero can do harm, 0 when there
            is no excess.
        """
        portfolio = self._portfolio
        if self._account == "simple" or self.is_paid_for() or not self._held():
            return INFINITE
        base = portfolio.base
        excess = portfolio.equity_micro() - self.maintenance_micro()
        slope = 0
        bounded = True
        limit = INFINITE
        for symbol, position in portfolio.positions.items():
            if not position.quantity:
                continue
            rate = self._rates[symbol]
            size = abs(position.value_micro)
            term = size * self._steepness(position, rate) // MICRO + 1
            bounded = bounded and position.quantity > 0 and rate.bounded
            currency = position.currency
            if currency != base:
                # The rate moves as well: (A + S f)(1 + f) - A <= (A + 2 S) f for f <= 1.
                amount = size + self._maintenance_of(position, position.quantity, None)
                term = portfolio.to_base(amount + 2 * term, currency) + 1
                limit = 1.0
            # What is paid in full frees as much as it loses.
            if rate.long_maintenance < MICRO or position.quantity < 0:
                slope += term
        for currency, amount in portfolio.cash_micro.items():
            if currency != base and amount:
                slope += abs(portfolio.to_base(amount, currency)) + 1
                limit = 1.0
        if bounded and limit > 1 and portfolio.cash_micro.get(base, 0) >= 0:
            # Long and paid for: what is required is never more than what is left of the value.
            return INFINITE
        if not slope:
            return 0.0 if excess < 0 else INFINITE
        # Each term may lose a few millionths to rounding.
        move = max(excess - 4 * len(portfolio.positions) - 4, 0) / slope * _SHY
        return min(move, limit)

    def is_paid_for(self) -> bool:
        """Say whether all that is held is long, bounded, in the base currency and paid in full."""
        portfolio, rates = self._portfolio, self._rates
        base = portfolio.base
        for currency, amount in portfolio.cash_micro.items():
            if amount < 0 or (amount and currency != base):
                return False
        for symbol, position in portfolio.positions.items():
            quantity = position.quantity
            if quantity and (
                quantity < 0 or not rates[symbol].bounded or position.currency != base
            ):
                return False
        return True

    def _steepness(self, position: Position, rate: MarginRate) -> int:
        """Bound how fast the excess falls per move of the mark, in millionths of the value."""
        if position.quantity > 0:
            return MICRO - rate.long_maintenance if rate.bounded else MICRO
        if not rate.floored:
            return MICRO + rate.short_maintenance
        unit = position.mark_units * position.unit_value_micro
        return 2 * MICRO if unit < _STEEP_BELOW_MICRO else MICRO + rate.short_maintenance

    def _initial_of(self, instrument: Instrument, quantity: int, unit: int) -> int:
        rate = self._rates[instrument.symbol]
        if quantity >= 0:
            return -(-abs(quantity * unit) * rate.long_initial // MICRO)
        if rate.is_option:
            return self._short_option(instrument, quantity, unit, None)
        return required_micro(rate.short_initial, rate.floored, quantity, unit)

    def _maintenance_of(
        self, position: Position, quantity: int, quantities: Mapping[str, int] | None
    ) -> int:
        rate = self._rates[position.instrument.symbol]
        unit = position.mark_units * position.unit_value_micro
        if quantity > 0:
            return -(-abs(quantity * unit) * rate.long_maintenance // MICRO)
        if rate.is_option:
            return self._short_option(position.instrument, quantity, unit, quantities)
        return required_micro(rate.short_maintenance, rate.floored, quantity, unit)

    def _short_option(
        self,
        option: Instrument,
        quantity: int,
        unit: int,
        quantities: Mapping[str, int] | None,
    ) -> int:
        naked = max(-quantity - self.covered(option, quantities), 0)
        strike = round(option.strike * MICRO) * option.multiplier
        return naked * (unit + strike * _NAKED_PER_MILLION // MICRO)

    def _held(self) -> dict[str, int]:
        return {s: p.quantity for s, p in self._portfolio.positions.items() if p.quantity}
