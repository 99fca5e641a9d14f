"""Orders that take their time: on a slow way to the exchange, and filled in parts."""

from conformance.language import About, Topic, cancel_order, on, place, row, until
from conformance.market import SPY
from conformance.tables.saying import LMT, MKT, resting, status

LATENCY = Topic(
    "A slow way to the exchange",
    (
        row(
            "an order on its way is not told",
            place(1, SPY, **LMT),
            silent=("openOrder", "orderStatus"),
            seen={"trade(1).orderStatus.status": "PendingSubmit"},
        ),
        row("it is told when it has arrived", until("10:00:02"), *resting()),
        row(
            "a cancellation on its way is pending",
            cancel_order(1),
            status("PendingCancel", filled=0),
        ),
        row(
            "it is told when it has arrived, too",
            until("10:00:04"),
            status("Cancelled"),
            codes=[202],
        ),
        row(
            "an order meets the market that stands when it arrives",
            place(2, SPY, **MKT),
            until("10:00:06"),
            on("execDetails", execution={"price": 503.02, "orderId": 2}),
        ),
    ),
    gateway={"model": {"latency_ms": 1500}},
)

PARTS = Topic(
    "Orders filled in parts",
    (
        row(
            "no more is filled at once than is displayed",
            place(1, SPY, **MKT | {"totalQuantity": 300}),
            on("orderStatus", status="PreSubmitted"),
            on(
                "execDetails",
                execution={"shares": 200, "price": 502.12, "cumQty": 200, "avgPrice": 502.12},
            ),
            on(
                "orderStatus",
                status="Submitted",
                filled=200,
                remaining=100,
                avgFillPrice=502.12,
                lastFillPrice=502.12,
            ),
            on("commissionReport", commissionReport={"commission": 1.0}),
            seen={"trade(1).orderStatus.remaining": 100, "trade(1).isActive()": True},
        ),
        row(
            "the rest is filled when there is more",
            until("10:00:05"),
            on(
                "execDetails",
                execution={
                    "shares": 100,
                    "price": 503.02,
                    "cumQty": 300,
                    "avgPrice": About(502.42),
                },
            ),
            on(
                "orderStatus",
                status="Filled",
                filled=300,
                remaining=0,
                avgFillPrice=About(502.42),
                lastFillPrice=503.02,
            ),
            # 300 shares at half a cent are 1.50 in all
            on("commissionReport", commissionReport={"commission": About(0.5)}),
            seen={
                "trade(1).orderStatus.avgFillPrice": About(502.42),
                "[f.execution.shares for f in trade(1).fills]": [200, 100],
            },
        ),
        row(
            "fill or kill takes all or nothing",
            place(2, SPY, **MKT | {"totalQuantity": 300}, tif="FOK"),
            on("orderStatus", status="PreSubmitted"),
            on("orderStatus", status="Cancelled", filled=0),
            codes=[202],
        ),
        row(
            "immediate or cancel takes what there is",
            place(3, SPY, **LMT | {"totalQuantity": 300, "lmtPrice": 503.02}, tif="IOC"),
            on("orderStatus", status="PreSubmitted"),
            on("orderStatus", status="Submitted", filled=200),
            on("orderStatus", status="Cancelled", filled=200, remaining=100),
            codes=[202],
        ),
    ),
    gateway={"model": {"volume_cap": 1.0}},
)
