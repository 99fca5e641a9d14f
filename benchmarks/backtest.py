"""Speed of a backtest, side by side with nautilus_trader and a bare loop.

    python benchmarks/backtest.py [--rows 1000000 5000000] [--repeats 3] [--json FILE]

Momentum (lookback 20, long only, market orders of 10 shares) over a synthetic tape of quotes and
prints. Every variant runs in a process of its own; the variants take turns, several times over,
and medians are printed. See `benchmarks/README.md` for what is counted and what is not.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from case import ORDERS, job
from clocks import CLOCKS
from fills import compare
from peers.environment import PEERS, set_up

HERE = Path(__file__).resolve().parent
PEER = PEERS["nautilus"]
LABELS = {
    "ikbr": "ikbr, plain on_market_data",
    "reference": "ikbr, every row checked",
    "nautilus": PEER.label,
    "bare": "bare callback loop",
    "numpy": "one numpy pass",
}


@dataclass
class Runs:
    """Hold what the repeats of one variant on one tape gave."""

    variant: str
    rows: int
    orders_of: str
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Median time of the replay."""
        return statistics.median(r["seconds"] for r in self.results)

    @property
    def speed(self) -> float:
        """Ticks per second, millions."""
        return self.rows / self.seconds / 1e6

    @property
    def orders(self) -> int:
        """Orders of one run; the same in every repeat."""
        return int(self.results[0]["orders"])

    @property
    def extra_per_tick(self) -> float:
        """Peak memory beyond the tape and what was there before, bytes per tick."""
        return statistics.median(r["extra_bytes"] for r in self.results) / self.rows

    @property
    def fills(self) -> list[list[int]]:
        """The fills: time, side, quantity, price units."""
        return list(self.results[0]["fills"])


Table = dict[tuple[str, int, str], Runs]


def main() -> None:
    """Measure and print."""
    args = _arguments()
    if not args.no_peer:
        set_up("nautilus")
    with tempfile.TemporaryDirectory(prefix="ikbr-bench-") as name:
        tapes = {rows: _made(rows, Path(name)) for rows in sorted(args.rows)}
        table = _measure(tapes, args)
        report = _report(table, tapes)
    for line in _lines(table, report):
        print(line)
    if args.json:
        Path(args.json).write_text(json.dumps(report, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--slow-rows", type=int, default=5_000_000, help="longest tape for peer and reference"
    )
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="cpu: where the machine is shared"
    )
    parser.add_argument("--no-peer", action="store_true", help="leave nautilus_trader out")
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file")
    args = parser.parse_args()
    if min(args.rows) < 100_000 or args.repeats < 1:
        parser.error("--rows must be 100000 or more and --repeats 1 or more")
    return args


def _made(rows: int, folder: Path) -> Path:
    # In a process of its own, so that a long tape does not stay in this one.
    code = f"import tapes, pathlib; tapes.make_tape({rows}, pathlib.Path({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=HERE, check=True)
    return folder / f"tape-{rows}-1"


def _plan(rows: Sequence[int], args: argparse.Namespace) -> Iterator[tuple[str, int, str]]:
    """List one round: variants of one tape follow each other closely."""
    for count in rows:
        slow = count <= args.slow_rows
        for orders_of in ORDERS:
            yield "ikbr", count, orders_of
            # The peer is slow: its runs without orders are made on the shortest tape only.
            peer = slow and not args.no_peer and (orders_of == "some" or count == min(rows))
            if peer and orders_of != "dense":
                yield "nautilus", count, orders_of
            yield "bare", count, orders_of
            if slow and orders_of != "dense":
                yield "reference", count, orders_of
        yield "numpy", count, "none"


def _measure(tapes: dict[int, Path], args: argparse.Namespace) -> Table:
    table: Table = {}
    for repeat in range(args.repeats):
        for key in _plan(list(tapes), args):
            variant, rows, orders_of = key
            print(
                f"\r{repeat + 1}/{args.repeats} {rows:,} {variant} ({orders_of} orders)".ljust(70),
                end="",
                file=sys.stderr,
            )
            result = _run(variant, tapes[rows], orders_of, args.clock)
            table.setdefault(key, Runs(*key)).results.append(result)
    print("\r".ljust(72), end="\r", file=sys.stderr)
    return table


