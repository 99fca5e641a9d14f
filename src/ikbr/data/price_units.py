"""Prices of files to integer price units, refusing what would be changed by it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ikbr.data.columns import I32
from ikbr.domain.errors import DataError

LARGEST = 2**31 - 1
"""Largest price in units that a column of the catalog holds."""

_TOLERANCE = 1e-3


def float_units(
    prices: NDArray[np.float64],
    scale: int,
    name: str,
    first_line: int = 1,
    rounding: bool = False,
) -> I32:
    """Turn decimal prices into price units.

    Args:
        prices: Prices in currency.
        scale: Price units per 1.0 of price.
        name: What to call the column in an error, as "file 'x.csv', price".
        first_line: Line number of the first row.
        rounding: Take the nearest unit where a price is finer.

    Raises:
        DataError: When a price is not a number, too large, or finer than a price unit.

    >>> float_units(np.array([1.38727]), 100_000, "bid")
    array([138727], dtype=int32)
    """
    scaled = prices * scale
    units = np.rint(scaled)
    with np.errstate(invalid="ignore"):
        # Decimal text read as float64 is off by up to 2**-53 of itself.
        fine = rounding | (np.abs(scaled - units) <= _TOLERANCE + np.abs(scaled) * 1e-12)
        fits = np.abs(units) <= LARGEST
    bad = np.flatnonzero(~(fine & fits))
    if len(bad):
        row = int(bad[0])
        price = float(prices[row])
        why = (
            "is not a number"
            if not np.isfinite(price)
            else f"is beyond {LARGEST / scale:,.10g}, the largest that can be kept"
            if not fits[row]
            else f"is finer than the instrument's price unit 1/{scale}"
        )
        raise DataError(f"{name}, line {first_line + row}: price {price:.12g} {why}.")
    return units.astype(np.int32)


def integer_units(units: NDArray[np.int64], scale: int, name: str, first_line: int = 1) -> I32:
    """Narrow prices that are integer units already.

    Args:
        units: Price units.
        scale: Price units per 1.0 of price.
        name: What to call the column in an error.
        first_line: Line number of the first row.

    Raises:
        DataError: When one does not fit.

    >>> integer_units(np.array([1674100]), 10_000, "price")
    array([1674100], dtype=int32)
    """
    bad = np.flatnonzero(np.abs(units) > LARGEST)
    if len(bad):
        row = int(bad[0])
        raise DataError(
            f"{name}, line {first_line + row}: price {int(units[row])} is beyond {LARGEST} "
            f"({LARGEST / scale:,.10g} in currency), the largest that can be kept."
        )
    return units.astype(np.int32)


def sizes(values: NDArray[np.int64], name: str, first_line: int = 1) -> I32:
    """Narrow sizes, refusing those that do not fit.

    >>> sizes(np.array([100]), "size")
    array([100], dtype=int32)
    """
    bad = np.flatnonzero(np.abs(values) > LARGEST)
    if len(bad):
        row = int(bad[0])
        raise DataError(
            f"{name}, line {first_line + row}: size {int(values[row])} is beyond {LARGEST}."
        )
    return values.astype(np.int32)
