"""`ikbr latency`: where the time between ticks and orders went in a session."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ikbr.domain.histogram import Histogram

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "p99.99": 0.9999}

MEANT = {
    "decoded": "the tick is whole",
    "signal": "the strategy has answered",
    "risk": "risk lets the order through",
    "journal": "the intent is in the journal",
    "written": "the order is on the wire",
    "ack": "the broker's first word",
    "fill": "the first fill",
}


def command(
    path: Annotated[
        Path,
        typer.Argument(metavar="SESSION", help="A journal file, or an account's folder."),
    ],
    slowest: Annotated[int, typer.Option(min=0, help="Also show the slowest orders.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say how long orders took from the bytes of their tick, stage by stage."""
    from ikbr.domain.errors import UsageError
    from ikbr.domain.histogram import Histogram
    from ikbr.domain.latency import STAGES, TICK_TO_ORDER
    from ikbr.journal.reader import read_records

    told = [record.body for record in read_records(path) if record.kind == "latency"]
    if not told:
        raise UsageError(f"{path} tells no latencies: no order of it was caused by a live tick.")
    stages = {stage: Histogram() for stage in STAGES}
    for order in told:
        for stage, histogram in stages.items():
            if (ns := getattr(order, stage)) >= 0:
                histogram.add(ns)
    if json:
        figures = {stage: _figures(one) for stage, one in stages.items()}
        typer.echo(jsonlib.dumps({"orders": len(told), "stages_us": figures}))
        return
    typer.echo(f"{len(told):,} orders; µs after the bytes of the tick were read")
    typer.echo(f"{'':32}" + "".join(f"{name:>11}" for name in (*SHARES, "max")))
    for stage, one in stages.items():
        row = "".join(f"{value:11,.1f}" for value in _figures(one).values())
        typer.echo(f"{stage:9}{MEANT[stage]:23}"[:32].ljust(32) + row)
    for order in sorted(told, key=lambda o: -getattr(o, TICK_TO_ORDER))[:slowest]:
        parts, before = [], 0
        for stage in STAGES:
            if (ns := getattr(order, stage)) >= 0:
                parts.append(f"{stage} +{(ns - before) / 1e3:,.1f}")
                before = ns
        typer.echo(f"order {order.order_id}: " + ", ".join(parts))


def _figures(one: Histogram) -> dict[str, float]:
    found = {name: one.quantile(share) / 1e3 for name, share in SHARES.items()}
    return found | {"max": one.most / 1e3}
