"""Contracts: how the instruments of the market are called on the wire, and found by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zlib import crc32

import msgspec

from ikbr.domain.instrument import Instrument, SecType
from ikbr.domain.session import Session
from ikbr.gateway.fields import Values
from ikbr.gateway.times import local, zone_of

ORDER_TYPES = (
    "ACTIVETIM,ALGO,BRACKET,DAY,FOK,GTC,GTD,IOC,LMT,LOC,MIDPX,MKT,MOC,OCA,OPG,STP,STPLMT,TRAIL,"
    "WHATIF"
)
_MONTHS = "FGHJKMNQUVXZ"
_SMART_EXCHANGES = "SMART,NYSE,NASDAQ,ARCA,BATS,IEX"
_FIRST_ID = 10_000_000
_IDS = 900_000_000
MOST_DAYS = 6
"""Days in trading hours; a real gateway sends about a week."""


class Contracts:
    """Know the instruments by what clients write.

    Attributes:
        instruments: What there is, in the order of the tape's symbols.
        wire: Their fields on the wire, in the same order.
        rules: Increments of prices, `(low edge, increment)`, by number of market rule.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        """Give every instrument its identity."""
        self.instruments = tuple(instruments)
        self._by_id: dict[int, int] = {}
        self._routed: dict[tuple[int, str], Instrument] = {}
        self.wire = [self._wire(number, one) for number, one in enumerate(self.instruments)]
        self.rules: dict[int, list[tuple[float, float]]] = {}
        self._rule_of: dict[tuple[tuple[int, int], ...], int] = {}
        for one in self.instruments:
            self._add_rule(one)

    def routed(self, number: int, exchange: str) -> Instrument:
        """Give an instrument as an order for it is sent.

        Args:
            number: Of the instrument.
            exchange: Where the order is sent; fees depend on it.
        """
        instrument = self.instruments[number]
        if instrument.exchange != "SMART" or exchange in {"", "SMART"}:
            return instrument
        key = number, exchange
        if key not in self._routed:
            self._routed[key] = msgspec.structs.replace(instrument, exchange=exchange)
        return self._routed[key]

    def find(self, asked: Mapping[str, Any]) -> list[int]:
        """Find what a client means.

        Args:
            asked: Fields of a contract; what is empty does not matter.

        Returns:
            The numbers of all instruments that match.
        """
        if asked.get("conId"):
            number = self._by_id.get(asked["conId"])
            return [] if number is None else [number]
        if not (asked.get("symbol") or asked.get("localSymbol")):
            return []
        return [n for n, one in enumerate(self.wire) if _matches(one, asked)]

    def search(self, pattern: str) -> Iterable[int]:
        """Find instruments whose symbol begins with a text."""
        wanted = pattern.strip().upper()
        return [n for n, one in enumerate(self.wire) if wanted and one["symbol"].startswith(wanted)]

    def zone(self, number: int) -> str:
        """Name the zone in which the times of an instrument are written."""
        return zone_of(self.instruments[number].calendar)

    def rule_of(self, number: int) -> int:
        """Give the market rule of an instrument."""
        return self._rule_of[self.instruments[number].tick_bands]

    def details(self, number: int, sessions: Sequence[Session], now_ns: int) -> Values:
        """Describe an instrument in full.

        Args:
            number: Which.
            sessions: The days that are known.
            now_ns: Hours are told from this day on.
        """
        one, wire = self.instruments[number], self.wire[number]
        zone = zone_of(one.calendar)
        liquid = _hours(sessions, now_ns, zone)
        exchanges = _SMART_EXCHANGES if one.exchange == "SMART" else one.exchange
        root = wire["tradingClass"]
        return {
            **wire,
            "marketName": root,
            "minTick": one.min_tick,
            "orderTypes": ORDER_TYPES,
            "validExchanges": exchanges,
            "priceMagnifier": 1,
            "longName": one.symbol,
            "contractMonth": wire["lastTradeDateOrContractMonth"][:6],
            "timeZoneId": zone,
            "tradingHours": liquid,
            "liquidHours": liquid,
            "aggGroup": 1,
            "underSymbol": "" if one.sec_type == SecType.STOCK else wire["symbol"],
            "underSecType": "" if one.sec_type == SecType.STOCK else "STK",
            "marketRuleIds": ",".join([str(self.rule_of(number))] * (exchanges.count(",") + 1)),
            "realExpirationDate": wire["lastTradeDateOrContractMonth"],
            "stockType": "COMMON" if one.sec_type == SecType.STOCK else "",
            "minSize": one.lot,
            "sizeIncrement": one.lot,
            "suggestedSizeIncrement": 100 if one.sec_type == SecType.STOCK else one.lot,
        }

    def _add_rule(self, one: Instrument) -> None:
        if one.tick_bands in self._rule_of:
            return
        rule = 26 + len(self.rules)
        self._rule_of[one.tick_bands] = rule
        self.rules[rule] = [
            (start / one.price_scale, step / one.price_scale) for start, step in one.tick_bands
        ]

    def _wire(self, number: int, one: Instrument) -> Values:
        wire = wire_of(one)
        con_id = _FIRST_ID + crc32(one.symbol.encode()) % _IDS
        while con_id in self._by_id:
            con_id += 1
        self._by_id[con_id] = number
        wire["conId"] = con_id
        return wire


