"""LEAN's factor files to splits and dividends.

A row is `date, price factor, split factor, reference price`. Its factors adjust prices of days up
to and including its date, back to the row before; the reference price is the unadjusted close of
that date. So between a row and the next one the factors change at the open of the trading day
after the row's date, the ex-date, and

    split = next split factor / split factor                (new shares per old share)
    dividend = reference price × (1 - price factor / next price factor)      (cash per share)

Source: https://github.com/QuantConnect/Lean/blob/master/Common/Data/Auxiliary/CorporateFactorRow.cs
and the sample itself: AAPL gives 7:1 on 2014-06-09 and $3.05 on 2013-05-09, as Apple paid.
"""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from ikbr.data.lean_parse import SessionsOf
from ikbr.data.wall_clock import midnight, wall_to_utc
from ikbr.domain.errors import DataError
from ikbr.domain.tape import CorporateAction

_FACTOR_ERROR = 5e-8
"""Factors are written with seven decimals."""

Row = tuple[dt.date, float, float, float]


def parse_factor_file(
    path: Path, symbol: str, zone: str, sessions_of: SessionsOf
) -> tuple[CorporateAction, ...]:
    """Read the splits and dividends of a factor file.

    Args:
        path: The csv.
        symbol: Whose it is.
        zone: Time zone of the exchange; an action takes effect at local midnight of its ex-date.
        sessions_of: Gives the sessions from one day to another.

    Raises:
        DataError: When a line cannot be used; it names file, line and value.
    """
    rows = _rows(path)
    found = []
    for now, after in pairwise(rows):
        split = split_ratio(now[2], after[2])
        dividend = dividend_paid(now[3], now[1], after[1])
        if split == 1.0 and dividend == 0.0:
            continue
        ex_date = _next_session(now[0], sessions_of)
        found.append(
            CorporateAction(
                symbol=symbol, ts_ns=_midnight_utc(ex_date, zone), split=split, dividend=dividend
            )
        )
    return tuple(found)


def split_ratio(factor: float, next_factor: float) -> float:
    """Give new shares per old share from two split factors.

    >>> split_ratio(0.0357143, 0.25), split_ratio(0.5, 1.0), split_ratio(1.0, 1.0)
    (7.0, 2.0, 1.0)
    """
    ratio = next_factor / factor
    error = ratio * _FACTOR_ERROR * (1 / factor + 1 / next_factor)
    # Splits are small ratios (7:1, 3:2, 1:10); rounded factors only come near them.
    simple = Fraction(ratio).limit_denominator(20)
    return float(simple) if abs(float(simple) - ratio) <= 2 * error else round(ratio, 6)


def dividend_paid(reference: float, factor: float, next_factor: float) -> float:
    """Give the cash per share from two price factors.

    Args:
        reference: Unadjusted close before the ex-date.
        factor: Price factor up to then.
        next_factor: Price factor after it.

    Returns:
        The dividend, to as many of four decimals as the factors' own rounding leaves certain.

    >>> dividend_paid(463.84, 0.8740796, 0.8798652)
    3.05
    """
    dividend = reference * (1 - factor / next_factor)
    doubt = 2 * reference * _FACTOR_ERROR / next_factor
    digits = 4 if doubt <= 0 else min(4, max(0, math.floor(-math.log10(2 * doubt))))
    return round(dividend, digits) if abs(dividend) > doubt else 0.0


def _rows(path: Path) -> list[Row]:
    rows: list[Row] = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"factor file '{path}' cannot be read ({error}); fetch it again."
        ) from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            day, price, split, reference = line.split(",")
            row = (
                dt.date(int(day[:4]), int(day[4:6]), int(day[6:])),
                float(price),
                float(split),
                float(reference),
            )
        except ValueError:
            row = (dt.date.min, 0.0, 0.0, 0.0)
        if not (row[1] > 0 and row[2] > 0 and row[3] >= 0):
            raise DataError(
                f"file '{path}', line {number}: {line[:60]!r} is not "
                "'date,price factor,split factor,reference price'; fetch the file again."
            )
        rows.append(row)
    return sorted(rows)


def _next_session(day: dt.date, sessions_of: SessionsOf) -> dt.date:
    # No exchange has been closed for longer than two weeks since 1933.
    found = sessions_of(day + dt.timedelta(1), day + dt.timedelta(14))
    return found[0].date if found else day + dt.timedelta(1)


def _midnight_utc(day: dt.date, zone: str) -> int:
    import numpy as np

    return int(wall_to_utc(np.array([midnight(day)], np.int64), zone)[0])
