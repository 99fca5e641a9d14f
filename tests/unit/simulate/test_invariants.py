"""Each invariant says something when it is broken, and nothing while it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from ikbr.broker.executions import exec_number
from ikbr.domain.amendment import Amendment
from ikbr.domain.events import Alert
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.live.latch import Killed
from ikbr.simulate.bot_process import LIMITS
from ikbr.simulate.gateway_process import ACCOUNT
from ikbr.simulate.invariants import ALWAYS, AT_REST, BY_NAME, STOPPED
from ikbr.simulate.play import Played
from ikbr.simulate.universe import SECOND
from ikbr.simulate.witness import Intent, Seen, Witness


@pytest.fixture
def witness() -> Iterator[Witness]:
    """Give a town in which all is well and something has been traded."""
    played = Played(3, [])
    town = played.town
    town.start()
    town.universe.after_turn = town.bot_looks
    town.universe.run_for(30)
    assert town.bot.strategy.seed
    town.bot.strategy.resting = True
    town.universe.run_for(6)
    yield played.witness
    town.universe.close()


def found(witness: Witness, name: str) -> list[str]:
    return list(BY_NAME[name](witness))


def an_order(witness: Witness) -> Any:
    return next(iter(pipeline_of(witness).trader.orders.orders.values()))


def pipeline_of(witness: Witness) -> Any:
    return witness.town.bot.pipeline


def at_broker_twice(witness: Witness) -> None:
    first = next(iter(witness.seen.values()))
    witness.seen[99] = Seen(99, 99, first.ref_id)
    witness.new_orders.append(99)


def without_intent(witness: Witness) -> None:
    perm_id, seen = next(iter(witness.seen.items()))
    del witness.intents[seen.ref_id]
    witness.new_orders.append(perm_id)


def without_check(witness: Witness) -> None:
    perm_id, seen = next(iter(witness.seen.items()))
    witness.intents[seen.ref_id].checked = False
    witness.new_orders.append(perm_id)


def overfilled(witness: Witness) -> None:
    stem, one = next(iter(witness.executions.items()))
    witness.executions[stem] = one | {"shares": 1_000_000}
    witness.new_executions.append(stem)


def reopened(witness: Witness) -> None:
    witness.reopened.append((1, OrderState.CANCELLED, OrderState.SUBMITTED))


def beyond_the_limit(witness: Witness) -> None:
    """Hold nearly what is allowed, by the broker's word, and begin something more."""
    order = an_order(witness)
    request = OrderRequest(order.symbol, Side.BUY, 1_000_000)
    witness.intents[order.order_id] = Intent(request, 0, 1_000_000, 0, True)
    witness.town.world.books[ACCOUNT].account.portfolio.adopt(order.symbol, 1_000_000, 0)
    witness.new_intents.append(order.order_id)


def beyond_the_gross_limit(witness: Witness) -> None:
    """Hold in one symbol all that is allowed of all, and begin something in the other."""
    order = an_order(witness)
    other = next(symbol for symbol in ("SPY", "KO") if symbol != order.symbol)
    request = OrderRequest(order.symbol, Side.BUY, 10)
    witness.intents[order.order_id] = Intent(request, 0, 10, 0, True)
    books = witness.town.world.books[ACCOUNT].account.portfolio
    books.adopt(other, 1_000_000, 0)
    books.adopt(order.symbol, 10 - books.quantity(order.symbol), 0)
    order.request, order.state, order.parent_id = request, OrderState.UNKNOWN, 0
    order.order_id = 9_999
    witness.intents[9_999] = witness.intents[next(iter(witness.intents))]
    witness.intents[9_999] = Intent(request, 0, 10, 0, True)
    orders = pipeline_of(witness).trader.orders
    orders.orders[9_999] = orders.working[9_999] = order
    witness.new_intents.append(9_999)


def begun_after_kill(witness: Witness) -> None:
    town = witness.town
    town.killed, town.killed_ns = Killed(0, "test", "test"), 0
    order_id = next(iter(witness.intents))
    witness.intents[order_id].at_ns = SECOND
    witness.new_intents.append(order_id)


def failed_unheard(witness: Witness) -> None:
    witness.town.bot.node.faults.append("a task has failed")


def failed_into_the_log(witness: Witness) -> None:
    witness.unheard.append("a handler has failed")


def halted_inside(witness: Witness) -> None:
    pipeline_of(witness).trader.halt("a fault inside (ValueError: x)")


def too_fast(witness: Witness) -> None:
    next(iter(witness.town.world.links.values()))._pace.breaches = 1  # type: ignore[attr-defined]


def another_position(witness: Witness) -> None:
    witness.town.world.books[ACCOUNT].account.portfolio.adopt("SPY", 7, 0)


def lost_execution(witness: Witness) -> None:
    fills = pipeline_of(witness).trader.orders.fills
    del fills[next(iter(fills))]


def invented_fill(witness: Witness) -> None:
    witness.executions.pop(next(iter(witness.executions)))


def changed_fill(witness: Witness) -> None:
    stem, one = next(iter(witness.executions.items()))
    witness.executions[stem] = one | {"price": one["price"] + 1}


def working_alone(witness: Witness) -> None:
    order = next(one for one in pipeline_of(witness).trader.orders.orders.values() if one.is_done)
    order.state = OrderState.SUBMITTED
    pipeline_of(witness).trader.orders.working[order.order_id] = order


