"""The calendar of IB's resets: when the servers, the gateway or the login will be away.

Source: IBKR, "System status: server reset times"; for the weekly login, IBKR, "Client Portal API
and IB Gateway: authentication", which ends all sessions in the night to Sunday.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ikbr.domain.supervision import Region, SupervisionRules

NEW_YORK, ZURICH, HONG_KONG = "America/New_York", "Europe/Zurich", "Asia/Hong_Kong"
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
DAY_NS = 1_440 * MINUTE_NS
FRIDAY, SUNDAY = 4, 6
RESTART = dt.timedelta(minutes=10)
"""How long the gateway may take to restart and to log in; a cold start takes a minute."""
LOGIN = dt.timedelta(minutes=60)
"""How long a person may take to confirm the weekly login."""

_UTC = dt.UTC
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)


class Daily(NamedTuple):
    """Lay down when servers are reset every night, by the clock of their region."""

    begin: dt.time
    end: dt.time
    zone: str


NIGHTS: dict[Region, tuple[Daily, ...]] = {
    "america": (Daily(dt.time(0, 15), dt.time(1, 45), NEW_YORK),),
    "europe": (Daily(dt.time(6, 25), dt.time(7, 45), ZURICH),),
    "asia": (
        Daily(dt.time(4, 45), dt.time(6, 5), HONG_KONG),
        Daily(dt.time(20, 15), dt.time(21, 15), HONG_KONG),
    ),
}


class Reset(NamedTuple):
    """Name a time in which the link may be lost, and that is nothing unexpected.

    Attributes:
        name: What happens.
        begin_ns, end_ns: From when to when, ns UTC.
        needs_person: Whether it ends only if a person confirms a login.
    """

    name: str
    begin_ns: int
    end_ns: int
    needs_person: bool = False


def resets(rules: SupervisionRules, *, real_money: bool, from_ns: int, days: int) -> list[Reset]:
    """List the resets that end after a time, in order.

    Args:
        rules: Region, and when the gateway restarts.
        real_money: Whether the account is a live one: only those must log in anew each week, and
            only those are served by their own region.
        from_ns: The time, ns UTC.
        days: How far to look ahead.
    """
    region: Region = rules.region if real_money else "america"
    first = (_EPOCH + dt.timedelta(microseconds=from_ns // 1_000)).date() - dt.timedelta(days=2)
    found = [
        reset
        for ahead in range(days + 4)
        for reset in _of_day(first + dt.timedelta(days=ahead), rules, region, real_money)
    ]
    until_ns = from_ns + days * DAY_NS
    wanted = [one for one in found if one.end_ns > from_ns and one.begin_ns < until_ns]
    return sorted(wanted, key=lambda one: (one.begin_ns, one.end_ns))


def _of_day(
    day: dt.date, rules: SupervisionRules, region: Region, real_money: bool
) -> Iterator[Reset]:
    """Give the resets that begin on a day of their own zone."""
    for night in NIGHTS[region]:
        begin, end = _at(day, night.begin, night.zone), _at(day, night.end, night.zone, last=True)
        yield Reset("the nightly reset of IB's servers", begin, end)
    if day.weekday() == FRIDAY:
        begin = _at(day, dt.time(23), NEW_YORK)
        end = _at(day + dt.timedelta(days=1), dt.time(3), NEW_YORK)
        yield Reset("the weekend reset of IB's servers", begin, end)
    if day.weekday() == SUNDAY and real_money:
        begin = _at(day, dt.time(1), NEW_YORK)
        yield Reset("the weekly login", begin, begin + _ns(LOGIN), True)
    if rules.restart_at:
        begin = _at(day, dt.time.fromisoformat(rules.restart_at), NEW_YORK)
        yield Reset("the gateway's own restart", begin, begin + _ns(RESTART))


def _at(day: dt.date, time: dt.time, zone: str, *, last: bool = False) -> int:
    """Give a time of a day as ns UTC; of an hour that comes twice the first, or the last one."""
    moment = dt.datetime.combine(day, time, ZoneInfo(zone)).replace(fold=int(last))
    return _ns(moment.astimezone(_UTC) - _EPOCH)


def _ns(span: dt.timedelta) -> int:
    return span // dt.timedelta(microseconds=1) * 1_000
