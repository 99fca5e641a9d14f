"""The hot messages: those that come by the thousand, decoded straight into a callback's arguments.

Each decoder takes a message's fields as they stand in the bytes, the empty one behind the last NUL
included, and gives what ib_async's own decoder would pass on. What it does not know (another count
of fields, another kind, text where a number should be) it leaves to ib_async: it raises
`ValueError`, or whatever reading such a field raises.

Source: TWS API socket protocol at server versions 157 to 178; `tests/unit/broker/test_client.py`
holds every decoder against ib_async's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from ib_async import Contract, Execution
from ib_async.objects import TickAttribBidAsk, TickAttribLast
from ib_async.util import parseIBDatetime

Fields = list[bytes]
Call = tuple[str, tuple[Any, ...]]
"""The name of the wrapper's method, "" when nothing is to be told, and its arguments."""

OLDEST, NEWEST = 157, 178
"""Server versions in which the messages look as here."""

SINCE = {b"11": 178}
"""The oldest version for messages that looked otherwise before."""

NOTHING: Call = ("", ())


def tick_price(fields: Fields) -> Call:
    """Read a price with its size; one without a price says nothing."""
    _, _, request_id, tick, price, size, _, _ = fields
    if not price:
        return NOTHING
    return "priceSizeTick", (int(request_id), int(tick), float(price), float(size or 0))


def tick_size(fields: Fields) -> Call:
    """Read a size."""
    _, _, request_id, tick, size, _ = fields
    return "tickSize", (int(request_id or 0), int(tick or 0), float(size or 0))


def tick_string(fields: Fields) -> Call:
    """Read a tick that is text, as the prints of "RT volume" are."""
    _, _, request_id, tick, value, _ = fields
    return "tickString", (int(request_id or 0), int(tick or 0), _text(value))


def tick_by_tick(fields: Fields) -> Call:
    """Read one print, quote or mid of a tick-by-tick subscription."""
    _, request_id, kind, time, *rest, _ = fields
    who, when = int(request_id), int(time)
    if kind in {b"1", b"2"}:
        price, size, mask, exchange, conditions = rest
        bits = int(mask)
        last = TickAttribLast(pastLimit=bool(bits & 1), unreported=bool(bits & 2))
        return "tickByTickAllLast", (
            who, int(kind), when, float(price), float(size), last, _text(exchange),
            _text(conditions),
        )  # fmt: skip
    if kind == b"3":
        bid, ask, bid_size, ask_size, mask = rest
        bits = int(mask)
        quote = TickAttribBidAsk(bidPastLow=bool(bits & 1), askPastHigh=bool(bits & 2))
        sizes = float(bid_size), float(ask_size)
        return "tickByTickBidAsk", (who, when, float(bid), float(ask), *sizes, quote)
    if kind == b"4":
        (mid,) = rest
        return "tickByTickMidPoint", (who, when, float(mid))
    raise ValueError(kind)


def order_status(fields: Fields) -> Call:
    """Read the status of an order."""
    (_, order_id, status, filled, remaining, average, perm_id, parent_id, last, client_id, why,
     cap, _) = fields  # fmt: skip
    return "orderStatus", (
        int(order_id or 0),
        _text(status),
        float(filled or 0),
        float(remaining or 0),
        float(average or 0),
        int(perm_id or 0),
        int(parent_id or 0),
        float(last or 0),
        int(client_id or 0),
        _text(why),
        float(cap or 0),
    )


def account_value(fields: Fields) -> Call:
    """Read one figure of an account."""
    _, _, tag, value, currency, account, _ = fields
    return "updateAccountValue", (_text(tag), _text(value), _text(currency), _text(account))


def account_value_of_several(fields: Fields) -> Call:
    """Read one figure of an account that was asked for by name or model."""
    _, _, request_id, account, model, tag, value, currency, _ = fields
    texts = _text(account), _text(model), _text(tag), _text(value), _text(currency)
    return "accountUpdateMulti", (int(request_id or 0), *texts)


def execution_reader(zones: Callable[[], tuple[str, Any]]) -> Callable[[Fields], Call]:
    """Make the decoder of executions.

    Args:
        zones: Gives the zone of times that come without one ("" for none), and the zone in which
            times are told.
    """

    def execution(fields: Fields) -> Call:
        """Read an execution with its contract."""
        (_, request_id, order_id, con_id, symbol, sec_type, expiry, strike, right, multiplier,
         venue, currency, local_symbol, trading_class, exec_id, time, account, exchange, side,
         shares, price, perm_id, client_id, liquidation, total, average, ref, rule, factor, model,
         liquidity, pending, _) = fields  # fmt: skip
        contract = Contract(
            secType=_text(sec_type),
            conId=int(con_id or 0),
            symbol=_text(symbol),
            lastTradeDateOrContractMonth=_text(expiry),
            strike=float(strike or 0.0),
            right=_text(right),
            multiplier=_text(multiplier),
            exchange=_text(venue),
            currency=_text(currency),
            localSymbol=_text(local_symbol),
            tradingClass=_text(trading_class),
        )
        done = Execution(
            execId=_text(exec_id),
            time=_moment(_text(time), *zones()),
            acctNumber=_text(account),
            exchange=_text(exchange),
            side=_text(side),
            shares=float(shares or 0.0),
            price=float(price or 0.0),
            permId=int(perm_id or 0),
            clientId=int(client_id or 0),
            orderId=int(order_id or 0),
            liquidation=int(liquidation or 0),
            cumQty=float(total or 0.0),
            avgPrice=float(average or 0.0),
            orderRef=_text(ref),
            evRule=_text(rule),
            evMultiplier=float(factor or 0.0),
            modelCode=_text(model),
            lastLiquidity=int(liquidity or 0),
            pendingPriceRevision=bool(int(pending)) if pending else False,
        )
        return "execDetails", (int(request_id), contract, done)

    return execution


@lru_cache(maxsize=256)
def _moment(text: str, zone: str, shown: Any) -> dt.datetime:
    moment = parseIBDatetime(text)
    if not isinstance(moment, dt.datetime):
        raise ValueError(text)
    if moment.tzinfo is None and zone:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(shown)


def _text(field: bytes) -> str:
    return field.decode(errors="backslashreplace")
