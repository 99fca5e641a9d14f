"""The invariants: what must hold whatever happens. Each says what is wrong, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ikbr.broker.executions import exec_number
from ikbr.domain.errors import IkbrError
from ikbr.domain.lifecycle import OrderState
from ikbr.journal.replay import recall_session
from ikbr.journal.session_reader import verify_session
from ikbr.simulate.bot_process import FOLDER, LIMITS
from ikbr.simulate.gateway_process import ACCOUNT, CLIENT_ID
from ikbr.simulate.kill_process import WITHIN_S
from ikbr.simulate.universe import SECOND
from ikbr.simulate.witness import Witness

Found = Iterator[str]

AT_ONCE_S = 0.5
"""How soon after the latch nothing new may be begun: it is read four times a second."""
ABANDONED = "ConnectionError('Socket disconnect')"
"""What ib_async leaves in the futures of questions that nobody waits for any more."""
SLACK = 1.02
"""Prices move between a check and the look here."""


def one_order_per_intent(witness: Witness) -> Found:
    """At most one order at the broker, ever, carries the number of an intent."""
    for perm_id in witness.new_orders:
        mine = witness.seen[perm_id]
        for other in witness.seen.values():
            if other.perm_id != perm_id and other.ref_id == mine.ref_id:
                yield f"intent {mine.ref_id} is at the broker twice: {other.perm_id}, {perm_id}"


def no_order_without_intent(witness: Witness) -> Found:
    """Every order at the broker was in the journal first, and risk had let it through."""
    for perm_id in witness.new_orders:
        mine = witness.seen[perm_id]
        intent = witness.intents.get(mine.ref_id)
        if mine.ref_id != mine.order_id:
            yield f"order {mine.order_id} carries the number {mine.ref_id}"
        elif intent is None:
            yield f"order {mine.order_id} is at the broker without an intent in the journal"
        elif not intent.checked:
            yield f"order {mine.order_id} is at the broker and risk was not asked"


def no_overfill(witness: Witness) -> Found:
    """What is executed of an intent is never more than it asked for."""
    for order_id in {witness.executions[stem]["orderId"] for stem in witness.new_executions}:
        intent = witness.intents.get(order_id)
        filled = sum(
            one["shares"] for one in witness.executions.values() if one["orderId"] == order_id
        )
        if intent is not None and filled > intent.most:
            yield f"{filled} of order {order_id} are executed, and {intent.most} were wanted"


def ends_are_final(witness: Witness) -> Found:
    """What has ended reopens only on the broker's evidence."""
    for order_id, before, after in witness.reopened:
        filled = sum(
            one["shares"] for one in witness.executions.values() if one["orderId"] == order_id
        )
        if not (after is OrderState.FILLED and filled):
            yield f"order {order_id} was {before.value} and is {after.value}"


def exposure_in_limits(witness: Witness) -> Found:
    """No new entry takes a position beyond its limit, were every open order filled."""
    pipeline = witness.town.bot.pipeline
    if pipeline is None:
        return
    equity = pipeline.valuation.equity_micro / 1e6
    for number, order_id in enumerate(witness.new_intents, 1):
        intent = witness.intents[order_id]
        if intent.parent_id or order_id not in pipeline.trader.orders.orders:
            continue
        symbol, side = intent.request.symbol, intent.request.side
        held = _known(witness, number).get(symbol, 0)
        if held * side < 0 and intent.request.quantity <= abs(held):
            continue
        worst = held * side + _open_quantity(witness, symbol, side)
        price = pipeline.trader.market_data.tickers[symbol].market_price()
        limit = LIMITS.max_position_pct * equity * SLACK
        if worst * price > limit:
            yield (
                f"order {order_id} may take {symbol} to {worst * price:,.0f}, and "
                f"{limit:,.0f} is the limit"
            )


def gross_in_limits(witness: Witness) -> Found:
    """No new entry takes all positions together beyond their limit, were every order filled."""
    pipeline = witness.town.bot.pipeline
    if pipeline is None:
        return
    tickers = pipeline.trader.market_data.tickers
    limit = LIMITS.max_gross_pct * pipeline.valuation.equity_micro / 1e6 * SLACK
    for number, order_id in enumerate(witness.new_intents, 1):
        intent = witness.intents[order_id]
        if intent.parent_id or order_id not in pipeline.trader.orders.orders:
            continue
        own, side, held = intent.request.symbol, intent.request.side, _known(witness, number)
        worst = {symbol: _worst(witness, symbol, held.get(symbol, 0)) for symbol in tickers}
        after = abs(held.get(own, 0) + side * _open_quantity(witness, own, side))
        if after < worst[own] or after <= abs(held.get(own, 0)):
            # It makes the worst that can come of its symbol no worse.
            continue
        total = sum(worst[symbol] * tickers[symbol].market_price() for symbol in worst)
        if total > limit:
            yield (
                f"order {order_id} may take all positions to {total:,.0f}, and {limit:,.0f} is the "
                "limit"
            )


