"""Enter with a bracket: a limit order with a profit taker and a stop loss that cancel each other.

Asks with `whatIfOrder` what the entry would cost in margin, then trades a few brackets in turn.

    python examples/ib_async/bracket_bot.py                         # a gateway on port 4002
    ikbr run-script examples/ib_async/bracket_bot.py --symbols SPY --days 1 --seed 7
"""

import argparse

from ib_async import IB, Stock, Ticker, Trade

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("symbol", nargs="?", default="SPY")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=4002)
parser.add_argument("--client-id", type=int, default=13)
parser.add_argument("--quantity", type=int, default=100)
parser.add_argument("--target", type=float, default=0.10, help="dollars above the entry")
parser.add_argument("--risk", type=float, default=0.10, help="dollars below the entry")
parser.add_argument("--brackets", type=int, default=5, help="stop after so many")


def wait_for_quote(ib: IB, ticker: Ticker) -> None:
    """Wait until both sides are quoted; nan and -1 mean that a side is not."""
    while not (ticker.bid > 0 and ticker.ask > 0):
        ib.waitOnUpdate()


def enter(ib: IB, contract: Stock, ticker: Ticker, args: argparse.Namespace) -> list[Trade]:
    """Send a bracket at the ask."""
    price = ticker.ask
    bracket = ib.bracketOrder(
        "BUY",
        args.quantity,
        limitPrice=price,
        takeProfitPrice=round(price + args.target, 2),
        stopLossPrice=round(price - args.risk, 2),
    )
    return [ib.placeOrder(contract, order) for order in bracket]


def result(trades: list[Trade]) -> str:
    """Say how a bracket ended."""
    names = ("entry", "target", "stop")
    return ", ".join(
        f"{name} {trade.orderStatus.status}"
        + (f" at {trade.orderStatus.avgFillPrice:.2f}" if trade.orderStatus.filled else "")
        for name, trade in zip(names, trades, strict=True)
    )


def main() -> None:
    """Trade one bracket after the other."""
    args = parser.parse_args()
    ib = IB()
    ib.connect(args.host, args.port, clientId=args.client_id)
    [contract] = ib.qualifyContracts(Stock(args.symbol, "SMART", "USD"))
    ticker = ib.reqMktData(contract)
    wait_for_quote(ib, ticker)
    [first, *_] = ib.bracketOrder("BUY", args.quantity, ticker.ask, ticker.ask + 1, ticker.ask - 1)
    first.transmit = True
    margin = ib.whatIfOrder(contract, first)
    print(f"the entry changes the initial margin by {float(margin.initMarginChange):,.2f}")
    for number in range(args.brackets):
        wait_for_quote(ib, ticker)
        trades = enter(ib, contract, ticker, args)
        entry, *exits = trades
        # An entry that the market has left behind is given up.
        limit = entry.order.lmtPrice + args.target
        while not entry.isDone():
            ib.waitOnUpdate()
            if ticker.ask > limit and not entry.orderStatus.filled and entry.isActive():
                ib.cancelOrder(entry.order)
                limit = float("inf")
        while not all(trade.isDone() for trade in exits):
            ib.waitOnUpdate()
        print(f"{number + 1}: {result(trades)}")
    realised = sum(fill.commissionReport.realizedPNL for fill in ib.fills())
    print(f"realised: {realised:,.2f} in {len(ib.fills())} fills")
    ib.disconnect()


if __name__ == "__main__":
    main()
