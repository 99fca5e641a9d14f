"""The one large request: placing or changing an order.

Source: TWS API socket protocol at server version 178.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ikbr.gateway.fields import Flag, Repeat, When, parts
from ikbr.gateway.messages.blocks import (
    ALGO,
    CONDITIONS,
    CONTRACT_12,
    DELTA_NEUTRAL_CONTRACT,
    HEDGE,
    ORDER_LEGS,
    PEG_BENCH,
    SCALE,
    TAGS,
    is_bag,
)
from ikbr.gateway.tables import Table

_BAG = When(
    is_bag,
    parts(
        Repeat("comboLegs", ORDER_LEGS),
        Repeat("orderComboLegs", parts("price:N")),
        Repeat("smartComboRoutingParams", TAGS),
    ),
)

_DELTA_NEUTRAL = When(
    lambda values: bool(values.get("deltaNeutralOrderType")),
    parts(
        "deltaNeutralConId:i deltaNeutralSettlingFirm deltaNeutralClearingAccount "
        "deltaNeutralClearingIntent deltaNeutralOpenClose deltaNeutralShortSale:b "
        "deltaNeutralShortSaleSlot:i deltaNeutralDesignatedLocation"
    ),
)


def _offsets_follow(values: Mapping[str, Any]) -> bool:
    return values.get("orderType") == "PEG MID" or (
        values.get("orderType") == "PEG BEST"
        and values.get("competeAgainstBestOffset") == float("inf")
    )


_PEGGED = (
    When(lambda values: values.get("exchange") == "IBKRATS", parts("minTradeQty:i?")),
    When(
        lambda values: values.get("orderType") == "PEG BEST",
        parts("minCompeteSize:i? competeAgainstBestOffset:n?"),
    ),
    When(_offsets_follow, parts("midOffsetAtWhole:n? midOffsetAtHalf:n?")),
)

PLACE_ORDER = Table(
    3,
    "placeOrder",
    f"orderId:i {CONTRACT_12} secIdType secId action totalQuantity:q orderType lmtPrice:n? "
    "auxPrice:n? tif ocaGroup account openClose origin:i orderRef transmit:b parentId:i "
    "blockOrder:b sweepToFill:b displaySize:i? triggerMethod:i outsideRth:b hidden:b",
    _BAG,
    "sharesAllocation discretionaryAmt:n goodAfterTime goodTillDate faGroup faMethod faPercentage "
    "faProfile<177 modelCode shortSaleSlot:i designatedLocation exemptCode:i ocaType:i rule80A "
    "settlingFirm allOrNone:b minQty:i? percentOffset:n? eTradeOnly:b firmQuoteOnly:b "
    "nbboPriceCap:n? auctionStrategy:i startingPrice:n? stockRefPrice:n? delta:n? "
    "stockRangeLower:n? stockRangeUpper:n? overridePercentageConstraints:b volatility:n? "
    "volatilityType:i? deltaNeutralOrderType deltaNeutralAuxPrice:n?",
    _DELTA_NEUTRAL,
    "continuousUpdate:b referencePriceType:i? trailStopPrice:n? trailingPercent:n? "
    "scaleInitLevelSize:i? scaleSubsLevelSize:i? scalePriceIncrement:n?",
    SCALE,
    "scaleTable activeStartTime activeStopTime hedgeType",
    HEDGE,
    "optOutSmartRouting:b clearingAccount clearingIntent notHeld:b",
    Flag("deltaNeutralContract", DELTA_NEUTRAL_CONTRACT),
    "algoStrategy",
    ALGO,
    "algoId whatIf:b orderMiscOptions solicited:b randomizeSize:b randomizePrice:b",
    PEG_BENCH,
    *CONDITIONS,
    "adjustedOrderType triggerPrice:n? lmtPriceOffset:n? adjustedStopPrice:n? "
    "adjustedStopLimitPrice:n? adjustedTrailingAmount:n? adjustableTrailingUnit:i extOperator "
    "softDollarTierName softDollarTierValue cashQty:n? mifid2DecisionMaker mifid2DecisionAlgo "
    "mifid2ExecutionTrader mifid2ExecutionAlgo dontUseAutoPriceForHedge:b isOmsContainer:b "
    "discretionaryUpToLimitPrice:b usePriceMgmtAlgo:b duration:i? postToAts:i? autoCancelParent:b "
    "advancedErrorOverride manualOrderTime",
    *_PEGGED,
)
