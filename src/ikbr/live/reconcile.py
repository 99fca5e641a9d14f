"""Reconciliation: our books against the broker's, at the start, after every break, every minute.

A difference that executions of others explain is taken over as theirs, and so is one of orders of
ours that the journal has lost. One that nothing explains is taken over too, as the broker's word on
what is held counts, but its symbol is blocked and a person is told: something has happened that we
did not see.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ikbr.broker.account_state import AccountState
from ikbr.broker.whole_account import Deal, WholeAccount
from ikbr.core.pipeline import Pipeline
from ikbr.domain.events import Alert
from ikbr.domain.instrument import MICRO
from ikbr.domain.order import Order
from ikbr.domain.session_events import Baseline

log = logging.getLogger("ikbr.live")

PAUSE_S = 0.5
"""Pause between two looks: what is under way must not look like a difference."""
LOOKS = 3
EXTERNAL = "EXTERNAL"
"""The strategy of orders that others have placed; they count in risk."""
_SECOND = 1_000_000_000


class Difference(NamedTuple):
    """Show a symbol in which our books and the broker's differ.

    Attributes:
        symbol: Which.
        ours, theirs: Signed quantities.
        cost: Average cost at the broker, with multiplier; 0 where nothing is held.
    """

    symbol: str
    ours: int
    theirs: int
    cost: float

    @property
    def missing(self) -> int:
        """What our books lack, signed."""
        return self.theirs - self.ours


class Reconciler:
    """Compare books, and bring ours in line.

    Attributes:
        outside: Open orders of others that count in risk, by IB's number.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        account: WholeAccount,
        since_ns: int,
        book_fills: Callable[[], None],
    ) -> None:
        """Compare nothing yet.

        Args:
            pipeline: Whose books.
            account: The broker's word.
            since_ns: Up to when our books are known to be right, ns UTC.
            book_fills: Books the fills that wait for their commission.
        """
        self._pipeline = pipeline
        self._book_fills = book_fills
        self._account = account
        self._since_ns = since_ns
        self._explained: set[str] = set()
        self._told: set[str] = set()
        self._checking = False
        self.outside: dict[int, Order] = {}

    async def check(self) -> list[str]:
        """Compare, and bring our books in line.

        Returns:
            What differed, in words; nothing when all was right or another check is under way.

        Raises:
            BrokerError: When the broker does not answer.
        """
        if self._checking:
            return []
        self._checking = True
        try:
            found = await self._lasting()
            deals: list[Deal] = []
            if found:
                # Fills that had not been told yet came with the list; all are booked now.
                deals = await self._account.deals()
                self._book_fills()
                again = self._compare(await self._account.positions())
                found = [one for one in again if one in found]
            words = [self._resolve(one, deals) for one in found]
            await self._count_outside()
            return words
        finally:
            self._checking = False

    async def _lasting(self) -> list[Difference]:
        """Find what differs at several looks in a row, in the same way."""
        found = self._compare(await self._account.positions())
        for _ in range(LOOKS - 1):
            if not found:
                break
            await asyncio.sleep(PAUSE_S)
            again = self._compare(await self._account.positions())
            found = [one for one in again if one in found]
        return found

    def _compare(self, theirs: dict[str, tuple[int, float]]) -> list[Difference]:
        books = self._pipeline.trader.portfolio
        symbols = {s for s, p in books.positions.items() if p.quantity} | set(theirs)
        found = []
        for symbol in sorted(symbols):
            quantity, cost = theirs.get(symbol, (0, 0.0))
            ours = books.quantity(symbol) if symbol in self._pipeline.number else 0
            if quantity != ours and (symbol in self._pipeline.number or symbol not in self._told):
                found.append(Difference(symbol, ours, quantity, cost))
        return found

    def _resolve(self, one: Difference, deals: Sequence[Deal]) -> str:
        """Take a difference over; say what it is."""
        trader = self._pipeline.trader
        now = self._pipeline.clock.now_ns
        if one.symbol not in self._pipeline.number:
            self._told |= {one.symbol}
            words = f"{one.symbol}: {one.theirs:+d} is held and unknown to this session"
            trader.alert(Alert(now, "warning", "reconcile", f"{words}; it counts from the next on"))
            return words
        strange = [d for d in deals if self._may_explain(d, one.symbol)]
        explained = bool(strange) and sum(d.quantity for d in strange) == one.missing
        words = f"{one.symbol}: our books hold {one.ours:+d}, the broker {one.theirs:+d}"
        if explained:
            self._explained |= {d.exec_id for d in strange}
            spent = sum(d.quantity * d.price for d in strange)
            whose = ", ".join(dict.fromkeys(d.who for d in strange))
            words += f"; explained by {len(strange)} executions {whose}"
            self._adopt(one, self._micro(one.symbol, spent), words)
            severity = "warning" if any(d.order_id for d in strange) else "info"
            trader.alert(Alert(now, severity, "reconcile", words))
            return words
        words += "; nothing explains it"
        self._adopt(one, self._micro(one.symbol, one.missing * self._price(one)), words)
        if any(one.symbol in running.symbols for running in trader.manager.running):
            trader.risk.block(one.symbol, words.removeprefix(f"{one.symbol}: "))
            words += "; the symbol is blocked"
        trader.alert(Alert(now, "critical", "reconcile", words))
        return words

    def _may_explain(self, deal: Deal, symbol: str) -> bool:
        return (
            deal.symbol == symbol
            # What orders that are known have filled is booked as theirs.
            and deal.order_id not in self._pipeline.trader.orders.orders
            and deal.exec_id not in self._explained
            and deal.ts_ns >= self._since_ns // _SECOND * _SECOND
        )

    def _price(self, one: Difference) -> float:
        """Value what is missing: at the mark, or at what it cost."""
        position = self._pipeline.trader.portfolio.positions.get(one.symbol)
        instrument = self._pipeline.instruments[self._pipeline.number[one.symbol]]
        if position is not None and position.mark_units:
            return instrument.to_price(position.mark_units)
        return one.cost / instrument.multiplier

    def _micro(self, symbol: str, amount: float) -> int:
        instrument = self._pipeline.instruments[self._pipeline.number[symbol]]
        return round(amount * instrument.multiplier * MICRO)

    def _adopt(self, one: Difference, cost_micro: int, words: str) -> None:
        """Book what nobody of ours did, as held by nobody of ours."""
        pipeline = self._pipeline
        now, books = pipeline.clock.now_ns, pipeline.trader.portfolio
        currency = pipeline.instruments[pipeline.number[one.symbol]].currency
        baseline = Baseline(one.symbol, one.missing, cost_micro, words)
        pipeline.journal.append("baseline", now, baseline)
        pay = {"currency": currency, "amount_micro": -cost_micro, "why": words}
        pipeline.journal.append("cash", now, pay)
        books.adopt(one.symbol, one.missing, cost_micro)
        books.add_cash(-cost_micro, currency)
        pipeline.valuation.recount()
        log.warning("%s", words)

    async def _count_outside(self) -> None:
        """Count the open orders of others in risk, and those of ours that nobody follows."""
        orders = self._pipeline.trader.orders
        risk, pipeline = self._pipeline.trader.risk, self._pipeline
        before, first = set(orders.working), orders.next_id
        listed = await self._account.open_orders()
        # What ends, or begins and ends, while the answer is on its way is in it still.
        followed = before | set(orders.working) | set(range(first, orders.next_id))
        there = {one.perm_id: one for one in listed if one.order_id not in followed}
        for perm_id in [n for n in self.outside if n not in there]:
            risk.release(self.outside.pop(perm_id))
        for perm_id, one in there.items():
            number, known = pipeline.number.get(one.request.symbol), self.outside.get(perm_id)
            if number is None or (known is not None and known.quantity == one.request.quantity):
                continue
            if known is not None:
                risk.release(known)
            order = Order(-perm_id, one.request, pipeline.instruments[number], EXTERNAL)
            self.outside[perm_id] = order
            risk.reserve(order)
            how = "works" if known is None else "was changed"
            words = f"an order {one.who} {how}: {order!r}; it counts in the limits"
            pipeline.trader.alert(Alert(pipeline.clock.now_ns, "info", "reconcile", words))

    def adopt_cash(self, state: AccountState) -> list[str]:
        """Bring our cash in line with the broker's: interest, dividends, fees, deposits.

        Args:
            state: What is in the account, read when nothing was under way.

        Returns:
            What differed, in words.
        """
        pipeline, told = self._pipeline, []
        books, now = pipeline.trader.portfolio, pipeline.clock.now_ns
        theirs = dict(state.cash_micro)
        strange = round(state.strange_value * MICRO)
        theirs[state.base] = theirs.get(state.base, 0) + strange
        for currency in dict.fromkeys((*theirs, *books.cash_micro)):
            missing = theirs.get(currency, 0) - books.cash_micro.get(currency, 0)
            if not missing or (currency != books.base and currency not in books.fx_micro):
                continue
            words = f"the broker's cash differs by {missing / MICRO:+,.2f} {currency}"
            pay = {"currency": currency, "amount_micro": missing, "why": words}
            pipeline.journal.append("cash", now, pay)
            books.add_cash(missing, currency)
            told.append(words)
        if told:
            pipeline.valuation.recount()
        return told
