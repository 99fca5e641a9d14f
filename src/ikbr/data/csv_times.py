"""Times of csv files to ns UTC: epochs, text with and without an offset, time of day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ikbr.data.wall_clock import YEARS, midnight, wall_to_utc
from ikbr.domain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

EPOCHS = {"epoch-s": 10**9, "epoch-ms": 10**6, "epoch-us": 10**3, "epoch-ns": 1}
MS_OF_DAY = "ms-of-day"
GUESS = "guess"
NAMED = (*EPOCHS, MS_OF_DAY)

_MS_PER_DAY = 86_400_000
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")
_CLOCKS = ("%H:%M:%S%.f", "%H:%M", "%H%M%S", "%I:%M:%S %p", "%I:%M %p")
_TEXTS = tuple(
    f"{date}{joint}{clock}{zone}"
    for zone in ("", "%z", " %z")
    for date in _DATES
    for joint in (" ", "T")
    for clock in _CLOCKS
)


def parse_times(
    text: pl.Series, ts_format: str, zone: str, date: dt.date | None, first_line: int = 2
) -> NDArray[np.int64]:
    """Turn times as text into ns UTC.

    Args:
        text: One time per row.
        ts_format: One of `NAMED`, a strptime format, or `GUESS`.
        zone: Time zone of texts without an offset and of times of day.
        date: The day of times of day.
        first_line: Line number of the first row.

    Raises:
        DataError: When a time cannot be read; it names the line.
    """
    if not len(text):
        return np.empty(0, np.int64)
    chosen = ts_format if ts_format != GUESS else guess_format(text, date)
    if chosen in EPOCHS:
        return _numbers(text, EPOCHS[chosen], chosen, first_line)
    if chosen == MS_OF_DAY:
        if date is None:
            raise DataError("times are ms since midnight, of which day is not said; add --date.")
        return wall_to_utc(midnight(date) + _numbers(text, 10**6, chosen, first_line), zone)
    if date is not None and not any(mark in chosen for mark in ("%Y", "%y", "%d")):
        text, chosen = date.isoformat() + " " + text, "%Y-%m-%d " + chosen
    return _texts(text, chosen, zone, first_line)


def is_date(ts_format: str) -> bool:
    """Say whether a format names a day without a time.

    >>> is_date("%Y-%m-%d"), is_date("%Y-%m-%d %H:%M"), is_date("epoch-s")
    (True, False, False)
    """
    marks = ("%H", "%I", "%T", "%R", "%s", "%X", "%c", "%+")
    return ts_format not in NAMED and not any(mark in ts_format for mark in marks)


def guess_format(text: pl.Series, date: dt.date | None) -> str:
    """Find the format of times from the first of them.

    Numbers are an epoch by their size (a date of eight digits is a date), or ms of day when a
    date is given. Day and month in slashes are not guessed, since 3/4 means two days.

    Raises:
        DataError: When no format fits.
    """
    first = text.drop_nulls().head(1)
    sample = str(first[0]) if len(first) else ""
    if sample.replace(".", "", 1).isdigit():
        whole = len(sample.partition(".")[0])
        if date is not None and whole <= 8:
            return MS_OF_DAY
        if whole == 8:
            return "%Y%m%d"
        by_digits = {9: "epoch-s", 10: "epoch-s", 12: "epoch-ms", 13: "epoch-ms"}
        by_digits |= {15: "epoch-us", 16: "epoch-us", 18: "epoch-ns", 19: "epoch-ns"}
        if whole in by_digits:
            return by_digits[whole]
    else:
        for candidate in _DATES:
            if first.str.to_date(candidate, strict=False).null_count() == 0:
                return candidate
        for candidate in _TEXTS if date is None else (*_TEXTS, *_CLOCKS):
            try:
                _texts(_dated(first, candidate, date), _date_format(candidate), "UTC", 1)
            except DataError:
                continue
            return candidate
    raise DataError(
        f"time {sample!r} is in no format known; say which with --ts-format, as "
        "'%m/%d/%Y %H:%M:%S', epoch-s, epoch-ms, epoch-us, epoch-ns, or ms-of-day with --date."
    )


def _dated(text: pl.Series, ts_format: str, date: dt.date | None) -> pl.Series:
    return text if "%d" in ts_format else str(date) + " " + text


def _date_format(ts_format: str) -> str:
    return ts_format if "%d" in ts_format else "%Y-%m-%d " + ts_format


def _numbers(text: pl.Series, factor: int, name: str, first_line: int) -> NDArray[np.int64]:
    import polars as pl

    numbers = text.cast(pl.Int64, strict=False)
    if not numbers.null_count():
        _refuse_far(text, _is_far(numbers, name, factor), first_line)
        return numbers.to_numpy() * factor
    # Decimals keep the ns that a float of this size would lose.
    exact = text.cast(pl.Decimal(38, 9), strict=False)
    _refuse_nulls(text, exact, f"a number ({name})", first_line)
    _refuse_far(text, _is_far(exact, name, factor), first_line)
    return (exact * factor).cast(pl.Int64).to_numpy()


def _is_far(numbers: pl.Series, name: str, factor: int) -> pl.Series:
    if name == MS_OF_DAY:
        return (numbers < 0) | (numbers >= _MS_PER_DAY)
    low, high = (_january_ns(year) // factor for year in (YEARS[0], YEARS[1] + 1))
    return (numbers < low) | (numbers >= high)


def _january_ns(year: int) -> int:
    return (dt.date(year, 1, 1) - dt.date(1970, 1, 1)).days * 86_400 * 10**9


def _texts(text: pl.Series, ts_format: str, zone: str, first_line: int) -> NDArray[np.int64]:
    import polars as pl

    plain = ts_format.replace(".%f", "%.f")
    if is_date(plain):
        dates = text.str.to_date(plain, strict=False)
        _refuse_nulls(text, dates, f"a date as {ts_format}", first_line)
        _refuse_far(text, _other_years(dates), first_line)
        walls = dates.cast(pl.Datetime("ns"))
    elif "%z" in plain or "%+" in plain:
        # Z is ISO's short form of +00:00, which the %z of the parser does not know.
        spelt = text.str.replace(r"[Zz]$", "+00:00")
        coarse = spelt.str.to_datetime(plain, strict=False, time_unit="us", time_zone="UTC")
        _refuse_nulls(text, coarse, f"a time as {ts_format}", first_line)
        _refuse_far(text, _other_years(coarse), first_line)
        moments = spelt.str.to_datetime(plain, strict=False, time_unit="ns", time_zone="UTC")
        return moments.cast(pl.Int64).to_numpy()
    else:
        try:
            # Beyond 64 bits of ns the parser goes round silently; us reach far enough to see it.
            coarse = text.str.to_datetime(plain, strict=False, time_unit="us")
        except pl.exceptions.PolarsError as error:
            raise DataError(f"--ts-format {ts_format!r} cannot be used ({error}).") from error
        _refuse_nulls(text, coarse, f"a time as {ts_format}", first_line)
        _refuse_far(text, _other_years(coarse), first_line)
        walls = text.str.to_datetime(plain, strict=False, time_unit="ns")
    return wall_to_utc(walls.cast(pl.Int64).to_numpy(), zone)


def _refuse_nulls(text: pl.Series, made: pl.Series, what: str, first_line: int) -> None:
    if made.null_count():
        row = int(made.is_null().arg_max() or 0)
        raise DataError(
            f"line {first_line + row}: time {text[row]!r} is not {what}; "
            "correct it or say the format with --ts-format."
        )


def _other_years(times: pl.Series) -> pl.Series:
    years = times.dt.year()
    return (years < YEARS[0]) | (years > YEARS[1])


def _refuse_far(text: pl.Series, far: pl.Series, first_line: int) -> None:
    if far.any():
        row = int(far.arg_max() or 0)
        raise DataError(
            f"line {first_line + row}: time {text[row]!r} is beyond what can be kept (the years "
            f"{YEARS[0]} to {YEARS[1]}, or one day); correct it or say the format with "
            "--ts-format."
        )
