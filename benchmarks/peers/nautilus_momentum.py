"""The same momentum strategy on the same tape in nautilus_trader; runs in its own environment.

    venv-nautilus/bin/python benchmarks/peers/nautilus_momentum.py '{"tape": "...", ...}'

prints one JSON object. It uses nothing of ikbr but the tape's columns. Quote rows become
`QuoteTick`, prints become `TradeTick`; making them is reported apart and not counted as run time.
Logging and its analysis are off, there is no latency model, trade ticks do not move the book
(`trade_execution=False`, the default), and the strategy hears quotes and prints, as in ikbr.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import deque
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import memory
import numpy as np
import pandas as pd
from clocks import clock_of
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler, TradeTickDataWrangler
from nautilus_trader.trading.strategy import Strategy

WARM_ROWS = 20_000
PRINT = 1
BUY, SELL = 1, -1
PRICE_DECIMALS = 2


class Momentum(Strategy):
    """Buy when the price rose by more than a threshold over the last prices; sell when it fell."""

    def __init__(self, job: dict[str, Any], first_last: dict[InstrumentId, float]) -> None:
        """Start without prices."""
        super().__init__()
        self.threshold = job["threshold"]
        self.quantity = Quantity.from_int(job["quantity"])
        length = job["lookback"]
        self.prices = {name: deque([float("nan")] * length, maxlen=length) for name in first_last}
        # The tape shows a last price from its first row on.
        self.last = dict(first_last)
        self.found: list[tuple[int, int, int, float]] = []

    def on_start(self) -> None:
        """Ask for the data."""
        for name in self.last:
            self.subscribe_quote_ticks(name)
            self.subscribe_trade_ticks(name)

    def on_quote_tick(self, tick: Any) -> None:
        """Count the standing last price."""
        name = tick.instrument_id
        self.look(name, self.last[name])

    def on_trade_tick(self, tick: Any) -> None:
        """Count the new last price."""
        name = tick.instrument_id
        self.last[name] = last = float(tick.price)
        self.look(name, last)

    def look(self, name: InstrumentId, last: float) -> None:
        """Trade when momentum is beyond the threshold."""
        prices = self.prices[name]
        prices.append(last)
        momentum = last / prices[0] - 1.0
        if momentum > self.threshold:
            if self.portfolio.is_flat(name):
                self.send(name, OrderSide.BUY)
        elif momentum < -self.threshold and self.portfolio.is_net_long(name):
            self.send(name, OrderSide.SELL)

    def send(self, name: InstrumentId, side: OrderSide) -> None:
        """Submit a market order."""
        self.submit_order(self.order_factory.market(name, side, self.quantity))

    def on_order_filled(self, event: Any) -> None:
        """Note the fill."""
        side = BUY if event.order_side == OrderSide.BUY else SELL
        price = float(event.last_px)
        self.found.append((event.ts_event, side, int(event.last_qty), price))


def load(column: dict[str, Any], symbol: str, scale: int) -> tuple[Equity, list[Any], list[Any]]:
    """Make an instrument and its ticks."""
    instrument = Equity(
        instrument_id=InstrumentId(Symbol(symbol), Venue("SIM")),
        raw_symbol=Symbol(symbol),
        currency=USD,
        price_precision=PRICE_DECIMALS,
        price_increment=Price.from_str("0.01"),
        lot_size=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
    )
    times = pd.to_datetime(column["ts"], unit="ns", utc=True)
    printed = column["kind"] == PRINT
    quotes = pd.DataFrame(
        {
            "bid_price": column["bid"][~printed] / scale,
            "ask_price": column["ask"][~printed] / scale,
            "bid_size": column["bid_size"][~printed].astype(float),
            "ask_size": column["ask_size"][~printed].astype(float),
        },
        index=times[~printed],
    )
    prints = pd.DataFrame(
        {
            "price": column["last"][printed] / scale,
            "quantity": column["size"][printed].astype(float),
            "side": "BUY",
            "trade_id": np.flatnonzero(printed).astype(str),
        },
        index=times[printed],
    )
    made = QuoteTickDataWrangler(instrument).process(quotes)
    more = TradeTickDataWrangler(instrument).process(prints)
    return instrument, made, more


def run(job: dict[str, Any], limit: int | None) -> dict[str, Any]:
    """Run one backtest."""
    clock = clock_of(job)
    began = clock()
    place = Path(job["tape"])
    about = json.loads((place / "tape.json").read_text())
    scale = about["price_scale"]
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    column = {name: np.load(place / f"{name}.npy")[:limit] for name in names}
    config = BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    engine = BacktestEngine(config)
    engine.add_venue(
        venue=Venue("SIM"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(job["capital"], USD)],
        base_currency=USD,
        default_leverage=Decimal(1),
    )
    first_last = {}
    for number, symbol in enumerate(about["symbols"]):
        own = {name: values[column["sym"] == number] for name, values in column.items()}
        instrument, quotes, prints = load(own, symbol, scale)
        engine.add_instrument(instrument)
        engine.add_data(quotes, sort=False)
        # Sorted once, with the last of them.
        engine.add_data(prints, sort=number == len(about["symbols"]) - 1)
        first_last[instrument.id] = float(own["last"][0] / scale)
    strategy = Momentum(job, first_last)
    engine.add_strategy(strategy)
    gc.collect()
    gc.freeze()
    held = memory.begin()
    prepared = clock()
    engine.run()
    seconds = clock() - prepared
    result = {
        "seconds": seconds,
        "prepare_seconds": prepared - began,
        "extra_bytes": max(memory.peak() - held, 0),
        "orders": len(engine.cache.orders()),
        "refused": {},
        "fills": [(ts, side, n, round(price * scale)) for ts, side, n, price in strategy.found],
    }
    engine.dispose()
    return result


def main() -> None:
    """Do one job."""
    job = json.loads(sys.argv[1])
    run({**job, "threshold": job["warm_threshold"]}, WARM_ROWS)
    print(json.dumps(run(job, job.get("limit"))))


if __name__ == "__main__":
    main()
