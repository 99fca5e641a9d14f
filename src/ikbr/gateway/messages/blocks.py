"""Blocks: fields that several messages share.

Source: TWS API socket protocol at server version 178.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ikbr.gateway.fields import Choice, Repeat, When, parts

CONTRACT_11 = (
    "conId:i symbol secType lastTradeDateOrContractMonth strike:q right multiplier exchange "
    "currency localSymbol tradingClass"
)
"""A contract without its primary exchange."""

CONTRACT_12 = CONTRACT_11.replace("exchange ", "exchange primaryExchange ")
"""A contract."""


def is_bag(values: Mapping[str, Any]) -> bool:
    """Say whether a message is about a combination."""
    return bool(values.get("secType") == "BAG")


LEGS = When(is_bag, parts(Repeat("legs", parts("conId:i ratio:i action exchange"))))
"""The legs of a combination in requests for data."""

TAGS = parts("tag value")

ORDER_LEGS = parts(
    "conId:i ratio:i action exchange openClose:i shortSaleSlot:i designatedLocation exemptCode:i"
)

DELTA_NEUTRAL_CONTRACT = parts("conId:i delta:n price:n")

SCALE = When(
    lambda values: 0 < (values.get("scalePriceIncrement") or 0) < 1e300,
    parts(
        "scalePriceAdjustValue:N scalePriceAdjustInterval:I scaleProfitOffset:N scaleAutoReset:b "
        "scaleInitPosition:I scaleInitFillQty:I scaleRandomPercent:b"
    ),
)

HEDGE = When(lambda values: bool(values.get("hedgeType")), parts("hedgeParam"))

ALGO = When(lambda values: bool(values.get("algoStrategy")), parts(Repeat("algoParams", TAGS)))

PEG_BENCH = When(
    lambda values: values.get("orderType") in {"PEG BENCH", "PEGBENCH"},
    parts(
        "referenceContractId:i isPeggedChangeAmountDecrease:b peggedChangeAmount:n "
        "referenceChangeAmount:n referenceExchangeId"
    ),
)

CONDITIONS = (
    Repeat(
        "conditions",
        parts(
            "type:i conjunction",
            Choice(
                "type",
                {
                    1: parts("isMore:b price:n conId:i exchange triggerMethod:i"),
                    3: parts("isMore:b time"),
                    4: parts("isMore:b percent:i"),
                    5: parts("secType exchange symbol"),
                    6: parts("isMore:b volume:i conId:i exchange"),
                    7: parts("isMore:b changePercent:n conId:i exchange"),
                },
            ),
        ),
    ),
    When(
        lambda values: bool(values.get("conditions")),
        parts("conditionsIgnoreRth:b conditionsCancelOrder:b"),
    ),
)
"""Price, time, margin, execution, volume and per cent conditions."""
