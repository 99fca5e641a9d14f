"""Listen to the market: events for tickers, errors and the connection.

Shows every hundredth print of each symbol (its volume has grown) and stops after a while.

    python examples/ib_async/events_ticker.py                       # a gateway on port 4002
    ikbr run-script examples/ib_async/events_ticker.py --symbols SPY,KO --days 1 --seed 7
"""

import argparse
from collections import Counter

from ib_async import IB, Stock

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("symbols", nargs="*", default=["SPY", "KO"])
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=4002)
parser.add_argument("--client-id", type=int, default=11)
parser.add_argument("--prints", type=int, default=2_000, help="stop after so many")
parser.add_argument("--every", type=int, default=100, help="show one in so many")
args = parser.parse_args()

ib = IB()
seen: Counter[str] = Counter()
volumes: dict[str, float] = {}


def on_tickers(tickers):
    """Hear of every ticker that has changed."""
    for ticker in tickers:
        symbol = ticker.contract.symbol
        if ticker.volume == volumes.get(symbol, 0) or not ticker.volume > 0:
            continue
        volumes[symbol] = ticker.volume
        seen[symbol] += 1
        if seen[symbol] % args.every == 0:
            print(f"{symbol:6} bid {ticker.bid:.2f} ask {ticker.ask:.2f} last {ticker.last:.2f}")


def on_error(request_id, code, text, contract):
    """Hear what the gateway has to say, good and bad (2104 and its like are good)."""
    print(f"code {code}: {text}")


ib.pendingTickersEvent += on_tickers
ib.errorEvent += on_error
ib.disconnectedEvent += lambda: print("disconnected")

ib.connect(args.host, args.port, clientId=args.client_id)
contracts = ib.qualifyContracts(*(Stock(symbol, "SMART", "USD") for symbol in args.symbols))
for contract in contracts:
    ib.reqMktData(contract)
try:
    while sum(seen.values()) < args.prints:
        ib.waitOnUpdate()
except KeyboardInterrupt:
    print("stopped")
finally:
    print(", ".join(f"{symbol} {number:,} prints" for symbol, number in seen.items()))
    ib.disconnect()
