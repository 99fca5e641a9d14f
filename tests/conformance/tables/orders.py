"""Orders: every kind, field by field, and what they are called on their way.

SPY stands at 502.10 to 502.12 when they come.
"""

from typing import Any

from conformance.language import About, Like, Moment, On, Topic, on, place, row, until
from conformance.market import ACCOUNT, EUR, ES, KO, OPT, SPY, seconds

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

KINDS = Topic(
    "Kinds of orders",
    (
        row(
            "a market order on its way",
            place(1, SPY, **MKT),
            *filled(502.12, orderType="MKT", action="BUY", totalQuantity=10),
            seen={"trade(1).orderStatus.status": "Filled", "trade(1).isDone()": True,
                  "[f.execution.price for f in trade(1).fills]": [502.12]},
        ),  # fmt: skip
        row(
            "a market order: who, what and where",
            place(2, SPY, **MKT),
            *(on("openOrder", orderId=2,
                 contract={"conId": SPY["conId"], "symbol": "SPY", "secType": "STK",
                           "exchange": "SMART", "currency": "USD", "localSymbol": "SPY",
                           "tradingClass": "SPY", "lastTradeDateOrContractMonth": "",
                           "strike": 0.0, "right": "?", "multiplier": ""},
                 order={"orderId": 2, "clientId": 1, "permId": FIRST_PERM_ID + 1,
                        "account": ACCOUNT, "action": "BUY", "totalQuantity": 10,
                        "orderType": "MKT", "tif": "DAY", "lmtPrice": 0.0, "auxPrice": 0.0})
              for _ in range(3)),
        ),  # fmt: skip
        row(
            "a market order: everything that was not said",
            place(3, SPY, **MKT),
            *(on("openOrder", order=PLAIN) for _ in range(3)),
        ),
        row(
            "its status: every field",
            place(4, SPY, **MKT),
            on("orderStatus", orderId=4, status="PreSubmitted", filled=0, remaining=10,
               avgFillPrice=0.0, permId=FIRST_PERM_ID + 3, parentId=0, lastFillPrice=0.0,
               clientId=1, whyHeld="", mktCapPrice=0.0),
            on("orderStatus", orderId=4, status="Filled", filled=10, remaining=0,
               avgFillPrice=502.12, permId=FIRST_PERM_ID + 3, parentId=0, lastFillPrice=502.12,
               clientId=1, whyHeld="", mktCapPrice=0.0),
        ),  # fmt: skip
        row(
            "its execution: every field",
            place(5, SPY, **MKT, orderRef="mine"),
            on("execDetails", reqId=-1,
               contract={"conId": SPY["conId"], "symbol": "SPY", "secType": "STK",
                         "exchange": "ARCA", "currency": "USD", "localSymbol": "SPY"},
               execution={"orderId": 5, "clientId": 1, "execId": Like(r"[0-9a-f.]+\.01"),
                          "time": at("10:00:00"), "acctNumber": ACCOUNT,
                          "exchange": "ARCA", "side": "BOT", "shares": 10, "price": 502.12,
                          "permId": FIRST_PERM_ID + 4, "liquidation": 0, "cumQty": 10,
                          "avgPrice": 502.12, "orderRef": "mine", "evRule": "",
                          "evMultiplier": 0.0, "modelCode": "", "lastLiquidity": 2}),
        ),  # fmt: skip
        row(
            "since version 178 an execution says that its price is final",
            place(6, SPY, **MKT),
            on("execDetails", execution={"pendingPriceRevision": False}),
            versions=(178,),
            but={"ib_async": {"execDetails.execution.pendingPriceRevision": "it keeps no such field"}},
        ),
        row(
            "its commission: every field",
            place(7, SPY, **MKT),
            on("openOrder", orderState={"commission": UNSET}),
            on("openOrder", orderState={"commission": UNSET}),
            on("openOrder", orderState={"commission": 1.0, "commissionCurrency": "USD"}),
            on("commissionReport",
               commissionReport={"execId": Like(r"[0-9a-f.]+\.01"), "commission": 1.0,
                                 "currency": "USD", "realizedPNL": UNSET}),
        ),  # fmt: skip
        row(
            "what a sale has realised",
            place(8, SPY, action="SELL", totalQuantity=10, orderType="MKT"),
            # 10 × (502.10 - 502.12) - 1.00 and the TAF of 0.000166 a share
            on("execDetails", execution={"side": "SLD", "price": 502.10}),
            on("commissionReport",
               commissionReport={"commission": About(1.0, 0.01),
                                 "realizedPNL": About(-1.2, 0.01)}),
        ),  # fmt: skip
        row("a limit order that rests", place(9, SPY, **LMT),
            *resting(orderType="LMT", lmtPrice=500.0, auxPrice=0.0)),  # fmt: skip
        row("a limit order that crosses is filled at the ask", place(10, SPY, **LMT | {"lmtPrice": 503.0}),
            *filled(502.12, orderType="LMT", lmtPrice=503.0)),  # fmt: skip
        row(
            "a stop order",
            place(11, SPY, **BUY, orderType="STP", auxPrice=510.0),
            *triggered(orderType="STP", auxPrice=510.0, lmtPrice=0.0),
        ),
        row(
            "a stop order with a limit",
            place(12, SPY, **BUY, orderType="STP LMT", auxPrice=510.0, lmtPrice=511.0),
            *triggered(orderType="STP LMT", auxPrice=510.0, lmtPrice=511.0),
        ),
        row(
            "a trailing stop by an amount",
            place(13, SPY, action="SELL", totalQuantity=10, orderType="TRAIL", auxPrice=5.0),
            *triggered(orderType="TRAIL", auxPrice=5.0, action="SELL"),
        ),
        row(
            "a trailing stop by per cent, from a price",
            place(14, SPY, action="SELL", totalQuantity=10, orderType="TRAIL", trailingPercent=2.0,
                  trailStopPrice=490.0),
            *triggered(orderType="TRAIL", trailingPercent=2.0, trailStopPrice=490.0),
        ),  # fmt: skip
        row(
            "a midprice order with a cap",
            place(15, SPY, **BUY, orderType="MIDPRICE", lmtPrice=499.0),
            *resting(orderType="MIDPRICE", lmtPrice=499.0),
        ),
        row("a market order at the close", place(16, SPY, **BUY, orderType="MOC"),
            *triggered(orderType="MOC")),  # fmt: skip
        row("a limit order at the close", place(17, SPY, **BUY, orderType="LOC", lmtPrice=400.0),
            *triggered(orderType="LOC", lmtPrice=400.0)),  # fmt: skip
        row("a market order at the next open", place(18, SPY, **MKT, tif="OPG"),
            *triggered(orderType="MKT", tif="OPG")),  # fmt: skip
        row("good till cancelled", place(19, SPY, **LMT, tif="GTC"), *resting(tif="GTC")),
        row(
            "good till a date",
            place(20, SPY, **LMT, tif="GTD", goodTillDate="20260303 15:00:00 US/Eastern"),
            *resting(tif="GTD", goodTillDate="20260303 15:00:00 US/Eastern"),
        ),
        row(
            "immediate or cancel: nothing to be had",
            place(21, SPY, **LMT, tif="IOC"),
            on("orderStatus", status="PreSubmitted"),
            on("orderStatus", status="Cancelled", filled=0, remaining=10),
            codes=[202],
            seen={"trade(21).orderStatus.status": "Cancelled"},
        ),
        row("immediate or cancel: all of it", place(22, SPY, **LMT | {"lmtPrice": 502.12}, tif="IOC"),
            *filled(502.12, tif="IOC")),  # fmt: skip
        row(
            "fill or kill: not all of it",
            place(23, SPY, **LMT | {"lmtPrice": 502.0}, tif="FOK"),
            on("orderStatus", status="PreSubmitted"),
            on("orderStatus", status="Cancelled", filled=0),
            codes=[202],
        ),
        row("outside regular hours", place(24, SPY, **LMT, outsideRth=True),
            *resting(outsideRth=True)),  # fmt: skip
        row(
            "an adaptive order",
            place(25, SPY, **LMT, algoStrategy="Adaptive",
                  algoParams=[("adaptivePriority", "Patient")]),
            *resting(algoStrategy="Adaptive",
                     algoParams=[{"tag": "adaptivePriority", "value": "Patient"}]),
        ),  # fmt: skip
        row(
            "fields that are only handed through",
            place(26, SPY, **LMT, orderRef="a reference", ocaGroup="group", ocaType=1,
                  triggerMethod=2, displaySize=5, notHeld=True, sweepToFill=True, blockOrder=True,
                  hidden=True, modelCode="model", settlingFirm="firm", rule80A="I",
                  clearingAccount="clearing", optOutSmartRouting=True, discretionaryAmt=0.5),
            *resting(orderRef="a reference", ocaGroup="group", ocaType=1, triggerMethod=2,
                     displaySize=5, notHeld=True, sweepToFill=True, blockOrder=True, hidden=True,
                     modelCode="model", settlingFirm="firm", rule80A="I",
                     clearingAccount="clearing", optOutSmartRouting=True, discretionaryAmt=0.5),
        ),  # fmt: skip
        row("an order for a currency pair",
            place(27, EUR, action="BUY", totalQuantity=20_000, orderType="LMT", lmtPrice=1.0),
            on("openOrder", contract={"symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO",
                                      "localSymbol": "EUR.USD"}),
            on("openOrder", orderState={"status": "Submitted"})),  # fmt: skip
        row("an order for a future",
            place(28, ES, action="BUY", totalQuantity=1, orderType="LMT", lmtPrice=5000.25),
            on("openOrder", contract={"symbol": "ES", "secType": "FUT", "exchange": "CME",
                                      "multiplier": "50", "localSymbol": "ESM6",
                                      "lastTradeDateOrContractMonth": "20260630"}),
            on("openOrder", orderState={"status": "Submitted"})),  # fmt: skip
        row("an order for an option",
            place(29, OPT, action="BUY", totalQuantity=1, orderType="MKT"),
            on("execDetails", execution={"price": 5.10, "shares": 1},
               contract={"secType": "OPT", "strike": 500.0, "right": "C", "multiplier": "100"}),
            ),  # fmt: skip
        row(
            "the preview of an order: margin and commission",
            place(30, KO, action="BUY", totalQuantity=100, orderType="MKT", whatIf=True),
            on(
                "openOrder",
                order={"whatIf": True, "permId": 0},
                orderState={
                    "status": "PreSubmitted", "commission": 1.0, "minCommission": 1.0,
                    "maxCommission": 1.0, "commissionCurrency": "USD", "warningText": "",
                    # half of 100 × 60.02 to buy, a quarter to hold
                    "initMarginChange": Like(r"3001(\.0+)?"),
                    "maintMarginChange": Like(r"1500\.50*"),
                },
            ),
            silent=("orderStatus",),
        ),  # fmt: skip
    ),
)