def _worst(witness: Witness, symbol: str, held: int) -> int:
    """Give the largest position that open orders can come to, long or short."""
    return max(abs(held + side * _open_quantity(witness, symbol, side)) for side in (1, -1))


def _held(witness: Witness) -> dict[str, int]:
    books = witness.town.world.books[ACCOUNT].account.portfolio
    return {s: p.quantity for s, p in books.positions.items() if p.quantity}


def _known(witness: Witness, number: int) -> dict[str, int]:
    """Give what the broker holds, less what it took back or corrected and had not told yet.

    Args:
        witness: Of it.
        number: As how many of the new intents had been made.
    """
    pipeline = witness.town.bot.pipeline
    assert pipeline is not None
    held, booked = _held(witness), pipeline.trader.orders.fills
    for one in witness.executions.values():
        fill = booked.get(exec_number(one["execId"]))
        if fill is not None and fill.quantity != one["shares"]:
            untold = fill.side * (fill.quantity - int(one["shares"]))
            held[fill.symbol] = held.get(fill.symbol, 0) + untold
    for made, amendment in witness.amended:
        if made >= number:
            symbol = amendment.before.symbol
            held[symbol] = held.get(symbol, 0) - amendment.change
    return held


def _open_quantity(witness: Witness, symbol: str, side: int) -> int:
    """Add up what is open on a side: at the broker, and on its way there."""
    total = 0
    for wo in witness.town.world.desk.orders.of(CLIENT_ID):
        intent = witness.intents.get(wo.order_id)
        exits = wo.parent is not None or (intent is not None and intent.parent_id)
        # Nobody can know that an order works on that was told as cancelled, or was never let go.
        counts = not (exits or wo.held or wo.feigned)
        if counts and wo.wire["symbol"] == symbol and wo.request.side == side:
            total += wo.remaining
    known = {one.ref_id for one in witness.seen.values()}
    pipeline = witness.town.bot.pipeline
    assert pipeline is not None
    for order in pipeline.trader.orders.working.values():
        on_its_way = order.order_id not in known and not order.parent_id
        if on_its_way and order.symbol == symbol and order.side == side:
            total += order.remaining
    return total


def nothing_new_after_kill(witness: Witness) -> Found:
    """Once a person has stopped trading nothing is begun any more."""
    town = witness.town
    if town.killed is None:
        return
    for order_id in witness.new_intents:
        at_ns = witness.intents[order_id].at_ns
        if at_ns > town.killed_ns + AT_ONCE_S * SECOND:
            late = (at_ns - town.killed_ns) / SECOND
            yield f"order {order_id} was begun {late:.2f} s after trading was stopped"


def no_fault_unheard(witness: Witness) -> Found:
    """No error inside a process vanishes, and none of the simulation's makes the bot stumble."""
    town = witness.town
    yield from [words for words in town.faults if ABANDONED not in words][:1]
    yield from witness.unheard[:1]
    pipeline = town.bot.pipeline
    halted = pipeline.trader.risk.halted if pipeline is not None else None
    if halted is not None and "a fault inside" in halted.reason:
        yield halted.reason
    if "a fault before the start" in town.bot.failure:
        yield town.bot.failure


def pace_is_kept(witness: Witness) -> Found:
    """The gateway never has to complain about too many messages."""
    for link in witness.town.world.links.values():
        if link._pace.breaches:  # type: ignore[attr-defined]
            yield "the gateway was sent too many messages in a second"


ALWAYS: tuple[Callable[[Witness], Found], ...] = (
    one_order_per_intent,
    no_order_without_intent,
    no_overfill,
    ends_are_final,
    exposure_in_limits,
    gross_in_limits,
    nothing_new_after_kill,
    no_fault_unheard,
    pace_is_kept,
)
"""Those that hold after every turn."""


def positions_agree(witness: Witness) -> Found:
    """At rest the bot holds what the broker says, or has blocked the symbol."""
    pipeline = witness.town.bot.pipeline
    if pipeline is None:
        return
    trader, theirs = pipeline.trader, _held(witness)
    for symbol in pipeline.number:
        ours = trader.portfolio.quantity(symbol)
        blocked = symbol in trader.risk.clearance.blocked
        if ours != theirs.get(symbol, 0) and not blocked:
            yield f"{symbol}: the bot holds {ours:+d}, the broker {theirs.get(symbol, 0):+d}"


def executions_agree(witness: Witness) -> Found:
    """At rest every execution at the broker is booked once, as it is, and nothing else."""
    pipeline = witness.town.bot.pipeline
    if pipeline is None:
        return
    trader = pipeline.trader
    booked = {n: f for n, f in trader.orders.fills.items() if f.quantity}
    known = set(trader.orders.orders)
    theirs = {
        exec_number(one["execId"]): one
        for one in witness.executions.values()
        if one["shares"] and one["orderId"] in known
    }
    # What happened before a midnight can be heard of only before it; positions must agree still.
    untold = {exec_number(witness.executions[stem]["execId"]) for stem in witness.untold}
    blocked = trader.risk.clearance.blocked
    for number in theirs.keys() - booked.keys() - untold:
        one = theirs[number]
        if one["symbol"] not in blocked:
            yield f"execution {one['execId']} of order {one['orderId']} is not booked"
    for number in booked.keys() - theirs.keys() - untold:
        if booked[number].symbol not in blocked:
            yield f"fill {number} of order {booked[number].order_id} is none of the broker's"
    for number in (booked.keys() & theirs.keys()) - untold:
        fill, one = booked[number], theirs[number]
        same = fill.quantity == one["shares"] and abs(fill.price - one["price"]) < 1e-9
        if not same and fill.symbol not in blocked:
            yield f"execution {one['execId']} is booked as {fill.quantity} at {fill.price}"


