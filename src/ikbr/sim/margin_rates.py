"""Margin rates: what part of a position's value an account must hold against it."""

from __future__ import annotations

import msgspec

from ikbr.domain.execution import AccountType
from ikbr.domain.instrument import MICRO, Instrument, SecType

FULL = MICRO
"""A rate of one: the whole value."""

FUTURES_MAINTENANCE: dict[str, int] = {
    "ES": 75_000,
    "MES": 75_000,
    "NQ": 85_000,
    "MNQ": 85_000,
    "RTY": 80_000,
    "M2K": 80_000,
    "YM": 75_000,
    "CL": 110_000,
    "MCL": 110_000,
    "NG": 200_000,
    "GC": 70_000,
    "MGC": 70_000,
    "SI": 110_000,
    "6E": 25_000,
    "ZN": 20_000,
}
"""Maintenance margin per contract as millionths of its notional.

Source: ikbr's own round numbers near CME Group's performance bonds of 2025; the exchange changes
them every few weeks, so that a fraction of the notional ages better than a number of dollars."""

OTHER_FUTURES_MAINTENANCE = 150_000
"""For a root that is not in the table; ikbr's own, on the safe side."""

MAJOR_CURRENCIES = frozenset(("AUD", "CAD", "CHF", "DKK", "EUR", "GBP", "JPY", "NOK", "NZD", "SEK"))
"""Source: NFA Financial Requirements, section 12 (two per cent; others five)."""


class MarginRate(msgspec.Struct, frozen=True):
    """Say how much of a position's value is required, in millionths.

    Attributes:
        long_initial, long_maintenance: Of a long position.
        short_initial, short_maintenance: Of a short position.
        floored: Whether IB's floors for low-priced short stock apply.
        is_option: Whether the rules of options apply instead for a short position.
        bounded: Whether the price cannot fall below zero.
    """

    long_initial: int
    long_maintenance: int
    short_initial: int
    short_maintenance: int
    floored: bool = False
    is_option: bool = False
    bounded: bool = True


def rate_of(instrument: Instrument, account: AccountType) -> MarginRate:
    """Look up the rates of an instrument.

    Args:
        instrument: What is held.
        account: In which kind of account.

    Source: Regulation T, 12 CFR 220.12 (50 % initial); IBKR, "US stocks margin" (maintenance 25 %
    long, 30 % short; cash accounts 100 %); 17 CFR 5.9 (currencies); options are paid in full
    (12 CFR 220.12(f)). Futures: initial is 110 % of maintenance (CME Group, "Performance bonds").

    >>> rate_of(Instrument(symbol="SPY"), "reg-t").long_initial
    500000
    """
    kind = instrument.sec_type
    if account == "simple":
        return MarginRate(0, 0, 0, 0)
    if kind == SecType.OPTION:
        return MarginRate(FULL, FULL, FULL, FULL, is_option=True)
    if kind == SecType.FUTURE:
        root = instrument.symbol.partition(" ")[0]
        maintenance = FUTURES_MAINTENANCE.get(root, OTHER_FUTURES_MAINTENANCE)
        initial = maintenance * 11 // 10
        return MarginRate(initial, maintenance, initial, maintenance, bounded=False)
    if account == "cash":
        return MarginRate(FULL, FULL, FULL, FULL)
    if kind == SecType.FOREX:
        pair = set(instrument.symbol.split(".")) - {"USD"}
        rate = 20_000 if pair <= MAJOR_CURRENCIES else 50_000
        return MarginRate(rate, rate, rate, rate)
    return MarginRate(500_000, 250_000, 500_000, 300_000, floored=True)


def short_floor_micro(price_micro: int) -> int:
    """Give IB's least requirement per share of short stock, below its 30 %.

    Args:
        price_micro: Price of a share, millionths.

    Source: IBKR, "US stocks margin", short positions: 5.00 dollars a share up to 16.67, the whole
    value up to 5.00, 2.50 a share up to 2.50.

    >>> [short_floor_micro(price) for price in (1_000_000, 4_000_000, 12_000_000)]
    [2500000, 4000000, 5000000]
    """
    return min(max(price_micro, 2_500_000), 5_000_000)


def required_micro(rate: int, floored: bool, quantity: int, unit_micro: int) -> int:
    """Apply a rate to a quantity, rounding up to a millionth.

    Args:
        rate: Millionths of the value.
        floored: Whether the floors of low-priced short stock apply.
        quantity: Signed quantity.
        unit_micro: Value of one share or contract at its price, millionths.

    >>> required_micro(300_000, True, -100, 10_000_000)
    500000000
    """
    size = abs(quantity)
    required = -(-size * abs(unit_micro) * rate // MICRO)
    if floored and quantity < 0:
        return max(required, size * short_floor_micro(unit_micro))
    return required
