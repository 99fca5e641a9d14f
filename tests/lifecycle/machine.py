"""The lifecycle against a model of IB: whatever happens in whatever order, the promises hold."""

from __future__ import annotations

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.lifecycle.bot import SPY, START_NS, Bot
from tests.lifecycle.model_broker import Known, ModelBroker

from ikbr.broker.error_codes import CODES, Means
from ikbr.broker.executions import exec_number
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Order
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.journal.replay import replay

WHICH = st.integers(0, 6)
SHARES = st.integers(1, 5)
LIMITS = st.sampled_from([499.0, 500.0, 501.0])
HOW = st.sampled_from(
    ["accept", "accept", "hold", "late", "silent", "refuse", "refuse in silence", "swallow"]
)
HARMLESS = (Means.NOTHING, Means.DOUBT, Means.CHANGE_REFUSED, Means.CANCEL_REFUSED)
CODES_BY_MEANING = {
    means: sorted(number for number, row in CODES.items() if row.means is means) for means in Means
}
MOST = 6
"""Orders in one example: few, so that much happens to each."""


class Lifecycle(RuleBasedStateMachine):
    """Drive order manager and broker adapter against the model."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.model = ModelBroker()
        self.bot = Bot(self.model, MemoryJournal(), START_NS)
        self.ends: dict[int, OrderState] = {}
        self.most: dict[int, int] = {}
        """The largest quantity that was ever asked for, by order."""
        self.noticed: set[int] = set()
        self.anomalies: set[str] = set()
        """Of the lives before."""

    def teardown(self) -> None:
        try:
            self.come_to_rest()
        finally:
            self.bot.die()
            asyncio.set_event_loop(None)
            self.loop.close()

    # --- what we do ----------------------------------------------------------------------------

    @precondition(lambda self: len(self.bot.orders.orders) < MOST)
    @rule(quantity=SHARES, sells=st.booleans(), limit=st.none() | LIMITS)
    def place(self, quantity: int, sells: bool, limit: float | None) -> None:
        self.bot.send(-quantity if sells else quantity, limit)

    @precondition(lambda self: self._unchanged())
    @rule(which=WHICH, quantity=SHARES, limit=LIMITS)
    def modify(self, which: int, quantity: int, limit: float) -> None:
        unchanged = self._unchanged()
        order = unchanged[which % len(unchanged)]
        self.most[order.order_id] = max(self.most[order.order_id], quantity)
        price = limit if order.request.limit_price is not None else None
        self.bot.trader.desk.modify(order.order_id, quantity=quantity, limit_price=price)

    @precondition(lambda self: self.bot.orders.working)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        self.bot.orders.cancel(self._working(which).order_id)

    # --- what IB does --------------------------------------------------------------------------

    @precondition(lambda self: self.model.inbox)
    @rule(how=HOW)
    def ib_reads(self, how: str) -> None:
        self.model.read(how)

    @precondition(lambda self: self._fillable())
    @rule(which=WHICH, shares=SHARES, price=LIMITS)
    def ib_fills(self, which: int, shares: int, price: float) -> None:
        fillable = self._fillable()
        known = fillable[which % len(fillable)]
        self.model.fill(known, min(shares, known.quantity - known.executed), price)

    @precondition(lambda self: self._with_executions())
    @rule(which=WHICH, at=WHICH, shares=st.integers(0, 5), price=LIMITS)
    def ib_corrects(self, which: int, at: int, shares: int, price: float) -> None:
        filled = self._with_executions()
        known = filled[which % len(filled)]
        execution = known.executions[at % len(known.executions)]
        room = known.quantity - known.executed + known.first[execution.stem]
        self.model.correct(execution, min(shares, room), price)

    @precondition(lambda self: self._live())
    @rule(which=WHICH, with_code=st.booleans())
    def ib_cancels(self, which: int, with_code: bool) -> None:
        live = self._live()
        self.model.end(live[which % len(live)], with_code=with_code)

    @precondition(lambda self: any(not one.refused for one in self._live()))
    @rule(which=WHICH)
    def ib_parks(self, which: int) -> None:
        live = [one for one in self._live() if not one.refused]
        self.model.park(live[which % len(live)])

    @precondition(lambda self: any(one.word == "Inactive" for one in self._live()))
    @rule(which=WHICH)
    def ib_wakes(self, which: int) -> None:
        parked = [one for one in self._live() if one.word == "Inactive"]
        self.model.wake(parked[which % len(parked)])

    @precondition(lambda self: self.bot.connected and self.bot.orders.orders)
    @rule(which=WHICH, means=st.sampled_from(HARMLESS), number=st.integers(0, 200))
    def ib_names_an_order_for_no_reason(self, which: int, means: Means, number: int) -> None:
        codes = CODES_BY_MEANING[means] or [77_777]
        orders = list(self.bot.orders.orders)
        order_id = orders[which % len(orders)]
        line = self.bot.follower.lines.get(order_id)
        refuses = means in (Means.CHANGE_REFUSED, Means.CANCEL_REFUSED)
        # Where something is on its way such a code is an answer to it.
        answers = line and (line.changing or line.cancelling or not line.acknowledged)
        if not (refuses and answers):
            self.bot.hear(("error", order_id, codes[number % len(codes)]))

    @precondition(lambda self: any(one.live and not one.parked for one in self._known()))
    @rule(which=WHICH, means=st.sampled_from([Means.REFUSED, Means.REJECTED, Means.CANCELLED]))
    def ib_calls_a_working_order_refused(self, which: int, means: Means) -> None:
        live = [one for one in self._live() if not one.parked]
        known = live[which % len(live)]
        known.refused = True
        self.model.news.append(("error", known.order_id, CODES_BY_MEANING[means][0]))

    @precondition(lambda self: self._known())
    @rule(which=WHICH, at=WHICH)
    def ib_repeats_a_status(self, which: int, at: int) -> None:
        known = self._known()
        self.model.say_again(known[which % len(known)], at)

    # --- what travels --------------------------------------------------------------------------

    @precondition(lambda self: self.bot.connected and self.model.news)
    @rule(at=st.integers(0, 12), again=st.booleans())
    def news_arrives(self, at: int, again: bool) -> None:
        news = self.model.news
        at %= len(news)
        again = again and news[at][0] != "error"
        self.bot.hear(news[at] if again else news.pop(at))

    @precondition(lambda self: self.bot.connected and self.model.news)
    @rule()
    def all_news_arrives(self) -> None:
        while self.model.news:
            self.bot.hear(self.model.news.pop(0))

    @precondition(lambda self: self.bot.connected and self.model.answers)
    @rule()
    def an_answer_arrives(self) -> None:
        """Let the oldest answer arrive; codes keep their place in the stream."""
        for saying in [one for one in self.model.news if one[0] == "error"]:
            self.model.news.remove(saying)
            self.bot.hear(saying)
        for saying in self.model.answers.pop(0):
            self.bot.hear(saying)

    @rule(seconds=st.sampled_from([0.1, 2.0, 3.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.bot.later(seconds)

    @precondition(lambda self: self.bot.connected)
    @rule()
    def the_link_breaks(self) -> None:
        self.model.cut()
        self.bot.break_link()

    @precondition(lambda self: not self.bot.connected)
    @rule()
    def the_link_returns(self) -> None:
        self.bot.connect()

    @rule()
    def the_bot_is_killed(self) -> None:
        self.model.cut()
        before = self.bot
        self.anomalies |= set(before.orders.anomalies)
        self.noticed |= {notice.order_id for notice in before.notices}
        self.bot = before.reborn()
        assert {i: (o.filled, o.is_done) for i, o in before.orders.orders.items()} == {
            i: (o.filled, o.is_done) for i, o in self.bot.orders.orders.items()
        }

    # --- what must hold ------------------------------------------------------------------------

    @invariant()
    def nothing_is_swallowed(self) -> None:
        assert self.bot.faults == []

    @invariant()
    def one_intent_is_one_order_at_ib(self) -> None:
        assert all(count == 1 for count in self.model.creations.values())
        assert set(self.model.orders) <= set(self.bot.orders.orders)

    @invariant()
    def fills_are_those_that_ib_told(self) -> None:
        told = {exec_number(f"{stem}.01"): (stem, *row) for stem, row in self.model.told.items()}
        by_order: dict[int, int] = {}
        for number, fill in self.bot.orders.fills.items():
            assert number in told
            by_order[fill.order_id] = by_order.get(fill.order_id, 0) + fill.quantity
        for order in self.bot.orders.orders.values():
            assert order.filled == by_order.get(order.order_id, 0)
            most = self.most.setdefault(order.order_id, order.quantity)
            assert order.filled <= most, order
            if order.remaining < 0:
                # It was cancelled before a reduction arrived, and had filled before that.
                assert order.is_done, order
            if order.filled > order.quantity:
                assert "overfill" in self.anomalies | set(self.bot.orders.anomalies), order
        held = sum(fill.signed_quantity for fill in self.bot.orders.fills.values())
        assert self.bot.portfolio.quantity("SPY") == held

    @invariant()
    def an_end_is_left_only_for_filled_and_only_by_fills(self) -> None:
        for order_id, order in self.bot.orders.orders.items():
            before = self.ends.get(order_id)
            if before is not None and order.state is not before:
                assert order.state is OrderState.FILLED, (before, order)
                assert order.executed >= order.quantity
            if order.is_done:
                self.ends[order_id] = order.state

    @invariant()
    def an_order_that_lives_at_ib_is_not_over_here(self) -> None:
        for known in self._live():
            order = self.bot.orders.orders[known.order_id]
            assert not order.is_done, (known, order)

    @invariant()
    def whatever_has_not_ended_counts_in_risk(self) -> None:
        orders, ledger = self.bot.orders, self.bot.risk.ledger.orders
        live = {i: order for i, order in orders.orders.items() if not order.is_done}
        assert orders.working == live
        assert set(ledger) == set(live)
        for order_id, order in live.items():
            assert ledger[order_id].remaining == order.remaining, order

    # --- at rest -------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Let everything arrive and every question be answered; then books and model agree."""
        bot = self.bot
        if not bot.connected:
            bot.connect()
        for asks in (False, True, True):
            self._drain()
            if asks:
                bot.broker.ask_again(executions=True)
        self._drain()
        self._check_all()
        noticed = self.noticed | {notice.order_id for notice in bot.notices}
        for order in bot.orders.orders.values():
            self._compare(order, self.model.orders.get(order.order_id), noticed)
        kept = replay(bot.journal.records, {"SPY": SPY})
        for order_id, order in bot.orders.orders.items():
            again = kept.orders[order_id]
            assert (again.state, again.filled) == (order.state, order.filled), order
            assert again.request == order.request, order

    def _drain(self) -> None:
        for _ in range(200):
            while self.model.inbox:
                self.model.read("accept")
            while self.model.news:
                self.bot.hear(self.model.news.pop(0))
            if self.model.answers:
                self.an_answer_arrives()
            elif not self.model.inbox:
                self.bot.later(3.0)
                if not (self.model.inbox or self.model.news or self.model.answers):
                    return
        raise AssertionError("it never comes to rest")

    def _compare(self, order: Order, known: Known | None, noticed: set[int]) -> None:
        told = order.order_id in noticed
        if known is None:
            assert order.filled == 0
            assert order.is_done or (order.state is OrderState.UNKNOWN and told), order
            return
        fills = {n: f for n, f in self.bot.orders.fills.items() if f.order_id == order.order_id}
        assert order.filled == known.filled, (order, known)
        for one in known.executions:
            fill = fills.get(exec_number(one.exec_id))
            assert fill is not None or not one.shares
            if fill is not None:
                assert (fill.quantity, fill.price) == (one.shares, one.price)
        if known.live:
            assert not order.is_done
            assert order.state not in (OrderState.UNKNOWN, OrderState.PENDING_CANCEL), (
                order,
                known,
            )
            assert not order.cancel_requested, (order, known)
            # A code that came for no reason may have been taken for the refusal of a change.
            if not known.refused:
                assert order.quantity == known.quantity, (order, known)
                assert (order.request.limit_price or 0.0) == known.limit, (order, known)
        else:
            doubtful = order.state is OrderState.UNKNOWN and told
            assert order.is_done or doubtful, (order, known)

    def _check_all(self) -> None:
        self.nothing_is_swallowed()
        self.one_intent_is_one_order_at_ib()
        self.fills_are_those_that_ib_told()
        self.an_order_that_lives_at_ib_is_not_over_here()
        self.whatever_has_not_ended_counts_in_risk()

    # --- choosing ------------------------------------------------------------------------------

    def _working(self, which: int) -> Order:
        working = list(self.bot.orders.working.values())
        return working[which % len(working)]

    def _unchanged(self) -> list[Order]:
        """Those without a change on its way."""
        lines = self.bot.follower.lines
        return [
            order
            for order in self.bot.orders.working.values()
            if order.order_id in lines and lines[order.order_id].changing is None
        ]

    def _known(self) -> list[Known]:
        return list(self.model.orders.values())

    def _live(self) -> list[Known]:
        return [known for known in self.model.orders.values() if known.live]

    def _fillable(self) -> list[Known]:
        """Those that work, and those that were cancelled: a fill may have come before."""
        return [
            known
            for known in self._known()
            if known.order_id in self.model.creations and known.executed < known.quantity
        ]

    def _with_executions(self) -> list[Known]:
        return [known for known in self._known() if known.executions]
