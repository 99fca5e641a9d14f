"""Error codes: what each code of IB is about, what it says of an order, and whether to try again.

A code is evidence, never an end: what becomes of an order is decided in `ikbr.broker.evidence`
from the code, what was asked, and what the order's status says.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Topic(Enum):
    """Say what a code is about."""

    ORDER = "order"
    REQUEST = "request"
    WARNING = "warning"
    CONNECTION = "connection"
    FARM = "farm"
    PACING = "pacing"
    INFO = "info"
    UNKNOWN = "unknown"


class Means(Enum):
    """Say what a code that names an order tells about it."""

    NOTHING = "nothing"
    """It is not about the order's fate: the order goes on as it was (or is held)."""
    REFUSED = "refused"
    """What was sent was not taken: a new order does not exist, a working one is unchanged."""
    REJECTED = "rejected"
    """IB refused it; its status says so too."""
    CANCELLED = "cancelled"
    """IB cancelled it; its status says so too."""
    CHANGE_REFUSED = "change-refused"
    """It cannot be changed and works on as it was."""
    CANCEL_REFUSED = "cancel-refused"
    """It cannot be cancelled: it has ended, or nobody knows it."""
    DOUBT = "doubt"
    """Nothing is certain: ask."""


class Retry(Enum):
    """Say whether the same request may be sent again."""

    NEVER = "never"
    """Something must be changed first."""
    LATER = "later"
    """After a pause, by the pacing rules."""
    ON_LINK = "on-link"
    """When the connection, the farm or the session is back."""
    NEEDLESS = "needless"
    """It took effect, or answers itself."""


class CodeRow(NamedTuple):
    """Classify one code.

    Attributes:
        code: IB's number.
        topic: What it is about.
        means: What it says of the order it names, if it names one.
        retry: Whether to send the same again.
        note: In a few words.
        source: Where that is known from.
    """

    code: int
    topic: Topic
    means: Means
    retry: Retry
    note: str
    source: str


_T, _M, _R = Topic, Means, Retry
_LIST = "IBKR, TWS API, message codes"
_FIELD = "reports of users of the API; the order was still alive"
_CLIENT = "IBKR, TWS API, client-side codes"


def _rows(
    topic: Topic, means: Means, retry: Retry, source: str, codes: dict[int, str]
) -> list[CodeRow]:
    return [CodeRow(code, topic, means, retry, note, source) for code, note in codes.items()]