AFTER = "20260303 10:00:05 US/Eastern"


def price_condition(price: float, *, more: bool = True, joined: str = "a") -> dict[str, Any]:
    """Write a condition on the price of SPY."""
    return {"condType": 1, "conjunction": joined, "isMore": more, "price": price,
            "conId": SPY["conId"], "exchange": "SMART", "triggerMethod": 0}  # fmt: skip


def conditioned(order_id: int, *conditions: dict[str, Any], **more: Any) -> tuple[Any, ...]:
    """Place an order with conditions that are not met, and expect it to wait and say so."""
    return (
        place(order_id, KO, action="BUY", totalQuantity=10, orderType="MKT",
              conditions=list(conditions), **more),
        on("openOrder", order={"conditions": list(conditions)} | more,
           orderState={"status": "PreSubmitted"}),
        on("orderStatus", status="PreSubmitted", filled=0),
    )  # fmt: skip


CONDITIONS = Topic(
    "Conditions",
    (
        row("a price", *conditioned(1, price_condition(600.0))),
        row(
            "a time",
            *conditioned(2, {"condType": 3, "conjunction": "a", "isMore": True,
                             "time": "20260303 15:00:00 US/Eastern"}),
        ),  # fmt: skip
        row(
            "the cushion of margin",
            *conditioned(3, {"condType": 4, "conjunction": "a", "isMore": False, "percent": 10}),
        ),
        row(
            "an execution",
            *conditioned(4, {"condType": 5, "conjunction": "a", "secType": "STK",
                             "exchange": "SMART", "symbol": "QQQ"}),
        ),  # fmt: skip
        row(
            "a volume",
            *conditioned(5, {"condType": 6, "conjunction": "a", "isMore": True, "volume": 1_000_000,
                             "conId": SPY["conId"], "exchange": "SMART"}),
        ),  # fmt: skip
        row(
            "a change in per cent",
            *conditioned(6, {"condType": 7, "conjunction": "a", "isMore": True,
                             "changePercent": 9.5, "conId": SPY["conId"], "exchange": "SMART"}),
        ),  # fmt: skip
        row(
            "two joined, looked at outside regular hours, to cancel",
            place(7, SPY, **LMT, conditions=[price_condition(600.0, joined="o"), price_condition(1.0, more=False)],
                  conditionsIgnoreRth=True, conditionsCancelOrder=True),
            *(on("openOrder", order={"conditionsIgnoreRth": True, "conditionsCancelOrder": True,
                                     "conditions": [{"conjunction": "o"}, {"isMore": False}]})
              for _ in range(2)),
        ),  # fmt: skip
        row(
            "an order begins to work when its condition is met",
            place(8, KO, action="BUY", totalQuantity=10, orderType="MKT",
                  conditions=[price_condition(503.0)]),
            place(9, KO, action="BUY", totalQuantity=10, orderType="MKT", goodAfterTime=AFTER),
            place(10, SPY, **LMT, conditions=[price_condition(503.0)], conditionsCancelOrder=True),
            until("10:00:06"),
            on("execDetails", execution={"orderId": 9, "price": 60.02}),
            on("execDetails", execution={"orderId": 8, "price": 60.02}),
            codes=[202],
            seen={"trade(8).orderStatus.status": "Filled", "trade(9).orderStatus.status": "Filled",
                  "trade(10).orderStatus.status": "Cancelled"},
        ),  # fmt: skip
        row(
            "an order ends at the date it is good till",
            place(11, SPY, **LMT, tif="GTD", goodTillDate="20260303 10:00:30 US/Eastern"),
            until("10:00:31"),
            on("orderStatus", status="PreSubmitted"),
            on("orderStatus", status="Submitted"),
            on("orderStatus", status="Cancelled"),
            codes=[202],
        ),
        row("a condition that is met works at once",
            place(12, KO, action="BUY", totalQuantity=10, orderType="MKT",
                  conditions=[price_condition(500.0)]),
            on("execDetails", execution={"orderId": 12, "time": at("10:00:31")}),
            ),  # fmt: skip
        row("a condition on an unknown contract",
            place(13, KO, action="BUY", totalQuantity=10, orderType="MKT",
                  conditions=[price_condition(500.0) | {"conId": 4711}]),
            codes=[321]),  # fmt: skip
        row("a condition on a time that is none",
            place(14, KO, action="BUY", totalQuantity=10, orderType="MKT",
                  conditions=[{"condType": 3, "conjunction": "a", "isMore": True, "time": "noon"}]),
            codes=[321]),  # fmt: skip
    ),
)
