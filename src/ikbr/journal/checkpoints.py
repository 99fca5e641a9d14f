"""From the state of a journal to a checkpoint, and back.

What a checkpoint forgets are orders and fills so old that no broker speaks of them any more.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ikbr.domain.instrument import Instrument
from ikbr.domain.order import Order
from ikbr.domain.portfolio import Portfolio
from ikbr.journal.checkpoint import Checkpoint, KeptBooks, KeptOrder, KeptPosition
from ikbr.journal.state import State

KEPT_NS = 8 * 86_400_000_000_000
"""How long ended orders and their fills are remembered. Source: IBKR, TWS API, "Executions": those
of the day, at most of the last seven days where TWS is set up so."""

_ORDER_FIELDS = (
    "order_id", "request", "strategy", "created_ns", "parent_id", "decision_mid", "decision_price",
    "state", "filled", "fill_value_units", "done_ns", "message", "cancel_requested", "undone",
    "closes",
)  # fmt: skip


def checkpoint_of(state: State) -> Checkpoint:
    """Put down what is known, but for orders and fills that ended long ago."""
    since = state.last_ns - KEPT_NS
    orders = {i: o for i, o in state.orders.items() if not o.is_done or o.done_ns >= since}
    fills = [f for f in state.fills.values() if f.ts_ns >= since or f.order_id in orders]
    return Checkpoint(
        last_ns=state.last_ns,
        instruments=list(state.instruments.values()),
        settings=msgspec.to_builtins(state.settings),
        portfolio=_kept_books(state.portfolio),
        books={name: _kept_books(books) for name, books in state.books.items()},
        orders=[
            KeptOrder(**{name: getattr(order, name) for name in _ORDER_FIELDS})
            for order in orders.values()
        ],
        replaced=list(state.replaced.items()),
        taken_back=sorted(state.taken_back),
        fills=fills,
        next_order_id=state.next_order_id,
        baseline=dict(state.baseline),
        risk=state.risk,
        kill=state.kill,
        tightened=dict(state.tightened),
        connection=state.connection,
        start=state.start,
        stop=state.stop,
        counts=dict(state.counts),
        anomalies=state.anomalies,
    )


def state_at(point: Checkpoint) -> State:
    """Take up what a checkpoint says."""
    state = State({one.symbol: one for one in point.instruments})
    state.last_ns = point.last_ns
    state.settings = point.settings
    state.portfolio = _books_of(point.portfolio, state.instruments)
    state.books.update(
        {name: _books_of(books, state.instruments) for name, books in point.books.items()}
    )
    for kept in point.orders:
        state.orders[kept.order_id] = _order_of(kept, state.instruments)
    state.replaced.update(point.replaced)
    state.taken_back.update(point.taken_back)
    state.fills.update({fill.exec_id: fill for fill in point.fills})
    state.next_order_id = point.next_order_id
    state.baseline.update(point.baseline)
    state.risk, state.kill = point.risk, point.kill
    state.tightened = dict(point.tightened)
    state.connection, state.start, state.stop = point.connection, point.start, point.stop
    state.counts.update(point.counts)
    state.anomalies = point.anomalies
    return state


def _kept_books(books: Portfolio) -> KeptBooks:
    positions = [
        KeptPosition(symbol, p.quantity, p.cost_micro, p.realised_micro, p.fees_micro, p.mark_units)
        for symbol, p in books.positions.items()
    ]
    return KeptBooks(books.base, dict(books.cash_micro), dict(books.fx_micro), positions)


def _books_of(kept: KeptBooks, instruments: Mapping[str, Instrument]) -> Portfolio:
    books = Portfolio(instruments, 0, kept.base)
    books.cash_micro.clear()
    books.cash_micro.update(kept.cash_micro)
    books.fx_micro.update(kept.fx_micro)
    for one in kept.positions:
        position = books.position(one.symbol)
        position.quantity, position.cost_micro = one.quantity, one.cost_micro
        position.realised_micro, position.fees_micro = one.realised_micro, one.fees_micro
        position.mark_units = one.mark_units
    return books


def _order_of(kept: KeptOrder, instruments: Mapping[str, Instrument]) -> Order:
    order = Order(kept.order_id, kept.request, instruments[kept.request.symbol], kept.strategy)
    for name in _ORDER_FIELDS[3:]:
        setattr(order, name, getattr(kept, name))
    return order
