"""Whatever a broker says in whatever order, our books of orders stay true."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.core.rig import Puppet, Rig

from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.order import Fill, Order, OrderRequest, OrderType, Side
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.journal.replay import replay

E = OrderEvent
WORDS = (
    E.HOLD, E.ACK_PENDING, E.ACK_PRE, E.ACK, E.ACK, E.PARK, E.LOSE, E.MODIFY, E.CANCEL,
    E.API_CANCEL, E.REJECT,
)  # fmt: skip
CANNOT_CANCEL, CANNOT_CHANGE = 161, 105


class WatchfulJournal(MemoryJournal):
    """Hold every fill against the books at the moment it is recorded."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self.rig = rig

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        if kind == "fill":
            before = sum(f.signed_quantity for k, _, f in self.records if k == "fill")
            assert self.rig.portfolio.quantity("SPY") == before, "booked before it was recorded"
        super().append(kind, ts_ns, body)


def facts(order: Order) -> tuple[Any, ...]:
    """Pick what a replay must find again."""
    return (order.state, order.request, order.filled, order.cancel_requested, order.message)


class Lifecycle(RuleBasedStateMachine):
    """Submit, change and cancel orders while a broker acts as it likes."""

    @initialize(hears=st.booleans())
    def begin(self, hears: bool) -> None:
        self.rig = Rig(Puppet(short=True), quantity=0)
        journal = WatchfulJournal(self.rig)
        for part in (self.rig, self.rig.broker, self.rig.trader, self.rig.orders):
            name = "_journal" if part is self.rig.orders else "journal"
            setattr(part, name, journal)
        self.rig.quote("SPY")
        self.rig.running.hears_orders = hears

    def pick(self, number: int) -> Order:
        known = self.rig.broker.orders
        return list(known.values())[number % len(known)]

    def known(self) -> bool:
        return bool(self.rig.broker.orders)

    @rule(
        side=st.sampled_from(list(Side)),
        quantity=st.integers(1, 9),
        limit=st.booleans(),
        exits=st.sampled_from(["", "", "stop", "both"]),
        oca=st.sampled_from(["", "", "a"]),
    )
    def submit(self, side: Side, quantity: int, limit: bool, exits: str, oca: str) -> None:
        request = OrderRequest(
            "SPY", side, quantity,
            OrderType.LIMIT if limit else OrderType.MARKET,
            limit_price=100.0 if limit else None,
            stop_loss=100.0 - side * 5 if exits else None,
            take_profit=100.0 + side * 5 if exits == "both" else None,
            oca_group=oca,
        )  # fmt: skip
        before = len(self.rig.broker.sent)
        self.rig.ask(request)
        children = {"": 0, "stop": 1, "both": 2}[exits]
        assert [what for what, _, _ in self.rig.broker.sent[before:]] == ["submit"] * (1 + children)

    @precondition(known)
    @rule(number=st.integers(0, 99), word=st.sampled_from(WORDS))
    def say(self, number: int, word: OrderEvent) -> None:
        self.rig.broker.tell(self.pick(number).order_id, word, message=word.value)

    @precondition(known)
    @rule(number=st.integers(0, 99), code=st.sampled_from([CANNOT_CANCEL, CANNOT_CHANGE]))
    def refuse_change(self, number: int, code: int) -> None:
        self.rig.broker.tell(self.pick(number).order_id, E.CANCEL_REFUSED, code)

    @precondition(known)
    @rule(number=st.integers(0, 99), quantity=st.integers(1, 9), whole=st.booleans())
    def fill(self, number: int, quantity: int, whole: bool) -> None:
        order = self.pick(number)
        if whole and order.remaining > 0:
            quantity = order.remaining
        self.rig.broker.fill(order.order_id, quantity, commission=0.5)

    @precondition(lambda self: bool(self.rig.broker.fills))
    @rule(number=st.integers(0, 99))
    def repeat(self, number: int) -> None:
        fills = self.rig.broker.fills
        before = self.rig.orders.anomalies.get("repeated fill", 0)
        self.rig.broker.on_fill(fills[number % len(fills)])
        assert self.rig.orders.anomalies["repeated fill"] == before + 1

    @precondition(known)
    @rule(number=st.integers(0, 99))
    def cancel(self, number: int) -> None:
        order = self.pick(number)
        asked, done = order.cancel_requested, order.is_done
        before = len(self.rig.broker.did("cancel"))
        self.rig.puppet.cancel(order.order_id)
        sent = len(self.rig.broker.did("cancel")) - before
        assert sent == (0 if asked or done else 1)

    @precondition(known)
    @rule(number=st.integers(0, 99), quantity=st.integers(1, 12))
    def modify(self, number: int, quantity: int) -> None:
        self.rig.puppet.modify(self.pick(number).order_id, quantity=quantity)

    @rule()
    def stranger(self) -> None:
        self.rig.broker.tell(10_000, E.ACK)

    # --- what must always hold ------------------------------------------------------------

    @invariant()
    def the_working_set_is_what_has_not_ended(self) -> None:
        orders = self.rig.orders
        open_ids = {n for n, order in orders.orders.items() if not order.is_done}
        assert orders.working.keys() == open_ids
        for order in orders.orders.values():
            assert (order.done_ns > 0) is order.is_done

    @invariant()
    def fills_are_booked_once_and_everywhere(self) -> None:
        fills: list[Fill] = self.rig.records("fill")
        assert sorted(f.exec_id for f in fills) == [f.exec_id for f in self.rig.broker.fills]
        held = sum(f.signed_quantity for f in fills)
        running = self.rig.running
        assert self.rig.slot().position == held == self.rig.portfolio.quantity("SPY")
        assert running.books.quantity("SPY") == held
        by_order = Counter[int]()
        for fill in fills:
            by_order[fill.order_id] += fill.quantity
        odd = {"overfill"} | {f"fill after {s}" for s in ("Filled", "Cancelled", "Rejected")}
        for order in self.rig.orders.orders.values():
            assert order.filled == by_order[order.order_id]
            if order.filled > order.quantity:
                assert odd & self.rig.orders.anomalies.keys() or not order.is_done

    @invariant()
    def slots_know_what_is_in_flight(self) -> None:
        working = self.rig.orders.working.values()
        slot = self.rig.slot()
        assert {o.order_id for o in slot.entries} == {
            o.order_id for o in working if not o.parent_id
        }
        assert {o.order_id for o in slot.exits} == {o.order_id for o in working if o.parent_id}
        assert slot.in_flight == sum(o.side * o.remaining for o in working if not o.parent_id)

    @invariant()
    def the_risk_ledger_counts_what_works(self) -> None:
        ledger = self.rig.risk.ledger
        working = self.rig.orders.working
        counted = {n: entry.remaining for n, entry in ledger.orders.items()}
        assert counted == {n: order.remaining for n, order in working.items()}
        if not working:
            book = ledger.book("SPY")
            assert book.open == [0, 0, 0, 0]

    @invariant()
    def the_intent_was_recorded_before_the_order_was_sent(self) -> None:
        records = self.rig.journal.records
        for what, order_id, length in self.rig.broker.sent:
            if what == "submit":
                assert any(
                    kind == "intent" and body[0] == order_id for kind, _, body in records[:length]
                )

    def the_journal_replays_to_the_same_orders(self) -> None:
        state = replay(self.rig.journal.records, self.rig.data.instruments)
        expected = self.rig.orders.orders
        assert {n: facts(o) for n, o in state.orders.items()} == {
            n: facts(o) for n, o in expected.items()
        }

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        self.the_journal_replays_to_the_same_orders()
        for order_id in list(self.rig.orders.working):
            self.rig.broker.tell(order_id, E.CANCEL)
        self.the_working_set_is_what_has_not_ended()
        self.the_risk_ledger_counts_what_works()
        assert not self.rig.orders.working
        self.the_journal_replays_to_the_same_orders()
        assert not self.rig.alerts
        assert self.rig.running.enabled


Lifecycle.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
TestLifecycle = Lifecycle.TestCase