def unexplained(witness: Witness) -> None:
    alert = Alert(0, "critical", "reconcile", "SPY: nothing explains it")
    witness.town.alerts.append((0, alert))


def flipped_byte(witness: Witness) -> None:
    disk = witness.town.disk
    path = next(p for p in disk._files if p.endswith(".journal"))
    disk.flip(path, 500, 1)


def stopped(witness: Witness, complete_ns: int, linked_ns: int = 0) -> None:
    witness.town.kill = SimpleNamespace(  # type: ignore[assignment]
        linked_ns=linked_ns, complete_ns=complete_ns, node=SimpleNamespace(name="kill", faults=[])
    )


def never_stopped(witness: Witness) -> None:
    stopped(witness, 0)


def stopped_late(witness: Witness) -> None:
    stopped(witness, 21 * SECOND, 10 * SECOND)


def stopped_by_word_only(witness: Witness) -> None:
    """Work an order at the broker, and say that nothing works."""
    pipeline = pipeline_of(witness)
    price = round(pipeline.trader.market_data.tickers["SPY"].bid - 1, 2)
    order = OrderRequest("SPY", Side.BUY, 10, OrderType.LIMIT, limit_price=price)
    slot = pipeline.trader.slots.of("busy", "SPY")
    witness.town.bot.node.within(lambda: pipeline.trader.desk.submit(slot, order, order))
    witness.town.universe.run_for(1)
    stopped(witness, 11 * SECOND, 10 * SECOND)


def unrecorded(witness: Witness) -> None:
    an_order(witness).filled += 1


CASES: list[tuple[str, Callable[[Witness], None]]] = [
    ("one_order_per_intent", at_broker_twice),
    ("no_order_without_intent", without_intent),
    ("no_order_without_intent", without_check),
    ("no_overfill", overfilled),
    ("ends_are_final", reopened),
    ("exposure_in_limits", beyond_the_limit),
    ("gross_in_limits", beyond_the_gross_limit),
    ("nothing_new_after_kill", begun_after_kill),
    ("stopped_in_time", never_stopped),
    ("stopped_in_time", stopped_late),
    ("nothing_open_after_kill", stopped_by_word_only),
    ("no_fault_unheard", failed_unheard),
    ("no_fault_unheard", failed_into_the_log),
    ("no_fault_unheard", halted_inside),
    ("pace_is_kept", too_fast),
    ("positions_agree", another_position),
    ("executions_agree", lost_execution),
    ("executions_agree", invented_fill),
    ("executions_agree", changed_fill),
    ("orders_agree", working_alone),
    ("differences_have_causes", unexplained),
    ("journal_is_sound", flipped_byte),
    ("journal_knows_all", unrecorded),
]


@pytest.mark.parametrize(
    ("name", "break_it"), CASES, ids=lambda case: getattr(case, "__name__", case)
)
def test_an_invariant_that_is_broken_says_so(
    witness: Witness, name: str, break_it: Callable[[Witness], None]
) -> None:
    for one in (*ALWAYS, *AT_REST, *STOPPED):
        assert list(one(witness)) == [], one.__name__
    break_it(witness)
    assert found(witness, name) != []


def test_a_position_counts_without_what_was_taken_back_and_is_not_told_yet(
    witness: Witness,
) -> None:
    pipeline = pipeline_of(witness)
    one = next(iter(witness.executions.values()))
    symbol, side = one["symbol"], 1 if one["side"] == "SLD" else -1
    price = pipeline.trader.market_data.tickers[symbol].market_price()
    most = int(LIMITS.max_position_pct * pipeline.valuation.equity_micro / 1e6 / price)
    books = witness.town.world.books[ACCOUNT].account.portfolio
    order_id = max(pipeline.trader.orders.orders)
    request = OrderRequest(symbol, Side(side), 10)
    witness.intents[order_id] = Intent(request, 0, 10, 0, True)
    witness.new_intents[:] = [order_id]

    books.adopt(symbol, side * most - books.quantity(symbol), 0)
    assert found(witness, "exposure_in_limits") == []
    books.adopt(symbol, side * 100, 0)
    assert found(witness, "exposure_in_limits") != []
    # It is a hundred more as so much of what closed was taken back: the bot has it booked still.
    fills, number = pipeline.trader.orders.fills, exec_number(one["execId"])
    fills[number] = msgspec.structs.replace(fills[number], quantity=one["shares"] + 100)
    assert found(witness, "exposure_in_limits") == []
    # Once that is told it counts for what is decided after it, and not for what was before.
    before, fills[number] = fills[number], msgspec.structs.replace(fills[number], quantity=0)
    witness.executions[next(iter(witness.executions))] = one | {"shares": 0}
    amendment = Amendment(0, before, fills[number])
    witness.amended[:] = [(0, amendment)]
    assert found(witness, "exposure_in_limits") != []
    witness.amended[:] = [(1, amendment)]
    assert found(witness, "exposure_in_limits") == []


def test_what_a_process_does_after_its_death_is_no_end_of_an_order(witness: Witness) -> None:
    order = next(one for one in pipeline_of(witness).trader.orders.orders.values() if one.is_done)
    change, final = pipeline_of(witness).trader.orders.on_change, order.state
    witness.town.bot.node.alive = False
    order.state = OrderState.REJECTED
    change(order)
    assert witness.finals[order.order_id] is final
    assert witness.reopened == []


def test_every_invariant_has_a_case() -> None:
    assert {name for name, _ in CASES} == set(BY_NAME)
