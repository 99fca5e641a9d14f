"""Ports: what the pipeline needs of the world, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from ikbr.domain.events import Bar
from ikbr.domain.lifecycle import OrderUpdate
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Fill, Order, OrderRequest
from ikbr.domain.past import PastDay
from ikbr.domain.timers import Timer


class Broker(Protocol):
    """Take orders to an exchange and bring back its word."""

    def attach(
        self,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_amended: Callable[[Fill], None],
    ) -> None:
        """Say whom to tell; called once before the first order.

        Args:
            on_update: Told of the broker's word about an order.
            on_fill: Told of each execution, once.
            on_amended: Told of an execution that was told before, as it should have been: its
                commission came late, or it was corrected, or never was (a quantity of 0).
        """

    def submit(self, order: Order) -> None:
        """Send an order; a child (`parent_id`) waits for its parent's fill."""

    def modify(self, order: Order, request: OrderRequest) -> None:
        """Change price or quantity of a working order."""

    def cancel(self, order: Order) -> None:
        """Ask for the cancellation of a working order."""


class PreviewingBroker(Broker, Protocol):
    """A broker that can also say what an order would do to margin."""

    def preview(self, order: Order, on_preview: Callable[[MarginPreview | str], None]) -> None:
        """Ask what an order would do, without placing it; the answer may never come.

        Args:
            order: The order, not sent yet.
            on_preview: Told the answer, at once or later, or why the broker would reject it.
        """


class Clock(Protocol):
    """Tell the time and wake at times: the one place time is read."""

    @property
    def now_ns(self) -> int:
        """The present, ns UTC."""

    def call_at(self, due_ns: int, callback: Callable[..., Any], *args: Any) -> Timer:
        """Call back at a time."""


class Journal(Protocol):
    """Keep the record of what was decided and what happened."""

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        """Add a record; `body` is anything msgspec can encode. Must be cheap."""


class History(Protocol):
    """Give the past, for warming up."""

    def bars(self, symbol: str, resolution: str, end_ns: int, count: int) -> Sequence[Bar]:
        """Give the last bars that closed at or before a time.

        Args:
            symbol: Whose.
            resolution: Their length as people write it: 30s, 1min, 1h, 1day.
            end_ns: The time, ns UTC.
            count: How many at most.

        Returns:
            The bars, oldest first; fewer when fewer are known.
        """


class Archive(History, Protocol):
    """Give the past, and say when it begins."""

    def first_ns(self, symbol: str) -> int | None:
        """Say when the past begins.

        Args:
            symbol: Whose.

        Returns:
            The open of the first day of which bars can be given, ns UTC; None when there is none.
        """

    def ticks(
        self, symbol: str, start_ns: int, end_ns: int, *, newest_first: bool, regular: bool
    ) -> Iterator[PastDay]:
        """Walk through the days that hold ticks of one instrument.

        Args:
            symbol: Whose.
            start_ns: From when on, ns UTC; a day that lies in part within is given whole.
            end_ns: Up to when, ns UTC.
            newest_first: Whether to walk back from the end instead of on from the start.
            regular: Whether to leave out what lies outside the regular hours of a day.
        """
