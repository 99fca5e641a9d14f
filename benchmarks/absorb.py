"""What a tick costs from the bytes to the ticker: our client beside ib_async's, CPU time.

    python benchmarks/absorb.py [--ticks 50000] [--rounds 5] [--json FILE]

The same quotes are handed over in pieces as a socket gives them: a single quote, 16 KiB (what our
connection reads at once), 256 KiB (what asyncio does), and the whole backlog. Ours updates its
tickers quote by quote, ib_async its own in bundles; no strategy listens.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ib_async import IB, Stock
from wire_server import burst, quote

from ikbr.broker.client import Client
from ikbr.broker.contracts import ContractTable
from ikbr.broker.market_feed import MarketFeed
from ikbr.core.market_data import MarketData
from ikbr.domain.contracts import parse_contract

HELLO = burst([b"178\0now\0", b"9\x001\x005\0", b"15\x001\0DU1\0"])
SINGLE, OURS, THEIRS, ALL = 96, 16 << 10, 256 << 10, 1 << 40
PIECES = {"single": SINGLE, "16 KiB": OURS, "256 KiB": THEIRS, "at once": ALL}


class Tickers:
    """Show quotes in tickers, as the pipeline does, and nothing else."""

    def __init__(self) -> None:
        self.data = MarketData([parse_contract("SPY")])
        self.quotes = 0

    def on_quote(self, symbol: str, bid: float, ask: float, bid_size: float, size: float) -> None:
        self.quotes += 1
        self.data.on_quote(symbol, bid, ask, bid_size, size, self.quotes)


def fail(fault: Exception) -> None:
    raise fault


def ready(ib: Any) -> Any:
    """Take a client past the handshake, with nobody at the other end."""
    client = ib.client
    client.startApi = lambda: None
    client.conn.sendMsg = lambda _message: None
    client.MaxRequests = 0
    client._onSocketHasData(HELLO)
    return client


def ours() -> tuple[Any, bytes, Any]:
    ib = Client()
    client = ready(ib)
    ib.serve_pipeline()
    spy, sink = parse_contract("SPY"), Tickers()
    feed = MarketFeed(ib, ContractTable([spy]), sink, fail)  # type: ignore[arg-type]
    feed.subscribe([spy])
    return client, b"%d" % next(iter(feed.lines)), sink


def theirs() -> tuple[Any, bytes, Any]:
    ib = IB()
    client = ready(ib)
    ib.reqMktData(Stock("SPY", "SMART", "USD", conId=756733))
    return client, b"%d" % next(iter(ib.wrapper.reqId2Ticker)), ib


def cost(make: Callable[[], tuple[Any, bytes, Any]], piece: int, ticks: int) -> float:
    """Give the µs of CPU time per tick."""
    client, request_id, keep = make()
    data = b"".join(quote(request_id, number) for number in range(ticks // 2))
    gc.collect()
    gc.disable()
    began = time.process_time()
    for at in range(0, len(data), piece):
        client._onSocketHasData(data[at : at + piece])
    took = time.process_time() - began
    gc.enable()
    if isinstance(keep, Tickers) and keep.quotes < ticks // 2:
        raise SystemExit(f"{keep.quotes} quotes of {ticks // 2} came.")
    return took / ticks * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ticks", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(args.rounds):
        for name, piece in PIECES.items():
            row = found.setdefault(name, {"ikbr": [], "ib_async": []})
            row["ikbr"].append(cost(ours, piece, args.ticks))
            # Its buffer costs the square of a backlog: a tenth tells enough.
            row["ib_async"].append(cost(theirs, piece, args.ticks // 10))
    told = {n: {k: statistics.median(v) for k, v in row.items()} for n, row in found.items()}
    print(f"{'µs of CPU time per tick':26}{'ikbr':>8}{'ib_async':>10}{'ratio':>8}")
    for name, row in told.items():
        ratio = row["ikbr"] / row["ib_async"]
        print(f"{name:26}{row['ikbr']:8.2f}{row['ib_async']:10.2f}{ratio:8.2f}")
    if args.json:
        args.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
