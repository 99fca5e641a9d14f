"""The table of monthly returns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from ikbr.backtest.analytics.returns import total_return


class MonthlyRow(msgspec.Struct, frozen=True):
    """Hold one year of the table.

    Attributes:
        year: Which.
        months: Return of January to December as fractions; None without data.
        total: Return of the year.
    """

    year: int
    months: tuple[float | None, ...]
    total: float | None


def monthly_table(
    capital: float, session_end_equity: Sequence[tuple[dt.date, float]]
) -> tuple[MonthlyRow, ...]:
    """Give the return of every month and year.

    Args:
        capital: Account value before the first session.
        session_end_equity: Account value at the end of every session, in order.

    Returns:
        One row per year with data, in order.

    Source: return from the last session end before the month to the last one in it.

    >>> days = [(dt.date(2024, 12, 30), 110.0), (dt.date(2025, 1, 2), 99.0)]
    >>> for row in monthly_table(100.0, days):
    ...     print(row.year, row.months[0], row.months[11], row.total)
    2024 None 0.1 0.1
    2025 -0.1 None -0.1
    """
    ends: dict[tuple[int, int], float] = {}
    for day, equity in session_end_equity:
        ends[day.year, day.month] = equity
    rows: list[MonthlyRow] = []
    before = capital
    for year in sorted({year for year, _ in ends}):
        year_start = before
        months: list[float | None] = []
        for month in range(1, 13):
            equity_end = ends.get((year, month))
            if equity_end is None:
                months.append(None)
            else:
                months.append(total_return(before, equity_end))
                before = equity_end
        rows.append(MonthlyRow(year, tuple(months), total_return(year_start, before)))
    return tuple(rows)
