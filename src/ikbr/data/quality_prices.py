"""Quality rules about prices and sizes: non-positive, crossed, misshapen, spikes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ikbr.data.columns import (
    SUSPICIOUS,
    BarColumns,
    PrintColumns,
    QuoteBarColumns,
    QuoteColumns,
    names,
)
from ikbr.data.quality_case import Case, Finding, Severity
from ikbr.domain.instrument import SecType
from ikbr.domain.tape import NO_PRICE, PrintFlag

_NOT_PRICES = {"ts_ns", "flags", "size", "volume", "bid_size", "ask_size"}
_LONGEST_SPIKE = 3


def non_positive(case: Case) -> Iterator[Finding]:
    """Report prices of zero or less: an error, but only a warning for futures.

    A future's price can fall below zero (crude oil, 20 April 2020).
    Source: https://www.cmegroup.com/ (CL settled at -37.63 that day).
    """
    severity: Severity = "warning" if case.instrument.sec_type == SecType.FUTURE else "error"
    for name in names(case.kind):
        if name in _NOT_PRICES:
            continue
        values = getattr(case.columns, name)
        rows = np.flatnonzero((values <= 0) & (values != NO_PRICE))
        yield from case.find(
            severity,
            "non-positive",
            rows,
            f"{name} is zero or negative",
            lambda row, values=values: case.price(int(values[row])),  # type: ignore[misc]
        )


def sizes(case: Case) -> Iterator[Finding]:
    """Report sizes below zero (an error) and prints of nothing (a warning).

    Halts and resumptions are stored as prints of size 0 and are left alone; so are bars and
    quotes of size 0, which only say that nothing was there.
    """
    for name in names(case.kind):
        if name not in {"size", "volume", "bid_size", "ask_size"}:
            continue
        values = getattr(case.columns, name)
        yield from case.find(
            "error", "negative-size", np.flatnonzero(values < 0), f"{name} is negative"
        )
    if isinstance(case.columns, PrintColumns):
        marks = case.columns.flags & (PrintFlag.HALT | PrintFlag.RESUME)
        rows = np.flatnonzero((case.columns.size == 0) & (marks == 0))
        yield from case.find("warning", "zero-size", rows, "prints have size 0")


def suspicious(case: Case) -> Iterator[Finding]:
    """Report prints the publisher doubts: info, since loading leaves them out."""
    if isinstance(case.columns, PrintColumns):
        rows = np.flatnonzero(case.columns.flags & SUSPICIOUS)
        yield from case.find(
            "info",
            "suspicious",
            rows,
            "prints are marked suspicious and left out when loading",
            lambda row: case.price(int(getattr(case.columns, "price")[row])),  # noqa: B009
        )


def crossed(case: Case) -> Iterator[Finding]:
    """Report bids above asks (a warning) and equal to them (info).

    Quotes gathered from many venues, and a bank feed's, do lock and cross for moments: the sample
    of IBM does in 0.1 % of rows, FXCM's euro in 8 %. Where most rows are crossed the sides are
    swapped, which is an error.
    """
    if isinstance(case.columns, QuoteColumns):
        bid, ask = case.columns.bid, case.columns.ask
    elif isinstance(case.columns, QuoteBarColumns):
        bid, ask = case.columns.bid_close, case.columns.ask_close
    else:
        return
    both = (bid != NO_PRICE) & (ask != NO_PRICE)

    def tell(row: int) -> str:
        return f"bid {case.price(int(bid[row]))} ask {case.price(int(ask[row]))}"

    rows = np.flatnonzero(both & (bid > ask))
    swapped = 2 * len(rows) > int(both.sum())
    yield from case.find(
        "error" if swapped else "warning",
        "crossed",
        rows,
        "bids stand above asks" + (" in most rows: are the sides swapped?" if swapped else ""),
        tell,
    )
    yield from case.find(
        "info", "locked", np.flatnonzero(both & (bid == ask)), "bids equal asks", tell
    )


def shape(case: Case) -> Iterator[Finding]:
    """Report bars whose high is not the highest or low not the lowest: an error."""
    if isinstance(case.columns, BarColumns):
        sides = [""]
    elif isinstance(case.columns, QuoteBarColumns):
        sides = ["bid_", "ask_"]
    else:
        return
    for side in sides:
        first, high, low, last = (
            getattr(case.columns, side + part) for part in ("open", "high", "low", "close")
        )
        top, bottom = np.maximum(first, last), np.minimum(first, last)
        rows = np.flatnonzero((high < top) | (low > bottom))
        yield from case.find(
            "error", "bar-shape", rows, f"the {side}high or {side}low is within open and close"
        )


def spikes(case: Case) -> Iterator[Finding]:
    """Report jumps that come straight back: a warning, or an error where no market could move so.

    A jump counts when it is larger than `spike_percent` and `spike_mads` times the usual price
    change, and when within three rows the price is back to a quarter of it. Only regular hours
    count: before and after them the book is thin and single prints far off are ordinary.
    """
    level, rows = _level(case)
    if len(level) < 3:
        return
    price = level.astype(np.float64)
    moves = np.abs(np.diff(price))
    usual = float(np.median(moves[moves > 0])) if (moves > 0).any() else 0.0
    least = np.maximum(
        price[:-1] * case.limits.spike_percent[case.resolution] / 100,
        case.limits.spike_mads * usual,
    )
    starts = _reverting(price, moves, least)
    percent = moves[starts - 1] / price[starts - 1] * 100
    wild = percent > case.limits.spike_error_percent
    if case.resolution == "daily":
        wild[:] = False
    for severity, chosen in (("error", starts[wild]), ("warning", starts[~wild])):
        before = {int(rows[at]): int(level[at - 1]) for at in chosen[:3].tolist()}
        at_row = {int(rows[at]): int(level[at]) for at in chosen[:3].tolist()}
        yield from case.find(
            severity,  # type: ignore[arg-type]
            "spike",
            rows[chosen],
            "the price jumps and comes straight back",
            lambda row, a=before, b=at_row: f"{case.price(a[row])} to {case.price(b[row])}",  # type: ignore[misc]
        )


def _reverting(
    price: NDArray[np.float64], moves: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Give the rows at which a jump begins that is undone within `_LONGEST_SPIKE` rows."""
    starts = np.flatnonzero(moves > least) + 1
    found = np.zeros(len(starts), np.bool_)
    base = price[starts - 1]
    jump = price[starts] - base
    for length in range(1, _LONGEST_SPIKE + 1):
        after = starts + length
        exists = after < len(price)
        back = price[np.minimum(after, len(price) - 1)] - base
        found |= exists & (np.abs(back) <= np.abs(jump) / 4)
    kept = starts[found]
    # The way back of a spike is itself a large move, but starts from the spike.
    return kept[np.diff(kept, prepend=-_LONGEST_SPIKE - 1) > _LONGEST_SPIKE]


def _level(case: Case) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Give the price to watch, and the rows it stands in."""
    columns = case.columns
    inside = case.regular
    if isinstance(columns, PrintColumns):
        marks = SUSPICIOUS | PrintFlag.HALT | PrintFlag.RESUME
        rows = np.flatnonzero(inside & ((columns.flags & marks) == 0) & (columns.price > 0))
        return columns.price[rows], rows
    if isinstance(columns, BarColumns):
        use = (columns.close > 0) & (inside | (case.resolution == "daily"))
        rows = np.flatnonzero(use)
        return columns.close[rows], rows
    bid, ask = (
        (columns.bid, columns.ask)
        if isinstance(columns, QuoteColumns)
        else (columns.bid_close, columns.ask_close)
    )
    rows = np.flatnonzero(inside & (bid > 0) & (ask >= bid))
    middle = (bid[rows].astype(np.int64) + ask[rows]) // 2
    return middle.astype(np.int32), rows