def wire_of(one: Instrument) -> Values:
    """Call an instrument as IB does, without its number.

    >>> wire = wire_of(Instrument(symbol="SPY", primary_exchange="ARCA"))
    >>> wire["symbol"], wire["exchange"], wire["primaryExchange"], wire["multiplier"]
    ('SPY', 'SMART', 'ARCA', '')
    """
    wire: Values = {
        "symbol": one.symbol,
        "secType": str(one.sec_type),
        "lastTradeDateOrContractMonth": f"{one.expiry:%Y%m%d}" if one.expiry else "",
        "strike": one.strike,
        "right": one.right,
        "multiplier": "" if one.multiplier == 1 else str(one.multiplier),
        "exchange": one.exchange,
        "primaryExchange": one.primary_exchange,
        "currency": one.currency,
        "localSymbol": one.symbol,
        "tradingClass": one.symbol,
    }
    if one.sec_type == SecType.FOREX:
        wire["symbol"] = one.symbol.partition(".")[0]
        wire["primaryExchange"] = ""
    elif one.sec_type == SecType.FUTURE and one.expiry is not None:
        root = one.symbol.partition(" ")[0]
        letter = _MONTHS[one.expiry.month - 1]
        wire |= {
            "symbol": root,
            "tradingClass": root,
            "localSymbol": f"{root}{letter}{one.expiry.year % 10}",
        }
    elif one.sec_type == SecType.OPTION:
        root = one.symbol[:6].strip()
        wire |= {"symbol": root, "tradingClass": root}
    elif one.sec_type == SecType.STOCK and not one.primary_exchange:
        wire["primaryExchange"] = one.calendar if one.calendar in {"NYSE", "NASDAQ"} else ""
    return wire


def _matches(wire: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    for name in ("symbol", "secType", "currency", "localSymbol", "tradingClass", "multiplier"):
        wanted = asked.get(name)
        if wanted and wanted != (wire[name] or ("1" if name == "multiplier" else "")):
            return False
    month = asked.get("lastTradeDateOrContractMonth")
    if month and not wire["lastTradeDateOrContractMonth"].startswith(month):
        return False
    if asked.get("strike") and asked["strike"] != wire["strike"]:
        return False
    if asked.get("right") and wire["right"] and asked["right"][:1] != wire["right"]:
        return False
    exchange = asked.get("exchange")
    if not exchange or exchange in {wire["exchange"], wire["primaryExchange"]}:
        return True
    return wire["exchange"] == "SMART" and exchange in _SMART_EXCHANGES.split(",")


def _hours(sessions: Sequence[Session], now_ns: int, zone: str) -> str:
    """Write sessions as IB does: days of trading, and days without between them."""
    told: list[str] = []
    coming = [s for s in sessions if s.close_ns >= now_ns][:MOST_DAYS]
    day = coming[0].date if coming else dt.date.max
    for session in coming:
        while day < session.date:
            told.append(f"{day:%Y%m%d}:CLOSED")
            day += dt.timedelta(1)
        begin, end = local(session.open_ns, zone), local(session.close_ns, zone)
        told.append(f"{begin:%Y%m%d}:{begin:%H%M}-{end:%Y%m%d}:{end:%H%M}")
        day = session.date + dt.timedelta(1)
    return ";".join(told)
