"""Replaying a journal: from its records to the state of the run that wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ikbr.core.order_manager import CANCEL_REFUSED_CODES
from ikbr.domain.amendment import Amendment
from ikbr.domain.errors import JournalError
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.lifecycle import TRANSITIONS, OrderEvent, OrderState, OrderUpdate, next_state
from ikbr.domain.order import Fill, Order, OrderRequest
from ikbr.domain.portfolio import Portfolio
from ikbr.journal.memory_journal import Entry
from ikbr.journal.reader import read_records
from ikbr.journal.records import Record, instruments_of


class State:
    """Hold what a run knew when it ended.

    Attributes:
        instruments: By symbol.
        settings: The body of the latest settings record.
        portfolio: Cash, positions, marks.
        orders: By id, with their states and fills.
        fills: Every fill by execution id, in the order they were booked, as amended.
        counts: Records by kind.
        anomalies: Words of the broker that the lifecycle does not allow; they changed nothing.
        last_ns: Time of the latest record, ns UTC.
    """

    def __init__(self, instruments: Mapping[str, Instrument] | None = None) -> None:
        """Start before the first record."""
        self.instruments: dict[str, Instrument] = dict(instruments or {})
        self.settings: Mapping[str, Any] = {}
        self.portfolio = Portfolio(self.instruments, 0)
        self.orders: dict[int, Order] = {}
        self.fills: dict[int, Fill] = {}
        self.counts: dict[str, int] = {}
        self.anomalies = 0
        self.last_ns = 0
        self._appliers: dict[str, Callable[[int, Any], None]] = {
            "settings": self._settings,
            "intent": self._intent,
            "sent": self._sent,
            "modify": self._modify,
            "cancel": self._cancel,
            "update": self._update,
            "fill": self._fill,
            "amendment": self._amend,
            "cash": self._cash,
            "split": self._split,
            "fx": self._fx,
            "mark": self._mark,
        }

    def apply(self, kind: str, ts_ns: int, body: Any) -> None:
        """Take the next record.

        Raises:
            JournalError: When it speaks of an order or symbol that no record introduced.
        """
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.last_ns = ts_ns
        applier = self._appliers.get(kind)
        if applier is not None:
            applier(ts_ns, body)

    def snapshot(self) -> dict[str, Any]:
        """Give the books and orders as plain values, to be compared."""
        positions = {
            symbol: (p.quantity, p.cost_micro, p.realised_micro, p.fees_micro)
            for symbol, p in sorted(self.portfolio.positions.items())
        }
        orders = {
            i: (o.state.value, o.filled, o.fill_value_units, o.quantity)
            for i, o in sorted(self.orders.items())
        }
        return {
            "cash_micro": dict(sorted(self.portfolio.cash_micro.items())),
            "positions": positions,
            "orders": orders,
        }

    def _settings(self, _: int, body: Mapping[str, Any]) -> None:
        self.settings = body
        self.instruments.update(instruments_of(body))
        if "capital_micro" in body or "capital" in body:
            capital = body.get("capital_micro")
            if capital is None:
                capital = round(body["capital"] * MICRO)
            self.portfolio = Portfolio(
                self.instruments, capital, body.get("base", "USD"), body.get("fx")
            )

    def _intent(self, ts_ns: int, body: tuple[int, str, OrderRequest, int]) -> None:
        order_id, strategy, request, parent_id = body
        instrument = self.instruments.get(request.symbol)
        if instrument is None:
            raise JournalError(
                f"the journal orders {request.symbol!r} but does not describe it; "
                "pass the instruments to replay."
            )
        order = Order(order_id, request, instrument, strategy, ts_ns, parent_id)
        # Whoever reads an intent must assume that the order exists.
        order.state = OrderState.PENDING_SUBMIT
        self.orders[order_id] = order

    def _sent(self, _: int, body: tuple[int]) -> None:
        self._order(body[0])

    def _modify(self, ts_ns: int, body: tuple[int, OrderRequest]) -> None:
        order = self._order(body[0])
        self._step(order, OrderEvent.MODIFY, ts_ns)
        order.request = body[1]
        # A modification that came too late is taken back; then the order may be filled whole.
        if order.filled and order.remaining <= 0 and not order.is_done:
            self._step(order, OrderEvent.FULL_FILL, ts_ns)

    def _cancel(self, ts_ns: int, order_id: int) -> None:
        order = self._order(order_id)
        order.cancel_requested = True
        self._step(order, OrderEvent.REQUEST_CANCEL, ts_ns)

    def _update(self, _: int, update: OrderUpdate) -> None:
        order = self._order(update.order_id)
        if (order.state, update.event) not in TRANSITIONS:
            self.anomalies += 1
            return
        if update.message:
            order.message = update.message
        if update.event is OrderEvent.CANCEL_REFUSED:
            # Otherwise a modification was refused, and its record follows.
            if not (order.cancel_requested and update.code in CANCEL_REFUSED_CODES):
                return
            order.cancel_requested = False
        elif update.event is OrderEvent.REQUEST_CANCEL:
            order.cancel_requested = True
        self._step(order, update.event, update.ts_ns)

    def _fill(self, _: int, fill: Fill) -> None:
        self.portfolio.apply_fill(fill)
        self.fills[fill.exec_id] = fill
        order = self.orders.get(fill.order_id)
        if order is None:
            return  # a person's order, or the broker's: it counts in the books
        order.filled += fill.quantity
        order.fill_value_units += fill.quantity * fill.price_units
        full = order.remaining <= 0
        self._step(order, OrderEvent.FULL_FILL if full else OrderEvent.PARTIAL_FILL, fill.ts_ns)

    def _amend(self, ts_ns: int, amendment: Amendment) -> None:
        booked, amended = amendment.before, amendment.after
        history = [fill for fill in self.fills.values() if fill.symbol == booked.symbol]
        self.portfolio.amend(amendment, history)
        self.fills[amended.exec_id] = amended
        order = self.orders.get(amended.order_id)
        if order is None:
            return
        order.amend(amended, booked)
        if order.remaining <= 0 and not order.is_done:
            self._step(order, OrderEvent.FULL_FILL, ts_ns)

    def _cash(self, _: int, body: Mapping[str, Any]) -> None:
        self.portfolio.add_cash(body["amount_micro"], body.get("currency"))

    def _split(self, _: int, body: tuple[str, int, int]) -> None:
        symbol, new, old = body
        self.portfolio.position(symbol).split(new, old)  # cash in lieu has a record of its own

    def _fx(self, _: int, body: tuple[str, float]) -> None:
        self.portfolio.set_fx(body[0], body[1])

    def _mark(self, _: int, body: tuple[str, int]) -> None:
        self.portfolio.mark(body[0], body[1])

    def _order(self, order_id: int) -> Order:
        try:
            return self.orders[order_id]
        except KeyError:
            raise JournalError(
                f"the journal speaks of order {order_id} before its intent; records are missing."
            ) from None

    def _step(self, order: Order, event: OrderEvent, ts_ns: int) -> None:
        order.state = next_state(order.state, event)
        if order.state.is_final and not order.done_ns:
            order.done_ns = ts_ns


def replay(
    source: Path | str | Iterable[Entry] | Iterable[Record],
    instruments: Mapping[str, Instrument] | None = None,
) -> State:
    """Rebuild the state of the run that wrote a journal.

    Args:
        source: A file, the records of a `MemoryJournal`, or records that were read.
        instruments: What may be held, when no settings record describes it.

    Raises:
        UsageError: When a file cannot be read.
        JournalError: When the records do not fit together.
    """
    state = State(instruments)
    records: Iterable[Any] = read_records(source) if isinstance(source, Path | str) else source
    for record in records:
        if isinstance(record, Record):
            state.apply(record.kind, record.ts_ns, record.body)
        else:
            kind, ts_ns, body = record
            state.apply(kind, ts_ns, body)
    return state
