"""Requests about orders and executions.

Source: IBKR, "Order placement", "Active orders", "Executions"; TWS API message codes 321, 327,
435, 436.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.gateway.books import Books
from ikbr.gateway.fields import Values
from ikbr.gateway.handlers.entry import Entry
from ikbr.gateway.messages import order_answers as say
from ikbr.gateway.messages import place_order, requests
from ikbr.sim.refusals import Refusal

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

READ_ONLY = Refusal(
    321, "Error validating request: the API interface is currently in Read-Only mode."
)
NO_ACCOUNT = Refusal(435, "You must specify an account.")
NOT_CLIENT_ZERO = Refusal(327, "Only the default client (i.e 0) can auto bind orders.")


def place(session: Session, values: Values) -> None:
    """Place or change an order."""
    world = session.world
    books = _books(session, values["account"])
    if world.options.read_only:
        session.refuse(values["orderId"], READ_ONLY)
    elif books is None:
        session.refuse(values["orderId"], NO_ACCOUNT)
    else:
        world.desk.place(session, values, books)


def cancel(session: Session, values: Values) -> None:
    """Cancel an order."""
    if session.world.options.read_only:
        session.refuse(values["orderId"], READ_ONLY)
    else:
        session.world.desk.cancel(session, values["orderId"])


def global_cancel(session: Session, _values: Values) -> None:
    """Cancel every order of every client."""
    if session.world.options.read_only:
        session.refuse(-1, READ_ONLY)
    else:
        session.world.desk.cancel_all()


def open_orders(session: Session, _values: Values) -> None:
    """List the client's own orders; client 0 gets those placed by hand as well."""
    if session.client_id == 0:
        session.world.desk.bind()
    _tell_orders(session, session.client_id)


def all_open_orders(session: Session, _values: Values) -> None:
    """List the orders of all clients."""
    _tell_orders(session, None)


def auto_open_orders(session: Session, values: Values) -> None:
    """Bind the orders that people place by hand, which only client 0 may ask for."""
    if session.client_id != 0:
        session.refuse(-1, NOT_CLIENT_ZERO)
        return
    desk = session.world.desk
    desk.binds = values["bind"]

    def no_more() -> None:
        desk.binds = False

    session.at_close(no_more)
    if desk.binds:
        desk.bind()


def completed_orders(session: Session, _values: Values) -> None:
    """List the orders that have ended today."""
    for values in session.world.desk.orders.completed(session.world.now_ns):
        session.send(say.COMPLETED_ORDER, values)
    session.send(say.COMPLETED_ORDERS_END, {})


def executions(session: Session, values: Values) -> None:
    """List today's executions."""
    request_id = values["reqId"]
    try:
        found = list(session.world.desk.executed.find(values))
    except ValueError as error:
        session.refuse(request_id, Refusal(321, f"Error validating request: {error}."))
        return
    for execution, commission in found:
        session.send(say.EXEC_DETAILS, execution | {"reqId": request_id})
        session.send(say.COMMISSION_REPORT, commission)
    session.send(say.EXEC_DETAILS_END, {"reqId": request_id})


def _books(session: Session, account: str) -> Books | None:
    """Find the account that is meant; with only one it need not be named."""
    books = session.world.books
    if not account and len(books) == 1:
        return next(iter(books.values()))
    return books.get(account)


def _tell_orders(session: Session, client_id: int | None) -> None:
    for wo in session.world.desk.orders.of(client_id):
        if wo.held or wo.feigned:
            continue
        session.send(say.OPEN_ORDER, wo.open_values())
        session.send(say.ORDER_STATUS, wo.status_values())
    session.send(say.OPEN_ORDER_END, {})


ENTRIES: tuple[Entry, ...] = (
    (place_order.PLACE_ORDER, place),
    (requests.CANCEL_ORDER, cancel),
    (requests.REQ_GLOBAL_CANCEL, global_cancel),
    (requests.REQ_OPEN_ORDERS, open_orders),
    (requests.REQ_ALL_OPEN_ORDERS, all_open_orders),
    (requests.REQ_AUTO_OPEN_ORDERS, auto_open_orders),
    (requests.REQ_COMPLETED_ORDERS, completed_orders),
    (requests.REQ_EXECUTIONS, executions),
)
