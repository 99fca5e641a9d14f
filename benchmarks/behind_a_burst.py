"""How long an order takes that is sent right behind 100 subscriptions: our pacing and ib_async's.

    python benchmarks/behind_a_burst.py [--rounds 3]

Both keep to a limit of messages a second (ours 40, ib_async's 45); a simulated gateway in a thread
notes when the order's bytes come.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import statistics
import threading
import time
from typing import Any

from ib_async import IB, MarketOrder, Stock
from wire_server import Peer, world_of

from ikbr.broker.client import Client
from ikbr.broker.pacing import pace

SUBSCRIPTIONS = 100


class Far(Peer):
    """Note when orders come."""

    def __init__(self) -> None:
        super().__init__("far", world_of(["SPY"]), None)  # type: ignore[arg-type]
        self.came: list[float] = []

    def hear(self, data: bytes) -> list[bytes]:
        placed = super().hear(data)
        self.came += [time.perf_counter()] * len(placed)
        return placed


async def once(make: Any, port: int, far: Far) -> float:
    """Connect, send the burst and the order; give the milliseconds between."""
    ib = make()
    if make is Client:
        pace(ib)
    await ib.connectAsync("127.0.0.1", port, clientId=1)
    await asyncio.sleep(1.5)
    contract = Stock("SPY", "SMART", "USD")
    began = time.perf_counter()
    for _ in range(SUBSCRIPTIONS):
        ib.client.reqMktData(ib.client.getReqId(), contract, "", False, False, [])
    order_id = ib.client.getReqId()
    ib.client.placeOrder(order_id, contract, MarketOrder("BUY", 1))
    while not far.came:
        await asyncio.sleep(0.001)
    ib.disconnect()
    return (far.came[0] - began) * 1e3


def measure(make: Any) -> float:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        far = Far()

        def serve() -> None:
            far.take(listener.accept()[0])
            try:
                far.serve(20.0)
            except (SystemExit, OSError):
                far.socket.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        return asyncio.run(once(make, listener.getsockname()[1], far))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    # The ticks of these subscriptions have no reader in ib_async, which says so line by line.
    logging.disable(logging.CRITICAL)
    for name, make in (("ikbr", Client), ("ib_async", IB)):
        took = [measure(make) for _ in range(args.rounds)]
        print(f"{name:10}{statistics.median(took):10.1f} ms behind {SUBSCRIPTIONS} subscriptions")


if __name__ == "__main__":
    main()
