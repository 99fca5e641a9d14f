"""What is said about orders: the words in which the tables speak of them."""

from typing import Any

from conformance.language import Moment, On, on
from conformance.market import seconds

FIRST_PERM_ID = 1_500_000_001
BUY = {"action": "BUY", "totalQuantity": 10}
UNSET = None


def at(time: str) -> Moment:
    """Stand for a time of today."""
    return Moment(f"20260303 {time} US/Eastern", seconds(time))


def state(status: str, **order: Any) -> On:
    """Expect an open order in a state."""
    return on("openOrder", order=order, orderState={"status": status})


def status(text: str, **more: Any) -> On:
    """Expect a status."""
    return on("orderStatus", status=text, **more)


def resting(**order: Any) -> tuple[On, ...]:
    """Expect an order that comes to rest in the book, with fields of it."""
    return (
        state("PreSubmitted", **order),
        status("PreSubmitted", filled=0),
        state("Submitted", **order),
        status("Submitted", filled=0),
    )


def triggered(**order: Any) -> tuple[On, ...]:
    """Expect an order that waits for its trigger, with fields of it."""
    return state("PreSubmitted", **order), status("PreSubmitted", filled=0)


def filled(price: float, **order: Any) -> tuple[On, ...]:
    """Expect an order that is filled at once, with fields of it."""
    return (
        state("PreSubmitted", **order),
        status("PreSubmitted", filled=0),
        on("execDetails", reqId=-1, execution={"price": price}),
        state("Filled", **order),
        status("Filled", remaining=0, avgFillPrice=price, lastFillPrice=price),
        state("Filled", **order),
        on("commissionReport"),
    )


PLAIN: dict[str, Any] = {
    # what a real gateway says of a plain market order
    "openClose": "", "origin": 0, "orderRef": "", "outsideRth": False, "hidden": False,
    "discretionaryAmt": 0.0, "goodAfterTime": "", "goodTillDate": "", "faGroup": "",
    "faMethod": "", "faPercentage": "", "modelCode": "", "rule80A": "", "percentOffset": UNSET,
    "settlingFirm": "", "shortSaleSlot": 0, "designatedLocation": "", "exemptCode": -1,
    "startingPrice": UNSET, "stockRefPrice": UNSET, "delta": UNSET, "stockRangeLower": UNSET,
    "stockRangeUpper": UNSET, "displaySize": UNSET, "blockOrder": False, "sweepToFill": False,
    "allOrNone": False, "minQty": UNSET, "ocaType": 3, "ocaGroup": "", "parentId": 0,
    "triggerMethod": 0, "volatility": UNSET, "volatilityType": 0,
    "deltaNeutralOrderType": "None", "deltaNeutralAuxPrice": 0.0, "continuousUpdate": False,
    "referencePriceType": 0, "trailStopPrice": UNSET, "trailingPercent": UNSET,
    "basisPoints": UNSET, "basisPointsType": UNSET, "scaleInitLevelSize": UNSET,
    "scaleSubsLevelSize": UNSET, "scalePriceIncrement": UNSET, "hedgeType": "",
    "optOutSmartRouting": False, "clearingAccount": "", "clearingIntent": "IB",
    "notHeld": False, "algoStrategy": "", "solicited": False, "whatIf": False,
    "randomizeSize": False, "randomizePrice": False, "conditions": [],
    "adjustedOrderType": "None", "triggerPrice": UNSET, "lmtPriceOffset": UNSET,
    "adjustedStopPrice": UNSET, "adjustedStopLimitPrice": UNSET,
    "adjustedTrailingAmount": UNSET, "adjustableTrailingUnit": 0, "cashQty": 0.0,
    "dontUseAutoPriceForHedge": True, "isOmsContainer": False,
    "discretionaryUpToLimitPrice": False, "autoCancelParent": False,
}  # fmt: skip

MKT = BUY | {"orderType": "MKT"}
LMT = BUY | {"orderType": "LMT", "lmtPrice": 500.0}
