"""Validity: what the raw values of a feed mean, by class of security.

Feeds say "nothing" in many ways: −1, 0, NaN, the largest float. Here that becomes one: NaN for a
price that is unknown, None for a print that was none and for a state that is not known.
"""

from __future__ import annotations

from math import isfinite

from ikbr.domain.instrument import SecType
from ikbr.domain.ticker import NAN

BELOW_ZERO = frozenset((SecType.FUTURE,))
"""Classes whose prices may be 0 or negative; spreads belong here once they can be written.

Source: NYMEX, WTI crude oil futures for May 2020, which settled at −37.63 on 2020-04-20.
"""

LARGEST_PRICE = 1e12
"""Beyond it a number is a way to say "not set", such as the largest float."""


def valid_price(price: float, sec_type: SecType) -> float:
    """Give a price, or NaN where it can be none.

    Args:
        price: As the feed gave it.
        sec_type: Class of the security.

    Source: TWS API, "Market Data: Tick Types": −1 with size 0 says that no quote is available;
    UNSET_DOUBLE (the largest float) stands for a value that is not set.

    >>> valid_price(167.41, SecType.STOCK), valid_price(-37.63, SecType.FUTURE)
    (167.41, -37.63)
    >>> valid_price(-1.0, SecType.STOCK), valid_price(float("inf"), SecType.FUTURE)
    (nan, nan)
    """
    if not isfinite(price) or abs(price) > LARGEST_PRICE:
        return NAN
    return price if price > 0 or sec_type in BELOW_ZERO else NAN


def valid_size(size: float) -> int:
    """Give a size as a whole number; 0 where it can be none.

    Args:
        size: As the feed gave it.

    Source: TWS API, `Decimal` sizes: UNSET_DECIMAL (2^127 − 1) stands for one that is not set.

    >>> valid_size(300.0), valid_size(-1), valid_size(float("nan")), valid_size(2.0**127)
    (300, 0, 0, 0)
    """
    return int(size) if isfinite(size) and 0 < size < LARGEST_PRICE else 0


def valid_side(price: float, size: float, sec_type: SecType) -> tuple[float, int]:
    """Give one side of a quote; NaN and 0 where nothing stands.

    A size of 0 means that nobody offers. A size of NaN means that the feed does not tell sizes:
    then the price stands, unless it is −1 or 0, which cannot be told from "none" without a size.

    Args:
        price: As the feed gave it.
        size: As the feed gave it.
        sec_type: Class of the security.

    Source: TWS API, "Market Data: Tick Types": a bid or ask of −1 (in older versions 0) with
    size 0 says that there is none at present.

    >>> valid_side(10.01, 300, SecType.STOCK), valid_side(-1.0, 7, SecType.FUTURE)
    ((10.01, 300), (-1.0, 7))
    >>> valid_side(-1.0, 0, SecType.STOCK), valid_side(-1.0, 0, SecType.FUTURE)
    ((nan, 0), (nan, 0))
    >>> valid_side(10.01, float("nan"), SecType.STOCK)
    (10.01, 0)
    """
    price = valid_price(price, sec_type)
    held = valid_size(size)
    if price != price:
        return NAN, 0
    if size != size:
        return (NAN, 0) if price in (-1.0, 0.0) else (price, 0)
    return (price, held) if held else (NAN, 0)


def valid_print(price: float, size: float, sec_type: SecType) -> tuple[float, int] | None:
    """Give a print, or None where nothing was dealt.

    Args:
        price: As the feed gave it.
        size: As the feed gave it.
        sec_type: Class of the security.

    Source: the catalog's rule (`data/columns.py:PrintColumns`): a row of size 0 is no print.

    >>> valid_print(10.0, 100, SecType.STOCK), valid_print(10.0, 0, SecType.STOCK)
    ((10.0, 100), None)
    """
    price, held = valid_price(price, sec_type), valid_size(size)
    return (price, held) if price == price and held else None


def halt_state(value: float) -> bool | None:
    """Say whether trading is halted; None where that is not known, which is not "open".

    Args:
        value: Of the feed's tick "halted".

    Source: TWS API, "Market Data: Tick Types", tick 49: −1 not available, 0 not halted, 1 general
    halt, 2 volatility halt.

    >>> [halt_state(v) for v in (-1.0, 0.0, 1.0, 2.0, float("nan"))]
    [None, False, True, True, None]
    """
    if value == 0:
        return False
    return True if value in (1, 2) else None
