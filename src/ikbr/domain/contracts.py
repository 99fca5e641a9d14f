"""Contracts the way people write them.

`AAPL`, `AAPL@NASDAQ`, `EUR.USD`, `ES 202612 CME`, options by their OCC symbol.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

from ikbr.domain.errors import ContractError, nearest
from ikbr.domain.instrument import Instrument, SecType

CURRENCIES = frozenset(
    "AUD CAD CHF CNH CZK DKK EUR GBP HKD HUF ILS JPY MXN NOK NZD PLN SEK SGD TRY USD ZAR".split()
)

FUTURES: dict[str, tuple[str, int, int, int, str]] = {
    # root: exchange, multiplier, price_scale, increment in price units, calendar
    "ES": ("CME", 50, 100, 25, "CME_Equity"),
    "MES": ("CME", 5, 100, 25, "CME_Equity"),
    "NQ": ("CME", 20, 100, 25, "CME_Equity"),
    "MNQ": ("CME", 2, 100, 25, "CME_Equity"),
    "RTY": ("CME", 50, 100, 10, "CME_Equity"),
    "M2K": ("CME", 5, 100, 10, "CME_Equity"),
    "YM": ("CBOT", 5, 1, 1, "CME_Equity"),
    "CL": ("NYMEX", 1000, 100, 1, "CMEGlobex_Energy"),
    "MCL": ("NYMEX", 100, 100, 1, "CMEGlobex_Energy"),
    "NG": ("NYMEX", 10_000, 1000, 1, "CMEGlobex_Energy"),
    "GC": ("COMEX", 100, 100, 10, "CMEGlobex_Metals"),
    "MGC": ("COMEX", 10, 100, 10, "CMEGlobex_Metals"),
    "SI": ("COMEX", 5000, 1000, 5, "CMEGlobex_Metals"),
    "6E": ("CME", 125_000, 100_000, 5, "CMEGlobex_FX"),
    "ZN": ("CBOT", 1000, 1_000_000, 15_625, "CMEGlobex_Bond"),
}
"""Source: contract specifications published by CME Group."""

_STOCK = re.compile(r"^([A-Z][A-Z0-9]{0,5}(?:[ .-][A-Z]{1,2})?)(?:@([A-Z]{2,8}))?$")
_FOREX = re.compile(r"^([A-Z]{3})\.([A-Z]{3})$")
_FUTURE = re.compile(r"^([A-Z0-9]{1,4}) (\d{6}|\d{8})(?: ([A-Z]+))?$")
_OPTION = re.compile(r"^([A-Z]{1,6}) *(\d{6})([CP])(\d{8})$")


def parse_contract(text: str) -> Instrument:
    """Read a contract as a person writes it.

    Args:
        text: A stock (`AAPL`, `AAPL@NASDAQ`, `BRK B`), a currency pair (`EUR.USD`), a future
            (`ES 202612 CME`) or an option by its OCC symbol (`SPY   261218C00600000`).

    Returns:
        The instrument, keyed by its canonical symbol.

    Raises:
        ContractError: When it reads as none of these.

    >>> parse_contract("spy").symbol, parse_contract("AAPL@NASDAQ").primary_exchange
    ('SPY', 'NASDAQ')
    >>> parse_contract("EUR.USD").price_scale, parse_contract("ES 202612 CME").multiplier
    (100000, 50)
    >>> parse_contract("SPY   261218C00600000").strike
    600.0
    """
    name = text.strip().upper()
    if match := _FOREX.match(name):
        if match[1] == match[2]:
            raise ContractError(f"contract {text!r}: a currency pair names two currencies.")
        if match[1] in CURRENCIES and match[2] in CURRENCIES:
            return _forex(match[1], match[2])
        unknown = match[1] if match[1] not in CURRENCIES else match[2]
        raise ContractError(
            f"contract {text!r}: currency {unknown!r} is unknown; {nearest(unknown, CURRENCIES)}."
        )
    if match := _OPTION.match(name):
        return _option(match[1], match[2], match[3], int(match[4]))
    if match := _FUTURE.match(name):
        return _future(text, match[1], match[2], match[3])
    if match := _STOCK.match(name):
        symbol = match[1].replace(".", " ").replace("-", " ")
        return Instrument(symbol=symbol, primary_exchange=match[2] or "")
    raise ContractError(
        f"contract {text!r} is not understood; write a stock as AAPL or AAPL@NASDAQ, a currency "
        "pair as EUR.USD, a future as 'ES 202612 CME', an option as 'SPY   261218C00600000'."
    )


def _forex(base: str, quote: str) -> Instrument:
    # IdealPro quotes in half pips; the yen's pip is the second decimal.
    scale = 1000 if quote == "JPY" else 100_000
    return Instrument(
        symbol=f"{base}.{quote}",
        sec_type=SecType.FOREX,
        currency=quote,
        exchange="IDEALPRO",
        price_scale=scale,
        tick_bands=((0, 5),),
        calendar="FX",
    )


def _future(text: str, root: str, month: str, exchange: str | None) -> Instrument:
    if root not in FUTURES:
        raise ContractError(
            f"contract {text!r}: future {root!r} is unknown; {nearest(root, FUTURES)}."
        )
    home, multiplier, scale, increment, cal = FUTURES[root]
    if exchange is not None and exchange != home:
        raise ContractError(f"contract {text!r}: {root} trades on {home}, not on {exchange}.")
    return Instrument(
        symbol=f"{root} {month} {home}",
        sec_type=SecType.FUTURE,
        exchange=home,
        multiplier=multiplier,
        price_scale=scale,
        tick_bands=((0, increment),),
        calendar=cal,
        expiry=_expiry(text, month),
    )


def _expiry(text: str, month: str) -> dt.date:
    try:
        year, number = int(month[:4]), int(month[4:6])
        if len(month) == 8:
            return dt.date(year, number, int(month[6:]))
        return dt.date(year, number, calendar.monthrange(year, number)[1])
    except (ValueError, calendar.IllegalMonthError):
        raise ContractError(
            f"contract {text!r}: {month!r} is not a month (YYYYMM) or day (YYYYMMDD)."
        ) from None


def _option(root: str, day: str, right: str, strike_milli: int) -> Instrument:
    symbol = f"{root:<6}{day}{right}{strike_milli:08d}"
    if not strike_milli:
        raise ContractError(f"contract {symbol!r}: the strike is 0; write it in thousandths.")
    return Instrument(
        symbol=symbol,
        sec_type=SecType.OPTION,
        multiplier=100,
        price_scale=100,
        tick_bands=((0, 1), (300, 5)),
        expiry=_expiry(symbol, "20" + day),
        strike=strike_milli / 1000,
        right=right,
    )
