"""The result in parts: months, symbols, strategies, costs and all other numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ikbr.backtest.report.header import Fact
from ikbr.backtest.report.wording import Words, duration, number, percent, tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ikbr.backtest.analytics.breakdown import Breakdown
    from ikbr.backtest.analytics.by_algorithm import AlgorithmCosts
    from ikbr.backtest.analytics.costs import Costs
    from ikbr.backtest.analytics.monthly import MonthlyRow
    from ikbr.backtest.analytics.summary import Summary

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

HEAT_STEPS = 5
"""Shades of the heat map on either side of zero."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Show one month: its return in words and its shade ("up-3", "down-1" or "")."""

    text: str
    shade: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """Show one year of the monthly table: the months that any year has, by `month_names`."""

    year: int
    months: tuple[HeatCell, ...]
    total: HeatCell


@dataclass(frozen=True, slots=True)
class PartRow:
    """Show one symbol or strategy.

    Attributes:
        name, fills, trips, win_rate, gross, fees, net: In words.
        tone: Of the net profit.
        bar: Length of its bar in percent of the longest.
        open_position: Whether anything was held at the end.
    """

    name: str
    fills: str
    trips: str
    win_rate: str
    gross: str
    fees: str
    net: str
    tone: str
    bar: float
    open_position: bool


@dataclass(frozen=True, slots=True)
class CostPart:
    """Show one part of the costs; `share` is its percentage of all that cost anything."""

    name: str
    css: str
    amount: str
    share: float
    note: str


def month_places(monthly: Sequence[MonthlyRow]) -> list[int]:
    """List the months (0 to 11) that any year has a return for."""
    return [n for n in range(12) if any(row.months[n] is not None for row in monthly)]


def month_names(monthly: Sequence[MonthlyRow]) -> list[str]:
    """Name the columns of the monthly table.

    Args:
        monthly: Returns by year and month.

    Returns:
        English short names; months that no year has are left out.
    """
    return [MONTHS[n] for n in month_places(monthly)]


def heat_rows(monthly: Sequence[MonthlyRow]) -> list[HeatRow]:
    """Shade the monthly returns by their size against the largest.

    Args:
        monthly: Returns by year and month.

    Returns:
        One row per year.
    """
    known = [abs(month) for row in monthly for month in row.months if month is not None]
    largest = max(known, default=0.0)
    places = month_places(monthly)
    return [
        HeatRow(
            row.year,
            tuple(_cell(row.months[n], largest) for n in places),
            HeatCell(percent(row.total, signed=True), tone(row.total)),
        )
        for row in monthly
    ]


def _cell(value: float | None, largest: float) -> HeatCell:
    if value is None:
        return HeatCell("", "")
    if not value or not largest:
        return HeatCell(percent(value), "")
    step = max(1, round(HEAT_STEPS * abs(value) / largest))
    return HeatCell(percent(value, signed=True), f"{'up' if value > 0 else 'down'}-{step}")


def part_rows(parts: Sequence[Breakdown], words: Words) -> list[PartRow]:
    """Show the result per symbol or per strategy, the largest profit first.

    Args:
        parts: Of the summary.
        words: For money.

    Returns:
        One row per part.
    """
    longest = max((abs(part.net_pnl) for part in parts), default=0.0) or 1.0
    return [
        PartRow(
            name=part.name,
            fills=f"{part.fills:,}",
            trips=f"{part.trips.count:,}",
            win_rate=percent(part.trips.win_rate, 1),
            gross=words.money(part.gross_pnl, signed=True),
            fees=words.money(part.costs.fees),
            net=words.money(part.net_pnl, signed=True),
            tone=tone(part.net_pnl),
            bar=round(100 * abs(part.net_pnl) / longest, 1),
            open_position=part.open_position,
        )
        for part in sorted(parts, key=lambda part: -part.net_pnl)
    ]