def orders_agree(witness: Witness) -> Found:
    """At rest every order that is open at the broker is followed or counted, and none else."""
    pipeline = witness.town.bot.pipeline
    if pipeline is None:
        return
    working, counted = pipeline.trader.orders.working, pipeline.trader.risk.ledger.orders
    open_there = set()
    for wo in witness.town.world.desk.orders.of(CLIENT_ID):
        if wo.held:
            # Part of a bracket of which the rest never came: IB does not work it.
            continue
        open_there.add(wo.order_id)
        if wo.order_id not in working and -wo.perm_id not in counted:
            yield f"order {wo.order_id} is open at the broker, and nobody counts it"
    for order_id in sorted(working.keys() - open_there):
        if working[order_id].state is not OrderState.UNKNOWN:
            state = working[order_id].state.value
            yield f"order {order_id} is {state} here and not open at the broker"


def differences_have_causes(witness: Witness) -> Found:
    """Books differ without an explanation only where what explains it is lost.

    The disk has lost what was known, or it was executed before a midnight that nobody saw.
    """
    town = witness.town
    if town.lost_power or town.lied or town.gateway.slept_ns:
        return
    for _, alert in town.alerts:
        if alert.source == "reconcile" and "nothing explains it" in alert.message:
            yield alert.message


def journal_is_sound(witness: Witness) -> Found:
    """The journal verifies, unless the disk has lost what it said it had."""
    town = witness.town
    if town.lied and town.lost_power:
        return
    try:
        verdict = verify_session(FOLDER, town.disk)
    except IkbrError as error:
        yield f"the journal cannot be verified: {error}"
        return
    if verdict.tampered:
        yield f"the journal does not verify: {verdict.message}"


def journal_knows_all(witness: Witness) -> Found:
    """At rest the next life would read from the journal what this one knows."""
    pipeline = witness.town.bot.pipeline
    if pipeline is None:
        return
    trader = pipeline.trader
    try:
        past = recall_session(FOLDER, witness.town.disk)
    except IkbrError as error:
        yield f"the journal cannot be followed: {error}"
        return
    for order_id, order in trader.orders.orders.items():
        kept = past.orders.get(order_id)
        if kept is None:
            # What ended long before a checkpoint is not kept.
            if not order.is_done:
                yield f"the journal does not know order {order_id}"
        elif (kept.state, kept.filled) != (order.state, order.filled):
            yield f"{order!r} is in the journal as {kept!r}"
    for number, fill in trader.orders.fills.items():
        kept_fill = past.fills.get(number, fill)
        if (kept_fill.quantity, kept_fill.price_units) != (fill.quantity, fill.price_units):
            yield f"{fill!r} is in the journal as {kept_fill!r}"
    for symbol in pipeline.number:
        ours, kept_quantity = trader.portfolio.quantity(symbol), past.portfolio.quantity(symbol)
        if ours != kept_quantity:
            yield f"{symbol}: the bot holds {ours:+d}, its journal {kept_quantity:+d}"


AT_REST: tuple[Callable[[Witness], Found], ...] = (
    positions_agree,
    executions_agree,
    orders_agree,
    differences_have_causes,
    journal_is_sound,
    journal_knows_all,
)
"""Those that hold once nothing is under way any more."""


def stopped_in_time(witness: Witness) -> Found:
    """Who stops the bot is told soon after the link is up, whether anything is open still."""
    kill = witness.town.kill
    if kill is None:
        return
    if not kill.complete_ns:
        yield "a minute after the storm the kill switch has not cancelled everything"
    elif kill.complete_ns > kill.linked_ns + WITHIN_S * SECOND:
        yield f"it took {(kill.complete_ns - kill.linked_ns) / SECOND:.2f} s to cancel everything"


def nothing_open_after_kill(witness: Witness) -> Found:
    """Nothing of ours works at the broker once a person was told so."""
    kill = witness.town.kill
    if kill is None or not kill.complete_ns:
        return
    for wo in witness.town.world.desk.orders.of(CLIENT_ID):
        if not (wo.held or wo.feigned):
            yield f"order {wo.order_id} works, and a person was told that nothing does"


STOPPED: tuple[Callable[[Witness], Found], ...] = (
    stopped_in_time,
    nothing_open_after_kill,
    journal_is_sound,
)
"""Those that hold once a person has stopped the bot."""


BY_NAME = {one.__name__: one for one in (*ALWAYS, *AT_REST, *STOPPED)}
"""All of them, by name."""
