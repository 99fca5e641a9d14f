"""Requests about accounts, positions and profit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.gateway.account_feed import AccountFeed
from ikbr.gateway.fields import Values
from ikbr.gateway.handlers.entry import Entry
from ikbr.gateway.messages import answers, requests
from ikbr.gateway.order_refusals import NO_CONTRACT
from ikbr.sim.refusals import Refusal

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

ALL = "All"
LEDGER = ("CashBalance", "ExchangeRate", "NetLiquidation", "TotalCashBalance", "AccruedCash")
INVALID_ACCOUNT = Refusal(321, "Error validating request: invalid account code.")
INVALID_GROUP = Refusal(321, "Error validating request: the account group is not known.")
TOO_MANY_SUMMARIES = Refusal(
    322, "Error processing request: maximum number of account summary requests exceeded."
)
TOO_MANY = Refusal(322, "Error processing request: too many subscriptions.")
NO_SUCH_PNL = Refusal(300, "Can't find the subscription of this request.")


def feed_of(session: Session) -> AccountFeed:
    """Give the client's account feed."""
    feed: AccountFeed | None = session.state.get("accounts")
    if feed is None:
        feed = session.state["accounts"] = AccountFeed(session)
    return feed


def account_updates(session: Session, values: Values) -> None:
    """Begin or end to tell the values of one account."""
    if not values["subscribe"]:
        feed_of(session).leave_updates()
        return
    books = session.world.books
    name = values["account"] or next(iter(books))
    if name not in books:
        session.refuse(-1, INVALID_ACCOUNT)
        return
    feed_of(session).follow_updates(books[name])


def account_summary(session: Session, values: Values) -> None:
    """Begin to tell some values of all accounts."""
    if values["group"] != ALL:
        session.refuse(values["reqId"], INVALID_GROUP)
        return
    tags: list[str] = []
    for tag in values["tags"].split(","):
        tags += LEDGER if tag.strip().startswith("$LEDGER") else [tag.strip()]
    names = tuple(session.world.books)
    if not feed_of(session).follow_summary(values["reqId"], names, tuple(tags)):
        session.refuse(values["reqId"], TOO_MANY_SUMMARIES)


def cancel_account_summary(session: Session, values: Values) -> None:
    """End to tell them."""
    feed_of(session).leave_summary(values["reqId"])


def account_updates_multi(session: Session, values: Values) -> None:
    """Begin to tell the values of an account, by request."""
    names = _names(session, values)
    if names:
        feed_of(session).follow_multi(values["reqId"], names, values["modelCode"])


def cancel_account_updates_multi(session: Session, values: Values) -> None:
    """End to tell them."""
    feed_of(session).leave_multi(values["reqId"])


def positions(session: Session, _values: Values) -> None:
    """Begin to tell the positions of all accounts."""
    feed_of(session).follow_positions()


def cancel_positions(session: Session, _values: Values) -> None:
    """End to tell them."""
    feed_of(session).leave_positions()


def positions_multi(session: Session, values: Values) -> None:
    """Begin to tell the positions of an account, by request."""
    names = _names(session, values)
    if names:
        feed_of(session).follow_positions_multi(values["reqId"], names)


def cancel_positions_multi(session: Session, values: Values) -> None:
    """End to tell them."""
    feed_of(session).leave_positions_multi(values["reqId"])


def pnl(session: Session, values: Values) -> None:
    """Begin to tell the profit of an account."""
    if not values["account"]:
        session.refuse(values["reqId"], INVALID_ACCOUNT)
        return
    names = _names(session, values)
    if names:
        books = session.world.books[names[0]]
        feed_of(session).follow_pnl(values["reqId"], books.pnl, answers.PNL)


def pnl_single(session: Session, values: Values) -> None:
    """Begin to tell the profit of one position."""
    found = session.world.contracts.find({"conId": values["conId"]})
    if not values["account"] or not found:
        session.refuse(values["reqId"], INVALID_ACCOUNT if found else NO_CONTRACT)
        return
    names = _names(session, values)
    if not names:
        return
    books, number = session.world.books[names[0]], found[0]
    feed_of(session).follow_pnl(values["reqId"], lambda: books.pnl_of(number), answers.PNL_SINGLE)


def cancel_pnl(session: Session, values: Values) -> None:
    """End to tell a profit."""
    if not feed_of(session).leave_pnl(values["reqId"]):
        session.refuse(values["reqId"], NO_SUCH_PNL)


def _names(session: Session, values: Values) -> tuple[str, ...]:
    """Name the accounts that are meant; none when the request was refused."""
    if feed_of(session).is_full:
        session.refuse(values["reqId"], TOO_MANY)
        return ()
    books, account = session.world.books, values["account"]
    if account in {"", ALL}:
        return tuple(books)
    if account not in books:
        session.refuse(values["reqId"], INVALID_ACCOUNT)
        return ()
    return (account,)


ENTRIES: tuple[Entry, ...] = (
    (requests.REQ_ACCOUNT_UPDATES, account_updates),
    (requests.REQ_ACCOUNT_SUMMARY, account_summary),
    (requests.CANCEL_ACCOUNT_SUMMARY, cancel_account_summary),
    (requests.REQ_ACCOUNT_UPDATES_MULTI, account_updates_multi),
    (requests.CANCEL_ACCOUNT_UPDATES_MULTI, cancel_account_updates_multi),
    (requests.REQ_POSITIONS, positions),
    (requests.CANCEL_POSITIONS, cancel_positions),
    (requests.REQ_POSITIONS_MULTI, positions_multi),
    (requests.CANCEL_POSITIONS_MULTI, cancel_positions_multi),
    (requests.REQ_PNL, pnl),
    (requests.CANCEL_PNL, cancel_pnl),
    (requests.REQ_PNL_SINGLE, pnl_single),
    (requests.CANCEL_PNL_SINGLE, cancel_pnl),
)
