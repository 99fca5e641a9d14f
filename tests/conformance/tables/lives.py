"""The lives of orders: changes, cancellations, families, what is listed, who may see it."""

from typing import Any

from conformance.language import Like, On, Topic, ask, cancel_order, connect, on, place, row, until
from conformance.market import ACCOUNT, KO, SPY
from conformance.tables.saying import BUY, FIRST_PERM_ID, LMT, MKT, at, resting, status

SELL = {"action": "SELL", "totalQuantity": 10}


def ends(text: str, *more: On, **fields: Any) -> tuple[On, ...]:
    """Expect one order to be told in a state, and its status."""
    return on("openOrder", orderState={"status": text}), status(text, **fields), *more


CHANGES = Topic(
    "Changes and cancellations",
    (
        row("an order to begin with", place(1, SPY, **LMT), *resting(lmtPrice=500.0)),
        row(
            "a new price",
            place(1, SPY, **LMT | {"lmtPrice": 501.0}),
            on("openOrder", orderId=1, order={"lmtPrice": 501.0, "permId": FIRST_PERM_ID}),
            status("Submitted", permId=FIRST_PERM_ID),
        ),
        row(
            "a new quantity",
            place(1, SPY, **LMT | {"totalQuantity": 20}),
            on("openOrder", order={"totalQuantity": 20, "lmtPrice": 500.0}),
            status("Submitted", remaining=20),
            seen={"trade(1).order.totalQuantity": 20, "trade(1).orderStatus.remaining": 20},
        ),
        row(
            "no change at all",
            place(1, SPY, **LMT | {"totalQuantity": 20}),
            on("openOrder", order={"totalQuantity": 20}),
            status("Submitted"),
        ),
        row(
            "a price off the grid is refused and nothing is changed",
            place(1, SPY, **LMT | {"lmtPrice": 500.001}),
            codes=[110],
            silent=("orderStatus",),
        ),
        row(
            "a change of side is refused",
            place(1, SPY, **LMT | SELL),
            codes=[105],
            silent=("orderStatus",),
        ),
        row(
            "the order goes on",
            ask("reqOpenOrders"),
            on("openOrder", order={"action": "BUY", "lmtPrice": 500.0, "totalQuantity": 20}),
            on("openOrderEnd"),
        ),
        row(
            "a cancellation: status and code",
            cancel_order(1),
            *ends("Cancelled", filled=0, remaining=20),
            codes=[202],
            seen={"trade(1).orderStatus.status": "Cancelled"},
        ),
        row("an order that was cancelled cannot be cancelled", cancel_order(1), codes=[161]),
        row(
            "an order id that was used cannot be used again",
            place(1, SPY, **LMT),
            codes=[103],
            family="ibapi",
        ),
        row("an order that never was cannot be cancelled", cancel_order(4711), codes=[10147]),
        row(
            "the next id follows the highest",
            place(9, SPY, **MKT),
            ask("reqIds", 1),
            on("nextValidId", orderId=10),
        ),
        row("an order that was filled cannot be cancelled", cancel_order(9), codes=[161]),
        row(
            "an order that was filled cannot be changed",
            place(9, SPY, **LMT),
            codes=[104],
            family="ibapi",
        ),
        row("an id below the highest is refused", place(5, SPY, **LMT), codes=[103]),
        row(
            "an adaptive order cannot be changed",
            place(
                10, SPY, **LMT, algoStrategy="Adaptive", algoParams=[("adaptivePriority", "Normal")]
            ),
            place(10, SPY, lmtPrice=499.0),
            codes=[440],
        ),
        row("it can be cancelled", cancel_order(10), *ends("Cancelled"), codes=[202]),
        row(
            "what was not let go yet is silent",
            place(11, SPY, **LMT, transmit=False),
            silent=("openOrder", "orderStatus"),
        ),
        row("it is let go by a second order", place(11, SPY, transmit=True), *resting()),
        row(
            "all is cancelled at once",
            place(12, KO, **LMT | {"lmtPrice": 50.0}),
            ask("reqGlobalCancel"),
            on("orderStatus", status="PreSubmitted", orderId=12),
            on("orderStatus", status="Submitted", orderId=12),
            on("orderStatus", status="Cancelled", orderId=11),
            on("orderStatus", status="Cancelled", orderId=12),
            codes=[202, 202],
        ),
    ),
)

