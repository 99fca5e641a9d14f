"""The desk: carries out what strategies answer, from the signal to the order that is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ikbr.core.event_bus import EventBus
from ikbr.core.market_data import MarketData
from ikbr.core.order_manager import OrderManager
from ikbr.core.ports import Clock, Journal
from ikbr.core.protection import gap_without
from ikbr.core.request_maker import RequestMaker
from ikbr.core.risk_manager import RiskManager
from ikbr.core.sizing import touch_price
from ikbr.core.slot import Slot, SlotTable
from ikbr.core.stopwatch import Stopwatch
from ikbr.domain.errors import NotDurableError, OrderError, StrategyError
from ikbr.domain.events import Decision, EventType, Refusal, Refused
from ikbr.domain.order import Order, OrderRequest, Side
from ikbr.domain.routing import Algo
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.strategies.answers import decisions
from ikbr.strategies.running import FAULTS, Running

Item = Signal | OrderRequest

CHASE = str(Algo.CHASE)
_SIGNAL = EventType.SIGNAL


class Desk:
    """Size, check, record and submit.

    Attributes:
        flatten: Cancels what works in a slot and closes what is held.
        refused: Refusals counted by rule.
        refresh: Brings market data and marks up to the present; a replay that fills them
            lazily sets it, otherwise it does nothing.
        watch: Stamps the stages of orders; None in a backtest.
        closed: Whether the run is over: strategies still hear, but nothing they answer counts.
        chase: Follows an order whose limit follows the touch; set where orders are routed.
    """

    def __init__(  # noqa: PLR0913 - it joins the stages
        self,
        *,
        clock: Clock,
        market_data: MarketData,
        slots: SlotTable,
        requests: RequestMaker,
        risk: RiskManager,
        orders: OrderManager,
        journal: Journal,
        bus: EventBus,
        disable: Callable[[Running, BaseException], None],
    ) -> None:
        """Join the stages.

        Args:
            clock: Tells the time.
            market_data: Says how far prices can be trusted.
            slots: The strategies in each symbol.
            requests: Turns signals into requests.
            risk: Checks them.
            orders: Sends them.
            journal: Keeps the record.
            bus: Tells the observers.
            disable: Takes a strategy out of service whose answer cannot be meant.
        """
        self.clock = clock
        self.market_data = market_data
        self.slots = slots
        self.requests = requests
        self.risk = risk
        self.orders = orders
        self.journal = journal
        self.bus = bus
        self.disable = disable
        self.flatten: Callable[[Slot, str], None] = _no_flattener
        self.refused: Counter[str] = Counter()
        self.refresh: Callable[[], None] = _nothing
        self.closed = False
        self.watch: Stopwatch | None = None
        self.chase: Callable[[Order, Ticker], None] = _no_chaser

    def decide(self, slot: Slot, answer: Any) -> None:
        """Carry out what a strategy answered: a signal, an order request, or several.

        An answer that cannot be meant disables the strategy.
        """
        if self.closed:
            return
        kind = type(answer)
        try:
            if kind is Signal or kind is OrderRequest:
                if answer.symbol != slot.ticker.symbol:
                    slot = self.slots.of(slot.running.name, answer.symbol)
                if kind is OrderRequest or not slot.is_idle(answer, self.clock.now_ns):
                    self._take(slot, answer)
            else:
                self._take_several(slot, answer)
        except StrategyError as error:
            self.disable(slot.running, error)

    def _take_several(self, slot: Slot, answer: Any) -> None:
        try:
            items = list(decisions(answer, type(slot.running.strategy).__name__))
        except FAULTS as error:  # a generator is a person's code too
            self.disable(slot.running, error)
            return
        groups = [
            [(self.slots.of(slot.running.name, item.symbol), item) for item in group]
            for group in _grouped(items)
        ]
        for group in groups:
            # What came before may have disabled it.
            if slot.running.enabled:
                self._take_group(group)

    def _take_group(self, group: list[tuple[Slot, Item]]) -> None:
        slots, items = zip(*group, strict=True)
        now = self.clock.now_ns
        idle = [
            isinstance(item, Signal) and slot.is_idle(item, now)
            for slot, item in zip(slots, items, strict=True)
        ]
        if items[0].group and any(idle) and not all(idle):
            # One leg cannot move now, so none does, unless that leg stands where it should.
            muted = [s for s, item, i in zip(slots, items, idle, strict=True) if i]
            if any(now < max(s.mute_buy_ns, s.mute_sell_ns) for s in muted):
                return
        wanted = [
            (slot, item)
            for slot, item, is_idle in zip(slots, items, idle, strict=True)
            if not is_idle
        ]
        if len(wanted) == 1:
            self._take(*wanted[0])
        elif wanted:
            self._take_together(wanted)

    def _take(self, slot: Slot, item: Item) -> None:
        """Size, check and submit one item."""
        if self.watch is not None:
            self.watch.on_signal()
        self.refresh()
        if slot.entries and isinstance(item, Signal) and _leaves_waiting_entries(slot, item):
            # Selling what is still being bought could sell first, and so go short.
            self.flatten(slot, item.reason)
            return
        request = self.requests.make(slot, item) if isinstance(item, Signal) else item
        if isinstance(request, Refused):
            self._refuse(slot, _unsized(item), request)
            return
        refused = self._check(slot, request)
        if refused is None:
            self.submit(slot, item, request)
            return
        self._refuse(slot, request, refused)
        held = slot.position + slot.in_flight
        if isinstance(item, Signal) and held * request.side < 0 < request.quantity - abs(held):
            # A reversal that may not enter still closes: risk must never hold up what shrinks it.
            self._close(slot, item)

    def _close(self, slot: Slot, signal: Signal) -> None:
        closing = msgspec.structs.replace(signal, action="FLAT", target=None)
        request = self.requests.make(slot, closing)
        if isinstance(request, OrderRequest) and self._check(slot, request) is None:
            self.submit(slot, signal, request)

    def _take_together(self, wanted: Sequence[tuple[Slot, Item]]) -> None:
        """Size, check and submit items that stand or fall together.

        Each is checked as if those before it were sent already.
        """
        self.refresh()
        ready: list[tuple[Slot, Item, Order]] = []
        refused = False
        for slot, item in wanted:
            made = self.requests.make(slot, item) if isinstance(item, Signal) else item
            verdict: Refused | None
            if isinstance(made, Refused):
                verdict, request = made, _unsized(item)
            else:
                request = made
                verdict = self.requests.check_sense(slot, request) or self._check(slot, request)
            if verdict is not None:
                self._refuse(slot, request, verdict)
                refused = True
                continue
            trial = Order(-1 - len(ready), request, slot.instrument, slot.running.name)
            self.risk.reserve(trial)
            ready.append((slot, item, trial))
        for _, _, trial in ready:
            self.risk.release(trial)
        for slot, item, trial in ready:
            request = trial.request
            if refused:
                why = f"{request.symbol}: another leg of {request.group!r} was refused."
                retry = self.requests.retry_ns()
                self._refuse(slot, request, Refused("group", 0.0, 0.0, why, retry))
            else:
                self.submit(slot, item, request)

    def _check(self, slot: Slot, request: OrderRequest) -> Refused | None:
        now = self.clock.now_ns
        if not slot.entry_from_ns <= now < slot.entry_until_ns:
            refused = self.requests.check_schedule(slot, request)
            if refused is not None:
                return refused
        return self.risk.check(request, slot.running.name, slot.ticker, now)

    def _refuse(self, slot: Slot, request: OrderRequest, refused: Refused) -> None:
        now = self.clock.now_ns
        self.refused[refused.rule] += 1
        slot.mute(request.side is Side.BUY, refused.retry_ns)
        refusal = Refusal(now, slot.running.name, request, refused, self._freshness(slot))
        self.journal.append("refusal", now, refusal)
        if self.bus.wants(EventType.REFUSED):
            self.bus.emit(EventType.REFUSED, refusal)

    def on_rejected(self, slot: Slot, order: Order) -> None:
        """Count what the broker refused as what our own risk refuses."""
        words = order.message or "no reason was given."
        refused = Refused("broker", 0.0, 0.0, words, self.requests.retry_ns())
        self._refuse(slot, order.request, refused)

    def submit(self, slot: Slot, item: Item, request: OrderRequest) -> None:
        """Record a decision and send its order; nobody is asked any more."""
        if self.watch is not None:
            self.watch.on_risk()
        now = self.clock.now_ns
        ticker, name, side = slot.ticker, slot.running.name, request.side
        decision = Decision(
            now,
            name,
            request.symbol,
            "BUY" if side > 0 else "SELL",
            item.price if type(item) is Signal else ticker.market_price(),
            request.reason,
            side * request.quantity,
            ticker.freshness(now, self.market_data.stale_after_ns),
        )
        self.journal.append("decision", now, decision)
        mid, touch = (ticker.bid + ticker.ask) * 0.5, touch_price(side, ticker)
        router = self.requests.router
        instrument = slot.instrument if router is None else router.place(slot.instrument)
        try:
            order = self.orders.submit(request, instrument, name, mid, touch, slot)
            if request.algo == CHASE and not order.is_done:
                self.chase(order, ticker)
        except OrderError as error:
            retry = self.requests.retry_ns()
            self._refuse(slot, request, Refused("invalid", 0.0, 0.0, str(error), retry))
        except NotDurableError as error:
            if self.risk.judge.reduces(request) and not request.reduce_only:
                # What closes is sent even so; saying that it only closes lets it through.
                self.submit(slot, item, msgspec.structs.replace(request, reduce_only=True))
                return
            retry = self.requests.retry_ns()
            self._refuse(slot, request, Refused("journal", 0.0, 0.0, str(error), retry))
        if _SIGNAL in self.bus.wanted:
            self.bus.emit(_SIGNAL, decision)

    def _freshness(self, slot: Slot) -> Any:
        return slot.ticker.freshness(self.clock.now_ns, self.market_data.stale_after_ns)

    def cancel(self, order_id: int) -> None:
        """Ask for the cancellation of an order, unless a position would lose its stop by it."""
        order = self.orders.working.get(order_id)
        if order is not None and self.risk.limits.require_stop:
            slot = self.slots.of(order.strategy, order.symbol)
            gap = gap_without(slot, order)
            if gap is not None:
                why = f"{order.symbol}: {gap.words}"
                retry = self.requests.retry_ns()
                refused = Refused("protection", gap.needed, gap.covered, why, retry)
                self._refuse(slot, order.request, refused)
                return
        self.orders.cancel(order_id)

    def modify(self, order_id: int, **changes: Any) -> None:
        """Change a working order, unless risk refuses what it would become."""
        order = self.orders.working.get(order_id)
        if order is None:
            return
        slot = self.slots.of(order.strategy, order.symbol)
        given = {name: value for name, value in changes.items() if value is not None}
        request = msgspec.structs.replace(order.request, **given)
        try:
            refused = self.risk.check(
                request, order.strategy, slot.ticker, self.clock.now_ns, replaces=order
            )
            if refused is not None:
                self._refuse(slot, request, refused)
                return
            self.orders.modify(order_id, **changes)
            if not order.is_done:
                self.risk.on_sent(order, self.clock.now_ns)
        except OrderError as error:
            self._refuse(slot, request, Refused("invalid", 0.0, 0.0, str(error)))

    def send(self, slot: Slot, request: OrderRequest) -> None:
        """Check and submit an order that no strategy asked for: a flattening."""
        refused = self.risk.check(request, slot.running.name, slot.ticker, self.clock.now_ns)
        if refused is not None:
            self._refuse(slot, request, refused)
        else:
            self.submit(slot, request, request)


def _nothing() -> None:
    pass


def _no_flattener(_slot: Slot, _reason: str) -> None:
    pass


def _no_chaser(_order: Order, _ticker: Ticker) -> None:
    pass


def _leaves_waiting_entries(slot: Slot, signal: Signal) -> bool:
    """Say whether a signal leaves a position of which a part is still being entered."""
    if signal.target is not None or signal.action == "BUY":
        return False
    if signal.action == "SELL" and slot.allow_short:
        return False
    held = slot.position + slot.in_flight
    return any(order.side * held > 0 for order in slot.entries)


def _unsized(item: Item) -> OrderRequest:
    """Stand for an order that found no size, in the record of its refusal."""
    side = Side.SELL if isinstance(item, Signal) and item.action == "SELL" else Side.BUY
    return OrderRequest(item.symbol, side, 0, reason=item.reason)


def _grouped(items: list[Any]) -> list[list[Item]]:
    """Keep the items of one named group together, in the order they came."""
    groups: dict[Any, list[Item]] = {}
    for number, item in enumerate(items):
        groups.setdefault(getattr(item, "group", "") or number, []).append(item)
    return list(groups.values())
