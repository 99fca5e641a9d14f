"""`ikbr latency`: where the time between ticks and orders went, in a session or a running bot."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ikbr.cli.door import Bot
from ikbr.cli.kill import ClientId, Config, Host, Mode, Port

if TYPE_CHECKING:
    from ikbr.domain.histogram import Histogram
    from ikbr.domain.latency import OrderLatency

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "p99.99": 0.9999}

MEANT = {
    "decoded": "the tick is whole",
    "signal": "the strategy has answered",
    "risk": "risk lets the order through",
    "journal": "the intent is in the journal",
    "written": "the order is on the wire",
    "ack": "the broker's first word",
    "fill": "the first fill",
    "gateway": "there and back",
    "event loop": "late",
}


def command(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="SESSION", help="A journal file, or an account's folder."),
    ] = None,
    bot: Annotated[bool, typer.Option("--bot", help="Ask the bot that runs instead.")] = False,
    slowest: Annotated[int, typer.Option(min=0, help="Also show the slowest orders.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    config: Config = None,
) -> None:
    """Say how long orders took from the bytes of their tick, stage by stage.

    With --bot also how long the gateway takes to answer and how late the event loop turns, as the
    running bot has counted it.
    """
    from ikbr.domain.errors import UsageError
    from ikbr.domain.latency import TICK_TO_ORDER

    if bot is (path is not None):
        raise UsageError("latency: name a session (a journal), or a running bot with --bot.")
    if bot and slowest:
        raise UsageError("--slowest: a running bot keeps no single orders; name its journal.")
    told: list[OrderLatency] = []
    if path is not None:
        told = _orders(path)
        timings = _stages(told)
    else:
        timings = _of_bot(Bot(mode, host, port, client_id, config))
    orders = timings[TICK_TO_ORDER].count if bot else len(told)
    if json:
        figures = {name: _figures(one) for name, one in timings.items()}
        typer.echo(jsonlib.dumps({"orders": orders, "stages_us": figures}))
        return
    typer.echo(f"{orders:,} orders; µs after the bytes of the tick were read")
    _show(timings)
    _show_slowest(told, slowest)


def _orders(path: Path) -> list[OrderLatency]:
    from ikbr.domain.errors import UsageError
    from ikbr.journal.reader import read_records

    told = [record.body for record in read_records(path) if record.kind == "latency"]
    if not told:
        raise UsageError(
            f"{path} tells no latencies: no order of it was caused by a tick of a real gateway. "
            "What a simulated one caused is told by the bot while it runs: `ikbr latency --bot`."
        )
    return told


def _stages(told: list[OrderLatency]) -> dict[str, Histogram]:
    from ikbr.domain.histogram import Histogram
    from ikbr.domain.latency import STAGES

    stages = {stage: Histogram() for stage in STAGES}
    for order in told:
        for stage, histogram in stages.items():
            if (ns := getattr(order, stage)) >= 0:
                histogram.add(ns)
    return stages


def _of_bot(where: Bot) -> dict[str, Histogram]:
    import msgspec

    from ikbr.domain.vitals import Durations

    answer = where.ask("latency")["timings"]
    told = msgspec.convert(answer, dict[str, Durations], strict=False)
    return {name: one.histogram() for name, one in told.items()}


def _show(timings: Mapping[str, Histogram]) -> None:
    typer.echo(f"{'':40}" + "".join(f"{name:>11}" for name in (*SHARES, "max")))
    for name, one in timings.items():
        row = "".join(f"{value:11,.1f}" for value in _figures(one).values())
        typer.echo(f"{name:12}{MEANT[name]:28}" + row)


def _show_slowest(told: list[OrderLatency], count: int) -> None:
    from ikbr.domain.latency import STAGES, TICK_TO_ORDER

    for order in sorted(told, key=lambda o: -getattr(o, TICK_TO_ORDER))[:count]:
        parts, before = [], 0
        for stage in STAGES:
            if (ns := getattr(order, stage)) >= 0:
                parts.append(f"{stage} +{(ns - before) / 1e3:,.1f}")
                before = ns
        typer.echo(f"order {order.order_id}: " + ", ".join(parts))


def _figures(one: Histogram) -> dict[str, float]:
    found = {name: one.quantile(share) / 1e3 for name, share in SHARES.items()}
    return found | {"max": one.most / 1e3}
