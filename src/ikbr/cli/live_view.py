"""The live view: account, positions, orders, fills and signals of a session in the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ikbr.domain.events import Alert, Decision
from ikbr.domain.order import Fill, Order
from ikbr.live.status import Held, Status, clock_text

REFRESH_S = 0.25
SHOWN = 8


def render(status: Status | None, title: str, why: str = "") -> RenderableType:
    """Draw a session.

    Args:
        status: How it stands; None before it has begun.
        title: What it is.
        why: Why it has not begun.
    """
    if status is None:
        waits = f"connecting … {why}".rstrip()
        return Panel(Text(waits), title=title, title_align="left")
    recent = status.recent
    parts: list[RenderableType] = [_head(status)]
    tables = (
        _table("Positions", ("", "held", "own", "average", "mark", "profit"),
               [_held(one) for one in status.positions[:SHOWN]]),
        _table("Orders", ("id", "", "", "", "state"),
               [_order(one) for one in status.working[-SHOWN:]]),
        _table("Fills", ("time", "", "", "", "fees"),
               [_fill(one) for one in list(recent.fills)[-SHOWN:]]),
        _table("Signals", ("time", "strategy", "", "", "why"),
               [_decision(d) for d in list(recent.decisions)[-SHOWN:]]),
        _table("Alerts", ("time", "", ""), [_alert(a) for a in list(recent.alerts)[-4:]]),
    )  # fmt: skip
    parts += [table for table in tables if table is not None]
    return Panel(Group(*parts), title=title, title_align="left")


def _head(status: Status) -> Text:
    profit = status.equity - status.opening
    text = Text()
    text.append(f"{clock_text(status.ts_ns)}  ")
    text.append(status.link, "green" if status.link == "ready" else "red")
    text.append(f"   equity {status.equity:,.2f} {status.base} ")
    text.append(f"{profit:+,.2f}", "green" if profit >= 0 else "red")
    if status.net_liquidation == status.net_liquidation:
        text.append(f"   IB says {status.net_liquidation:,.2f}")
    if status.daily_pnl == status.daily_pnl:
        text.append(f", today {status.daily_pnl:+,.2f}")
    counts = f"\n{status.recent.fill_count} fills, {status.recent.refusal_count} refused"
    text.append(f"{counts}, data {status.quiet_s:.1f} s old")
    if status.halted:
        text.append(f"\nentries stopped: {status.halted}", "bold red")
    return text


def _table(title: str, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table | None:
    if not rows:
        return None
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _held(one: Held) -> tuple[str, ...]:
    prices = (f"{one.average:,.4f}", f"{one.mark:,.4f}", f"{one.unrealised:+,.2f}")
    return (one.symbol, f"{one.quantity:+d}", f"{one.own:+d}", *prices)


def _order(one: Order) -> tuple[str, ...]:
    request = one.request
    what = f"{request.side.name} {one.remaining} {request.symbol}"
    return (str(one.order_id), one.strategy, what, request.order_type.value, one.state.value)


def _fill(one: Fill) -> tuple[str, ...]:
    what = f"{one.side.name} {one.quantity} {one.symbol}"
    fees = f"{one.commission_micro / 1e6:.2f}"
    return (clock_text(one.ts_ns)[11:19], one.strategy, what, f"{one.price:g}", fees)


def _decision(one: Decision) -> tuple[str, ...]:
    what = f"{one.action} {abs(one.quantity)} {one.symbol}"
    return (clock_text(one.ts_ns)[11:19], one.strategy, what, f"{one.price:g}", one.reason)


def _alert(one: Alert) -> tuple[str, ...]:
    return (clock_text(one.ts_ns)[11:19], one.severity, one.message)


@contextmanager
def live_view(
    console: Console,
    title: str,
    look: Callable[[], Status | None],
    why: Callable[[], str] = lambda: "",
) -> Iterator[None]:
    """Show a session while the block runs; needs a running event loop.

    Args:
        console: Where.
        title: What it is.
        look: Says how the session stands.
        why: Says why it has not begun.
    """
    with Live(render(None, title), console=console, auto_refresh=False) as live:

        async def refresh() -> None:
            while True:
                await asyncio.sleep(REFRESH_S)
                live.update(render(look(), title, why()), refresh=True)

        task = asyncio.get_running_loop().create_task(refresh())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                live.update(render(look(), title), refresh=True)
