"""Conditions: every kind as it is told, and what orders with conditions do."""

from typing import Any

from conformance.language import Topic, on, place, row, until
from conformance.market import KO, SPY
from conformance.tables.saying import LMT, at

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


TOPIC = Topic(
    "Conditions",
    (
        row("a price", *conditioned(1, price_condition(600.0))),
        row(
            "a time",
            *conditioned(
                2,
                {
                    "condType": 3,
                    "conjunction": "a",
                    "isMore": True,
                    "time": "20260303 15:00:00 US/Eastern",
                },
            ),
        ),
        row(
            "the cushion of margin",
            *conditioned(3, {"condType": 4, "conjunction": "a", "isMore": False, "percent": 10}),
        ),
        row(
            "an execution",
            *conditioned(
                4,
                {
                    "condType": 5,
                    "conjunction": "a",
                    "secType": "STK",
                    "exchange": "SMART",
                    "symbol": "QQQ",
                },
            ),
        ),
        row(
            "a volume",
            *conditioned(
                5,
                {
                    "condType": 6,
                    "conjunction": "a",
                    "isMore": True,
                    "volume": 1_000_000,
                    "conId": SPY["conId"],
                    "exchange": "SMART",
                },
            ),
        ),
        row(
            "a change in per cent",
            *conditioned(
                6,
                {
                    "condType": 7,
                    "conjunction": "a",
                    "isMore": True,
                    "changePercent": 9.5,
                    "conId": SPY["conId"],
                    "exchange": "SMART",
                },
            ),
        ),
        row(
            "two joined, looked at outside regular hours, to cancel",
            place(
                7,
                SPY,
                **LMT,
                conditions=[price_condition(600.0, joined="o"), price_condition(1.0, more=False)],
                conditionsIgnoreRth=True,
                conditionsCancelOrder=True,
            ),
            *(
                on(
                    "openOrder",
                    order={
                        "conditionsIgnoreRth": True,
                        "conditionsCancelOrder": True,
                        "conditions": [{"conjunction": "o"}, {"isMore": False}],
                    },
                )
                for _ in range(2)
            ),
        ),
        row(
            "an order begins to work when its condition is met",
            place(
                8,
                KO,
                action="BUY",
                totalQuantity=10,
                orderType="MKT",
                conditions=[price_condition(503.0)],
            ),
            place(9, KO, action="BUY", totalQuantity=10, orderType="MKT", goodAfterTime=AFTER),
            place(10, SPY, **LMT, conditions=[price_condition(503.0)], conditionsCancelOrder=True),
            until("10:00:06"),
            on("execDetails", execution={"orderId": 9, "price": 60.02}),
            on("execDetails", execution={"orderId": 8, "price": 60.02}),
            codes=[202],
            seen={
                "trade(8).orderStatus.status": "Filled",
                "trade(9).orderStatus.status": "Filled",
                "trade(10).orderStatus.status": "Cancelled",
            },
        ),
        row(
            "an order ends at the date it is good till",
            place(11, SPY, **LMT, tif="GTD", goodTillDate="20260303 10:00:30 US/Eastern"),
            until("10:00:31"),
            on("orderStatus", status="PreSubmitted"),
            on("orderStatus", status="Submitted"),
            on("orderStatus", status="Cancelled"),
            codes=[202],
        ),
        row(
            "a condition that is met works at once",
            place(
                12,
                KO,
                action="BUY",
                totalQuantity=10,
                orderType="MKT",
                conditions=[price_condition(500.0)],
            ),
            on("execDetails", execution={"orderId": 12, "time": at("10:00:31")}),
        ),
        row(
            "a condition on an unknown contract",
            place(
                13,
                KO,
                action="BUY",
                totalQuantity=10,
                orderType="MKT",
                conditions=[price_condition(500.0) | {"conId": 4711}],
            ),
            codes=[321],
        ),
        row(
            "a condition on a time that is none",
            place(
                14,
                KO,
                action="BUY",
                totalQuantity=10,
                orderType="MKT",
                conditions=[{"condType": 3, "conjunction": "a", "isMore": True, "time": "noon"}],
            ),
            codes=[321],
        ),
    ),
)
