"""What clients hear, in plain records that are the same whichever client has heard it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import math
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

CALLBACKS = {
    name: fields.split()
    for name, fields in {
        # the session
        "nextValidId": "orderId",
        "managedAccounts": "accountsList",
        "currentTime": "time",
        "userInfo": "reqId whiteBrandingId",
        "familyCodes": "familyCodes",
        "softDollarTiers": "reqId tiers",
        "newsProviders": "newsProviders",
        # accounts
        "updateAccountValue": "key val currency accountName",
        "updatePortfolio": "contract position marketPrice marketValue averageCost unrealizedPNL "
        "realizedPNL accountName",
        "updateAccountTime": "timeStamp",
        "accountDownloadEnd": "accountName",
        "accountSummary": "reqId account tag value currency",
        "accountSummaryEnd": "reqId",
        "accountUpdateMulti": "reqId account modelCode key value currency",
        "accountUpdateMultiEnd": "reqId",
        "position": "account contract position avgCost",
        "positionEnd": "",
        "positionMulti": "reqId account modelCode contract pos avgCost",
        "positionMultiEnd": "reqId",
        "pnl": "reqId dailyPnL unrealizedPnL realizedPnL",
        "pnlSingle": "reqId pos dailyPnL unrealizedPnL realizedPnL value",
        # contracts
        "contractDetails": "reqId contractDetails",
        "contractDetailsEnd": "reqId",
        "symbolSamples": "reqId contractDescriptions",
        "marketRule": "marketRuleId priceIncrements",
        "mktDepthExchanges": "depthMktDataDescriptions",
        # orders
        "openOrder": "orderId contract order orderState",
        "orderStatus": "orderId status filled remaining avgFillPrice permId parentId "
        "lastFillPrice clientId whyHeld mktCapPrice",
        "openOrderEnd": "",
        "completedOrder": "contract order orderState",
        "completedOrdersEnd": "",
        "execDetails": "reqId contract execution",
        "execDetailsEnd": "reqId",
        "commissionReport": "commissionReport",
        "orderBound": "permId clientId orderId",
        # the market
        "marketDataType": "reqId marketDataType",
        "tickReqParams": "reqId minTick bboExchange snapshotPermissions",
        "tickPrice": "reqId tickType price attrib",
        "tickSize": "reqId tickType size",
        "tickGeneric": "reqId tickType value",
        "tickString": "reqId tickType value",
        "tickSnapshotEnd": "reqId",
        "tickByTickAllLast": "reqId tickType time price size tickAttribLast exchange "
        "specialConditions",
        "tickByTickBidAsk": "reqId time bidPrice askPrice bidSize askSize tickAttribBidAsk",
        "tickByTickMidPoint": "reqId time midPoint",
        "updateMktDepth": "reqId position operation side price size",
        "updateMktDepthL2": "reqId position marketMaker operation side price size isSmartDepth",
        "realtimeBar": "reqId time open high low close volume wap count",
        # the past
        "historicalData": "reqId bar",
        "historicalDataEnd": "reqId start end",
        "historicalDataUpdate": "reqId bar",
        "headTimestamp": "reqId headTimestamp",
        "historicalTicks": "reqId ticks done",
        "historicalTicksBidAsk": "reqId ticks done",
        "historicalTicksLast": "reqId ticks done",
        "historicalSchedule": "reqId startDateTime endDateTime timeZone sessions",
    }.items()
}
"""Callbacks and their fields, by IBKR's names; errors are apart."""

SIZE_OF = {1: 0, 2: 3, 4: 5, 66: 69, 67: 70, 68: 71}
"""Ticks of prices and those of the sizes that come with them."""

NAMES = {
    "average": "wap",  # of bars, in ib_async
    "exch": "exchange",  # of conditions, in ib_async
    "commissionAndFees": "commission",  # in ibapi 10.46
    "minCommissionAndFees": "minCommission",
    "maxCommissionAndFees": "maxCommission",
    "commissionAndFeesCurrency": "commissionCurrency",
    "yield_": "yield",
    "isConjunctionConnection": "conjunction",  # of conditions, in ibapi
}
"""Fields that some clients call otherwise."""

_LARGEST = (sys.float_info.max, 2**31 - 1, 2**63 - 1)
"""What stands for a number that is not set."""


def record_of(callback: str, values: tuple[Any, ...]) -> dict[str, Any]:
    """Name the arguments of a callback and make plain values of them."""
    return {name: plain(value) for name, value in zip(CALLBACKS[callback], values, strict=False)}


def plain(value: Any) -> Any:
    """Make records, lists, texts and numbers of anything; None of what is not set.

    >>> plain((Decimal("1.50"), 2**31 - 1, float("nan")))
    [1.5, None, None]
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float | Decimal):
        number = int(value) if isinstance(value, int) else float(value)
        return None if number in _LARGEST or not math.isfinite(number) else number
    if isinstance(value, dt.datetime):
        return _moment(value)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    fields = _fields(value)
    if fields is not None:
        return _record(fields)
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    return value.name if isinstance(value, enum.Enum) else str(value)


def _fields(value: Any) -> Mapping[str, Any] | None:
    """Give the fields of what has any."""
    if isinstance(value, enum.Enum | list | tuple | set) and not hasattr(value, "_asdict"):
        return None
    if hasattr(value, "_asdict"):
        found: Mapping[str, Any] = value._asdict()
        return found
    if dataclasses.is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    return vars(value) if hasattr(value, "__dict__") else None


def _record(fields: Mapping[str, Any]) -> dict[str, Any]:
    found = {NAMES.get(name, name): plain(value) for name, value in fields.items()}
    joined = found.get("conjunction")
    if isinstance(joined, bool):
        found["conjunction"] = "a" if joined else "o"
    return found


def _moment(value: dt.datetime) -> str | int:
    """Write a moment as it came: seconds since 1970 came as UTC, texts with their zone."""
    zone = str(value.tzinfo)
    if zone in {"UTC", "None"}:
        return int(value.replace(tzinfo=value.tzinfo or dt.UTC).timestamp())
    return f"{value:%Y%m%d %H:%M:%S} {zone}"
