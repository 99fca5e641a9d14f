"""Overnight: what the broker books before an open is booked on our side too, and no more.

Fills that are still on their way to us are in the broker's books already, so its balances are
never copied: only what they change by overnight is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ikbr.core.slot import Slot
from ikbr.core.trader import Trader
from ikbr.domain.order import Order
from ikbr.domain.session import Session
from ikbr.domain.tape import CorporateAction
from ikbr.sim.account import Account
from ikbr.sim.actions import apply_action, split_ratio
from ikbr.sim.exchange import Exchange
from ikbr.strategies.manager import Running

Cash = dict[str, int]


class Overnight:
    """Begin a trading day at the broker and follow what it books."""

    def __init__(self, trader: Trader, account: Account, exchange: Exchange) -> None:
        """Stand between the broker's books and ours."""
        self._trader = trader
        self._account = account
        self._exchange = exchange

    def open(self, session: Session, actions: Sequence[CorporateAction]) -> bool:
        """Let the broker book the night, and book the same here.

        Args:
            session: The day that begins.
            actions: Splits and dividends that are due and count.

        Returns:
            Whether anything was booked.
        """
        before = dict(self._account.portfolio.cash_micro)
        charges = self._account.open_session(session, actions)
        after = self._account.portfolio.cash_micro
        booked = {c: amount - before.get(c, 0) for c, amount in after.items()}
        booked = {c: amount for c, amount in booked.items() if amount}
        ours = dict(self._trader.portfolio.cash_micro)
        own = [dict(running.books.cash_micro) for running in self._trader.manager.running]
        self._charge(charges)
        for action in actions:
            self._apply(action)
        self._settle(booked, ours, own)
        return bool(actions or booked)

    def _charge(self, charges: Mapping[str, int]) -> None:
        """Share the broker's charges for holding a stock among those who are short of it."""
        for symbol, amount in charges.items():
            slots = [s for s in self._trader.slots.by_symbol[symbol] if s.position < 0]
            total = sum(slot.position for slot in slots)
            held = 0
            for slot in slots:
                part = amount * (held + slot.position) // total - amount * held // total
                held += slot.position
                slot.running.books.add_cash(-part, slot.instrument.currency)

    def _apply(self, action: CorporateAction) -> None:
        trader, symbol = self._trader, action.symbol
        if action.split != 1.0:
            ratio = split_ratio(action.split)
            trader.journal.append("split", trader.clock.now_ns, (symbol, *ratio))
        position = trader.portfolio.positions.get(symbol)
        mark = position.mark_units if position is not None else 0
        apply_action(trader.portfolio, action)
        for running in trader.manager.running:
            if mark:
                running.books.mark(symbol, mark)
            apply_action(running.books, action)
        slots = trader.slots.by_symbol[symbol]
        if position is not None:
            _share_fractions(
                [slot.running for slot in slots], symbol, position.quantity, position.mark_units
            )
        for slot in slots:
            slot.position = slot.running.books.quantity(symbol)

    def _settle(self, booked: Cash, ours: Cash, own: Sequence[Cash]) -> None:
        """Change our cash by what the broker's changed by, and let the strategies' net to it."""
        trader = self._trader
        portfolio, now = trader.portfolio, trader.clock.now_ns
        portfolio.cash_micro.clear()
        portfolio.cash_micro.update(ours)
        for currency, amount in booked.items():
            portfolio.add_cash(amount, currency)
            why = "dividends, cash in lieu and charges of the broker"
            body = {"currency": currency, "amount_micro": amount, "why": why}
            trader.journal.append("cash", now, body)
        running = trader.manager.running
        for currency in portfolio.cash_micro:
            changes = [
                one.books.cash_micro.get(currency, 0) - cash.get(currency, 0)
                for one, cash in zip(running, own, strict=True)
            ]
            rest = booked.get(currency, 0) - sum(changes)
            if rest:
                # Whoever booked most bears what rounding leaves.
                most = max(range(len(changes)), key=lambda n: abs(changes[n]))
                running[most].books.add_cash(rest, currency)

    def cancel_orders(self, actions: Sequence[CorporateAction]) -> None:
        """Let splits cancel the orders in their stock; protect again what was protected.

        Source: IBKR, "Time in Force": a split, forward or reverse, cancels good-till-cancelled
        orders. Attaching the exits again, in the new shares, is ikbr's own doing.
        """
        for action in actions:
            if action.split == 1.0:
                continue
            new, old = split_ratio(action.split)
            slots = self._trader.slots.by_symbol[action.symbol]
            lost = [(slot, order, self._protected(order)) for slot in slots for order in slot.exits]
            self._exchange.split(action.symbol, new, old)
            for slot, order, quantity in lost:
                self._attach(slot, order, quantity * new // old, old / new)

    def _protected(self, order: Order) -> int:
        orders = self._trader.orders
        if order.is_done or order.cancel_requested:
            return 0
        if order.parent_id in orders.working:
            return min(order.remaining, orders.orders[order.parent_id].filled)
        return order.remaining

    def _attach(self, slot: Slot, order: Order, quantity: int, factor: float) -> None:
        """Send an exit again, as large as what is held still."""
        if slot.position * order.side >= 0:
            return
        instrument = slot.instrument
        quantity = min(quantity, abs(slot.position)) // instrument.lot * instrument.lot
        if quantity < 1:
            return

        def moved(price: float | None) -> float | None:
            if price is None:
                return None
            units = instrument.on_grid(round(instrument.to_units(price) * factor))
            return instrument.to_price(max(units, instrument.increment(units)))

        request = msgspec.structs.replace(
            order.request,
            quantity=quantity,
            limit_price=moved(order.request.limit_price),
            stop_price=moved(order.request.stop_price),
        )
        self._trader.orders.attach(request, instrument, order.strategy, order.parent_id)


def _share_fractions(runnings: Sequence[Running], symbol: str, total: int, mark_units: int) -> None:
    """Let the strategies hold together what the account holds after a split.

    Each book drops its own fraction of a share; where these make up whole shares, the first that
    hold any take them over at the mark.
    """
    missing = total - sum(running.books.quantity(symbol) for running in runnings)
    step = 1 if missing > 0 else -1
    holders = [r for r in runnings if symbol in r.books.positions]
    # Fewer whole shares than holders can be missing; more are fills not heard of yet.
    if abs(missing) >= len(holders):
        return
    for running in holders[: abs(missing)]:
        position = running.books.position(symbol)
        value = step * mark_units * position.unit_value_micro
        position.apply(step, mark_units)
        running.books.add_cash(-value, position.instrument.currency)
