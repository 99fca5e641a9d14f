"""What disturbs: orders by hand and client 0, and faults as clients hear of them."""

from conformance.language import (
    About,
    Like,
    Step,
    Topic,
    ask,
    cancel_order,
    connect,
    control,
    on,
    place,
    row,
    until,
)
from conformance.market import SPY, seconds
from conformance.tables.saying import FIRST_PERM_ID, LMT, MKT

WELCOME = [2104, 2106, 2158]
BY_HAND = control(do="order", symbol="SPY", action="BUY", quantity=7, type="LMT", limit=400.0)
BOUND = {"clientId": 0, "totalQuantity": 7, "lmtPrice": 400.0, "exemptCode": -1}


def fault(what: str, **fields: object) -> Step:
    """Let something go wrong."""
    return control(do="fault", what=what, **fields)


HANDS = Topic(
    "Orders by hand",
    (
        row(
            "client 0 asks for orders that are placed by hand",
            connect(0),
            connect(1),
            ask("reqAutoOpenOrders", True, who=0),
            codes=WELCOME * 2,
        ),
        row(
            "an order by hand is told to client 0 under an id below 0",
            BY_HAND,
            on("orderBound", permId=FIRST_PERM_ID, clientId=0, orderId=-2, who=0),
            on("openOrder", orderId=-2, order=BOUND, who=0),
            on("openOrder", orderId=-2, orderState={"status": "Submitted"}, who=0),
            silent=("openOrder", "orderStatus", "orderBound"),
        ),
        row(
            "all may see it",
            ask("reqAllOpenOrders"),
            on("openOrder", order={"totalQuantity": 7}),
            on("openOrderEnd"),
        ),
        row(
            "client 0 cancels it",
            cancel_order(-2, who=0),
            on("orderStatus", orderId=-2, status="Cancelled", who=0),
            codes=[202],
        ),
    ),
)

FAULTS = Topic(
    "Faults",
    (
        row("a notice", fault("notice", code=2109, text="x"), codes=[2109]),
        row(
            "the link to IBKR goes and comes back, nothing is lost",
            fault("link_down", seconds=10, data="kept"),
            until("10:00:15"),
            codes=[1100, 2103, 2105, 2157, 1102],
        ),
        row(
            "a farm goes and comes back",
            fault("farm_down", farm="market", seconds=5),
            until("10:00:30"),
            codes=[2103, 2104],
        ),
        row(
            "an order is refused",
            fault("reject", code=201, text="no"),
            place(1, SPY, **MKT),
            codes=[201],
        ),
        row(
            "a status comes twice",
            fault("duplicate", message="orderStatus", copies=1),
            place(2, SPY, **LMT),
            *(on("orderStatus", status="PreSubmitted") for _ in range(2)),
            on("orderStatus", status="Submitted"),
        ),
        row(
            "a commission comes before its execution",
            fault("commission_first"),
            place(3, SPY, **MKT),
            on("commissionReport"),
            on("execDetails"),
        ),
        row(
            "an execution is corrected",
            fault("correct", seconds=5, by=0.01),
            place(4, SPY, **MKT),
            until("10:00:50"),
            on("execDetails", execution={"price": 503.02, "execId": Like(r".*\.01")}),
            on("execDetails", execution={"price": About(503.03), "execId": Like(r".*\.02")}),
        ),
        row(
            "dealing is halted and goes on",
            ask("reqMktData", SPY, "", False, False, []),
            fault("halt", symbol="SPY", seconds=5),
            until("10:00:56"),
            *(on("tickGeneric", tickType=49, value=halted) for halted in (0.0, 1.0, 0.0)),
        ),
        row(
            "the clock is off",
            fault("clock_skew", by=30, times=1),
            ask("reqCurrentTime"),
            on("currentTime", time=seconds("10:00:56")),  # before the fault
            on("currentTime", time=seconds("10:01:26")),
            on("currentTime", time=seconds("10:00:56")),
        ),
        row(
            "the next order id goes back",
            fault("id_rollback", by=2),
            ask("reqIds", 1),
            on("nextValidId", orderId=3),
        ),
    ),
)
