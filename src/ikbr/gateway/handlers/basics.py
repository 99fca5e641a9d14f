"""Requests about the gateway itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.gateway.fields import Values
from ikbr.gateway.handlers.entry import Entry, ignore
from ikbr.gateway.messages import answers, requests
from ikbr.gateway.times import SECOND_NS

if TYPE_CHECKING:
    from ikbr.gateway.session import Session


def current_time(session: Session, _values: Values) -> None:
    """Tell the time of the market."""
    session.send(answers.CURRENT_TIME, {"time": session.world.now_ns // SECOND_NS})


def next_id(session: Session, _values: Values) -> None:
    """Tell the lowest order id that may be used."""
    order_id = session.world.desk.orders.next_id(session.client_id)
    session.send(answers.NEXT_VALID_ID, {"orderId": order_id})


def managed_accounts(session: Session, _values: Values) -> None:
    """Name the accounts."""
    session.send(answers.MANAGED_ACCOUNTS, {"accounts": ",".join(session.world.books)})


def user_info(session: Session, values: Values) -> None:
    """Name the white label, of which there is none."""
    session.send(answers.USER_INFO, {"reqId": values["reqId"], "whiteBrandingId": ""})


def family_codes(session: Session, _values: Values) -> None:
    """Name the families of the accounts, of which there are none."""
    codes = [{"account": name, "code": ""} for name in session.world.books]
    session.send(answers.FAMILY_CODES, {"codes": codes})


def soft_dollar_tiers(session: Session, values: Values) -> None:
    """List the tiers of soft dollars, of which there are none."""
    session.send(answers.SOFT_DOLLAR_TIERS, {"reqId": values["reqId"], "tiers": []})


def news_providers(session: Session, _values: Values) -> None:
    """List the providers of news, of which there are none."""
    session.send(answers.NEWS_PROVIDERS, {"providers": []})


ENTRIES: tuple[Entry, ...] = (
    (requests.REQ_CURRENT_TIME, current_time),
    (requests.REQ_IDS, next_id),
    (requests.REQ_MANAGED_ACCOUNTS, managed_accounts),
    (requests.REQ_USER_INFO, user_info),
    (requests.REQ_FAMILY_CODES, family_codes),
    (requests.REQ_SOFT_DOLLAR_TIERS, soft_dollar_tiers),
    (requests.REQ_NEWS_PROVIDERS, news_providers),
    (requests.SET_SERVER_LOG_LEVEL, ignore),
)
