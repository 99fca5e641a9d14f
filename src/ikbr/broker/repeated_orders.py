"""Repeated orders: IB tells an order whole with each of its statuses, which come by themselves too.

Such a message has some 130 fields, and decoding it costs more than anything else about an order.
One that says nothing new of an order that IB has acknowledged is not decoded.

Source: IBKR, TWS API, "Receiving open orders": openOrder and orderStatus come together, often more
than once; TWS API socket protocol, openOrder at server versions 177 and 178: up to `parentId` all
fields always stand at the same places.
"""

from __future__ import annotations

from typing import Any

from ib_async import IB

from ikbr.broker.client import WireClient
from ikbr.broker.follower import Follower
from ikbr.broker.hot_messages import NEWEST, Fields

NUMBER = 5
OLDEST = 177
ORDER_ID, OCA_GROUP, CLIENT_ID, PARENT_ID = 1, 19, 24, 57


class RepeatedOrders:
    """Take the messages of open orders that say nothing new, and leave all others.

    Attributes:
        taken: How many.
    """

    def __init__(self, client: WireClient, wrapper: Any, follower: Follower) -> None:
        """Listen.

        Args:
            client: What comes.
            wrapper: ib_async's, which may have asked for the list of open orders itself.
            follower: Knows what is new.
        """
        self.taken = 0
        self._client = client
        self._wrapper = wrapper
        self._follower = follower
        client.listen(NUMBER, self.hear)

    def hear(self, fields: Fields) -> bool:
        """Say whether a message says nothing new."""
        follower, client = self._follower, self._client
        if (
            client.tells_ib_async
            or not OLDEST <= client.serverVersion() <= NEWEST
            or len(fields) <= PARENT_ID
            or "openOrders" in self._wrapper._results
            or (follower.inquiry is not None and follower.inquiry.running)
        ):
            return False
        order_id = fields[ORDER_ID]
        line = follower.lines.get(int(order_id)) if order_id.isdigit() else None
        if (
            line is None
            or not line.acknowledged
            or line.lost
            or line.changing is not None
            or fields[CLIENT_ID] != b"%d" % follower.client_id
            or fields[PARENT_ID] != b"%d" % line.ib_parent
            or fields[OCA_GROUP].decode(errors="replace") != line.oca_group
        ):
            return False
        self.taken += 1
        return True


def pass_over_repeated_orders(ib: IB, follower: Follower) -> RepeatedOrders | None:
    """Do not decode what a follower knows; only where the client reads the wire itself."""
    client = ib.client
    return RepeatedOrders(client, ib.wrapper, follower) if isinstance(client, WireClient) else None
