"""Download bars of the past into csv files, a day at a time, as IB's limits want it.

Asks for the head timestamp first, then walks back from now; `util.df` makes the tables.

    python examples/ib_async/historical_download.py --days 2        # a gateway on port 4002
    ikbr run-script examples/ib_async/historical_download.py --symbols SPY,KO --days 1 --seed 7
"""

import argparse
from pathlib import Path

import pandas as pd
from ib_async import IB, Stock, util

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("symbols", nargs="*", default=["SPY", "KO"])
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=4002)
parser.add_argument("--client-id", type=int, default=16)
parser.add_argument("--days", type=int, default=2)
parser.add_argument("--size", default="1 min", help="of the bars")
parser.add_argument("--out", type=Path, default=Path("bars"))


def download(ib: IB, contract: Stock, args: argparse.Namespace) -> pd.DataFrame:
    """Collect the bars of some days, the latest first."""
    head = ib.reqHeadTimeStamp(contract, "TRADES", True, formatDate=2)
    pieces: list[pd.DataFrame] = []
    end = ib.reqCurrentTime()
    for _ in range(args.days):
        bars = ib.reqHistoricalData(
            contract, end, "1 D", args.size, "TRADES", useRTH=True, formatDate=2
        )
        if not bars:
            break
        pieces.insert(0, util.df(bars))
        end = bars[0].date
        if end <= head:
            break
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame()


def main() -> None:
    """Write one file per symbol."""
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    ib = IB()
    ib.connect(args.host, args.port, clientId=args.client_id)
    for contract in ib.qualifyContracts(*(Stock(s, "SMART", "USD") for s in args.symbols)):
        frame = download(ib, contract, args)
        if frame.empty:
            print(f"{contract.symbol}: nothing to be had")
            continue
        frame.to_csv(args.out / f"{contract.symbol}.csv", index=False)
        first, last = frame.date.iloc[0], frame.date.iloc[-1]
        print(f"{contract.symbol}: {len(frame):,} bars, {first:%Y-%m-%d %H:%M} to {last:%H:%M} UTC")
    ib.disconnect()


if __name__ == "__main__":
    main()
