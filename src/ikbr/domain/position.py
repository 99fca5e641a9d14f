"""A position: signed quantity, what it cost, what it earned. Money is exact."""

from __future__ import annotations

from ikbr.domain.instrument import MICRO, Instrument


class Position:
    """Hold a quantity of one instrument; updated in place.

    Attributes:
        instrument: What is held.
        currency: Of the instrument.
        quantity: Signed quantity.
        cost_micro: What the open quantity cost (negative: what a short brought in), in
            millionths of the instrument's currency, without fees.
        realised_micro: Profit of closed quantity, without fees.
        fees_micro: Fees paid on all fills.
        mark_units: Price units at which it is valued.
    """

    __slots__ = (
        "cost_micro",
        "currency",
        "fees_micro",
        "instrument",
        "mark_units",
        "quantity",
        "realised_micro",
        "unit_value_micro",
    )

    def __init__(self, instrument: Instrument) -> None:
        """Start flat."""
        self.instrument = instrument
        self.currency = instrument.currency
        self.unit_value_micro = instrument.unit_value_micro
        self.quantity = 0
        self.cost_micro = 0
        self.realised_micro = 0
        self.fees_micro = 0
        self.mark_units = 0

    def apply(self, change: int, price_units: int) -> int:
        """Book a fill.

        Args:
            change: Signed quantity.
            price_units: Its price.

        Returns:
            The profit that it realised, in millionths of the currency, without fees.
        """
        held = self.quantity
        value = change * price_units * self.unit_value_micro
        self.quantity = after = held + change
        if held == 0 or (held > 0) == (change > 0):
            self.cost_micro += value
            return 0
        if not after:
            realised = -value - self.cost_micro
            self.cost_micro = 0
        elif (after > 0) == (held > 0):
            removed = self.cost_micro * abs(change) // abs(held)
            realised = -value - removed
            self.cost_micro -= removed
        else:
            rest_value = after * price_units * self.unit_value_micro
            realised = -(value - rest_value) - self.cost_micro
            self.cost_micro = rest_value
        self.realised_micro += realised
        return realised

    def split(self, ratio_new: int, ratio_old: int) -> int:
        """Exchange every `ratio_old` shares for `ratio_new`.

        Returns:
            The fraction of a share left over, as cash in millionths, valued at the mark.
        """
        new, left = divmod(abs(self.quantity) * ratio_new, ratio_old)
        sign = 1 if self.quantity >= 0 else -1
        old_mark = self.mark_units
        self.mark_units = old_mark * ratio_old // ratio_new
        cash = sign * left * old_mark * self.unit_value_micro // ratio_new
        cost_of_left = self.cost_micro * left // (new * ratio_old + left) if left else 0
        self.cost_micro -= cost_of_left
        self.realised_micro += cash - cost_of_left
        self.quantity = sign * new
        return cash

    @property
    def value_micro(self) -> int:
        """Market value at the mark, in millionths of the instrument's currency."""
        return self.quantity * self.mark_units * self.unit_value_micro

    @property
    def unrealised_micro(self) -> int:
        """Profit of the open quantity at the mark, without fees."""
        return self.value_micro - self.cost_micro

    @property
    def average_price(self) -> float:
        """Average entry price of the open quantity; 0.0 when flat."""
        if not self.quantity:
            return 0.0
        return self.cost_micro / self.quantity / self.instrument.multiplier / MICRO

    def __repr__(self) -> str:
        """Show the position in a line."""
        return f"Position({self.quantity} {self.instrument.symbol} @ {self.average_price:.4f})"
