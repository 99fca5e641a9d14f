"""From a signal to an order request: which way, how much, and what hangs on it."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.core.exits import exit_group
from ikbr.core.order_rules import check_request
from ikbr.core.ports import Clock
from ikbr.core.risk_manager import RiskManager
from ikbr.core.routing.choose import MARKET
from ikbr.core.routing.router import Router
from ikbr.core.sizing import touch_price
from ikbr.core.slot import Slot
from ikbr.domain.errors import OrderError, StrategyError
from ikbr.domain.events import Refused
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import OrderRequest, Side, TimeInForce
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.signal import Signal
from ikbr.domain.timers import NEVER
from ikbr.strategies.running import FAULTS, Running

_BUY, _SELL = Side.BUY, Side.SELL
_DAY = TimeInForce.DAY


class RequestMaker:
    """Turn signals into order requests of the right size.

    Attributes:
        fixed_quantity: Size of every entry; 0 lets strategy and risk manager size it.
        outside_rth: Whether orders may fill outside regular hours.
        router: Chooses the type of each order; None sends market orders.
    """

    __slots__ = (
        "_clock",
        "_fail",
        "_portfolio",
        "_risk",
        "fixed_quantity",
        "outside_rth",
        "router",
    )

    def __init__(
        self,
        risk: RiskManager,
        portfolio: Portfolio,
        clock: Clock,
        fail: Callable[[Running, BaseException], None],
        *,
        fixed_quantity: int,
        outside_rth: bool,
        router: Router | None = None,
    ) -> None:
        """Connect with those who know sizes, equity and time.

        Args:
            risk: Sizes what strategies do not size.
            portfolio: The account's books.
            clock: Tells the time.
            fail: Told when a strategy's own sizing raises.
            fixed_quantity: Size of every entry, or 0.
            outside_rth: Whether orders may fill outside regular hours.
            router: Chooses the type of each order, or None.
        """
        self._risk = risk
        self._portfolio = portfolio
        self._clock = clock
        self._fail = fail
        self.fixed_quantity = fixed_quantity
        self.outside_rth = outside_rth
        self.router = router

    def make(self, slot: Slot, signal: Signal) -> OrderRequest | Refused:
        """Say what to order so that a strategy holds what its signal wants.

        Args:
            slot: The strategy in the symbol.
            signal: What it wants; `slot.is_idle` must have said that it matters.
        """
        held = slot.position
        if slot.entries:
            held += slot.in_flight
        change = self._change(slot, signal, held)
        if change == 0:
            return self._refused("size", f"{signal.symbol}: the size of the entry came to 0.")
        side = _BUY if change > 0 else _SELL
        after = held + change
        turns = after * held <= 0 and after != 0
        entry = turns or abs(after) > abs(held)
        price = touch_price(side, slot.ticker)
        if entry and not price > 0:
            return self._refused("no-price", f"{signal.symbol}: no price is known to enter at.")
        group = ""
        if slot.exits and (turns or not entry):
            group = exit_group(slot, side, abs(change))
        stop_pct = slot.running.strategy.stop_loss_pct
        quantity, router = abs(change), self.router
        route = MARKET if router is None else router.route(slot, signal, side, quantity)
        # By place: naming the fields of a struct takes as long again.
        return OrderRequest(
            signal.symbol,
            side,
            quantity,
            route.order_type,
            route.limit_price,
            None,
            None,
            None,
            _DAY,
            self.outside_rth,
            group,
            None,
            _stop_loss(slot.instrument, side, price, stop_pct) if entry and stop_pct else None,
            signal.reason,
            signal.group,
            # Exits that it cannot replace as a group are cancelled when it has filled.
            after == 0 and bool(slot.exits) and not group,
            abs(after) if turns and held else 0,
            route.algo,
        )

    def check_sense(self, slot: Slot, request: OrderRequest) -> Refused | None:
        """Refuse what no broker would understand, before anything else of its group is sent."""
        try:
            check_request(request, slot.instrument)
        except OrderError as error:
            return Refused("invalid", 0.0, 0.0, str(error), self.retry_ns())
        return None

    def check_schedule(self, slot: Slot, request: OrderRequest) -> Refused | None:
        """Refuse what adds to a position, at a time outside the strategy's hours of entry."""
        now = self._clock.now_ns
        held = slot.position + slot.in_flight
        after = held + request.side * request.quantity
        if abs(after) <= abs(held) and after * held >= 0:
            return None
        retry = slot.entry_from_ns if now < slot.entry_from_ns else NEVER
        why = f"{request.symbol}: {slot.running.name} may not enter at this time."
        return Refused("schedule", slot.entry_until_ns / 1e9, now / 1e9, why, retry)

    def _change(self, slot: Slot, signal: Signal, held: int) -> int:
        if signal.target is not None:
            return signal.target - held
        if signal.action == "FLAT" or (signal.action == "SELL" and not slot.allow_short):
            return -held
        if not 0 < signal.strength <= 1:
            raise StrategyError(
                f"{slot.running.name}: strength {signal.strength} of a signal must be above 0 and "
                f"at most 1."
            )
        size = self._size(slot, signal)
        if size < 1:
            return 0
        return (size if signal.action == "BUY" else -size) - held

    def _size(self, slot: Slot, signal: Signal) -> int:
        running = slot.running
        if self.fixed_quantity:
            return self.fixed_quantity
        try:
            own = running.calculate_position_size(signal)
            if own is not None:
                return int(own)
        except FAULTS as error:  # a person's code may raise anything
            self._fail(running, error)
            return 0
        return self._risk.calculate_position_size(
            signal,
            slot.ticker,
            self._portfolio.equity_micro(),
            running.share,
            self.router.reach if self.router is not None else 0.0,
        )

    def _refused(self, rule: str, why: str) -> Refused:
        return Refused(rule, 1.0, 0.0, why, self.retry_ns())

    def retry_ns(self) -> int:
        """Say when something refused now may be asked again."""
        return self._clock.now_ns + round(self._risk.limits.refusal_retry_s * 1e9)


def _stop_loss(instrument: Instrument, side: Side, price: float, pct: float) -> float:
    units = instrument.to_units(price * (1 - pct if side is _BUY else 1 + pct))
    return instrument.to_price(instrument.on_grid(units, "up" if side is _BUY else "down"))
