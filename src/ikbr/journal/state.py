"""The state of a run, record by record of its journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ikbr.core.order_manager import CANCEL_REFUSED_CODES
from ikbr.domain.amendment import Amendment
from ikbr.domain.errors import JournalError
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.lifecycle import TRANSITIONS, OrderEvent, OrderState, OrderUpdate, next_state
from ikbr.domain.order import Fill, Order, OrderRequest
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session_events import (
    ARM,
    KILL,
    TIGHTEN,
    Baseline,
    ConnectionState,
    OperatorAction,
    RiskState,
    SessionStart,
    SessionStop,
)
from ikbr.journal.records import KINDS, instruments_of

_MISFITS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    msgspec.MsgspecError,
)
"""What a body that nobody of us wrote may cause."""


class State:
    """Hold what a run knew when it ended.

    Attributes:
        instruments: By symbol.
        settings: The body of the latest settings record.
        portfolio: Cash, positions, marks of the account.
        books: What each strategy's fills came to, by its name, "" for nobody's; cash
            counts from 0.
        orders: By id, with their states and fills.
        replaced: The request that a working order had before a modification on its way, by id.
        fills: Every fill by execution id, in the order they were booked, as amended. A
            correction has the id of what it corrects, so this is what was seen.
        next_order_id: An order id that was never used, nor any above it.
        baseline: Quantities that were adopted from the broker, by symbol.
        risk: The latest state of risk; None when none was recorded.
        kill: The latest order of a person to stop that nobody took back; None for none.
        tightened: Limits that were tightened since the last orderly end, by name.
        connection: How the connection stood last; None when it is not known.
        start: How the latest session began; None when no session was recorded.
        stop: How it ended; None when it was killed, or has not ended.
        taken_back: Orders whose request before a refused modification is about to stand again.
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
        self.books: dict[str, Portfolio] = {}
        self.replaced: dict[int, OrderRequest] = {}
        self.next_order_id = 1
        self.baseline: dict[str, int] = {}
        self.risk: RiskState | None = None
        self.kill: OperatorAction | None = None
        self.tightened: dict[str, Any] = {}
        self.connection: ConnectionState | None = None
        self.start: SessionStart | None = None
        self.stop: SessionStop | None = None
        self.taken_back: set[int] = set()
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
            "start": self._start,
            "stop": self._stop,
            "risk": self._risk,
            "operator": self._operator,
            "connection": self._connection,
            "baseline": self._baseline,
        }

    def apply(self, kind: str, ts_ns: int, body: Any) -> None:
        """Take the next record.

        Raises:
            JournalError: When it speaks of an order or symbol that no record introduced, or is of
                a kind that only a newer version knows.
        """
        if kind not in KINDS:
            raise JournalError(
                f"the journal holds records of kind {kind!r}, which this version cannot follow; "
                "use the version that wrote it, or a newer one."
            )
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.last_ns = ts_ns
        applier = self._appliers.get(kind)
        if applier is None:
            return
        try:
            applier(ts_ns, body)
        except _MISFITS as error:
            raise JournalError(
                f"a journal record of kind {kind!r} cannot be followed: {error!r}."
            ) from error

    @property
    def open_orders(self) -> dict[int, Order]:
        """Orders that are not known to have ended, by id."""
        return {i: order for i, order in self.orders.items() if not order.is_done}

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
        # A session that names a capital opens its books anew, any other goes on with those before.
        if "capital_micro" in body or "capital" in body:
            self.books.clear()
            self.baseline.clear()
            capital = body.get("capital_micro")
            if capital is None:
                capital = round(body["capital"] * MICRO)
            self.portfolio = Portfolio(
                self.instruments, capital, body.get("base", "USD"), body.get("fx")
            )

    def _intent(self, ts_ns: int, body: tuple[int, str, OrderRequest, int]) -> None:
        order_id, strategy, request, parent_id = body
        instrument = self._known(request.symbol)
        order = Order(order_id, request, instrument, strategy, ts_ns, parent_id)
        # Whoever reads an intent must assume that the order exists.
        order.state = OrderState.PENDING_SUBMIT
        self.orders[order_id] = order
        self.next_order_id = max(self.next_order_id, order_id + 1)

    def _sent(self, _: int, body: tuple[int]) -> None:
        self._order(body[0])

    def _modify(self, ts_ns: int, body: tuple[int, OrderRequest]) -> None:
        order_id, request = body
        order = self._order(order_id)
        self._step(order, OrderEvent.MODIFY, ts_ns)
        if order_id in self.taken_back:
            self.taken_back.discard(order_id)
        elif not order.is_done:
            self.replaced[order_id] = order.request
        order.request = request
        # A modification that came too late is taken back; then the order may be filled whole.
        if order.remaining <= 0 and not order.is_done:
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
            if not (order.cancel_requested and update.code in CANCEL_REFUSED_CODES):
                self._take_back(order)
                return
            order.cancel_requested = False
        elif update.event is OrderEvent.MODIFY:
            self.replaced.pop(update.order_id, None)
            if order.remaining == 0:
                self._step(order, OrderEvent.FULL_FILL, update.ts_ns)
                return
        elif update.event is OrderEvent.REQUEST_CANCEL:
            order.cancel_requested = True
        self._step(order, update.event, update.ts_ns)

    def _take_back(self, order: Order) -> None:
        # A modification was refused. If the old request stands again, its record follows.
        before = self.replaced.pop(order.order_id, None)
        if before is not None and not order.is_done and before.quantity >= order.executed:
            self.taken_back.add(order.order_id)

    def _fill(self, _: int, fill: Fill) -> None:
        self._known(fill.symbol)
        self.portfolio.apply_fill(fill)
        self._books(fill.strategy).apply_fill(fill)
        self.fills[fill.exec_id] = fill
        order = self.orders.get(fill.order_id)
        if order is None:
            return  # a person's order, or the broker's: it counts in the books
        order.filled += fill.quantity
        order.fill_value_units += fill.quantity * fill.price_units
        full = order.remaining <= 0 and not self._is_reduced(order)
        self._step(order, OrderEvent.FULL_FILL if full else OrderEvent.PARTIAL_FILL, fill.ts_ns)

    def _amend(self, ts_ns: int, amendment: Amendment) -> None:
        booked, amended = amendment.before, amendment.after
        history = [fill for fill in self.fills.values() if fill.symbol == booked.symbol]
        self.portfolio.amend(amendment, history)
        own = [fill for fill in history if fill.strategy == booked.strategy]
        self._books(booked.strategy).amend(amendment, own)
        self.fills[amended.exec_id] = amended
        order = self.orders.get(amended.order_id)
        if order is None:
            return
        order.amend(amended, booked)
        if order.remaining <= 0 and not order.is_done and not self._is_reduced(order):
            self._step(order, OrderEvent.FULL_FILL, ts_ns)

    def _is_reduced(self, order: Order) -> bool:
        """Say whether a reduction is on its way, so that the exchange may fill more."""
        before = self.replaced.get(order.order_id)
        return before is not None and before.quantity > order.quantity

    def _cash(self, _: int, body: Mapping[str, Any]) -> None:
        self.portfolio.add_cash(body["amount_micro"], body.get("currency"))

    def _split(self, _: int, body: tuple[str, int, int]) -> None:
        symbol, new, old = body
        self._known(symbol)
        # Cash in lieu has a record of its own.
        for books in (self.portfolio, *self.books.values()):
            if books.quantity(symbol):
                books.position(symbol).split(new, old)

    def _fx(self, _: int, body: tuple[str, float]) -> None:
        self.portfolio.set_fx(body[0], body[1])

    def _mark(self, _: int, body: tuple[str, int]) -> None:
        self.portfolio.mark(body[0], body[1])

    def _start(self, _: int, body: SessionStart) -> None:
        self.start, self.stop, self.connection = body, None, None
        self.next_order_id = max(self.next_order_id, body.next_order_id)

    def _stop(self, _: int, body: SessionStop) -> None:
        self.stop = body
        self.tightened = {}

    def _risk(self, _: int, body: RiskState) -> None:
        self.risk = body

    def _operator(self, _: int, body: OperatorAction) -> None:
        if body.action == KILL:
            self.kill = body
        elif body.action == TIGHTEN:
            self.tightened |= body.fields.get("limits", {})
        elif body.action == ARM:
            self.kill = None
            if self.risk is not None:
                self.risk = msgspec.structs.replace(self.risk, latches=())

    def _connection(self, _: int, body: ConnectionState) -> None:
        self.connection = body

    def _baseline(self, _: int, body: Baseline) -> None:
        self._known(body.symbol)
        self.portfolio.adopt(body.symbol, body.quantity, body.cost_micro)
        self.baseline[body.symbol] = self.baseline.get(body.symbol, 0) + body.quantity

    def _books(self, strategy: str) -> Portfolio:
        books = self.books.get(strategy)
        if books is None:
            books = self.books[strategy] = Portfolio(self.instruments, 0, self.portfolio.base)
        return books

    def _known(self, symbol: str) -> Instrument:
        instrument = self.instruments.get(symbol)
        if instrument is None:
            raise JournalError(
                f"the journal speaks of {symbol!r} but does not describe it; "
                "pass the instruments to replay."
            )
        return instrument

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
            self.replaced.pop(order.order_id, None)