FAMILIES = Topic(
    "Brackets and OCA",
    (
        row(
            "a bracket waits until its last order is let go",
            place(1, SPY, **MKT, transmit=False),
            place(2, SPY, **SELL, orderType="LMT", lmtPrice=504.0, parentId=1, transmit=False),
            silent=("openOrder", "orderStatus"),
        ),
        row(
            "then the parent is filled and its children work",
            place(3, SPY, **SELL, orderType="STP", auxPrice=499.0, parentId=1),
            on("orderStatus", orderId=1, status="PreSubmitted"),
            on("orderStatus", orderId=1, status="Filled"),
            on("orderStatus", orderId=2, status="PreSubmitted", parentId=1),
            on("orderStatus", orderId=3, status="PreSubmitted", parentId=1),
            on("orderStatus", orderId=2, status="Submitted", parentId=1),
        ),
        row(
            "children whose parent rests wait for it",
            place(4, SPY, **LMT, transmit=False),
            place(5, SPY, **SELL, orderType="LMT", lmtPrice=600.0, parentId=4),
            on("orderStatus", orderId=4, status="PreSubmitted"),
            on("orderStatus", orderId=5, status="PreSubmitted", whyHeld="child"),
            on("orderStatus", orderId=4, status="Submitted"),
        ),
        row(
            "children end with their parent",
            cancel_order(4),
            on("orderStatus", orderId=4, status="Cancelled"),
            on("orderStatus", orderId=5, status="Cancelled"),
            codes=[202, 202],
        ),
        row(
            "a parent that is not known",
            place(6, SPY, **SELL, orderType="LMT", lmtPrice=600.0, parentId=4711),
            codes=[201],
        ),
        row(
            "of a group one order fills and the other ends",
            place(7, SPY, **LMT, ocaGroup="either", ocaType=1),
            place(8, SPY, **MKT, ocaGroup="either", ocaType=1),
            on("execDetails", execution={"orderId": 8}),
            codes=[202],
            seen={
                "trade(7).orderStatus.status": "Cancelled",
                "trade(8).orderStatus.status": "Filled",
            },
        ),
        row(
            "a stop is triggered by the market",
            place(9, SPY, **SELL, orderType="STP", auxPrice=501.0),
            until("10:02:05"),
            on("execDetails", execution={"orderId": 9, "price": 500.0, "time": at("10:02:01")}),
        ),
        row(
            "of two children the one that is filled ends the other",
            until("10:03:01"),
            on("execDetails", execution={"orderId": 2, "lastLiquidity": 1}),  # it rested
            on("orderStatus", orderId=2, status="Filled", avgFillPrice=504.0),
            on("orderStatus", orderId=3, status="Cancelled"),
            codes=[202],
        ),
        row(
            "a trailing stop follows the market up and sells on its way down",
            place(10, SPY, **SELL, orderType="TRAIL", auxPrice=0.5),
            until("15:59:59"),
            on("execDetails", execution={"orderId": 10, "price": 504.0, "time": at("15:59:59")}),
        ),
        row(
            "orders at the close get the price of the closing auction",
            place(11, SPY, **BUY, orderType="MOC"),
            place(12, SPY, **BUY, orderType="LOC", lmtPrice=400.0),
            until("16:00:01"),
            on("execDetails", execution={"orderId": 11, "price": 504.01}),
            codes=[202],
            seen={"trade(12).orderStatus.status": "Cancelled"},
        ),
    ),
)

