"""Requests that are not served: each is answered as a real gateway without the subscription does.

Source: IBKR, "TWS API message codes" (162, 200, 300, 321, 430, 10091, 10276, 10279, 10284).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.gateway.fields import Values
from ikbr.gateway.handlers.entry import Entry, Handler, ignore
from ikbr.gateway.messages import requests
from ikbr.sim.refusals import Refusal

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

NO_SCANNER = Refusal(
    162,
    "Historical Market Data Service error message:Scanner subscriptions are not available here.",
)
NO_FUNDAMENTALS = Refusal(
    430, "We are sorry, but fundamentals data for the security specified is not available."
)
NO_MODEL = Refusal(10091, "Part of requested market data requires additional subscription for API.")
NO_NEWS = Refusal(10276, "News feed is not allowed.")
NO_FA = Refusal(321, "Error validating request: FA data operations ignored for non FA customers.")
NO_OPTIONS = Refusal(321, "Error validating request: options cannot be exercised here.")
NO_CHAINS = Refusal(200, "No security definition has been found for the request")
NO_GROUPS = Refusal(321, "Error validating request: there are no display groups in a gateway.")
NO_HISTOGRAM = Refusal(
    162, "Historical Market Data Service error message:No histogram data is available here."
)
NO_COMPONENTS = Refusal(321, "Error validating request: the exchange map is not known here.")
NO_WSH_META = Refusal(10279, "Failed request WSH metadata: not subscribed.")
NO_WSH_EVENT = Refusal(10284, "Failed request WSH event data: not subscribed.")
UNKNOWN_TICKER = "Can't find EId with tickerId:{}"


def refusing(refusal: Refusal) -> Handler:
    """Make a handler that answers with an error."""

    def handle(session: Session, values: Values) -> None:
        session.refuse(values.get("reqId", -1), refusal)

    return handle


def _unknown(session: Session, values: Values) -> None:
    session.error(values["reqId"], 300, UNKNOWN_TICKER.format(values["reqId"]))


ENTRIES: tuple[Entry, ...] = (
    (requests.REQ_SCANNER_SUBSCRIPTION, refusing(NO_SCANNER)),
    (requests.REQ_SCANNER_PARAMETERS, refusing(NO_SCANNER)),
    (requests.CANCEL_SCANNER_SUBSCRIPTION, _unknown),
    (requests.REQ_FUNDAMENTAL_DATA, refusing(NO_FUNDAMENTALS)),
    (requests.CANCEL_FUNDAMENTAL_DATA, _unknown),
    (requests.CALC_IMPLIED_VOLATILITY, refusing(NO_MODEL)),
    (requests.CALC_OPTION_PRICE, refusing(NO_MODEL)),
    (requests.CANCEL_CALC_IMPLIED_VOLATILITY, _unknown),
    (requests.CANCEL_CALC_OPTION_PRICE, _unknown),
    (requests.REQ_NEWS_BULLETINS, ignore),
    (requests.CANCEL_NEWS_BULLETINS, ignore),
    (requests.REQ_NEWS_ARTICLE, refusing(NO_NEWS)),
    (requests.REQ_HISTORICAL_NEWS, refusing(NO_NEWS)),
    (requests.REQ_FA, refusing(NO_FA)),
    (requests.REPLACE_FA, refusing(NO_FA)),
    (requests.EXERCISE_OPTIONS, refusing(NO_OPTIONS)),
    (requests.REQ_SEC_DEF_OPT_PARAMS, refusing(NO_CHAINS)),
    (requests.QUERY_DISPLAY_GROUPS, refusing(NO_GROUPS)),
    (requests.SUBSCRIBE_TO_GROUP_EVENTS, refusing(NO_GROUPS)),
    (requests.UPDATE_DISPLAY_GROUP, refusing(NO_GROUPS)),
    (requests.UNSUBSCRIBE_FROM_GROUP_EVENTS, refusing(NO_GROUPS)),
    (requests.REQ_HISTOGRAM_DATA, refusing(NO_HISTOGRAM)),
    (requests.CANCEL_HISTOGRAM_DATA, _unknown),
    (requests.REQ_SMART_COMPONENTS, refusing(NO_COMPONENTS)),
    (requests.REQ_WSH_META_DATA, refusing(NO_WSH_META)),
    (requests.CANCEL_WSH_META_DATA, ignore),
    (requests.REQ_WSH_EVENT_DATA, refusing(NO_WSH_EVENT)),
    (requests.CANCEL_WSH_EVENT_DATA, ignore),
)
