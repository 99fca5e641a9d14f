"""The simulated broker: the pipeline's door to the exchange, with latency in between."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.lifecycle import OrderUpdate
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Fill, Order, OrderRequest
from ikbr.domain.timers import TimerHeap
from ikbr.sim.book import Ledger, SimOrder
from ikbr.sim.exchange import Exchange
from ikbr.sim.latency import delayed
from ikbr.sim.previews import preview_order


class SimBroker:
    """Send orders to an exchange and bring back its word (a `core.ports.Broker`).

    Without latency everything happens inside the call, and whoever is told may send, change
    or cancel orders at once.
    """

    __slots__ = ("_account", "_arrive", "_entry_ns", "_exchange", "_model", "_number", "_timers")

    def __init__(
        self, exchange: Exchange, account: Ledger, timers: TimerHeap, model: ExecutionModel
    ) -> None:
        """Stand between a bot and an exchange.

        Args:
            exchange: Where orders go.
            account: Whose orders they are.
            timers: Where the present comes from.
            model: Says how long orders and answers travel.
        """
        self._exchange = exchange
        self._account = account
        self._timers = timers
        self._model = model
        self._entry_ns = model.entry_ns
        self._arrive = exchange.arrive
        self._number = -1

    def attach(
        self,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_amended: Callable[[Fill], None] | None = None,
    ) -> None:
        """Say whom to tell; called once before the first order; nothing is ever amended."""
        delay = self._model.response_ns
        self._number = self._exchange.open_account(
            self._account,
            delayed(self._timers, delay, on_update),
            delayed(self._timers, delay, on_fill),
        )

    def submit(self, order: Order) -> None:
        """Send an order; a child (`parent_id`) waits for its parent's fill."""
        if self._entry_ns:
            timers = self._timers
            so = SimOrder(order, self._number, order.request)
            timers.call_at(timers.now_ns + self._entry_ns, self._arrive, so)
        else:
            self._arrive(SimOrder(order, self._number, order.request))

    def resume(self, order: Order, filled: int, left: int, *, met: bool, triggered: bool) -> None:
        """Put an order back where it was; see `Exchange.resume`."""
        self._exchange.resume(
            SimOrder(order, self._number, order.request),
            filled,
            left,
            met=met,
            triggered=triggered,
        )

    def modify(self, order: Order, request: OrderRequest) -> None:
        """Change price or quantity of a working order."""
        self._send(self._exchange.replace, order.order_id, request)

    def cancel(self, order: Order) -> None:
        """Ask for the cancellation of a working order."""
        self._send(self._exchange.cancel, order.order_id)

    def preview(self, order: Order, on_preview: Callable[[MarginPreview | str], None]) -> None:
        """Say what an order would do to margin, or why the broker would reject it."""
        timers, answer = self._timers, delayed(self._timers, self._model.response_ns, on_preview)
        if self._entry_ns:
            timers.call_at(timers.now_ns + self._entry_ns, self._preview, order, answer)
        else:
            self._preview(order, answer)

    def _preview(self, order: Order, answer: Callable[[MarginPreview | str], None]) -> None:
        touch = self._exchange.touch(order.symbol, order.side)
        answer(preview_order(self._account, order.instrument, order.request, touch))

    def _send(self, act: Callable[..., None], *what: object) -> None:
        if self._entry_ns:
            timers = self._timers
            timers.call_at(timers.now_ns + self._entry_ns, act, self._number, *what)
        else:
            act(self._number, *what)
