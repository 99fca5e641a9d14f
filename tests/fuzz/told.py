"""Prices and sizes that cannot be: kept as they came, and told by the check of the data."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ikbr.data.columns import Columns
from ikbr.data.quality_case import Finding
from ikbr.domain.tape import NO_PRICE

FAR_NS = 1 << 62
"""A present after which no row is from the future."""
_SIZES = ("size", "volume", "bid_size", "ask_size")


def check_told(columns: Columns, found: Iterable[Finding]) -> None:
    """See that every column with a price of 0 or less, or a size below 0, is in a finding."""
    told = {(one.rule, one.text.split()[0]) for one in found}
    for name in columns.__dataclass_fields__:
        values = getattr(columns, name)
        if name in _SIZES:
            assert (values >= 0).all() or ("negative-size", name) in told, name
        elif values.dtype == np.int32:
            priced = (values > 0) | (values == NO_PRICE)
            assert priced.all() or ("non-positive", name) in told, name