LISTS = Topic(
    "Lists of orders and executions",
    (
        row(
            "orders of two clients",
            connect(1),
            connect(2),
            place(1, SPY, **LMT),
            place(2, SPY, **MKT, orderRef="one"),
            place(1, KO, **LMT | {"lmtPrice": 50.0}, who=2),
            place(2, KO, action="SELL", totalQuantity=5, orderType="MKT", who=2),
            on("execDetails", execution={"clientId": 1, "orderId": 2}),
            on("execDetails", execution={"clientId": 2, "orderId": 2, "side": "SLD"}, who=2),
            codes=[2104, 2106, 2158, 2104, 2106, 2158],
        ),
        row(
            "a client's own open orders",
            ask("reqOpenOrders"),
            on("openOrder", orderId=1, order={"clientId": 1, "lmtPrice": 500.0}),
            on("openOrderEnd"),
            silent=("execDetails",),
        ),
        row(
            "all open orders",
            ask("reqAllOpenOrders"),
            on("openOrder", orderId=1, order={"clientId": 1}),
            on("orderStatus", clientId=1, status="Submitted"),
            on("openOrder", orderId=1, order={"clientId": 2, "lmtPrice": 50.0}),
            on("orderStatus", clientId=2, status="Submitted"),
            on("openOrderEnd"),
        ),
        row("only client 0 binds orders", ask("reqAutoOpenOrders", True, raw=True), codes=[327]),
        row("nobody cancels another client's order", cancel_order(1, who=3), codes=[10147]),
        row(
            "completed orders",
            ask("reqCompletedOrders", False),
            on(
                "completedOrder",
                contract={"symbol": "SPY", "secType": "STK"},
                order={
                    "action": "BUY",
                    "orderType": "MKT",
                    "totalQuantity": 0,
                    "filledQuantity": 10,
                    "permId": FIRST_PERM_ID + 1,
                    "account": ACCOUNT,
                    "orderRef": "one",
                    "lmtPrice": 0.0,
                    "auxPrice": 0.0,
                    "tif": "DAY",
                    "ocaType": 3,
                    "clearingIntent": "IB",
                    "refFuturesConId": None,
                    "parentPermId": None,
                    "shareholder": "Not an insider or substantial shareholder",
                    "imbalanceOnly": False,
                    "routeMarketableToBbo": False,
                    "autoCancelDate": "",
                    "trailStopPrice": None,
                    "lmtPriceOffset": None,
                    "cashQty": 0.0,
                    "dontUseAutoPriceForHedge": True,
                    "isOmsContainer": False,
                },
                orderState={
                    "status": "Filled",
                    "completedStatus": "Filled Size: 10",
                    "completedTime": "20260303 10:00:00 US/Eastern",
                },
            ),
            on(
                "completedOrder",
                contract={"symbol": "KO"},
                order={"action": "SELL", "filledQuantity": 5},
            ),
            on("completedOrdersEnd"),
        ),
        row(
            "executions of all clients",
            ask("reqExecutions", {}),
            on(
                "execDetails",
                execution={"clientId": 1, "orderId": 2, "side": "BOT", "execId": Like(r".+\.01")},
            ),
            on("execDetails", execution={"clientId": 2, "orderId": 2, "side": "SLD"}),
            on("execDetailsEnd"),
        ),
        row(
            "commissions come with them",
            ask("reqExecutions", {}),
            on("commissionReport", commissionReport={"commission": 1.0, "currency": "USD"}),
            on("commissionReport"),
        ),
        *(
            row(
                f"executions by {what}",
                ask("reqExecutions", wanted),
                on("execDetails", contract={"symbol": symbol}),
                on("execDetailsEnd"),
            )
            for what, wanted, symbol in (
                ("client", {"clientId": 2}, "KO"),
                ("symbol", {"symbol": "SPY"}, "SPY"),
                ("side", {"side": "SELL"}, "KO"),
                ("exchange", {"exchange": "ARCA"}, "SPY"),
                ("time", {"time": "20260303 09:59:00 US/Eastern", "symbol": "KO"}, "KO"),
            )
        ),
        *(
            row(
                f"executions by {what}: none",
                ask("reqExecutions", wanted),
                on("execDetailsEnd"),
                silent=("execDetails",),
            )
            for what, wanted in (
                ("a later time", {"time": "20260303 10:00:01 US/Eastern"}),
                ("another class", {"secType": "FUT"}),
                ("another account", {"acctCode": "DU9"}),
            )
        ),
        row("a time that is none", ask("reqExecutions", {"time": "noon"}, raw=True), codes=[321]),
        row(
            "a client hears nothing of the other's orders",
            place(3, KO, **LMT | {"lmtPrice": 51.0}, who=2),
            on("openOrder", orderId=3, who=2),
            on("openOrder", orderId=3, who=2),
            silent=("openOrder", "orderStatus"),
        ),
        row(
            "all is cancelled at once, of every client",
            ask("reqGlobalCancel"),
            on("orderStatus", status="Cancelled", orderId=1),
            on("orderStatus", status="Cancelled", orderId=1, who=2),
            on("orderStatus", status="Cancelled", orderId=3, who=2),
            codes=[202, 202, 202],
        ),
        row(
            "nothing is open any more",
            ask("reqAllOpenOrders"),
            on("openOrderEnd"),
            silent=("openOrder",),
        ),
    ),
)
