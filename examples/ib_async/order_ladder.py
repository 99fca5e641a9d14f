"""Keep a ladder of limit orders below the market, and move it along (the async interface).

Orders are changed by sending them again with another price; what has filled is replaced.

    python examples/ib_async/order_ladder.py                        # a gateway on port 4002
    ikbr run-script examples/ib_async/order_ladder.py --symbols KO --days 1 --seed 7
"""

import argparse
import asyncio

from ib_async import IB, LimitOrder, Stock, Ticker

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("symbol", nargs="?", default="KO")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=4002)
parser.add_argument("--client-id", type=int, default=14)
parser.add_argument("--rungs", type=int, default=3)
parser.add_argument("--step", type=float, default=0.02, help="dollars between rungs")
parser.add_argument("--quantity", type=int, default=100)
parser.add_argument("--moves", type=int, default=40, help="stop after so many")


class Ladder:
    """Hold the orders of a ladder."""

    def __init__(self, ib: IB, contract: Stock, args: argparse.Namespace) -> None:
        self.ib, self.contract, self.args = ib, contract, args
        self.trades: list = [None] * args.rungs
        self.top = 0.0
        self.moves = 0
        self.finished = asyncio.Event()

    def on_tick(self, ticker: Ticker) -> None:
        """Move the ladder when the bid has moved by a step."""
        if self.finished.is_set() or not ticker.bid > 0:
            return
        if abs(ticker.bid - self.top) < self.args.step - 1e-9:
            return
        self.top = ticker.bid
        self.moves += 1
        for rung in range(self.args.rungs):
            self.place(rung, round(self.top - (rung + 1) * self.args.step, 2))
        if self.moves >= self.args.moves:
            self.finished.set()

    def place(self, rung: int, price: float) -> None:
        """Send a rung, or move the one that is there."""
        trade = self.trades[rung]
        if trade is None or trade.isDone():
            order = LimitOrder("BUY", self.args.quantity, price, orderRef=f"rung {rung + 1}")
            trade = self.trades[rung] = self.ib.placeOrder(self.contract, order)
            trade.filledEvent += self.on_filled
        elif trade.order.lmtPrice != price:
            trade.order.lmtPrice = price
            self.ib.placeOrder(self.contract, trade.order)

    def on_filled(self, trade) -> None:
        """Say which rung was hit."""
        print(f"{trade.order.orderRef} filled at {trade.orderStatus.avgFillPrice:.2f}")


async def main() -> None:
    """Run the ladder, then take it down."""
    args = parser.parse_args()
    ib = IB()
    await ib.connectAsync(args.host, args.port, clientId=args.client_id)
    [contract] = await ib.qualifyContractsAsync(Stock(args.symbol, "SMART", "USD"))
    ladder = Ladder(ib, contract, args)
    ticker = ib.reqMktData(contract)
    ticker.updateEvent += ladder.on_tick
    await ladder.finished.wait()
    for trade in ladder.trades:
        if trade is not None and not trade.isDone():
            ib.cancelOrder(trade.order)
            while not trade.isDone():
                await ib.updateEvent
    bought = sum(fill.execution.shares for fill in ib.fills())
    print(f"{ladder.moves} moves, {bought:g} {args.symbol} bought")
    ib.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
