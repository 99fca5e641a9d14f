"""Contract details: what IB knows of an instrument, for trading it live.

Source: IBKR, TWS API, "Contract details", "Market rules" (`minTick` is only the smallest increment
anywhere), "Trading hours" (`20260302:0930-20260302:1600;20260303:CLOSED`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from ib_async import ContractDetails, PriceIncrement

from ikbr.broker.contracts import to_contract
from ikbr.broker.request_errors import NoContractError
from ikbr.broker.requests import Requests
from ikbr.domain.errors import ContractError
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session

_ZONES = {
    "EST": "America/New_York",
    "CST": "America/Chicago",
    "MST": "America/Denver",
    "PST": "America/Los_Angeles",
    "JST": "Asia/Tokyo",
}
"""Names that IB gives to zones with summer time, and Python to ones without."""

_HOURS = re.compile(r"(\d{8}):(\d{4})-(?:(\d{8}):)?(\d{4})")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECOND_NS = 1_000_000_000
_SCALES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)


class LiveContract(NamedTuple):
    """Hold an instrument as IB knows it.

    Attributes:
        instrument: With IB's price grid, multiplier, currency and lot.
        con_id: IB's number.
        liquid: Regular hours of the coming days.
        trading: All hours in which orders may fill.
    """

    instrument: Instrument
    con_id: int
    liquid: tuple[Session, ...]
    trading: tuple[Session, ...]


async def describe(requests: Requests, instrument: Instrument) -> LiveContract:
    """Ask IB about an instrument.

    Args:
        requests: Where to ask.
        instrument: What is meant.

    Raises:
        NoContractError: When IB knows none, or several.
        ContractError: When it is quoted in a way that ikbr cannot count in.
    """
    found = await requests.contract_details(to_contract(instrument))
    if len(found) != 1:
        names = ", ".join(str(one.contract and one.contract.localSymbol) for one in found[:5])
        what = f"contract details of {instrument.symbol}"
        raise NoContractError(what, 200, f"{len(found)} contracts match: {names}")
    (details,) = found
    number = rule_of(details, instrument.exchange)
    rule = await requests.market_rule(number) if number else ()
    return live_contract(instrument, details, rule)


def rule_of(details: ContractDetails, exchange: str) -> int:
    """Give the number of the market rule on an exchange; 0 when IB names none.

    >>> rule_of(ContractDetails(validExchanges="SMART,ISLAND", marketRuleIds="26,32"), "ISLAND")
    32
    """
    exchanges, rules = details.validExchanges.split(","), details.marketRuleIds.split(",")
    numbers = dict(zip(exchanges, rules, strict=False))
    text = numbers.get(exchange, rules[0])
    return int(text) if text else 0


def live_contract(
    instrument: Instrument, details: ContractDetails, rule: Sequence[PriceIncrement]
) -> LiveContract:
    """Join an instrument with what IB says of it.

    Args:
        instrument: As it was asked for.
        details: IB's word.
        rule: The price increments of its market rule; none for the details' own.

    Raises:
        ContractError: When ikbr cannot count in its prices.
    """
    contract, symbol = details.contract, instrument.symbol
    if contract is None or not contract.conId:
        raise ContractError(f"{symbol}: IB describes it without a contract id; ask again.")
    if details.priceMagnifier > 1:
        raise ContractError(
            f"{symbol}: IB quotes it in 1/{details.priceMagnifier} of {contract.currency}, which "
            "ikbr does not count in; trade another one."
        )
    steps = [(one.lowEdge, one.increment) for one in rule] or [(0.0, details.minTick)]
    scale = _scale(symbol, [number for step in steps for number in step], instrument.price_scale)
    known = msgspec.structs.replace(
        instrument,
        currency=contract.currency or instrument.currency,
        primary_exchange=instrument.primary_exchange or contract.primaryExchange,
        multiplier=round(float(contract.multiplier or 1)),
        price_scale=scale,
        tick_bands=tuple((round(edge * scale), round(step * scale)) for edge, step in steps),
        lot=max(1, round(details.minSize)),
    )
    zone = details.timeZoneId
    liquid, trading = (hours(text, zone) for text in (details.liquidHours, details.tradingHours))
    return LiveContract(known, contract.conId, liquid, trading)


def hours(text: str, zone: str) -> tuple[Session, ...]:
    """Read hours as IB writes them; the day of a session is that on which it closes.

    >>> [s.date.isoformat() for s in hours("20260301:1700-20260302:1600;20260307:CLOSED", "CST")]
    ['2026-03-02']
    """
    words = zone.split(" ", 1)[0] or "UTC"
    place = ZoneInfo(_ZONES.get(words, words))
    found = []
    for part in text.split(";"):
        match = _HOURS.fullmatch(part.strip())
        if match is None:
            continue
        first, opens, last, closes = match.groups()
        end = _moment(last or first, closes, place)
        found.append(Session(end.date(), _ns(_moment(first, opens, place)), _ns(end)))
    return tuple(found)


def _scale(symbol: str, numbers: Sequence[float], least: int) -> int:
    """Find the price units in which all steps are whole."""
    for scale in (least, *(scale for scale in _SCALES if scale > least)):
        if all(abs(number * scale - round(number * scale)) < 1e-6 for number in numbers):
            return scale
    raise ContractError(f"{symbol}: its price steps {numbers} are finer than ikbr counts.")


def _moment(day: str, clock: str, zone: ZoneInfo) -> dt.datetime:
    date = dt.date(int(day[:4]), int(day[4:6]), int(day[6:]))
    hour, minute = int(clock[:2]), int(clock[2:])
    moment = dt.datetime.combine(date, dt.time(hour % 24, minute), zone)
    return moment + dt.timedelta(days=hour // 24)


def _ns(moment: dt.datetime) -> int:
    return round((moment - _EPOCH).total_seconds()) * _SECOND_NS
