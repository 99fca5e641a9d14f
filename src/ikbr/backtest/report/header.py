"""What stands at the head of the report: what was run, and the headline numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ikbr.backtest.explain.facts import count
from ikbr.backtest.report.wording import (
    NOTHING,
    Words,
    duration,
    number,
    percent,
    setting,
    tone,
)

if TYPE_CHECKING:
    from ikbr.backtest.analytics.summary import Summary
    from ikbr.backtest.result import BacktestResult

FILL_RULES = {
    "quote": "against the standing quote at arrival",
    "next": "at the next print after arrival",
    "last": "at the last price standing at arrival (for comparison only)",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Say one thing by name.

    Attributes:
        name: Of what.
        value: In words.
        note: What helps to read it; may be "".
        tone: "gain", "loss" or "".
    """

    name: str
    value: str
    note: str = ""
    tone: str = ""


def run_facts(result: BacktestResult, words: Words) -> list[Fact]:
    """Say what was run: the line of facts under the title.

    Args:
        result: What a backtest gave.
        words: For money and times.

    Returns:
        Facts in reading order.
    """
    settings = result.settings
    rule = setting(settings, "fill")
    latency = setting(settings, "latency_ms")
    fees = setting(settings, "fees")
    first, last = words.day(result.start_ns), words.day(result.end_ns)
    facts = [
        Fact("Dates", first if first == last else f"{first} – {last}", f"times: {words.zone}"),
        Fact("Capital", words.money(result.capital)),
        Fact("Data", result.resolution, f"{result.feed}, {count(result.events, 'event')}"),
        Fact("Fill rule", str(rule or NOTHING), FILL_RULES.get(str(rule), "")),
        Fact("Latency", NOTHING if latency is None else f"{float(latency):g} ms"),
        Fact("Fees", str(fees or NOTHING)),
    ]
    if result.engine_seconds > 0:
        speed = f"{result.events_per_second:,.0f} events a second"
        facts.append(Fact("Replay", duration(result.engine_seconds), speed))
    return facts


def tiles(result: BacktestResult, words: Words) -> list[Fact]:
    """Give the headline numbers.

    Args:
        result: What a backtest gave.
        words: For money.

    Returns:
        One fact per tile, net profit first.
    """
    net = result.net_pnl
    gross = words.money(result.gross_pnl, signed=True)
    shown = [Fact("Net P&L", words.money(net, signed=True), f"{gross} before fees", tone(net))]
    if result.summary is not None:
        shown += _account_tiles(result.summary) + _trip_tiles(result.summary)
    fills = len(result.fills)
    per_fill = f"{words.money(result.commission / fills)} per fill" if fills else "no fills"
    shown.append(Fact("Commission", words.money(result.commission), per_fill))
    if result.summary is not None:
        exposure = result.summary.exposure
        shown.append(Fact("Exposure", percent(exposure, 1), "of the time in the market"))
    shown.append(Fact("Final equity", words.money(result.final_equity), "positions at their mark"))
    return shown


def _account_tiles(summary: Summary) -> list[Fact]:
    total = summary.total_return
    yearly = f"{percent(summary.cagr, signed=True)} a year" if summary.cagr is not None else ""
    fallen = summary.drawdown
    if not fallen.depth:
        under = "never below its peak"
    elif fallen.recovery_ts_ns is None:
        under = f"not recovered after {duration(fallen.duration_s)}"
    else:
        under = f"recovered after {duration(fallen.duration_s)}"
    sharpe = summary.sharpe
    return [
        Fact("Return", percent(total, signed=True), yearly or "of the capital", tone(total)),
        Fact("Max drawdown", percent(summary.max_drawdown), under),
        Fact("Sharpe ratio", number(sharpe), summary.risk.label.partition(",")[0], tone(sharpe)),
    ]


def _trip_tiles(summary: Summary) -> list[Fact]:
    trips = summary.trips
    still = "all closed" if summary.fill_count else "no fills"
    if summary.open_positions:
        still = f"{count(summary.open_positions, 'position')} still open"
    wins = f"{trips.wins:,} won, {trips.losses:,} lost" if trips.count else "none closed"
    factor = "won over lost money"
    if trips.profit_factor is None:
        factor = "no losing round trip" if trips.count else "none closed"
    return [
        Fact("Round trips", f"{trips.count:,}", still),
        Fact("Win rate", percent(trips.win_rate, 1), wins),
        Fact("Profit factor", number(trips.profit_factor), factor),
    ]
