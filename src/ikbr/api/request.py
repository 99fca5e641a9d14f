"""The request: everything a person can say about a backtest, checked before anything runs."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import Any, get_args

from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import UsageError, nearest
from ikbr.domain.execution import FeeModel, FillRule

RESOLUTIONS = ("tick", "second", "minute", "daily")
FEEDS = ("both", "trades", "quotes")
SESSIONS = ("regular", "all")
SHAPES = ("auto", "kernel", "python", "reference")
LARGEST_QUANTITY = 1_000_000_000
LARGEST_SEED = 2**63 - 1
LARGEST_CAPITAL = 1e12
"""Micro-dollars of more than this leave 64 bits."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "resolution": RESOLUTIONS,
    "feed": FEEDS,
    "session": SESSIONS,
    "shape": SHAPES,
    "fill": get_args(FillRule),
    "fees": get_args(FeeModel),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Say what to backtest and how. None leaves a choice to the settings.

    Attributes:
        strategy: A name, "path.py:Class", a TOML file of an instance, a class or an object;
            several in a list.
        symbols: What to run on, as people write contracts; none: what the instances say.
        params: Values for the strategies' parameters.
        data: Folder of a catalog, a tape, a tape source, a frame, or frames by symbol; None for
            the catalog of the settings, or the embedded synthetic one.
        days: The last N sessions.
        start, end: First and last day.
        resolution: tick, second, minute or daily; None for tick, or what the frames hold.
        feed: both, trades or quotes.
        session: "regular" or "all" hours.
        capital: Opening cash in dollars.
        quantity: Size of every entry; 0 for sizing by strategy and risk manager.
        fees, fees_as_of, latency_ms, fill: Of the simulated market.
        profile, config, settings: Where risk limits and market model come from: built-in
            values, a TOML file, single values ("risk.max_position_pct": 0.2).
        fx: Value of one unit of other currencies in dollars.
        seed: Which embedded synthetic market.
        shape: "kernel" runs kernel strategies compiled; "python" skips ahead where nothing needs
            checking; "reference" checks every row; "auto": "kernel" where every strategy is a
            kernel, else "python".
        compile: Whether kernels may be compiled; else they run as Python.
    """

    strategy: Any = "momentum"
    symbols: Sequence[str] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    data: Any = None
    days: int | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    resolution: str | None = None
    feed: str = "both"
    session: str = "regular"
    capital: float = 100_000.0
    quantity: int = 0
    fees: str | None = None
    fees_as_of: dt.date | None = None
    latency_ms: float | None = None
    fill: str | None = None
    profile: str = "backtest"
    config: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    fx: Mapping[str, float] = field(default_factory=dict)
    seed: int | None = None
    shape: str = "auto"
    compile: bool = True

    def check(self) -> None:
        """Refuse what cannot be meant, before any file is read.

        Raises:
            UsageError: Naming the field, its value and the remedy.
        """
        self._check_types()
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise UsageError(f"{name} {value!r} is unknown; {nearest(str(value), choices)}")
        self._check_numbers()
        self._check_span()
        if self.seed is not None and not 0 <= self.seed <= LARGEST_SEED:
            raise UsageError(
                f"seed {self.seed} cannot be; give a whole number from 0 to {LARGEST_SEED}."
            )
        if self.seed is not None and self.data is not None:
            raise UsageError(
                f"seed {self.seed} chooses an embedded synthetic market and says nothing about "
                f"other data; leave out seed or data."
            )

    def _check_types(self) -> None:
        """Refuse what a notebook may hand over and the command line cannot."""
        for name in ("capital", "quantity", "days", "seed", "latency_ms"):
            value = getattr(self, name)
            if value is None and name not in ("capital", "quantity"):
                continue
            if isinstance(value, bool) or not isinstance(value, Real):
                raise UsageError(f"{name} {value!r} is not a number; give one without quotes.")
            if name in ("days", "seed") and not isinstance(value, Integral):
                raise UsageError(f"{name} {value!r} is not a whole number; give one.")
        for name in ("params", "settings", "fx"):
            value = getattr(self, name)
            if not isinstance(value, Mapping):
                raise UsageError(f"{name} {value!r} is not a dict; give values by name.")
        rates: Mapping[str, Any] = self.fx
        for currency, rate in rates.items():
            if not isinstance(rate, Real):
                raise UsageError(f"fx {currency}={rate!r} is not a number; give a rate above 0.")

    def _check_numbers(self) -> None:
        if not 0 < self.capital <= LARGEST_CAPITAL:
            raise UsageError(
                f"capital {self.capital:g} cannot be; give more than 0 and at most "
                f"{LARGEST_CAPITAL:.0f} dollars."
            )
        if not 0 <= self.quantity <= LARGEST_QUANTITY or self.quantity != int(self.quantity):
            raise UsageError(
                f"quantity {self.quantity} cannot be; give a whole number of 1 or more, or leave "
                f"it out for sizing by strategy and risk manager."
            )
        if self.latency_ms is not None and not 0 <= self.latency_ms < 3_600_000:
            raise UsageError(
                f"latency_ms {self.latency_ms:g} cannot be; give milliseconds of 0 or more."
            )
        for currency, rate in self.fx.items():
            if not (math.isfinite(rate) and rate > 0):
                raise UsageError(f"fx {currency}={rate:g} cannot be; give a rate above 0.")
            if currency.upper() == "USD" and rate != 1:
                raise UsageError(f"fx USD={rate:g} cannot be: rates are in dollars; leave it out.")
            # A currency that no pair can be written with is a typing mistake.
            parse_contract(f"{currency}.{'EUR' if currency == 'USD' else 'USD'}")

    def _check_span(self) -> None:
        if self.days is not None and (self.start or self.end):
            raise UsageError(
                "days counts back from the last session and start and end name days; give one "
                "or the other."
            )
        if self.days is not None and self.days < 1:
            raise UsageError(f"days {self.days} is too few; use 1 or more.")
        if self.start and self.end and self.end < self.start:
            raise UsageError(f"start {self.start} is after end {self.end}; exchange them.")


def canonical(symbols: Sequence[str]) -> tuple[str, ...]:
    """Give symbols as the catalog knows them.

    Args:
        symbols: As people write contracts.

    Raises:
        ContractError: When one is not understood.
        UsageError: When one is named twice.

    >>> canonical(["spy", "AAPL@NASDAQ", "eur.usd"])
    ('SPY', 'AAPL', 'EUR.USD')
    """
    found = tuple(parse_contract(symbol).symbol for symbol in symbols)
    for symbol in found:
        if found.count(symbol) > 1:
            raise UsageError(f"symbol {symbol} is named twice; name each once.")
    return found


def as_date(value: str | dt.date | None, name: str) -> dt.date | None:
    """Read a day.

    Args:
        value: A date, or text as 2013-10-07.
        name: What it is, for the message.

    Raises:
        UsageError: When it is no day.

    >>> as_date("2013-10-07", "start")
    datetime.date(2013, 10, 7)
    """
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except (ValueError, TypeError):
        raise UsageError(f"{name} {value!r} is not a day; write it as 2013-10-07.") from None
