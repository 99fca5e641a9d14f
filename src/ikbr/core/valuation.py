"""The valuation: equity followed tick by tick, exactly, without summing everything up again.

Between two fills the equity moves only by (new mark − old mark) × quantity × unit value; money
is counted in whole millionths, so that following it and summing it up give the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ikbr.domain.instrument import Instrument
from ikbr.domain.order import Fill
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.position import Position
from ikbr.domain.tape import NO_PRICE


class Valuation:
    """Follow the equity of the books, and keep several books at the same marks.

    Attributes:
        equity_micro: Equity of the first books, millionths of the base currency.
        held: By instrument number: the open position in the first books, or None.
        linear: Whether following works: every instrument is quoted in the base currency.
            Otherwise every mark sums up anew.
    """

    __slots__ = ("_books", "_instruments", "_others", "_tell", "equity_micro", "held", "linear")

    def __init__(
        self,
        books: Portfolio,
        others: Sequence[Portfolio],
        instruments: Sequence[Instrument],
        tell: Callable[[int], None],
    ) -> None:
        """Start from the books as they are.

        Args:
            books: The books whose equity is followed.
            others: Further books to keep at the same marks.
            instruments: In the order of their numbers.
            tell: Told of every new equity.
        """
        self._books = books
        self._others = tuple(others)
        self._instruments = tuple(instruments)
        self._tell = tell
        self.linear = all(i.currency == books.base for i in instruments)
        self.held: list[Position | None] = [None] * len(self._instruments)
        self.equity_micro = books.equity_micro()

    def on_mark(self, number: int, units: int) -> None:
        """Take a new mark of one instrument.

        Args:
            number: Which.
            units: The mark, price units.
        """
        position = self.held[number]
        if position is None or units in (position.mark_units, NO_PRICE):
            return
        if self.linear:
            self.equity_micro += (
                (units - position.mark_units) * position.quantity * position.unit_value_micro
            )
            position.mark_units = units
        else:
            position.mark_units = units
            self.equity_micro = self._books.equity_micro()
        symbol = position.instrument.symbol
        for books in self._others:
            books.mark(symbol, units)
        self._tell(self.equity_micro)

    def on_fill(self, number: int, fill: Fill, units: int) -> None:
        """Follow a fill that was just booked, and the mark it finds.

        Args:
            number: Which instrument.
            fill: What was booked.
            units: The mark now, price units, or NO_PRICE.
        """
        if not self.linear:
            self.on_books(number, units)
            return
        position = self._books.positions[fill.symbol]
        held, change, before = position.quantity, fill.side * fill.quantity, position.mark_units
        if units == NO_PRICE:
            units = before
        moved = held * units - (held - change) * before - change * fill.price_units
        equity = self.equity_micro + moved * position.unit_value_micro - fill.commission_micro
        self.equity_micro = equity
        position.mark_units = units
        for books in self._others:
            books.positions[fill.symbol].mark_units = units
        self.held[number] = position if held else None
        self._tell(equity)

    def on_books(self, number: int, units: int) -> None:
        """Look at the books again after something was booked for one instrument.

        Args:
            number: Which instrument.
            units: Its mark now, price units, or NO_PRICE.
        """
        symbol = self._instruments[number].symbol
        if units != NO_PRICE:
            for books in (self._books, *self._others):
                books.mark(symbol, units)
        position = self._books.positions.get(symbol)
        self.held[number] = position if position is not None and position.quantity else None
        self.equity_micro = self._books.equity_micro()
        self._tell(self.equity_micro)

    def take(self, equity_micro: int, marks: Sequence[int]) -> None:
        """Take over equity and marks that were followed elsewhere, over many ticks at once.

        Args:
            equity_micro: The equity at those marks.
            marks: By instrument number; only those of open positions count.
        """
        self.equity_micro = equity_micro
        for number, position in enumerate(self.held):
            if position is not None and position.mark_units != marks[number]:
                position.mark_units = units = marks[number]
                for books in self._others:
                    books.mark(position.instrument.symbol, units)

    def recount(self) -> None:
        """Look at all books again: after corporate actions, interest or a new exchange rate."""
        for number, instrument in enumerate(self._instruments):
            position = self._books.positions.get(instrument.symbol)
            self.held[number] = position if position is not None and position.quantity else None
        self.equity_micro = self._books.equity_micro()
        self._tell(self.equity_micro)
