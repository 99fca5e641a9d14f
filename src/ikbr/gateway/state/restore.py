"""Taking a state up again: the market is played to where it stood, then everything is put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.domain.errors import StateError
from ikbr.domain.order import Order, OrderRequest
from ikbr.gateway import times
from ikbr.gateway.order_reading import read_order
from ikbr.gateway.state.records import COPIED, NEW_YORK, ExecutionRecord, OrderRecord, State
from ikbr.gateway.wire_order import WireOrder

if TYPE_CHECKING:
    from ikbr.gateway.world import World

_STOPS = {"STP", "STP LMT"}


def restore(world: World, state: State) -> None:
    """Make a fresh world what was written down.

    Args:
        world: Just built.
        state: What was written down; what changes by taking it up is noted there.

    Raises:
        StateError: When the data or the accounts do not fit it.
    """
    latest = state.latest
    if latest is None:
        return
    _check(world, state)
    world.actions_until_ns = min(world.actions_until_ns, latest.now_ns)
    if latest.now_ns > world.now_ns:
        world.play_to(latest.now_ns, latest.rows_now)
    for name, record in state.books.items():
        books = world.books[name]
        books.resume(record)
        for number, instrument in enumerate(world.contracts.instruments):
            books.mark(instrument.symbol, world.mark(number))
    world.exchange.exec_id = latest.exec_id
    desk = world.desk
    desk.next_perm = latest.next_perm
    desk.orders.highest.update(latest.highest)
    desk.orders.bound = latest.bound
    for one in state.executions:
        desk.executed.remember(one.ts_ns, one.execution, one.commission)
    changed: dict[int, WireOrder] = {}
    desk.orders.on_change = desk.news.on_change = lambda wo: changed.update({wo.perm_id: wo})
    desk.executed.on_new = lambda *what: state.executions.append(ExecutionRecord(*what))
    _orders(world, state)
    # What has ended by being taken up must not be taken up once more.
    for perm_id, wo in changed.items():
        state.orders.pop(perm_id, None)
        state.orders[perm_id] = OrderRecord.of(wo)


def _check(world: World, state: State) -> None:
    assert state.latest is not None
    now_ns, days = state.latest.now_ns, world.days
    if days and now_ns >= days[-1].close_ns:
        raise StateError(
            f"the state is of {times.write_local(now_ns, NEW_YORK)} and the data ends on "
            f"{days[-1].date}; give later data, or another folder for --state."
        )
    for name in state.books:
        if name not in world.books:
            raise StateError(
                f"the state holds account {name}, which was not named; add --account {name}=0 "
                "(its cash is that of the state), or give another folder for --state."
            )
    symbols = {one.symbol for one in world.contracts.instruments}
    held = {
        s for one in state.books.values() for s, p in one.account.positions.items() if p.quantity
    }
    held |= {one.symbol for one in state.orders.values() if not one.done}
    for symbol in sorted(held - symbols):
        raise StateError(
            f"the state holds {symbol}, which is not in the data; add it to --symbols, or give "
            "another folder for --state."
        )


def _orders(world: World, state: State) -> None:
    """Put all orders back, parents before their children."""
    made: dict[int, WireOrder] = {}
    symbols = [one.symbol for one in world.contracts.instruments]
    for perm_id in sorted(state.orders):
        record = state.orders[perm_id]
        if record.symbol not in symbols:
            continue
        wo = _make(world, symbols.index(record.symbol), record, made.get(record.parent_perm))
        made[perm_id] = wo
    for perm_id in state.orders:
        # As they changed: those that ended are listed as they ended.
        if perm_id in made and made[perm_id].done:
            world.desk.orders.put_back(made[perm_id])
    for wo in made.values():
        if not wo.done:
            world.desk.orders.put_back(wo)
    for wo in made.values():
        if not wo.done:
            _put_to_work(world, wo, made)


def _make(world: World, number: int, record: OrderRecord, parent: WireOrder | None) -> WireOrder:
    instrument = world.contracts.instruments[number]
    request = read_order(record.values, instrument)
    if not isinstance(request, OrderRequest):
        raise StateError(
            f"order {record.perm_id} of the state cannot be read: {request.message}; give another "
            "folder for --state."
        )
    order = Order(
        record.perm_id,
        request,
        instrument,
        "",
        created_ns=record.created_ns,
        parent_id=record.parent_perm,
    )
    return WireOrder(
        order=order,
        number=number,
        wire=world.contracts.wire[number],
        request=request,
        asked=[],
        parent=parent,
        **{name: getattr(record, name) for name in COPIED},
    )


def _put_to_work(world: World, wo: WireOrder, made: dict[int, WireOrder]) -> None:
    """Let an order go on where it was; a day order of an earlier day has ended meanwhile."""
    desk = world.desk
    if _is_of_the_past(world, wo):
        wo.waits = True
        desk.withdraw(wo)
        return
    if wo.held:
        return
    if wo.values["tif"] == "GTD":
        desk.expire(wo)
    waits = wo.waits
    if waits or wo.values.get("conditionsCancelOrder"):
        waits = desk.wait(wo) and waits
    if waits:
        return
    left = wo.remaining
    if wo.parent is not None:
        family = (one for one in made.values() if one.parent is wo.parent)
        left = wo.parent.filled - sum(one.filled for one in family)
    met = bool(wo.status)
    stopped = wo.values["orderType"] in _STOPS and wo.status == "Submitted"
    # Whose fill after its cancellation did not come before the end does not come any more.
    pending = wo.status == "PendingCancel"
    broker = world.books[wo.account].broker
    broker.resume(wo.order, wo.filled, left, met=met, triggered=stopped)
    if pending or wo.feigned:
        desk.withdraw(wo)


def _is_of_the_past(world: World, wo: WireOrder) -> bool:
    if wo.values["tif"] not in {"", "DAY"}:
        return False
    then = times.local(wo.order.created_ns, NEW_YORK).date()
    return then < times.local(world.now_ns, NEW_YORK).date()
