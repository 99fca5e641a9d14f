"""Trade on bars that keep up to date: buy above the average of the last bars, sell below.

The past and the future come in one list: `reqHistoricalData` with `keepUpToDate`.

    python examples/ib_async/bar_bot.py                             # a gateway on port 4002
    ikbr run-script examples/ib_async/bar_bot.py --symbols SPY --days 1 --seed 7 --report bars.html
"""

import argparse

from ib_async import IB, MarketOrder, Stock

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("symbol", nargs="?", default="SPY")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=4002)
parser.add_argument("--client-id", type=int, default=12)
parser.add_argument("--size", default="1 min", help="of the bars")
parser.add_argument("--lookback", type=int, default=20, help="bars in the average")
parser.add_argument("--quantity", type=int, default=100)
parser.add_argument("--bars", type=int, default=120, help="stop after so many new ones")


class BarBot:
    """Hold a position while the close is above its average."""

    def __init__(self, ib: IB, contract: Stock, args: argparse.Namespace) -> None:
        self.ib, self.contract, self.args = ib, contract, args
        self.new_bars = 0
        self.trade = None

    def on_bar(self, bars, has_new_bar):
        """Look at the bars that are complete; the last one is still under way."""
        if not has_new_bar:
            return
        self.new_bars += 1
        closes = [bar.close for bar in bars[:-1]]
        if len(closes) < self.args.lookback or (self.trade and not self.trade.isDone()):
            return
        average = sum(closes[-self.args.lookback :]) / self.args.lookback
        if closes[-1] > average and not self.held():
            self.send("BUY", self.args.quantity, f"{closes[-1]:.2f} is above {average:.2f}")
        elif closes[-1] < average and self.held():
            self.send("SELL", self.held(), f"{closes[-1]:.2f} is below {average:.2f}")

    def held(self) -> float:
        """Say how much is held."""
        return sum(p.position for p in self.ib.positions() if p.contract == self.contract)

    def send(self, action, quantity, why):
        """Send a market order, and say when it is done."""
        print(f"{action} {quantity:g}: {why}")
        self.trade = self.ib.placeOrder(self.contract, MarketOrder(action, quantity))
        self.trade.filledEvent += lambda trade: print(f"  at {trade.orderStatus.avgFillPrice:.4f}")


def main() -> None:
    """Run until enough bars have come, then leave nothing behind."""
    args = parser.parse_args()
    ib = IB()
    ib.connect(args.host, args.port, clientId=args.client_id)
    [contract] = ib.qualifyContracts(Stock(args.symbol, "SMART", "USD"))
    bars = ib.reqHistoricalData(contract, "", "1 D", args.size, "TRADES", True, keepUpToDate=True)
    bot = BarBot(ib, contract, args)
    bars.updateEvent += bot.on_bar
    while bot.new_bars < args.bars:
        ib.waitOnUpdate()
    ib.cancelHistoricalData(bars)
    while bot.trade and not bot.trade.isDone():
        ib.waitOnUpdate()
    if bot.held():
        bot.send("SELL", bot.held(), "the end")
        while not bot.trade.isDone():
            ib.waitOnUpdate()
    ib.disconnect()


if __name__ == "__main__":
    main()
