"""A second opinion on backtests: loops that share no code with ikbr.

They read the rows of LEAN's own files, trade momentum in a few lines and work out fees by hand.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "lean"
NEW_YORK = ZoneInfo("America/New_York")
OPEN_NS, CLOSE_NS = 34_200 * 10**9, 57_600 * 10**9


Row = tuple[int, str, int, int, int]
"""Time, day, bid, ask, last: a print when `last` is set, else a quote; prices in 1/10,000."""


class Done(NamedTuple):
    """One fill: signed quantity, price in 1/10,000."""

    ts: int
    change: int
    price: int


def cells(path: Path) -> Iterator[list[str]]:
    """Give the cells of the one file in an archive."""
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member:
        yield from csv.reader(io.TextIOWrapper(member))


@lru_cache(maxsize=3)
def lean_rows(symbol: str, *, quotes: bool) -> list[Row]:
    """Read regular hours of all days; at equal times quotes come before prints."""
    rows: list[Row] = []
    for path in sorted((SAMPLE / "equity/usa/tick" / symbol.lower()).glob("*_trade.zip")):
        day = path.name[:8]
        midnight = dt.datetime.strptime(day, "%Y%m%d").replace(tzinfo=NEW_YORK)
        start = int(midnight.timestamp()) * 10**9
        found: list[Row] = []
        bid = ask = 0
        for row in cells(path.with_name(f"{day}_quote.zip")) if quotes else ():
            bid, ask = int(row[1]) or bid, int(row[3]) or ask
            found.append((start + int(row[0]) * 10**6, day, bid, ask, 0))
        found += [(start + int(row[0]) * 10**6, day, 0, 0, int(row[1])) for row in cells(path)]
        found.sort(key=lambda row: (row[0], row[4] > 0))
        rows += [row for row in found if OPEN_NS <= row[0] - start < CLOSE_NS]
    return rows


def momentum(rows: Iterable[Row], threshold: float, rule: str) -> tuple[list[Done], int]:
    """Trade 100 shares by the guide's momentum; give the fills and the last mark."""
    prices: deque[float] = deque(maxlen=20)
    waiting: list[int] = []
    fills: list[Done] = []
    long = last = bid = ask = 0  # `long` counts what waits as filled
    today = ""
    for ts, day, new_bid, new_ask, printed in rows:
        if day != today:  # quotes and waiting orders end with the day
            long -= sum(waiting)
            today, bid, ask, waiting = day, 0, 0, []
        if printed:
            last = printed
        else:
            bid, ask = new_bid, new_ask
        for sign in waiting[:]:
            if price := printed or (rule == "quote" and (ask if sign > 0 else bid)):
                fills.append(Done(ts, sign * 100, price))
                waiting.remove(sign)
        if not last:
            continue
        prices.append(last / 10_000)
        rise = prices[-1] / prices[0] - 1.0 if len(prices) == 20 else 0.0
        if sign := (rise > threshold and not long) - (rise < -threshold and long):
            long += sign
            price = {"next": 0, "last": last, "quote": ask if sign > 0 else bid}[rule]
            if sign < 0 and waiting:  # what is not bought yet is not bought at all
                waiting = []
            elif price:
                fills.append(Done(ts, sign * 100, price))
            else:
                waiting.append(sign)
    return fills, min(max(last, bid), ask or last)


def fixed_fee(fill: Done, as_of: str) -> Decimal:
    """Charge IBKR's fixed price for a whole order of US stock, in dollars.

    Source: IBKR, "Commissions: stocks": 0.005 per share, at least 1.00, at most one per cent;
    SEC fee and FINRA's trading activity fee on sales; consolidated audit trail on both sides.
    """
    shares = abs(fill.change)
    value = Decimal(shares * fill.price) / 10_000
    sec, taf, taf_cap, cat = next(row[1:] for row in reversed(REGULATORS) if row[0] <= as_of)
    fee = min(max(shares * Decimal("0.005"), Decimal(1)), value / 100) + shares * cat
    if fill.change < 0:
        fee += min(shares * taf, taf_cap) + value * sec
    return fee.quantize(Decimal("0.000001"), ROUND_HALF_UP)


REGULATORS = [
    ("2025-01-01", Decimal("0.0000278"), Decimal("0.000166"), Decimal("8.30"), Decimal("0.000048")),
    ("2025-05-14", Decimal(0), Decimal("0.000166"), Decimal("8.30"), Decimal("0.000048")),
]
"""Day, SEC fee per dollar sold, FINRA fee per share sold and its cap, audit trail per share.

Source: SEC, Fee Rate Advisories for 2024 and 2025; FINRA, Regulatory Notice on Schedule A; CAT.
"""


def profit(fills: Iterable[Done], fees: Iterable[Decimal], mark: int) -> Decimal:
    """Add up cash, fees and what is left at its mark, in dollars."""
    fills = list(fills)
    cash = -sum(fill.change * fill.price for fill in fills)
    left = sum(fill.change for fill in fills) * mark
    return Decimal(cash + left) / 10_000 - sum(fees, Decimal(0))