def _run(variant: str, tape: Path, orders_of: str, clock: str) -> dict[str, Any]:
    python: Path | str | None = sys.executable
    script = HERE / "variants.py"
    if variant == "nautilus":
        python, script = PEER.python, PEER.script
    command = [str(python), str(script), json.dumps(job(tape, variant, orders_of, clock=clock))]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{variant} failed:\n{done.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _order_cost(table: Table, variant: str, rows: int, orders_of: str) -> float | None:
    """Give the cost of an order in µs: (with orders − without) / orders.

    The difference is taken repeat by repeat, as neighbours in time share their noise. In ikbr
    and the bare loop the strategy makes signals, in nautilus_trader it asks for orders.
    """
    with_orders = table.get((variant, rows, orders_of))
    without = table.get((variant, rows, "none"))
    if with_orders is None or without is None or not with_orders.orders:
        return None
    pairs = zip(with_orders.results, without.results, strict=True)
    extra = statistics.median(a["seconds"] - b["seconds"] for a, b in pairs)
    if variant != "nautilus":
        extra -= _signal_cost(table, rows, orders_of)
    return extra / with_orders.orders * 1e6


def _signal_cost(table: Table, rows: int, orders_of: str) -> float:
    """Give the seconds that building and repeating the same signals costs the bare loop."""
    loud, quiet = table["bare", rows, orders_of], table["bare", rows, "none"]
    pairs = zip(loud.results, quiet.results, strict=True)
    return max(statistics.median(a["seconds"] - b["seconds"] for a, b in pairs), 0.0)


def _row(table: Table, key: tuple[str, int, str], tape: Path) -> dict[str, Any]:
    variant, rows, orders_of = key
    runs = table[key]
    peer = table.get(("nautilus", rows, orders_of))
    bare = table.get(("bare", rows, orders_of))
    own = table.get(("ikbr", rows, orders_of))
    shortest = table[
        variant, min(r for v, r, o in table if (v, o) == (variant, orders_of)), orders_of
    ]
    return {
        "variant": variant,
        "rows": rows,
        "orders_of": orders_of,
        "seconds": [r["seconds"] for r in runs.results],
        "million_ticks_per_second": runs.speed,
        "against_nautilus": runs.speed / peer.speed if peer else None,
        "against_bare": runs.speed / bare.speed if bare else None,
        "orders": runs.orders,
        "orders_per_1000_ticks": runs.orders * 1000 / rows,
        "us_per_order": _order_cost(table, variant, rows, orders_of),
        "extra_bytes_per_tick": runs.extra_per_tick,
        "against_shortest": (runs.seconds / rows) / (shortest.seconds / shortest.rows),
        "refused": runs.results[0].get("refused", {}),
        "fills": (
            compare(own.fills, runs.fills, tape)
            if own and runs.orders and variant != "ikbr"
            else None
        ),
    }


def _report(table: Table, tapes: dict[int, Path]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "peer": PEER.pinned,
        "results": [_row(table, key, tapes[key[1]]) for key in sorted(table, key=_place)],
    }


def _place(key: tuple[str, int, str]) -> tuple[int, int, int]:
    variant, rows, orders_of = key
    return rows, ORDERS.index(orders_of), list(LABELS).index(variant)


def _lines(table: Table, report: dict[str, Any]) -> Iterator[str]:
    yield (
        f"momentum over synthetic ticks, Python {report['python']}, medians of "
        f"{len(next(iter(table.values())).results)}"
    )
    group = None
    for row in report["results"]:
        if group != (row["rows"], row["orders_of"]):
            group = row["rows"], row["orders_of"]
            yield ""
            head = f"{row['rows']:,} ticks, {row['orders_per_1000_ticks']:.2f} orders per 1,000"
            yield (
                f"{head:38}{'M ticks/s':>10}{'/nautilus':>10}{'/bare':>7}{'µs/order':>10}"
                f"{'B/tick':>8}{'ns/tick vs shortest':>21}  fills"
            )
        yield (
            f"  {LABELS[row['variant']]:36}{row['million_ticks_per_second']:10.3f}"
            f"{_number(row['against_nautilus'], 10, 1)}{_number(row['against_bare'], 7, 2)}"
            f"{_number(row['us_per_order'], 10, 1)}{row['extra_bytes_per_tick']:8.0f}"
            f"{row['against_shortest']:21.2f}  {(row['fills'] or {}).get('words', '')}"
        )


def _number(value: float | None, width: int, digits: int) -> str:
    return "".rjust(width) if value is None else f"{value:{width}.{digits}f}"


if __name__ == "__main__":
    main()
