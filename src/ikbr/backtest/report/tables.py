"""The long tables of the report: round trips, fills, refusals and the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ikbr.backtest.report.wording import (
    NOTHING,
    Words,
    decimals,
    duration,
    number,
    percent,
    tone,
)

if TYPE_CHECKING:
    from ikbr.backtest.analytics.summary import TripRecord
    from ikbr.backtest.result import BacktestResult
    from ikbr.domain.events import Refusal
    from ikbr.domain.order import Fill

ROWS = 1_500
"""Most rows of one table; what is left out is said under it."""

EXAMPLES = 3
"""Refusals shown in full per rule."""


@dataclass(frozen=True, slots=True)
class Column:
    """Describe a column.

    Attributes:
        name: Its heading.
        unit: Of its values; may be "".
        numeric: Whether it is aligned to the right.
    """

    name: str
    unit: str = ""
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """Show one value.

    Attributes:
        text: In words.
        tone: "gain", "loss" or "".
        sort: Number to sort by where the text does not give it.
    """

    text: str
    tone: str = ""
    sort: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Show many rows.

    Attributes:
        columns: From left to right.
        rows: From top to bottom.
        total: How many rows there are in all, also those left out.
    """

    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    total: int

    @property
    def left_out(self) -> int:
        """How many rows are not shown."""
        return self.total - len(self.rows)


TRIP_COLUMNS = (
    Column("Entry"),
    Column("Exit"),
    Column("Strategy"),
    Column("Symbol"),
    Column("Side"),
    Column("Quantity", numeric=True),
    Column("Entry price", numeric=True),
    Column("Exit price", numeric=True),
    Column("Held", numeric=True),
    Column("Net P&L", numeric=True),
    Column("Return", numeric=True),
    Column("MAE", numeric=True),
    Column("MFE", numeric=True),
    Column("Fees", numeric=True),
)

FILL_COLUMNS = (
    Column("Time"),
    Column("Strategy"),
    Column("Symbol"),
    Column("Side"),
    Column("Quantity", numeric=True),
    Column("Price", numeric=True),
    Column("Notional", numeric=True),
    Column("Commission", numeric=True),
    Column("To mid", "bps", numeric=True),
    Column("Reason"),
)


def trip_table(records: Sequence[TripRecord], words: Words) -> Table:
    """Show round trips in the order of their ends.

    Args:
        records: Of the summary.
        words: For money and times.

    Returns:
        The first `ROWS` of them.
    """
    shown = records[:ROWS]
    paid = [price for r in shown for price in (r.trip.entry_price, r.trip.exit_price)]
    places = decimals(paid, 2, 4)
    rows = [_trip_row(record, words, places) for record in shown]
    return Table(TRIP_COLUMNS, rows, len(records))


def _trip_row(record: TripRecord, words: Words, places: int) -> list[Cell]:
    trip, gone = record.trip, record.excursion
    rate = record.net_pnl / trip.net_pnl if trip.net_pnl else 1.0
    return [
        Cell(words.moment(trip.entry_ts_ns, millis=False)),
        Cell(words.moment(trip.exit_ts_ns, millis=False)),
        Cell(trip.strategy),
        Cell(trip.symbol),
        Cell("Long" if trip.direction > 0 else "Short"),
        Cell(f"{trip.max_quantity:,}"),
        Cell(number(trip.entry_price, places)),
        Cell(number(trip.exit_price, places)),
        Cell(duration(record.held_s), sort=record.held_s),
        Cell(number(record.net_pnl), tone(record.net_pnl)),
        Cell(percent(record.return_fraction)),
        Cell(number(gone.adverse) if gone else NOTHING),
        Cell(number(gone.favourable) if gone else NOTHING),
        Cell(number(trip.commission * rate)),
    ]


def fill_table(result: BacktestResult, words: Words) -> Table:
    """Show fills in order of time.

    Args:
        result: What a backtest gave.
        words: For times.

    Returns:
        The first `ROWS` of them, with why each was ordered.
    """
    shown = result.fills[:ROWS]
    places = decimals((fill.price for fill in shown), 2, 6)
    wanted = {fill.order_id for fill in shown}
    reasons = {
        order.order_id: order.request.reason for order in result.orders if order.order_id in wanted
    }
    rows = [
        _fill_row(
            fill,
            words,
            places,
            result.instruments[fill.symbol].multiplier,
            reasons.get(fill.order_id, ""),
        )
        for fill in shown
    ]
    return Table(FILL_COLUMNS, rows, len(result.fills))


def _fill_row(fill: Fill, words: Words, places: int, multiplier: int, reason: str) -> list[Cell]:
    mid = fill.decision_mid
    cost = int(fill.side) * (fill.price - mid) / mid * 10_000 if mid else None
    return [
        Cell(words.moment(fill.ts_ns)),
        Cell(fill.strategy),
        Cell(fill.symbol),
        Cell(fill.side.name, "buy" if fill.side > 0 else "sell"),
        Cell(f"{fill.quantity:,}"),
        Cell(number(fill.price, places)),
        Cell(number(fill.price * fill.quantity * multiplier)),
        Cell(number(fill.commission)),
        Cell(number(cost, 1)),
        Cell(reason if len(reason) <= 90 else reason[:89] + "…"),
    ]


@dataclass(frozen=True, slots=True)
class RefusedRule:
    """Show what one rule refused.

    Attributes:
        rule: Its name.
        count: How often it refused.
        examples: Time, strategy, request and reason of the first ones.
    """

    rule: str
    count: int
    examples: list[tuple[str, str, str, str]]


def refused_rules(result: BacktestResult, words: Words) -> list[RefusedRule]:
    """Show refusals by rule, the most frequent first.

    Args:
        result: What a backtest gave.
        words: For times.

    Returns:
        Each rule with its first examples.
    """
    examples: dict[str, list[tuple[str, str, str, str]]] = {}
    for refusal in result.refusals:
        shown = examples.setdefault(refusal.refused.rule, [])
        if len(shown) < EXAMPLES:
            shown.append(_example(refusal, words))
    counts = {rule: len(shown) for rule, shown in examples.items()} | dict(result.refused)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [RefusedRule(rule, times, examples.get(rule, [])) for rule, times in ranked]


def _example(refusal: Refusal, words: Words) -> tuple[str, str, str, str]:
    request = refusal.request
    wanted = f"{request.side.name} {request.quantity:,} {request.symbol} {request.order_type}"
    return words.moment(refusal.ts_ns), refusal.strategy, wanted, refusal.refused.reason
