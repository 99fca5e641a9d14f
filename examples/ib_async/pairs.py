"""Trade a pair on five-second bars: sell what is dear against the other, buy what is cheap.

Uses `reqRealTimeBars`, pandas by `util.df`, and one market order per leg.

    python examples/ib_async/pairs.py                               # a gateway on port 4002
    ikbr run-script examples/ib_async/pairs.py --symbols KO,PEP --days 1 --seed 7
"""

import argparse

from ib_async import IB, MarketOrder, Stock, util

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("symbols", nargs="*", default=["KO", "PEP"])
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=4002)
parser.add_argument("--client-id", type=int, default=15)
parser.add_argument("--lookback", type=int, default=120, help="bars")
parser.add_argument("--enter", type=float, default=2.0, help="standard deviations")
parser.add_argument("--leave", type=float, default=0.5, help="standard deviations")
parser.add_argument("--dollars", type=float, default=10_000.0, help="per leg")
parser.add_argument("--bars", type=int, default=1_500, help="stop after so many")


class Pair:
    """Follow the ratio of two prices; `side` is +1 when the first is bought."""

    def __init__(self, ib: IB, contracts: list[Stock], args: argparse.Namespace) -> None:
        self.ib, self.contracts, self.args = ib, contracts, args
        self.bars = [ib.reqRealTimeBars(c, 5, "MIDPOINT", True) for c in contracts]
        for bars in self.bars:
            bars.updateEvent += self.on_bar
        self.side = 0
        self.held = [0, 0]
        self.trades: list = []

    def on_bar(self, bars, has_new_bar):
        """Decide when both have the bar of the same five seconds."""
        first, second = self.bars
        if not (first and second) or first[-1].time != second[-1].time:
            return
        if len(first) < self.args.lookback or any(not t.isDone() for t in self.trades):
            return
        last = self.args.lookback
        frames = [util.df(b[-last:]).set_index("time").close for b in self.bars]
        ratio = (frames[0] / frames[1]).dropna()
        if ratio.std() > 0:
            self.decide((ratio.iloc[-1] - ratio.mean()) / ratio.std())

    def decide(self, score: float) -> None:
        """Go in where the ratio is far from its mean, out where it is near."""
        if not self.side and abs(score) > self.args.enter:
            side = -1 if score > 0 else 1
            prices = [bars[-1].close for bars in self.bars]
            self.trade(side, [int(self.args.dollars / price) for price in prices], score)
        elif self.side and abs(score) < self.args.leave:
            self.flatten(score)

    def trade(self, side: int, quantities: list[int], score: float) -> None:
        """Send both legs, in opposite directions."""
        self.side = side
        self.held = [side * quantities[0], -side * quantities[1]]
        self.send(self.held, f"score {score:+.2f}")

    def flatten(self, score: float) -> None:
        """Close both legs."""
        self.send([-quantity for quantity in self.held], f"score {score:+.2f}, out")
        self.side, self.held = 0, [0, 0]

    def send(self, quantities: list[int], why: str) -> None:
        """Send a market order for each leg."""
        for contract, quantity in zip(self.contracts, quantities, strict=True):
            print(f"{contract.symbol} {quantity:+d}: {why}")
            order = MarketOrder("BUY" if quantity > 0 else "SELL", abs(quantity))
            self.trades.append(self.ib.placeOrder(contract, order))


args = parser.parse_args()
ib = IB()
ib.connect(args.host, args.port, clientId=args.client_id)
pair = Pair(ib, ib.qualifyContracts(*(Stock(s, "SMART", "USD") for s in args.symbols)), args)
while len(pair.bars[0]) < args.bars:
    ib.waitOnUpdate()
if pair.side:
    pair.flatten(0.0)
while any(not trade.isDone() for trade in pair.trades):
    ib.waitOnUpdate()
realised = sum(fill.commissionReport.realizedPNL for fill in ib.fills())
print(f"{len(pair.trades)} orders, realised {realised:,.2f}")
ib.disconnect()