_ROWS: list[CodeRow] = [
    # --- orders: not taken ------------------------------------------------------------------
    *_rows(_T.ORDER, _M.REFUSED, _R.NEVER, _LIST, {
        106: "an order id cannot be transmitted",
        107: "the order is incomplete",
        109: "the price is outside the percentage set for orders",
        110: "the price is off the price grid",
        111: "time in force and order type do not go together",
        113: "MOC and LOC orders need time in force DAY",
        144: "the size does not match the allocation",
        145: "a field of the order is invalid",
        146: "the trigger method is invalid",
        147: "the condition is incomplete",
        163: "the price violates the percentage constraint",
        164: "no market data to check the price with",
        200: "no such contract, or more than one",
        311: "the origin is invalid",
        312: "the combination is invalid",
        320: "the request cannot be read",
        321: "the request is not valid, or the API is read-only",
        334: "the good-till date is invalid",
        336: "the time or time zone is invalid",
        337: "the date, time or time zone is invalid",
        355: "the size does not conform to the market rule",
        361: "the trigger price is invalid",
        382: "the price is beyond the limit for orders",
        383: "the size is beyond the limit for orders",
        387: "the order type is not supported for this security there",
        388: "the size is below the minimum",
        391: "the good-till date is not allowed",
        392: "the contract has expired",
        412: "the contract is not available for trading",
        413: "a what-if order needs its transmit flag",
        421: "the route is invalid",
        434: "the size is zero",
        435: "the account is missing",
        436: "the allocation is missing",
        437: "only one of outside-hours and pre-open may be set",
        439: "the algorithm does not exist",
        441: "a parameter of the algorithm is invalid",
        442: "the algorithm is not allowed for this order",
        443: "a parameter of the algorithm is unknown",
        10268: "the attribute eTradeOnly is not supported",
        10269: "the attribute firmQuoteOnly is not supported",
        10270: "the attribute nbboPriceCap is not supported",
    }),
    *_rows(_T.ORDER, _M.REFUSED, _R.LATER, _LIST, {
        154: "trading in the security is halted",
        438: "the application is locked",
    }),
    # --- orders: ended by IB ----------------------------------------------------------------
    *_rows(_T.ORDER, _M.REJECTED, _R.NEVER, _LIST, {
        201: "rejected; the reason is in the text",
        203: "the security is not allowed for this account",
        460: "no permission to trade it",
    }),
    *_rows(_T.ORDER, _M.CANCELLED, _R.NEEDLESS, _LIST, {202: "cancelled; the reason follows"}),
    # --- orders: changes and cancellations that did not happen -------------------------------
    *_rows(_T.ORDER, _M.CHANGE_REFUSED, _R.NEVER, _LIST, {
        104: "a filled order cannot be changed",
        105: "the change does not match the order",
        329: "the order type cannot be changed",
        440: "the algorithm cannot be changed",
        10326: "the OCA group cannot be changed",
        10327: "the OCA method cannot be changed",
    }),
    *_rows(_T.ORDER, _M.CHANGE_REFUSED, _R.LATER, _LIST, {
        2102: "the order is still being processed and cannot be changed yet",
    }),
    *_rows(_T.ORDER, _M.CANCEL_REFUSED, _R.NEVER, _LIST, {
        135: "no order has this id",
        136: "the order cannot be cancelled",
        161: "the order is in no state to be cancelled",
        10147: "the order to be cancelled is not found",
        10148: "the order to be cancelled has ended or is ending",
    }),
    # --- orders: in doubt ---------------------------------------------------------------------
    *_rows(_T.ORDER, _M.DOUBT, _R.NEVER, _LIST, {103: "the order id was used before"}),
    *_rows(_T.ORDER, _M.DOUBT, _R.NEVER, _FIELD, {
        10328: "the link broke under the order; the gateway may send it again by itself",
    }),
    # --- orders: advice -----------------------------------------------------------------------
    *_rows(_T.WARNING, _M.NOTHING, _R.NEEDLESS, _LIST, {
        399: "a note on the order, such as: held until the market opens",
        404: "held until shares to borrow are found",
        481: "the size was reduced",
        2109: "outside-hours is ignored for this type and destination",
        2137: "the order changes the side of the position",
        2148: "the security level was set",
        2168: "eTradeOnly is ignored",
        2169: "firmQuoteOnly is ignored",
        2176: "fractional sizes are not known to this API",
    }),
    *_rows(_T.WARNING, _M.NOTHING, _R.NEEDLESS, _FIELD, {
        492: "a note on the order",
        10311: "direct routing may cost more",
        10349: "the time in force was set by a preset",
    }),
    # --- requests -----------------------------------------------------------------------------
    *_rows(_T.REQUEST, _M.NOTHING, _R.NEVER, _LIST, {
        102: "the request id is in use",
        166: "the contract expired too long ago for history",
        300: "no market data under this id",
        301: "the action is invalid",
        310: "no market depth under this id",
        319: "the log level is invalid",
        322: "the request cannot be processed",
        323: "the server failed",
        327: "only client 0 may bind manual orders",
        354: "no market data subscription",
        366: "no historical query under this id",
        414: "generic ticks are not part of a snapshot",
        430: "no fundamental data",
        10089: "market data needs another subscription for the API",
        10168: "no market data subscription, and delayed data is not asked for",
        10186: "no market data subscription, and delayed data is not asked for",
        10187: "historical ticks failed",
    }),
    *_rows(_T.REQUEST, _M.NOTHING, _R.LATER, _LIST, {
        162: "the historical data service failed; the reason (also pacing) is in the text",
        316: "market depth stopped: subscribe again",
        10182: "live updates failed: subscribe again",
        10189: "tick-by-tick data failed",
        10225: "a bust ended the real-time bars: subscribe again",
    }),
    *_rows(_T.INFO, _M.NOTHING, _R.NEEDLESS, _LIST, {
        165: "word of the historical data service",
        317: "market depth begins anew",
        2100: "account updates went to another request",
        2152: "depth comes from these exchanges only",
        10090: "part of the market data is not subscribed; the rest flows",
        10167: "delayed data is shown instead",
    }),
    # --- pacing and limits --------------------------------------------------------------------
    *_rows(_T.PACING, _M.DOUBT, _R.LATER, _LIST, {
        100: "too many messages a second; the third time ends the session",
    }),
    *_rows(_T.PACING, _M.NOTHING, _R.LATER, _LIST, {
        101: "no market data lines left",
        309: "no market depth subscriptions left",
        420: "too many real-time or historical queries",
        10190: "no tick-by-tick subscriptions left",
    }),
    # --- connection ---------------------------------------------------------------------------
    *_rows(_T.CONNECTION, _M.NOTHING, _R.ON_LINK, _LIST, {
        1100: "the gateway lost IB",
        1101: "IB is back; market data must be subscribed again",
        1102: "IB is back; market data was kept",
        1300: "the gateway's port changes",
        2110: "the gateway lost IB; it comes back by itself",
        10197: "another session of this user takes the market data",
    }),
    *_rows(_T.CONNECTION, _M.NOTHING, _R.NEVER, _LIST, {326: "the client id is in use"}),
    *_rows(_T.CONNECTION, _M.NOTHING, _R.ON_LINK, _CLIENT, {
        502: "no gateway there",
        504: "not connected",
    }),
    *_rows(_T.CONNECTION, _M.NOTHING, _R.NEVER, _CLIENT, {
        501: "connected already",
        503: "the gateway is too old",
    }),
    # --- data farms -----------------------------------------------------------------------------
    *_rows(_T.FARM, _M.NOTHING, _R.ON_LINK, _LIST, {
        2103: "a market data farm is lost",
        2105: "a historical data farm is lost",
        2157: "the security definition farm is lost",
    }),
    *_rows(_T.FARM, _M.NOTHING, _R.NEEDLESS, _LIST, {
        2104: "a market data farm is there",
        2106: "a historical data farm is there",
        2107: "a historical data farm sleeps until it is needed",
        2108: "a market data farm sleeps until it is needed",
        2119: "a market data farm is connecting",
        2158: "the security definition farm is there",
    }),
]  # fmt: skip

CODES: dict[int, CodeRow] = {row.code: row for row in _ROWS}
"""Every code that is known, by number."""


def classify(code: int) -> CodeRow:
    """Look up a code.

    A code that is not in the table and lies in 2100-2199 is a warning (IBKR, "System message
    codes" and "Warning message codes"); any other puts an order in doubt.

    >>> classify(201).means.value, classify(10349).means.value
    ('rejected', 'nothing')
    >>> classify(2199).topic.value, classify(99_999).means.value
    ('warning', 'doubt')
    """
    row = CODES.get(code)
    if row is not None:
        return row
    if 2100 <= code < 2200:
        return CodeRow(code, _T.WARNING, _M.NOTHING, _R.NEEDLESS, "a warning", _LIST)
    return CodeRow(code, _T.UNKNOWN, _M.DOUBT, _R.NEVER, "not in ikbr's table", "")
