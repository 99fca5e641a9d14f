"""Whom a record concerns: which order, which symbol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ikbr.journal.records import Record

_ORDER_FIRST = ("intent", "modify", "sent")
_SYMBOL_FIRST = ("split", "mark")


class Concerns:
    """Tell of each record which order and symbol it concerns.

    Orders are followed from their intent, so records have to be told in order.
    """

    def __init__(self) -> None:
        """Start before the first record."""
        self._symbol_of: dict[int, str] = {}

    def of(self, record: Record) -> tuple[int | None, str]:
        """Give the order id (None) and the symbol ("") that a record concerns."""
        order_id, symbol = named_in(record)
        if order_id is None:
            return None, symbol
        if symbol:
            self._symbol_of[order_id] = symbol
        return order_id, symbol or self._symbol_of.get(order_id, "")


def named_in(record: Record) -> tuple[int | None, str]:
    """Give the order id (None) and the symbol ("") that a record itself names."""
    body, kind = record.body, record.kind
    if kind in _ORDER_FIRST:
        requests = [part for part in body if hasattr(part, "symbol")]
        return body[0], requests[0].symbol if requests else ""
    if kind == "cancel":
        return body, ""
    if kind in _SYMBOL_FIRST:
        return None, body[0]
    if kind == "refusal":
        return None, body.request.symbol
    if kind == "amendment":
        return body.before.order_id, body.before.symbol
    order_id = getattr(body, "order_id", None)
    return order_id or None, getattr(body, "symbol", "")


class Selection:
    """Choose records by what they are and whom they concern; told in order."""

    def __init__(
        self,
        kinds: Iterable[str] = (),
        symbol: str | None = None,
        order: int | None = None,
        between: tuple[int, int] | None = None,
    ) -> None:
        """Say what is wanted.

        Args:
            kinds: Wanted kinds; empty for all.
            symbol: Wanted symbol, in capitals or not; orders are followed from their intent.
            order: Wanted order id.
            between: First and last wanted time, ns UTC.
        """
        self._kinds = set(kinds)
        self._symbol = symbol.upper() if symbol is not None else None
        self._order = order
        self._between = between
        self._concerns = Concerns()

    def fits(self, record: Record) -> bool:
        """Say whether a record is wanted."""
        order_id, symbol = self._concerns.of(record)
        between = self._between
        return (
            (not self._kinds or record.kind in self._kinds)
            and (self._symbol is None or symbol.upper() == self._symbol)
            and (self._order is None or order_id == self._order)
            and (between is None or between[0] <= record.ts_ns <= between[1])
        )

    def of(self, records: Iterable[tuple[str, Record]]) -> Iterator[tuple[str, Record]]:
        """Let through the records that fit, with the names of their segments."""
        return ((segment, record) for segment, record in records if self.fits(record))
