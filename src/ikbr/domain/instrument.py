"""Instruments: what is traded, on which price grid, in which currency."""

from __future__ import annotations

import datetime as dt
import math
from enum import StrEnum
from functools import cached_property
from typing import Literal

import msgspec

from ikbr.domain.errors import ContractError

MICRO = 1_000_000
"""Money is counted in millionths of a currency unit."""

Rounding = Literal["nearest", "down", "up"]


class SecType(StrEnum):
    """Name the class of a security as Interactive Brokers does."""

    STOCK = "STK"
    FOREX = "CASH"
    FUTURE = "FUT"
    OPTION = "OPT"


class Instrument(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Describe one tradable contract.

    Attributes:
        symbol: The name a person writes and everything is keyed by ("SPY", "EUR.USD",
            "ES 202612 CME", "SPY   261218C00600000").
        sec_type: Class of the security.
        currency: What its price is quoted in.
        exchange: Where orders go ("SMART" lets IB choose).
        primary_exchange: The listing exchange, where it matters.
        multiplier: Units of the underlying per contract.
        price_scale: Price units per 1.0 of price; a price is `units / price_scale`.
        tick_bands: `(from_units, increment_units)` rising: the order price grid.
        calendar: Name of its trading calendar.
        lot: Smallest quantity.
        expiry, strike, right: Of a derivative.
    """

    symbol: str
    sec_type: SecType = SecType.STOCK
    currency: str = "USD"
    exchange: str = "SMART"
    primary_exchange: str = ""
    multiplier: int = 1
    price_scale: int = 10_000
    tick_bands: tuple[tuple[int, int], ...] = ((0, 1), (10_000, 100))
    calendar: str = "NYSE"
    lot: int = 1
    expiry: dt.date | None = None
    strike: float = 0.0
    right: str = ""

    def __post_init__(self) -> None:
        """Refuse a grid on which money could not be counted exactly."""
        if self.multiplier < 1:
            raise ContractError(f"{self.symbol}: multiplier {self.multiplier} must be 1 or more.")
        if self.price_scale < 1 or MICRO * self.multiplier % self.price_scale:
            raise ContractError(
                f"{self.symbol}: price_scale {self.price_scale} does not divide one million "
                f"times the multiplier; use a power of ten up to 1000000."
            )

    @cached_property
    def unit_value_micro(self) -> int:
        """Value of one price unit of one share or contract, in millionths of the currency."""
        return MICRO * self.multiplier // self.price_scale

    def to_price(self, units: int) -> float:
        """Turn price units into a price.

        >>> Instrument(symbol="SPY").to_price(1674100)
        167.41
        """
        return units / self.price_scale

    def to_units(self, price: float) -> int:
        """Turn a price into the nearest price units.

        >>> Instrument(symbol="SPY").to_units(167.41)
        1674100
        """
        if not math.isfinite(price):
            raise ContractError(f"{self.symbol}: price {price} is not a number.")
        return round(price * self.price_scale)

    def increment(self, units: int) -> int:
        """Give the order price grid's step at a price.

        >>> Instrument(symbol="SPY").increment(1674100), Instrument(symbol="SPY").increment(9_000)
        (100, 1)
        """
        step = self.tick_bands[0][1]
        for start, increment in self.tick_bands:
            if abs(units) >= start:
                step = increment
        return step

    def on_grid(self, units: int, rounding: Rounding = "nearest") -> int:
        """Move a price to the order price grid.

        >>> spy = Instrument(symbol="SPY")
        >>> spy.on_grid(1674149), spy.on_grid(1674101, "up"), spy.on_grid(1674199, "down")
        (1674100, 1674200, 1674100)
        """
        step = self.increment(units)
        if rounding == "down":
            return units // step * step
        if rounding == "up":
            return -(-units // step) * step
        return (2 * units + step) // (2 * step) * step

    @property
    def min_tick(self) -> float:
        """The smallest increment anywhere on the grid, as IB's `minTick`."""
        return min(step for _, step in self.tick_bands) / self.price_scale
