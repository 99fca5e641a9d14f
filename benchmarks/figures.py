"""From runs to figures, and from figures to a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from fills import compare
from harness import Runs
from peers.environment import PEERS

LABELS = {
    "kernel": "ikbr, kernel",
    "ikbr": "ikbr, plain Python (segmented)",
    "reference": "ikbr, every row checked",
    "compiled": "bare compiled loop, fills and risk",
    "numpy": "one pass over the columns",
    "maker-kernel": "ikbr, kernel that places orders",
    "maker-python": "ikbr, plain Python",
    "mapped": "ikbr, kernel, columns mapped from disk",
    "catalog": "ikbr, kernel, catalog (Parquet)",
    **{name: peer.label for name, peer in PEERS.items()},
}
OURS = ("kernel", "ikbr", "maker-kernel", "maker-python")
PEER_NAMES = ("nautilus", "hftbacktest", "vectorbt")
BEGIN, END = "<!-- kernel table: begin -->", "<!-- kernel table: end -->"

Found = dict[tuple[str, str], Runs]


def figures(part: str, found: Found, tape: Path | None) -> list[dict[str, Any]]:
    """Turn the runs over one tape into figures.

    Args:
        part: What was measured.
        found: The runs; the first are ikbr's, which the others are compared with.
        tape: Folder of the tape; None when fills cannot be compared.
    """
    first = next(iter(found.values()))
    compiled = found.get(("compiled", "some"))
    signals = compiled.results[0]["signals"] if compiled else None
    rows = []
    for (variant, orders_of), runs in found.items():
        speeds = runs.speeds()
        row = {
            "part": part,
            "variant": variant,
            "label": LABELS[variant] + (", no orders" if _is_quiet(variant, orders_of) else ""),
            "rows": runs.rows,
            "speed": runs.speed(),
            "slowest": min(speeds),
            "fastest": max(speeds),
            "orders": runs.orders,
            "orders_per_1000": runs.orders * 1000 / runs.rows,
            "signals_per_1000": (
                signals * 1000 / first.rows if signals is not None and orders_of == "some" else None
            ),
            "us_per_order": _order_cost(found, variant) if orders_of == "some" else None,
            "extra_bytes_per_tick": runs.extra_per_tick,
            "against": {
                peer: runs.against(found[peer, "some"])
                for peer in PEER_NAMES
                if (peer, "some") in found and orders_of == "some" and variant in OURS
            },
            "fills": _fills(first, runs, tape) if runs is not first else None,
            "anonymous_bytes": runs.results[0].get("anonymous_bytes"),
        }
        if "evaluated_seconds" in runs.results[0]:
            row["speed_with_equity"] = runs.speed("evaluated_seconds")
            row["against_kernel_with_equity"] = first.against(runs, "evaluated_seconds")
        rows.append(row)
    return rows


def _is_quiet(variant: str, orders_of: str) -> bool:
    return orders_of == "none" and variant != "numpy"


def _order_cost(found: Found, variant: str) -> float | None:
    """Give µs an order: (with orders − without) / orders, from the quickest of each."""
    loud, quiet = found.get((variant, "some")), found.get((variant, "none"))
    if loud is None or quiet is None or not loud.orders:
        return None
    seconds = [min(one["seconds"] for one in runs.results) for runs in (loud, quiet)]
    return (seconds[0] - seconds[1]) / loud.orders * 1e6


def _fills(first: Runs, runs: Runs, tape: Path | None) -> str | None:
    if tape is None or not runs.orders:
        return None
    ours, theirs = first.results[0]["fills"], runs.results[0]["fills"]
    if runs.rows < first.rows:
        end_ns = int(np.load(tape / "ts.npy", mmap_mode="r")[runs.rows - 1])
        ours = [fill for fill in ours if fill[0] <= end_ns]
    return str(compare(ours, theirs, tape)["words"])


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Write the figures of one tape for the terminal."""
    yield ""
    yield (
        f"{rows[0]['part']:44}{'M ticks/s':>10}{'from':>8}{'to':>8}"
        f"{'orders':>8}{'signals':>8}{'B/tick':>8}{'µs/order':>9}  fills"
    )
    for row in rows:
        yield (
            f"  {row['label']:42}{row['speed']:10.2f}{row['slowest']:8.2f}{row['fastest']:8.2f}"
            f"{row['orders_per_1000']:8.2f}{_number(row['signals_per_1000'], 8)}"
            f"{row['extra_bytes_per_tick']:8.0f}{_number(row['us_per_order'], 9)}"
            f"  {row['fills'] or ''}"
        )
        if "speed_with_equity" in row:
            yield f"    {'with the equity at every tick':40}{row['speed_with_equity']:10.2f}"
        if row["anonymous_bytes"]:
            yield f"    memory beyond file-backed pages: {row['anonymous_bytes'] / 1e6:.0f} MB"
    for row in rows:
        if row["against"]:
            words = [f"{ratio:.2f} × {LABELS[peer]}" for peer, ratio in row["against"].items()]
            yield f"  {row['label']}: {', '.join(words)}"


def _number(value: float | None, width: int) -> str:
    return "".rjust(width) if value is None else f"{value:{width}.1f}"


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """Write the figures as a table."""
    out = [
        "| work | who | M ticks/s (spread) | ikbr kernel is | orders, signals per 1,000 "
        "| B/tick | fills |",
        "|---|---|---|---|---|---|---|",
    ]
    lead: dict[str, dict[str, Any]] = {}
    for row in rows:
        head = lead.setdefault(row["part"], row)
        ratio = head["against"].get(row["variant"])
        signals = row["signals_per_1000"]
        spread = f"{row['slowest']:.3g}–{row['fastest']:.3g}"
        density = f"{row['orders_per_1000']:.2f}" + (f", {signals:.1f}" if signals else "")
        fills = row["fills"] or ""
        speed = f"{row['speed']:.3g} ({spread})"
        times = f"{ratio:.3g} ×" if ratio else ""
        if "speed_with_equity" in row:
            speed += f"; with equity {row['speed_with_equity']:.3g}"
            times += f"; {row['against_kernel_with_equity']:.3g} ×"
        memory = f"{row['extra_bytes_per_tick']:.0f}"
        if row["anonymous_bytes"]:
            memory += f" ({row['anonymous_bytes'] / 1e6:.0f} MB in all)"
        part = row["part"] if row is head else ""
        out.append(
            f"| {part} | {row['label']} | {speed} | {times} | {density} | {memory} | {fills} |"
        )
    return "\n".join(out)


def write_into(page: Path, table: str) -> None:
    """Replace the table of a page."""
    text = page.read_text()
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{page.name} has no lines '{BEGIN}' and '{END}' to write between")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    page.write_text(f"{before}\n\n{table}\n\n{after}")
