"""What an order costs, stage by stage, from the signal to the fill in the books.

    python benchmarks/order_path.py [--orders 20000] [--json FILE]

A strategy that buys and sells in turn on every n-th row of a synthetic tape. First the clock is
read twice per order, when the signal is handed over and when the fill is in all books: densely,
where caches stay warm, and sparsely. Then nothing is timed inside: (run with signals − run
without) / orders adds what an order costs the replay around it. At last every stage is timed by
itself (see `stages.py`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stages import StageTimer, Where

from ikbr.backtest import engine, margin_watch, segments, stage
from ikbr.core import (
    bookkeeper,
    desk,
    event_bus,
    order_manager,
    pipeline,
    recorder,
    request_maker,
    risk_manager,
    slot,
    valuation,
)
from ikbr.data.memory_source import MemorySource
from ikbr.domain import portfolio, ticker
from ikbr.domain.session import Session
from ikbr.domain.signal import Signal
from ikbr.domain.tape import Tape
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.sim import account, broker, exchange, executions, fees
from ikbr.sim.synthetic.big import DAY_NS, START_NS, big_tape
from ikbr.strategies.base_strategy import BaseStrategy

PLACES: list[Where] = [
    ("gate: can the signal matter", slot.Slot, "is_idle"),
    ("decide: carry out the answer", desk.Desk, "_take"),
    ("sizing: signal to request", request_maker.RequestMaker, "make"),
    ("risk: check", risk_manager.RiskManager, "check"),
    ("risk: open orders, sent", risk_manager.RiskManager, "on_sent"),
    ("risk: open orders, fill and end", risk_manager.RiskManager, "on_fill"),
    ("risk: open orders, fill and end", risk_manager.RiskManager, "on_done"),
    ("decision record, freshness", desk.Desk, "submit"),
    ("ticker freshness", ticker.Ticker, "freshness"),
    ("journal", MemoryJournal, "append"),
    ("order manager: submit", order_manager.OrderManager, "submit"),
    ("order manager: updates", order_manager.OrderManager, "on_update"),
    ("order manager: fill", order_manager.OrderManager, "on_fill"),
    ("exchange: arrival and matching", exchange.Exchange, "arrive"),
    ("exchange: execution", executions.Executions, "execute"),
    ("exchange: fill to its owner", executions.Executions, "settle"),
    ("account: check (margin)", account.Account, "check"),
    ("account: fees", fees.FeeSchedule, "charge"),
    ("account: books", account.Account, "book"),
    ("bookkeeper: after the fill", bookkeeper.Bookkeeper, "on_booked"),
    ("books: portfolio, three sets", portfolio.Portfolio, "apply_fill"),
    ("valuation after the fill", valuation.Valuation, "on_books"),
    ("margin bands", margin_watch.MarginWatch, "redraw"),
    ("after the books: hub", pipeline.Pipeline, "_on_books"),
    ("equity sample", recorder.Recorder, "equity"),
    ("observers", event_bus.EventBus, "emit"),
    ("replay: bring marks up to the row", segments.SegmentReplay, "_settle"),
]


class Alternate(BaseStrategy):
    """Buy and sell in turn, on every n-th row; 0 for never."""

    def __init__(self, every: int = 10) -> None:
        """Start with a purchase."""
        self.every = every
        self.left = every
        self.buys = False

    def on_market_data(self, ticker: Any) -> Signal | None:
        """Count rows."""
        self.left -= 1
        if self.left:
            return None
        self.left = self.every
        self.buys = not self.buys
        return Signal("BUY" if self.buys else "SELL", ticker.symbol, ticker.last)


class Timed(Alternate):
    """Note when a signal is given and when the strategy hears of its fill, ns."""

    def __init__(self, every: int = 10) -> None:
        """Start with a purchase."""
        super().__init__(every)
        self.began = 0
        self.booked: list[int] = []

    def on_market_data(self, ticker: Any) -> Signal | None:
        """Count rows."""
        signal = super().on_market_data(ticker)
        if signal is not None:
            self.began = time.perf_counter_ns()
        return signal

    def on_fill(self, fill: Any) -> None:
        """Hear of it after every book has it."""
        self.booked.append(time.perf_counter_ns() - self.began)


def replay(
    tape: Tape, every: int, shape: str, strategy: Alternate | None = None
) -> tuple[float, int]:
    """Run a backtest.

    Returns:
        Seconds of the replay, and fills.
    """
    session = Session(dt.date(2026, 3, 2), START_NS, START_NS + DAY_NS + 1)
    setup = stage.Setup(capital=10_000_000.0, quantity=10, shape=shape)
    source = MemorySource(tape, [session], synthetic=True)
    strategy = strategy or Alternate(every or -1)
    instance = stage.Instance(strategy, "alternate", (tape.instruments[0].symbol,))
    result = engine.run_backtest(source, [instance], setup, journal=MemoryJournal())
    if every and len(result.fills) != len(tape) // every:
        raise SystemExit(f"{len(result.fills)} fills of {len(tape) // every}; {result.refused}")
    return result.engine_seconds, len(result.fills)


def signal_to_fill(tape: Tape, every: int, shape: str, repeats: int) -> tuple[float, float]:
    """Time from giving a signal.

    Returns:
        µs to the exchange's word that it is filled, fees and broker's books included, and to the
        strategy's hearing of it, after all of our books: the best medians.
    """
    now = time.perf_counter_ns
    told: list[int] = []
    strategy = Timed(every)
    attach = broker.SimBroker.attach

    def timed_attach(self: Any, on_update: Any, on_fill: Any, on_amended: Any) -> None:
        def timed_fill(fill: Any) -> None:
            told.append(now() - strategy.began)
            on_fill(fill)

        attach(self, on_update, timed_fill, on_amended)

    broker.SimBroker.attach = timed_attach  # type: ignore[method-assign,assignment]
    try:
        medians = []
        for _ in range(repeats):
            told.clear()
            strategy = Timed(every)
            replay(tape, every, shape, strategy)
            medians.append((statistics.median(told), statistics.median(strategy.booked)))
    finally:
        broker.SimBroker.attach = attach  # type: ignore[method-assign]
    return min(one for one, _ in medians) / 1e3, min(one for _, one in medians) / 1e3


def whole(tape: Tape, every: int, shape: str, repeats: int) -> float:
    """Give the µs per order, with minus without, the median of some repeats."""
    extra = []
    for _ in range(repeats):
        seconds, fills = replay(tape, every, shape)
        extra.append((seconds - replay(tape, 0, shape)[0]) / fills * 1e6)
    return statistics.median(extra)


def by_stage(tape: Tape, every: int) -> list[dict[str, Any]]:
    """Time every stage by itself."""
    timer = StageTimer()
    timer.patch(PLACES)
    try:
        _, fills = replay(tape, every, "reference")
    finally:
        timer.restore()
    names = dict.fromkeys(name for name, _, _ in PLACES)
    return [
        {
            "stage": name,
            "calls_per_order": timer.calls[name] / fills,
            "us_per_order": max(timer.own_ns[name], 0.0) / fills / 1e3,
        }
        for name in names
        if timer.calls[name]
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file")
    args = parser.parse_args()
    dense = big_tape(10 * args.orders)
    sparse = big_tape(200 * args.orders // 4)
    for shape in ("python", "reference"):
        replay(dense.rows(0, 20_000), 10, shape)
    gc.collect()
    gc.freeze()
    checked = signal_to_fill(dense, 10, "reference", args.repeats)
    skipping = signal_to_fill(dense, 10, "python", args.repeats)
    far_apart = signal_to_fill(sparse, 200, "python", args.repeats)
    report = {
        "orders": args.orders,
        "us_signal_to_fill": checked[0],
        "us_signal_to_fill_skipping": skipping[0],
        "us_signal_to_fill_sparse": far_apart[0],
        "us_signal_to_books": checked[1],
        "us_signal_to_books_skipping": skipping[1],
        "us_signal_to_books_sparse": far_apart[1],
        "us_per_order_every_10_rows": whole(dense, 10, "python", args.repeats),
        "us_per_order_every_200_rows": whole(sparse, 200, "python", args.repeats),
        "stages": by_stage(dense, 10),
    }
    for line in _lines(report):
        print(line)
    if args.json:
        Path(args.json).write_text(json.dumps(report, indent=1) + "\n")


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield f"{report['orders']:,} market orders, from the signal to the fill and into the books"
    for words, key in (
        ("signal to fill, an order every 10 rows", "us_signal_to_fill"),
        ("the same, skipping ahead", "us_signal_to_fill_skipping"),
        ("the same, an order every 200 rows", "us_signal_to_fill_sparse"),
        ("signal to all books, every 10 rows", "us_signal_to_books"),
        ("the same, skipping ahead", "us_signal_to_books_skipping"),
        ("the same, an order every 200 rows", "us_signal_to_books_sparse"),
        ("with the replay around it, every 10 rows", "us_per_order_every_10_rows"),
        ("with the replay around it, every 200 rows", "us_per_order_every_200_rows"),
    ):
        yield f"  {words:47}{report[key]:8.2f} µs"
    yield f"  {'stage':40}{'calls':>7}{'µs':>8}"
    for row in report["stages"]:
        yield f"  {row['stage']:40}{row['calls_per_order']:7.2f}{row['us_per_order']:8.2f}"
    total = sum(row["us_per_order"] for row in report["stages"])
    yield f"  {'sum':40}{'':7}{total:8.2f}"


if __name__ == "__main__":
    main()
