"""`ikbr risk`: the limits of risk, and how far they are used up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ikbr.cli.risk_running import add_to

if TYPE_CHECKING:
    from ikbr.core.risk_usage import Usage
    from ikbr.domain.limits import RiskLimits
    from ikbr.journal.replay import State

app = typer.Typer(
    help="Show the limits of risk, and tighten those of a running bot.", no_args_is_help=True
)


@app.command()
def show(
    profile: Annotated[
        str | None, typer.Option(help="Whose limits: backtest, paper or live [backtest].")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, as risk.max_net_pct=0.5."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="The settings file.")] = None,
    journal: Annotated[
        Path | None, typer.Option(help="A journal: shows usage and headroom at its end.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Print every limit with its unit, what it is counted over and what happens at it.

    With --journal, how much of each is used and what is left; the limits are those of the journal's
    own run then, unless a profile or settings are named.
    """
    from ikbr.cli.run_options import settings_of
    from ikbr.journal.replay import replay
    from ikbr.settings import load_settings

    state = replay(journal) if journal is not None else None
    recorded = state.settings.get("risk") if state is not None else None
    if recorded is not None and profile is None and not set_ and config is None:
        limits = _limits_of(recorded)
    else:
        limits = load_settings(profile or "backtest", settings_of(set_ or ()), config).risk
    rows = limit_rows(limits, _usage_of(limits, state) if state is not None else None)
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    _print(rows, with_usage=state is not None)
    if state is not None and state.risk is not None:
        for halt in state.risk.latches:
            print(f"halted ({halt.rule}): {halt.reason}")
        for symbol, why in state.risk.blocked.items():
            print(f"blocked {symbol}: {why}")


def limit_rows(limits: RiskLimits, usage: dict[str, Usage] | None) -> list[dict[str, Any]]:
    """Describe every limit as plain values.

    Args:
        limits: Their values.
        usage: How much is used; None where nothing is known.

    Returns:
        One row per limit; `used`, `by` and `left` where usage is known; None where there is none.
    """
    from ikbr.domain.limit_table import LIMITS

    rows = []
    for name, about in LIMITS.items():
        value = getattr(limits, name)
        row: dict[str, Any] = {
            "name": f"risk.{name}",
            "value": list(value) if isinstance(value, tuple) else value,
            "unit": about.unit,
            "scope": about.scope,
            "what": about.what,
        }
        if usage is not None:
            used = usage.get(name)
            row["used"] = used.used if used is not None else None
            row["by"] = used.by if used is not None else ""
            row["left"] = value - used.used if used is not None and value else None
        rows.append(row)
    return rows


def _usage_of(limits: RiskLimits, state: State) -> dict[str, Usage]:
    from ikbr.core.risk_manager import RiskManager
    from ikbr.core.risk_memory import restore_risk
    from ikbr.core.risk_usage import risk_usage

    risk = RiskManager(limits, state.portfolio, state.instruments)
    for order in state.open_orders.values():
        risk.ledger.add(order)
    if state.risk is not None:
        restore_risk(risk, state.risk)
    usage = risk_usage(risk, state.portfolio)
    if state.risk is None:
        # What was sent and lost is recorded by live sessions alone.
        for name in (*_RECORDED, "max_drawdown_pct", "max_daily_loss_pct"):
            usage.pop(name, None)
    return usage


_RECORDED = ("max_orders_per_day", "max_quantity_per_day", "max_notional_per_day", "max_runs")


def _limits_of(recorded: Any) -> RiskLimits:
    import msgspec

    from ikbr.domain.errors import JournalError
    from ikbr.domain.limits import RiskLimits

    try:
        return msgspec.convert(recorded, RiskLimits)
    except msgspec.ValidationError as error:
        raise JournalError(f"the journal's limits cannot be read: {error}.") from None


def _print(rows: list[dict[str, Any]], *, with_usage: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    # What can be written into the settings stays whole, also in a narrow terminal: sentences wrap.
    table = Table(box=None, pad_edge=False)
    table.add_column("limit", min_width=max(len(row["name"]) for row in rows))
    table.add_column("value", justify="right")
    if with_usage:
        table.add_column("used", justify="right")
        table.add_column("left", justify="right")
        table.add_column("by")
    for name in ("unit", "counted over", "at the limit it"):
        table.add_column(name)
    for row in rows:
        cells = [row["name"], _shown(row["value"])]
        if with_usage:
            cells += [_shown(row["used"], ""), _shown(row["left"], ""), row["by"]]
        table.add_row(*cells, row["unit"], row["scope"], row["what"])
    Console().print(table)


def _shown(value: Any, nothing: str = "off") -> str:
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(value) or nothing
    return f"{value:,.6g}" if value or not nothing else nothing


add_to(app)