def cost_parts(costs: Costs, words: Words) -> list[CostPart]:
    """Show where the costs went.

    Args:
        costs: Of all fills; a negative part earned something.
        words: For money.

    Returns:
        Fees, spread, latency and slippage.
    """
    parts = (
        ("Fees", "fees", costs.fees, "commissions and regulatory fees"),
        ("Spread", "spread", costs.spread, "from the mid to the touch, when decided"),
        ("Latency", "latency", costs.latency, "what the touch moved until arrival"),
        ("Slippage", "slippage", costs.slippage, "from the touch on arrival to the fill"),
    )
    paid = sum(max(amount, 0.0) for _, _, amount, _ in parts)
    return [
        CostPart(
            name,
            css,
            words.money(amount),
            round(100 * max(amount, 0.0) / paid, 2) if paid else 0.0,
            note,
        )
        for name, css, amount, note in parts
    ]


def algorithm_rows(parts: Sequence[AlgorithmCosts], words: Words) -> list[list[str]]:
    """Show what each way of working orders cost.

    Args:
        parts: Of the summary.
        words: For money.

    Returns:
        Per way: name, fills, notional, and in 1/10,000 spread, delay, impact, fees and all.
    """
    return [
        [
            part.algorithm,
            f"{part.fills:,}",
            words.money(part.notional),
            *(
                number(value)
                for value in (
                    part.spread_bps, part.delay_bps, part.impact_bps, part.fees_bps, part.total_bps
                )
            ),
        ]
        for part in parts
    ]  # fmt: skip


def all_numbers(summary: Summary, words: Words) -> list[tuple[str, list[Fact]]]:
    """Give the numbers that have no tile, in groups.

    Args:
        summary: Of the run.
        words: For money.

    Returns:
        Groups of facts with their headings.
    """
    risk, trips = summary.risk, summary.trips
    per = "per session" if risk.basis == "sessions" else "per sample"
    risk_facts = [
        Fact("Volatility", percent(risk.volatility), "a year"),
        Fact("Sortino ratio", number(risk.sortino)),
        Fact("Calmar ratio", number(summary.calmar)),
        Fact("Omega ratio", number(risk.omega)),
        Fact("Probabilistic Sharpe", percent(risk.probabilistic_sharpe, 1), "that it is above 0"),
        Fact("Value at risk, 5 %", percent(risk.value_at_risk), per),
        Fact("Expected shortfall, 5 %", percent(risk.expected_shortfall), per),
        Fact("Tail ratio", number(risk.tail_ratio)),
        Fact("Ulcer index", percent(risk.ulcer_index)),
        Fact("Longest drawdown", duration(summary.drawdown.longest_s)),
    ]
    trip_facts = [
        Fact("Expectancy", words.money(trips.expectancy, signed=True), "per round trip"),
        Fact("Average win", words.money(trips.average_win, signed=True)),
        Fact("Average loss", words.money(trips.average_loss, signed=True)),
        Fact("Payoff ratio", number(trips.payoff_ratio), "average win over average loss"),
        Fact("Best", words.money(trips.best, signed=True)),
        Fact("Worst", words.money(trips.worst, signed=True)),
        Fact("Average time held", duration(trips.average_held_s)),
        Fact("Longest losing streak", f"{trips.longest_losing_streak:,}"),
        Fact("System quality number", number(trips.sqn)),
        Fact("Average MAE", percent(summary.average_mae), "of the notional"),
        Fact("Average MFE", percent(summary.average_mfe), "of the notional"),
    ]
    account = [
        Fact("Final equity", words.money(summary.final_equity)),
        Fact("Growth a year (CAGR)", percent(summary.cagr, signed=True)),
        Fact("Sessions", f"{summary.sessions:,}"),
        Fact("Fills", f"{summary.fill_count:,}"),
        Fact("Turnover", number(summary.turnover), "times the average equity"),
        Fact("Open positions", f"{summary.open_positions:,}"),
    ]
    return [("Account", account), ("Risk", risk_facts), ("Round trips", trip_facts)]
