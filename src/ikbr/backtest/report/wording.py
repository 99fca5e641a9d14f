"""How the report writes numbers and times for people."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from ikbr.backtest.explain.facts import money as plain_money
from ikbr.backtest.explain.facts import percent as plain_percent
from ikbr.domain.instrument import Instrument

NOTHING = "–"
"""Stands where a number has no meaning."""

_CHICAGO = frozenset({"CME_Equity", "CMEGlobex_FX", "CMEGlobex_Bond"})
_NO_PERCENT = 1e-6  # a smaller fraction reads as zero
_NBSP = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Words:
    """Write for one account and one exchange.

    Attributes:
        currency: Of the account, ISO code.
        zone: Name of the exchange's time zone.
    """

    currency: str = "USD"
    zone: str = "America/New_York"

    def money(self, amount: float | None, *, signed: bool = False) -> str:
        """Write an amount in the account's currency.

        >>> Words().money(-1234.5), Words().money(5.0, signed=True), Words("EUR").money(None)
        ('−$1,234.50', '+$5.00', '–')
        """
        if amount is None or not math.isfinite(amount):
            return NOTHING
        text = plain_money(amount, self.currency).replace("-", _MINUS).replace(" ", _NBSP)
        return f"+{text}" if signed and round(amount, 2) > 0 else text

    def moment(self, ts_ns: int, *, millis: bool = True) -> str:
        """Write a time on the exchange's clock.

        >>> Words().moment(1_381_152_601_250_000_000)
        '2013-10-07 09:30:01.250'
        """
        local = dt.datetime.fromtimestamp(ts_ns // 1_000_000_000, tz=ZoneInfo(self.zone))
        text = local.strftime("%Y-%m-%d %H:%M:%S")
        return f"{text}.{ts_ns // 1_000_000 % 1000:03d}" if millis else text

    def day(self, ts_ns: int) -> str:
        """Write the date on the exchange's clock.

        >>> Words().day(1_381_200_000_000_000_000)
        '2013-10-07'
        """
        return self.moment(ts_ns, millis=False)[:10]


def words_for(instruments: Mapping[str, Instrument], settings: Mapping[str, Any]) -> Words:
    """Choose currency and time zone for a run.

    Args:
        instruments: What was traded, by symbol.
        settings: Settings of the run; its `base` or a `currency` names the account's.

    Returns:
        The words; Chicago's clock when everything trades there, New York's otherwise.

    >>> words_for({}, {"base": "EUR"})
    Words(currency='EUR', zone='America/New_York')
    """
    currency = settings.get("base") or setting(settings, "currency") or "USD"
    calendars = {each.calendar for each in instruments.values()}
    zone = "America/Chicago" if calendars and calendars <= _CHICAGO else "America/New_York"
    return Words(str(currency), zone)


def setting(settings: Mapping[str, Any], name: str) -> Any:
    """Find a setting by its own name, in whatever group it stands.

    Args:
        settings: Possibly nested settings.
        name: The last part of its name.

    Returns:
        Its value; None if there is none.

    >>> setting({"seed": 1, "sim": {"fill": "quote"}}, "fill")
    'quote'
    """
    if name in settings and not isinstance(settings[name], Mapping):
        return settings[name]
    for value in settings.values():
        if isinstance(value, Mapping):
            found = setting(value, name)
            if found is not None:
                return found
    return None


def percent(fraction: float | None, digits: int = 2, *, signed: bool = False) -> str:
    r"""Write a fraction as a percentage.

    >>> percent(0.01234), percent(-0.5), percent(0.25, 1, signed=True), percent(None)
    ('1.23\xa0%', '−50.00\xa0%', '+25.0\xa0%', '–')
    """
    if fraction is None or not math.isfinite(fraction):
        return NOTHING
    known = 0.0 if abs(fraction) < _NO_PERCENT else fraction
    text = plain_percent(known, digits).replace("-", _MINUS).replace(" ", _NBSP)
    return f"+{text}" if signed and known > 0 else text


def number(value: float | None, digits: int = 2) -> str:
    """Write a number.

    >>> number(1234.567), number(-1.5, 1), number(float("nan"))
    ('1,234.57', '−1.5', '–')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:,.{digits}f}"
    if text.strip("-0.,") == "":
        text = text.lstrip("-")
    return text.replace("-", _MINUS)


def duration(seconds: float | None) -> str:
    """Write a length of time with its two largest units.

    >>> duration(0.0042), duration(12.5), duration(192), duration(11_520), duration(200_000)
    ('4 ms', '12.5 s', '3 min 12 s', '3 h 12 min', '2 d 7 h')
    """
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds == 0:
        return "0 s"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def decimals(values: Iterable[float], least: int = 2, most: int = 6) -> int:
    """Count the decimal places that show all values exactly, within bounds.

    >>> decimals([167.41, 13.5]), decimals([1.35795]), decimals([1 / 3])
    (2, 5, 6)
    """
    rest = [value for value in set(values) if math.isfinite(value)]
    for places in range(least, most):
        rest = [value for value in rest if abs(value - round(value, places)) > 1e-9]
        if not rest:
            return places
    return most


def tone(value: float | None) -> str:
    """Name the colour of an amount: "gain", "loss" or "".

    >>> tone(1.0), tone(-1.0), tone(0.0), tone(None)
    ('gain', 'loss', '', '')
    """
    if value is None or not math.isfinite(value) or round(value, 9) == 0:
        return ""
    return "gain" if value > 0 else "loss"
