"""What the gateway says about orders and executions.

Source: TWS API socket protocol at server version 178; the values that a real gateway sends for a
plain stock order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ikbr.gateway.fields import Flag, Repeat, When, parts
from ikbr.gateway.messages.blocks import (
    ALGO,
    CONDITIONS,
    CONTRACT_11,
    DELTA_NEUTRAL_CONTRACT,
    HEDGE,
    ORDER_LEGS,
    PEG_BENCH,
    SCALE,
    TAGS,
)
from ikbr.gateway.tables import Table


def _is_delta_neutral(values: Mapping[str, Any]) -> bool:
    return bool(values.get("deltaNeutralOrderType"))


_COMBO = (
    "comboLegsDescrip",
    Repeat("comboLegs", ORDER_LEGS),
    Repeat("orderComboLegs", parts("price:N")),
    Repeat("smartComboRoutingParams", TAGS),
    "scaleInitLevelSize:I scaleSubsLevelSize:I scalePriceIncrement:N",
    SCALE,
    "hedgeType",
    HEDGE,
)

_PEGGED = (
    "minTradeQty:I minCompeteSize:I competeAgainstBestOffset:N midOffsetAtWhole:N midOffsetAtHalf:N"
)

OPEN_ORDER = Table(
    5,
    "openOrder",
    f"orderId:i {CONTRACT_11} action totalQuantity:q orderType lmtPrice:n auxPrice:n tif ocaGroup "
    "account openClose origin:i orderRef clientId:i permId:i outsideRth:b hidden:b "
    "discretionaryAmt:n goodAfterTime sharesAllocation faGroup faMethod faPercentage "
    "faProfile<177 modelCode goodTillDate rule80A percentOffset:N settlingFirm shortSaleSlot:i "
    "designatedLocation exemptCode:i auctionStrategy:i startingPrice:N stockRefPrice:N delta:N "
    "stockRangeLower:N stockRangeUpper:N displaySize:I blockOrder:b sweepToFill:b allOrNone:b "
    "minQty:I ocaType:i eTradeOnly:b firmQuoteOnly:b nbboPriceCap:N parentId:i triggerMethod:i "
    "volatility:N volatilityType:i deltaNeutralOrderType deltaNeutralAuxPrice:n",
    When(
        _is_delta_neutral,
        parts(
            "deltaNeutralConId:i deltaNeutralSettlingFirm deltaNeutralClearingAccount "
            "deltaNeutralClearingIntent deltaNeutralOpenClose deltaNeutralShortSale:b "
            "deltaNeutralShortSaleSlot:i deltaNeutralDesignatedLocation"
        ),
    ),
    "continuousUpdate:b referencePriceType:i trailStopPrice:N trailingPercent:N basisPoints:N "
    "basisPointsType:I",
    *_COMBO,
    "optOutSmartRouting:b clearingAccount clearingIntent notHeld:b",
    Flag("deltaNeutralContract", DELTA_NEUTRAL_CONTRACT),
    "algoStrategy",
    ALGO,
    "solicited:b whatIf:b status initMarginBefore:N maintMarginBefore:N equityWithLoanBefore:N "
    "initMarginChange:N maintMarginChange:N equityWithLoanChange:N initMarginAfter:N "
    "maintMarginAfter:N equityWithLoanAfter:N commission:N minCommission:N maxCommission:N "
    "commissionCurrency warningText randomizeSize:b randomizePrice:b",
    PEG_BENCH,
    *CONDITIONS,
    "adjustedOrderType triggerPrice:N trailStopPrice:N lmtPriceOffset:N adjustedStopPrice:N "
    "adjustedStopLimitPrice:N adjustedTrailingAmount:N adjustableTrailingUnit:i "
    "softDollarTierName softDollarTierValue softDollarTierDisplayName cashQty:n "
    "dontUseAutoPriceForHedge:b isOmsContainer:b discretionaryUpToLimitPrice:b usePriceMgmtAlgo:b "
    "duration:I postToAts:I autoCancelParent:b",
    _PEGGED,
)

COMPLETED_ORDER = Table(
    101,
    "completedOrder",
    f"{CONTRACT_11} action totalQuantity:q orderType lmtPrice:n auxPrice:n tif ocaGroup account "
    "openClose origin:i orderRef permId:i outsideRth:b hidden:b discretionaryAmt:n goodAfterTime "
    "faGroup faMethod faPercentage faProfile<177 modelCode goodTillDate rule80A percentOffset:N "
    "settlingFirm shortSaleSlot:i designatedLocation exemptCode:i startingPrice:N stockRefPrice:N "
    "delta:N stockRangeLower:N stockRangeUpper:N displaySize:I sweepToFill:b allOrNone:b minQty:I "
    "ocaType:i triggerMethod:i volatility:N volatilityType:i deltaNeutralOrderType "
    "deltaNeutralAuxPrice:n",
    When(
        _is_delta_neutral,
        parts(
            "deltaNeutralConId:i deltaNeutralShortSale:b deltaNeutralShortSaleSlot:i "
            "deltaNeutralDesignatedLocation"
        ),
    ),
    "continuousUpdate:b referencePriceType:i trailStopPrice:N trailingPercent:N",
    *_COMBO,
    "clearingAccount clearingIntent notHeld:b",
    Flag("deltaNeutralContract", DELTA_NEUTRAL_CONTRACT),
    "algoStrategy",
    ALGO,
    "solicited:b status randomizeSize:b randomizePrice:b",
    PEG_BENCH,
    *CONDITIONS,
    "trailStopPrice:N lmtPriceOffset:N cashQty:n dontUseAutoPriceForHedge:b isOmsContainer:b "
    "autoCancelDate filledQuantity:q refFuturesConId:I autoCancelParent:b shareholder "
    "imbalanceOnly:b routeMarketableToBbo:b parentPermId completedTime completedStatus",
    _PEGGED,
)

COMPLETED_ORDERS_END = Table(102, "completedOrdersEnd")
OPEN_ORDER_END = Table(53, "openOrderEnd", "=1")
ORDER_STATUS = Table(
    3,
    "orderStatus",
    "orderId:i status filled:q remaining:q avgFillPrice:n permId:i parentId:i lastFillPrice:n "
    "clientId:i whyHeld mktCapPrice:n",
)
EXEC_DETAILS = Table(
    11,
    "execDetails",
    f"reqId:i orderId:i {CONTRACT_11} execId time account executionExchange side shares:q price:n "
    "permId:i clientId:i liquidation:i cumQty:q avgPrice:n orderRef evRule evMultiplier:n "
    "modelCode lastLiquidity:i pendingPriceRevision:b@178",
)
EXEC_DETAILS_END = Table(55, "execDetailsEnd", "=1 reqId:i")
COMMISSION_REPORT = Table(
    59,
    "commissionReport",
    "=1 execId commission:n currency realizedPNL:N yield:N yieldRedemptionDate",
)
ORDER_BOUND = Table(100, "orderBound", "permId:i clientId:i orderId:i")

PLAIN_ORDER = {
    "right": "?",
    "ocaType": 3,
    "deltaNeutralOrderType": "None",
    "deltaNeutralOpenClose": "?",
    "clearingIntent": "IB",
    "adjustedOrderType": "None",
    "dontUseAutoPriceForHedge": True,
    "openClose": "",
}
"""What a real gateway says where a plain order says nothing."""

PLAIN_COMPLETED = {
    **PLAIN_ORDER,
    "shareholder": "Not an insider or substantial shareholder",
    "parentPermId": "9223372036854775807",
}
"""The same of an order that has ended."""
