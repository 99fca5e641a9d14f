"""The witness: sees what really happens on both sides, and believes neither."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ikbr.broker.executions import exec_stem
from ikbr.broker.order_ref import read_ref
from ikbr.core.risk_manager import RiskManager
from ikbr.core.trader import Trader
from ikbr.domain.amendment import Amendment
from ikbr.domain.events import Refused
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import Order, OrderRequest
from ikbr.gateway.fields import Values
from ikbr.gateway.wire_order import WireOrder
from ikbr.gateway.world import World
from ikbr.journal.session_journal import SessionJournal
from ikbr.simulate.bot_process import BotProcess
from ikbr.simulate.gateway_process import CLIENT_ID
from ikbr.simulate.town import Town

EVERYTHING = dict.fromkeys(("time", "account", "symbol", "secType", "exchange", "side"), "")
EVERYTHING |= {"clientId": 0}  # type: ignore[dict-item]


@dataclass(slots=True)
class Intent:
    """Hold what is known of an intent of the bot.

    Attributes:
        request: What was asked for first.
        at_ns: When it was in the journal, ns since the start.
        most: The largest quantity that it was ever to have.
        parent_id: The order that it hangs on; 0 for none.
        checked: Whether risk had let it through, alone or with what it hangs on.
    """

    request: OrderRequest
    at_ns: int
    most: int
    parent_id: int
    checked: bool


@dataclass(slots=True)
class Seen:
    """Hold what is known of an order at the broker.

    Attributes:
        perm_id: The broker's number of it.
        order_id: The client's number of it.
        ref_id: Our number of it, in its note; 0 when there is none.
    """

    perm_id: int
    order_id: int
    ref_id: int


@dataclass(slots=True)
class Witness:
    """Remember what happened.

    Attributes:
        town: Where.
        intents: By order id, as they were in the journal when it said so.
        seen: Orders of the bot at the broker, by their permanent number.
        executions: The latest word on each execution, by the stem of its id.
        untold: Stems of those before the last midnight, of which IB tells no more.
        finals: How orders ended, as the bot's order manager said last.
        reopened: Orders that ended, and then did not: what they were and became.
        states: What orders of the bot became, until somebody has looked.
        new_intents, new_orders, new_executions: What came, until somebody has looked.
        amended: What executions turned out to be, and how many of the new intents had been made
            by then, until somebody has looked.
        passed: What risk has let through lately.
        unheard: Errors that were only written into the log.
    """

    town: Town
    intents: dict[int, Intent] = field(default_factory=dict)
    seen: dict[int, Seen] = field(default_factory=dict)
    executions: dict[str, Values] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)
    finals: dict[int, OrderState] = field(default_factory=dict)
    reopened: list[tuple[int, OrderState, OrderState]] = field(default_factory=list)
    states: list[OrderState] = field(default_factory=list)
    new_intents: list[int] = field(default_factory=list)
    new_orders: list[int] = field(default_factory=list)
    new_executions: list[str] = field(default_factory=list)
    amended: list[tuple[int, Amendment]] = field(default_factory=list)
    passed: list[tuple[Any, ...]] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Watch everything."""
        town = self.town
        self._on_world(town.world)
        town.gateway.on_world = self._on_world
        town.on_journal = self._on_journal
        town.on_pipeline = self._on_pipeline
        town.on_midnight = lambda: self.untold.update(self.executions)

    @property
    def has_news(self) -> bool:
        """Whether anything has come since somebody has looked."""
        fresh = self.new_orders or self.new_intents or self.new_executions or self.reopened
        return bool(fresh)

    def forget_news(self) -> None:
        """Note that somebody has looked."""
        self.amended.clear()
        for news in (self.new_orders, self.new_intents, self.new_executions, self.reopened):
            news.clear()

    # --- the broker's side ---------------------------------------------------------------------

    def _on_world(self, world: World) -> None:
        orders, executed = world.desk.orders, world.desk.executed
        for execution, _ in executed.find(EVERYTHING):
            self._on_execution(execution)
        for wo in orders.of(CLIENT_ID):
            self._on_order(wo)
        change, new = orders.on_change, executed.on_new

        def on_change(wo: WireOrder) -> None:
            change(wo)
            self._on_order(wo)

        def on_new(ts_ns: int, execution: Values, commission: Values) -> None:
            new(ts_ns, execution, commission)
            self._on_execution(execution)

        orders.on_change = on_change
        executed.on_new = on_new

    def _on_execution(self, execution: Values) -> None:
        stem = exec_stem(execution["execId"])[0]
        if execution["clientId"] == CLIENT_ID and self.executions.get(stem) != execution:
            self.executions[stem] = execution
            self.new_executions.append(stem)

    def _on_order(self, wo: WireOrder) -> None:
        if wo.client_id == CLIENT_ID and wo.perm_id not in self.seen:
            ref = read_ref(wo.values.get("orderRef", ""))
            ref_id = ref.order_id if ref is not None else 0
            self.seen[wo.perm_id] = Seen(wo.perm_id, wo.order_id, ref_id)
            self.new_orders.append(wo.perm_id)

    # --- the bot's side ------------------------------------------------------------------------

    def _on_journal(self, journal: SessionJournal) -> None:
        append = journal.append

        def watched(kind: str, ts_ns: int, body: Any) -> None:
            append(kind, ts_ns, body)
            if kind == "intent":
                self._on_intent(*body)
            elif kind == "amendment":
                self.amended.append((len(self.new_intents), body))
            elif kind == "modify" and body[0] in self.intents:
                intent = self.intents[body[0]]
                intent.most = max(intent.most, body[1].quantity)

        journal.append = watched  # type: ignore[method-assign]

    def _on_intent(self, order_id: int, _who: str, request: OrderRequest, parent: int) -> None:
        if parent:
            checked = parent in self.intents and self.intents[parent].checked
        else:
            checked = _essence(request) in self.passed
        now = self.town.universe.now_ns
        self.intents[order_id] = Intent(request, now, request.quantity, parent, checked)
        self.new_intents.append(order_id)
        self.states.append(OrderState.PENDING_SUBMIT)

    def _on_pipeline(self, bot: BotProcess) -> None:
        """Watch the risk manager and the order manager of a life."""
        pipeline = bot.pipeline
        assert pipeline is not None
        trader = pipeline.trader
        self._watch_risk(trader)
        if self.town.lost_power:
            # Ends that were lost with the power are not known any more.
            self.finals.clear()
        for order in trader.orders.orders.values():
            self._on_state(order)
        change = trader.orders.on_change

        def on_change(order: Order) -> None:
            change(order)
            # What is left of the turn in which a process died happens nowhere.
            if bot.node.alive:
                self._on_state(order)

        trader.orders.on_change = on_change

    def _watch_risk(self, trader: Trader) -> None:
        passed = self.passed
        passed.clear()

        class Watched(RiskManager):
            """The same, watched."""

            __slots__ = ()

            def check(self, request: OrderRequest, *about: Any, **more: Any) -> Refused | None:
                refused = super().check(request, *about, **more)
                if refused is None:
                    passed.append(_essence(request))
                    del passed[:-20]
                return refused

        trader.risk.__class__ = Watched

    def _on_state(self, order: Order) -> None:
        state, before = order.state, self.finals.get(order.order_id)
        self.states.append(state)
        if before is not None and state is not before:
            self.reopened.append((order.order_id, before, state))
        if state.is_final:
            self.finals[order.order_id] = state


def _essence(request: OrderRequest) -> tuple[Any, ...]:
    """Give of a request what must not change between the check and the intent."""
    return (
        request.symbol, request.side, request.quantity, request.order_type,
        request.limit_price, request.stop_price,
    )  # fmt: skip
