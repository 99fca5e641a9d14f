"""A checkpoint: all that a journal has come to, in one record at the beginning of a segment.

Whoever opens a journal reads from its newest checkpoint on, however many sessions lie before it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import NAN, Fill, OrderRequest
from ikbr.domain.session_events import (
    ConnectionState,
    OperatorAction,
    RiskState,
    SessionStart,
    SessionStop,
)


class KeptPosition(msgspec.Struct, frozen=True):
    """Mirror a `Position`."""

    symbol: str
    quantity: int
    cost_micro: int
    realised_micro: int
    fees_micro: int
    mark_units: int


class KeptBooks(msgspec.Struct, frozen=True):
    """Mirror a `Portfolio`."""

    base: str
    cash_micro: dict[str, int]
    fx_micro: dict[str, int]
    positions: list[KeptPosition]


class KeptOrder(msgspec.Struct, frozen=True):
    """Mirror an `Order` but for its instrument, which its symbol names."""

    order_id: int
    request: OrderRequest
    strategy: str
    created_ns: int
    parent_id: int
    state: OrderState
    filled: int
    fill_value_units: int
    done_ns: int
    message: str
    cancel_requested: bool
    undone: int
    closes: bool
    decision_mid: float = NAN
    decision_price: float = NAN


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Mirror a `State`; see there."""

    last_ns: int
    instruments: list[Instrument]
    settings: dict[str, Any]
    portfolio: KeptBooks
    books: dict[str, KeptBooks]
    orders: list[KeptOrder]
    replaced: list[tuple[int, OrderRequest]]
    taken_back: list[int]
    fills: list[Fill]
    next_order_id: int
    baseline: dict[str, int]
    risk: RiskState | None
    kill: OperatorAction | None
    tightened: dict[str, Any]
    connection: ConnectionState | None
    start: SessionStart | None
    stop: SessionStop | None
    counts: dict[str, int]
    anomalies: int
