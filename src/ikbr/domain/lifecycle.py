"""The life of an order: states, what can happen, and the table that joins them.

Source: IBKR, "Order status" of the TWS API (ApiPending, PendingSubmit, PreSubmitted, Submitted,
PendingCancel, ApiCancelled, Cancelled, Filled, Inactive); fills are legal in PendingCancel, an
acknowledgement may be duplicated or missing, and an order may be filled without `Submitted`.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from ikbr.domain.errors import TransitionError


class OrderState(Enum):
    """Name where an order stands; IB's own words where it has them."""

    CREATED = "Created"
    API_PENDING = "ApiPending"
    PENDING_SUBMIT = "PendingSubmit"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    PENDING_CANCEL = "PendingCancel"
    INACTIVE = "Inactive"
    UNKNOWN = "Unknown"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    API_CANCELLED = "ApiCancelled"
    REJECTED = "Rejected"

    is_final: bool

    # Enum hashes names in Python; these are looked up several times per order.
    __hash__ = object.__hash__

    def __init__(self, _label: str) -> None:
        """Note once whether the state is final."""
        self.is_final = _label in ("Filled", "Cancelled", "ApiCancelled", "Rejected")


class OrderEvent(Enum):
    """Name what can happen to an order."""

    __hash__ = object.__hash__

    SEND = "send"
    """We put it on the wire."""
    HOLD = "hold"
    """The client library or gateway holds it (ApiPending)."""
    ACK_PENDING = "ack-pending"
    """The gateway has it (PendingSubmit)."""
    ACK_PRE = "ack-pre"
    """IB has it and simulates or holds it: stops, MOO, children of a bracket (PreSubmitted)."""
    ACK = "ack"
    """It works at the exchange (Submitted)."""
    PARTIAL_FILL = "partial-fill"
    FULL_FILL = "full-fill"
    REQUEST_CANCEL = "request-cancel"
    """We asked for its cancellation."""
    CANCEL_REFUSED = "cancel-refused"
    """The broker will not cancel it; it goes on working."""
    CANCEL = "cancel"
    """It was cancelled: by us, by an OCA partner, by its time in force, by a person."""
    API_CANCEL = "api-cancel"
    """It was cancelled before the gateway sent it on."""
    REJECT = "reject"
    """It was refused for good."""
    PARK = "park"
    """It became Inactive; it may still come back."""
    LOSE = "lose"
    """Its fate cannot be known for now (link lost, contradictory evidence)."""
    MODIFY = "modify"
    """We changed its price or quantity."""


_S = OrderState
_E = OrderEvent

_WORKING = (_S.API_PENDING, _S.PENDING_SUBMIT, _S.PRE_SUBMITTED, _S.SUBMITTED)
_OPEN = (*_WORKING, _S.PENDING_CANCEL, _S.INACTIVE, _S.UNKNOWN)


def _table() -> dict[tuple[OrderState, OrderEvent], OrderState]:
    table: dict[tuple[OrderState, OrderEvent], OrderState] = {
        (_S.CREATED, _E.SEND): _S.PENDING_SUBMIT,
        (_S.CREATED, _E.REJECT): _S.REJECTED,
        (_S.CREATED, _E.CANCEL): _S.CANCELLED,
    }
    for state in _OPEN:
        table[state, _E.FULL_FILL] = _S.FILLED
        table[state, _E.CANCEL] = _S.CANCELLED
        table[state, _E.API_CANCEL] = _S.API_CANCELLED
        table[state, _E.REJECT] = _S.REJECTED
        table[state, _E.LOSE] = _S.UNKNOWN
        table[state, _E.PARK] = _S.INACTIVE
        table[state, _E.REQUEST_CANCEL] = _S.PENDING_CANCEL
        # A fill proves that the order works, unless its cancellation is on its way.
        table[state, _E.PARTIAL_FILL] = _S.SUBMITTED
        table[state, _E.MODIFY] = state
        # Acknowledgements may be repeated; they never lead back.
        table[state, _E.ACK] = _S.SUBMITTED
        table[state, _E.ACK_PRE] = _S.PRE_SUBMITTED
        table[state, _E.ACK_PENDING] = _S.PENDING_SUBMIT
        table[state, _E.HOLD] = _S.API_PENDING
        table[state, _E.CANCEL_REFUSED] = state
    for event in (_E.ACK, _E.ACK_PRE, _E.ACK_PENDING, _E.HOLD, _E.PARTIAL_FILL):
        table[_S.PENDING_CANCEL, event] = _S.PENDING_CANCEL
    for event in (_E.ACK_PRE, _E.ACK_PENDING, _E.HOLD):
        table[_S.SUBMITTED, event] = _S.SUBMITTED
    for event in (_E.ACK_PENDING, _E.HOLD):
        table[_S.PRE_SUBMITTED, event] = _S.PRE_SUBMITTED
    table[_S.PENDING_CANCEL, _E.CANCEL_REFUSED] = _S.SUBMITTED
    # A late word about an order that has ended changes nothing; a fill after a cancellation
    # is real (the order manager books it and raises the alarm).
    for final in (_S.FILLED, _S.CANCELLED, _S.API_CANCELLED, _S.REJECTED):
        for event in (
            _E.ACK,
            _E.ACK_PRE,
            _E.ACK_PENDING,
            _E.HOLD,
            _E.CANCEL,
            _E.API_CANCEL,
            _E.CANCEL_REFUSED,
            _E.LOSE,
            _E.PARK,
            _E.REJECT,
            _E.PARTIAL_FILL,
        ):
            table[final, event] = final
        table[final, _E.FULL_FILL] = _S.FILLED
    return table


TRANSITIONS: dict[tuple[OrderState, OrderEvent], OrderState] = _table()
"""Every allowed step; what is absent raises."""

FINAL_STATES = frozenset(state for state in OrderState if state.is_final)


def next_state(state: OrderState, event: OrderEvent) -> OrderState:
    """Look up where an event leads.

    Args:
        state: Where the order stands.
        event: What happened to it.

    Raises:
        TransitionError: When the table has no such step.

    >>> next_state(OrderState.PENDING_SUBMIT, OrderEvent.ACK).value
    'Submitted'
    >>> next_state(OrderState.PENDING_CANCEL, OrderEvent.PARTIAL_FILL).value
    'PendingCancel'
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise TransitionError(
            f"order event {event.value!r} is not allowed in state {state.value!r}."
        ) from None


class OrderUpdate(msgspec.Struct, frozen=True, gc=False):
    """Carry the broker's word about an order (fills come as `Fill`).

    Attributes:
        order_id: Which order.
        event: What happened.
        ts_ns: When, ns UTC.
        code: The broker's code (0 for none).
        message: The broker's words.
    """

    order_id: int
    event: OrderEvent
    ts_ns: int
    code: int = 0
    message: str = ""
