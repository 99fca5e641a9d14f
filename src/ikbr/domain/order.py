"""Orders: what is asked for, what becomes of it, and what is filled."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any

import msgspec

from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.lifecycle import OrderState

NAN = float("nan")


class Side(IntEnum):
    """Say which way; the value is the sign of the position it builds."""

    BUY = 1
    SELL = -1


class OrderType(StrEnum):
    """Name the order types as Interactive Brokers does."""

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"
    TRAIL = "TRAIL"
    MIDPRICE = "MIDPRICE"
    MARKET_ON_OPEN = "MOO"
    MARKET_ON_CLOSE = "MOC"
    LIMIT_ON_CLOSE = "LOC"


class TimeInForce(StrEnum):
    """Say how long an order works."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class OrderRequest(msgspec.Struct, frozen=True, gc=False):
    """Ask for an order, before risk has been asked.

    Attributes:
        symbol: Of which instrument.
        side: Which way.
        quantity: How much, 1 or more.
        order_type: How to execute it.
        limit_price: Worst acceptable price (LMT, STP LMT, LOC; optional cap for MIDPRICE).
        stop_price: Trigger (STP, STP LMT); initial trigger of a TRAIL (optional).
        trail_amount: Distance of a TRAIL in price; or
        trail_percent: in percent of the price.
        tif: How long it works.
        outside_rth: Whether it may trigger and fill outside regular hours.
        oca_group: Orders of one group cancel each other when one fills ("" for none).
        take_profit: Limit price of an attached exit (bracket).
        stop_loss: Stop price of an attached exit (bracket, or a protective stop alone).
        protects: Quantity of the attached exits; 0 for that of the order. An order that turns
            a long position into a short one protects only the short one.
        reason: Why, in words.
        group: Requests of one call with the same group pass risk together or not at all.
        reduce_only: Whether it may only shrink the position.
        oca_reduces: Whether a fill of it shrinks the others of its group in proportion; they are
            cancelled when it has filled in any case.
        algo: How it is worked beyond its type (`domain.routing.Algo`); "" for the plain type.
    """

    symbol: str
    side: Side
    quantity: int
    order_type: OrderType = OrderType.MARKET
    limit_price: float | None = None
    stop_price: float | None = None
    trail_amount: float | None = None
    trail_percent: float | None = None
    tif: TimeInForce = TimeInForce.DAY
    outside_rth: bool = False
    oca_group: str = ""
    take_profit: float | None = None
    stop_loss: float | None = None
    reason: str = ""
    group: str = ""
    reduce_only: bool = False
    protects: int = 0
    algo: str = ""
    oca_reduces: bool = False


class Order(msgspec.Struct, eq=False):
    """Follow one order from intent to its end; changed only by the order manager.

    Attributes:
        order_id: Counter, unique within the account.
        request: What was asked for (replaced by a modification).
        instrument: What it trades.
        strategy: Who asked.
        state: Where it stands in the lifecycle.
        filled: Quantity filled so far.
        fill_value_units: Σ quantity × price units of the fills.
        created_ns, done_ns: When it was made and when it ended (0 while it works).
        decision_mid, decision_price: Mid and touch (buy: ask) when it was decided; NaN if unknown.
        parent_id: The order whose fill activates this one (0 for none).
        message: Latest word of the broker about it.
        cancel_requested: Whether its cancellation is on its way.
        undone: Quantity that was filled and taken back; no exchange fills it once more.
        owner: Where the pipeline keeps it (a slot); nobody else looks inside.
        closes: Whether it can only shrink a position, as risk saw it when it was recorded.
    """

    order_id: int
    request: OrderRequest
    instrument: Instrument
    strategy: str
    created_ns: int = 0
    parent_id: int = 0
    owner: Any = None
    decision_mid: float = NAN
    decision_price: float = NAN
    state: OrderState = OrderState.CREATED
    filled: int = 0
    fill_value_units: int = 0
    done_ns: int = 0
    message: str = ""
    cancel_requested: bool = False
    undone: int = 0
    closes: bool = False

    @property
    def symbol(self) -> str:
        """Of which instrument."""
        return self.request.symbol

    @property
    def side(self) -> Side:
        """Which way."""
        return self.request.side

    @property
    def quantity(self) -> int:
        """How much was asked for."""
        return self.request.quantity

    @property
    def executed(self) -> int:
        """How much was executed, counting what was taken back."""
        return self.filled + self.undone

    @property
    def remaining(self) -> int:
        """How much is still to fill."""
        return self.request.quantity - self.filled - self.undone

    def amend(self, amended: Fill, booked: Fill) -> None:
        """Count a fill of it as it should have been, not as it was booked."""
        change = amended.quantity - booked.quantity
        self.filled += change
        self.fill_value_units += (
            amended.quantity * amended.price_units - booked.quantity * booked.price_units
        )
        self.undone = max(0, self.undone - change)

    @property
    def average_price(self) -> float:
        """Average price of the fills; NaN before the first."""
        if not self.filled:
            return NAN
        return self.fill_value_units / self.filled / self.instrument.price_scale

    @property
    def is_done(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.state.is_final

    def __repr__(self) -> str:
        """Show the order in a line."""
        r = self.request
        return (
            f"Order({self.order_id} {r.side.name} {r.quantity} {r.symbol} {r.order_type} "
            f"{self.state.value} {self.filled}/{r.quantity})"
        )


class Fill(msgspec.Struct, frozen=True, gc=False):
    """Record one execution with its commission.

    Attributes:
        exec_id: Counter of the execution, unique within the account.
        order_id: Whose it is.
        strategy: Who asked for the order.
        symbol: What was traded.
        side: Which way.
        quantity: How much.
        price_units: At which price, in price units.
        ts_ns: When, ns UTC.
        commission_micro: All fees, millionths of the instrument's currency; negative = rebate.
        price: The same price as a float.
        liquidity: "take", "make", "auction" or "liquidation".
        decision_mid, decision_price: Mid and touch when the order was decided; NaN if unknown.
        arrival_price: Touch when the order arrived at the exchange; NaN if unknown.
        displayed: Size displayed at the touch when it filled; 0 if unknown.
        quote_age_ns: Age of the quote or print that it filled against; 0 if unknown.
    """

    exec_id: int
    order_id: int
    strategy: str
    symbol: str
    side: Side
    quantity: int
    price_units: int
    ts_ns: int
    commission_micro: int
    price: float
    liquidity: str = "take"
    decision_mid: float = NAN
    decision_price: float = NAN
    arrival_price: float = NAN
    displayed: int = 0
    quote_age_ns: int = 0

    @property
    def commission(self) -> float:
        """All fees in the instrument's currency."""
        return self.commission_micro / MICRO

    @property
    def signed_quantity(self) -> int:
        """The change of the position."""
        return self.side * self.quantity
