"""Older servers: what the clients hear of gateways that speak 176 and 177.

178 brought `pendingPriceRevision` of executions, 177 took away `faProfile` of orders.
"""

from conformance.language import Row, Topic, ask, on, row, speak
from conformance.tables import contracts, kinds

CONTRACTS = ("a stock by its symbol: who it is", "symbols that begin with a letter")
ORDERS = (
    "a market order on its way",
    "a market order: who, what and where",
    "a market order: everything that was not said",
    "its status: every field",
    "its execution: every field",
    "its commission: every field",
    "a limit order that rests",
    "fields that are only handed through",
    "the preview of an order: margin and commission",
)


def chosen(rows: tuple[Row, ...], names: tuple[str, ...]) -> list[Row]:
    """Take some rows of a table again."""
    found = [one for one in rows if one.name in names]
    assert len(found) == len(names), "a row has another name by now"
    return found


TOPICS = tuple(
    Topic(
        f"A server of version {version}",
        (
            row("that version is spoken", speak()),
            *chosen(contracts.TOPIC.rows, CONTRACTS),
            *chosen(kinds.TOPIC.rows, ORDERS),
            row(
                "completed orders",
                ask("reqCompletedOrders", False),
                *(
                    on(
                        "completedOrder",
                        order={
                            "filledQuantity": 10,
                            "faGroup": "",
                            "tif": "DAY",
                            "shareholder": "Not an insider or substantial shareholder",
                        },
                    )
                    for _ in range(6)
                ),
                on("completedOrdersEnd"),
            ),
        ),
        gateway={"server_version": version},
    )
    for version in (176, 177)
)
