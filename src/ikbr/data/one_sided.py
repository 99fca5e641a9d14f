"""One-sided quote updates to two-sided standing quotes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ikbr.data.columns import I32
from ikbr.domain.tape import NO_PRICE


def carry_forward(price: NDArray[np.int32], size: NDArray[np.int32]) -> tuple[I32, I32]:
    """Fill one side of the quote with what stood before.

    Args:
        price: Price units per row; 0 means this row did not touch the side.
        size: Displayed size per row; counts only where the price is not 0.

    Returns:
        Price and size standing after each row; NO_PRICE and 0 before the first.

    >>> prices, sizes = carry_forward(np.array([0, 7, 0], np.int32), np.array([9, 5, 0], np.int32))
    >>> prices.tolist() == [NO_PRICE, 7, 7], sizes.tolist()
    (True, [0, 5, 5])
    """
    rows = np.where(price != 0, np.arange(1, len(price) + 1), 0)
    rows = np.maximum.accumulate(rows) if len(rows) else rows
    # Row 0 of the lengthened arrays is "never seen".
    prices = np.concatenate([np.array([NO_PRICE], np.int32), price])
    shown = np.concatenate([np.array([0], np.int32), size])
    return prices[rows], shown[rows]
