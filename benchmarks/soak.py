"""Soak: a bot on paper for days of the market, and whether anything grows that should not.

    ./run soak [--days 5] [--symbols SPY,AAPL,KO] [--json FILE]

A simulated gateway plays its days over TCP as fast as the bot trades them, nights with their resets
included; the bot is a whole session: journal and recording on disk, door, telemetry, metrics. At
every hour of the market memory, open files, threads, tasks, pending futures and timers are counted.
Exit code 1: between the ends of the first and the last day something has grown.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import gc
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from ikbr.api.outputs import Outputs
from ikbr.api.trade import Prepared, Session
from ikbr.broker.connection import ConnectionSettings
from ikbr.cli import demo_paper
from ikbr.core.pipeline import Instance
from ikbr.domain.limits import PROFILES
from ikbr.domain.metrics import MetricsSettings
from ikbr.live import wire_record
from ikbr.live.modes import Meant
from ikbr.live.plan import SessionPlan
from ikbr.live.runner import Runner
from ikbr.settings import JournalSettings
from ikbr.strategies.registry import create

HOUR_NS = 3_600_000_000_000
LOOK_S = 0.05
STANDS_S = 20.0
"""A market that has not moved for so long has ended, or the bot hangs."""
PARAMETERS = {"lookback": 120, "threshold": 0.001}
ALLOWED = {"files": 2, "threads": 1, "tasks": 2, "futures": 4, "timers": 8}
"""Growth from the first to the last day; requests under way come and go."""
KEPT_PER_ORDER = 8_192
"""Bytes: orders, fills and decisions stay for the day's checks and for the report."""
MEMORY_A_DAY = 2_000_000
"""Bytes that a day may cost besides: samples of the curves, bars, sessions."""


class Sample(NamedTuple):
    """Count at a moment what must not grow."""

    day: str
    hour: str
    memory: int
    files: int
    threads: int
    tasks: int
    futures: int
    timers: int
    orders: int
    events: int


def sample(runner: Runner) -> Sample:
    """Take stock, garbage collected."""
    gc.collect()
    pipeline = runner.pipeline
    assert pipeline is not None
    process = psutil.Process()
    loop: Any = asyncio.get_running_loop()
    now = dt.datetime.fromtimestamp(pipeline.clock.now_ns / 1e9, dt.UTC)
    pending = [one for one in gc.get_objects() if isinstance(one, asyncio.Future)]
    return Sample(
        day=f"{now:%Y-%m-%d}",
        hour=f"{now:%H:%M}",
        memory=process.memory_info().rss,
        files=process.num_fds(),
        threads=threading.active_count(),
        tasks=len(asyncio.all_tasks()),
        futures=sum(not one.done() for one in pending),
        timers=sum(not one.cancelled() for one in loop._scheduled),
        orders=pipeline.trader.orders.next_id,
        events=pipeline.events,
    )


def prepared(folder: Path, port: int, symbols: list[str]) -> Prepared:
    """Say what is to run: all that `ikbr paper` runs, and metrics."""
    plan = SessionPlan(
        mode="paper",
        connection=ConnectionSettings(port=port),
        instances=[Instance(create("momentum", PARAMETERS), "momentum", tuple(symbols))],
        limits=PROFILES["paper"],
        clock="gateway",
    )
    outputs = Outputs(report=folder / "report.html", json=folder / "result.json")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        metrics = MetricsSettings(port=one.getsockname()[1])
    journals = JournalSettings(dir=folder / "journals")
    meant = Meant("paper", "paper", port)
    log = folder / "live.log"
    session = folder / "session"
    session.mkdir()
    return Prepared(plan, meant, journals, outputs, log, session, metrics=metrics)


async def watch(runner: Runner, days: int) -> list[Sample]:
    """Take samples, one an hour of the market, until so many days have ended or it stands."""
    samples: list[Sample] = []
    hour = moved_ns = 0
    moved_s = time.monotonic()
    while True:
        await asyncio.sleep(LOOK_S)
        if runner.pipeline is None:
            continue
        now = runner.pipeline.clock.now_ns
        if now != moved_ns:
            moved_ns, moved_s = now, time.monotonic()
        stands = time.monotonic() - moved_s > STANDS_S
        if now // HOUR_NS != hour or stands:
            hour = now // HOUR_NS
            samples.append(sample(runner))
            tell(samples[-1])
        if stands or len({one.day for one in samples}) > days:
            runner.stop("the soak is over")
            return samples


async def soak(folder: Path, port: int, args: argparse.Namespace) -> list[Sample]:
    """Run the session and watch it."""
    session = Session(prepared(folder, port, args.symbols.split(",")), "", lambda _account: "")
    watching = asyncio.create_task(watch(session.runner, args.days))
    await session.run()
    return await watching


def ends(samples: list[Sample]) -> list[Sample]:
    """Give the last sample of each day."""
    return list({one.day: one for one in samples}.values())


def growth(samples: list[Sample]) -> dict[str, dict[str, float]]:
    """Compare the end of the first day with that of the last.

    Returns:
        By what was counted: how much more it is, and how much is allowed.
    """
    days = ends(samples)
    first, last = days[0], days[-1]
    found: dict[str, dict[str, float]] = {
        name: {"grown": getattr(last, name) - getattr(first, name), "allowed": allowed}
        for name, allowed in ALLOWED.items()
    }
    orders = last.orders - first.orders
    found["memory"] = {
        "grown": last.memory - first.memory,
        "allowed": orders * KEPT_PER_ORDER + (len(days) - 1) * MEMORY_A_DAY,
    }
    return found


def tell(one: Sample) -> None:
    """Print a sample."""
    print(
        f"{one.day} {one.hour}  {one.memory / 1e6:8.1f} MB {one.files:5} {one.threads:5} "
        f"{one.tasks:5} {one.futures:5} {one.timers:5} {one.orders:8,} {one.events:11,}",
        flush=True,
    )


@contextmanager
def somewhere(folder: Path | None) -> Iterator[Path]:
    """Give a folder: that one, or one that is gone afterwards."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch)


def main() -> int:
    """Soak, print and judge.

    Returns:
        1 when something has grown.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--symbols", default="SPY,AAPL,KO")
    parser.add_argument("--folder", type=Path, help="keep journal, log and report there")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    # The market's time runs a thousand times as fast here; what writes by the machine's must, too.
    wire_record.MOST *= 1_000
    demo_paper.SYMBOLS = tuple(args.symbols.split(","))
    began = time.monotonic()
    print(f"{'':16}{'memory':>12}{'files':>6}{'thr.':>6}{'tasks':>6}{'fut.':>6}{'timers':>6}"
          f"{'orders':>9}{'events':>12}")  # fmt: skip
    with somewhere(args.folder) as folder, demo_paper.gateway(folder) as port:
        samples = asyncio.run(soak(folder, port, args))
    found = growth(samples)
    print(f"{len(ends(samples))} days in {time.monotonic() - began:.0f} s")
    for name, one in found.items():
        print(f"  {name:10}{one['grown']:14,.0f}  at most {one['allowed']:,.0f}")
    if args.json:
        report = {"samples": [one._asdict() for one in samples], "growth": found}
        args.json.write_text(json.dumps(report, indent=1) + "\n")
    return int(any(one["grown"] > one["allowed"] for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
