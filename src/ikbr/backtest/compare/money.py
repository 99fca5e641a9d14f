"""What fills and other changes of the books came to, valued at the marks of one moment.

The profit of a run is a sum over its fills: (mark − price) × signed quantity − fees. So a
difference of two runs is a sum over their orders, and nothing has to be apportioned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ikbr.backtest.compare.trace import Other, Trace
from ikbr.core.opening import Opening
from ikbr.core.pipeline import fx_pairs
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import Fill


class Valuer:
    """Value things in the base currency, millionths.

    Attributes:
        base: The base currency.
        marks: Price units by symbol.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        marks: Mapping[str, int],
        base: str,
        fx: Mapping[str, float],
    ) -> None:
        """Take the marks of the moment.

        Args:
            instruments: By symbol.
            marks: Price units by symbol.
            base: The base currency.
            fx: Value of one unit of other currencies in it, where no pair among the marks tells.
        """
        self.base = base
        self.marks = dict(marks)
        self._instruments = dict(instruments)
        self._rates = dict(fx) | {base: 1.0}
        listed = list(instruments.values())
        for number, (currency, inverse) in fx_pairs(listed, base).items():
            units = self.marks.get(listed[number].symbol, 0)
            if units > 0:
                rate = listed[number].to_price(units)
                self._rates[currency] = 1.0 / rate if inverse else rate

    def fill(self, fill: Fill) -> int:
        """Value a fill: what it has earned since, less its fees."""
        return self.holding(fill.symbol, fill.signed_quantity, fill.price_units) - self.fee(fill)

    def fee(self, fill: Fill) -> int:
        """Value the fees of a fill."""
        return self._to_base(fill.commission_micro, self._instruments[fill.symbol].currency)

    def fills(self, fills: Iterable[Fill]) -> int:
        """Value fills."""
        return sum(self.fill(one) for one in fills)

    def holding(self, symbol: str, quantity: int, cost_units: int = 0) -> int:
        """Value a quantity at its mark, less what it cost."""
        instrument = self._instruments[symbol]
        mark = self.marks.get(symbol, cost_units)
        worth = quantity * (mark - cost_units) * instrument.unit_value_micro
        return self._to_base(worth, instrument.currency)

    def other(self, other: Other) -> int:
        """Value another change of the books."""
        if other.symbol:
            return self.holding(other.symbol, other.quantity)
        return self._to_base(other.cash_micro, other.currency)

    def opening(self, opening: Opening) -> int:
        """Value what the books began with, as if its marks had been those of now."""
        cash = sum(self._to_base(micro, one) for one, micro in opening.cash_micro.items())
        return cash + sum(self.holding(one.symbol, one.quantity) for one in opening.held)

    def books(self, trace: Trace) -> int:
        """Value cash and positions as they were at the end."""
        cash = sum(self._to_base(micro, one) for one, micro in trace.cash_micro.items())
        return cash + sum(self.holding(s, quantity) for s, quantity in trace.quantities.items())

    def _to_base(self, micro: int, currency: str) -> int:
        if currency == self.base:
            return micro
        return round(micro * self._rates.get(currency, 1.0))
