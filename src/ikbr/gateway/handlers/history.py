"""Requests for the past: bars, ticks, the first data there is, the schedule.

Source: IBKR, "Historical data"; TWS API message codes 162, 200, 300, 321, 366.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ikbr.gateway import times
from ikbr.gateway.fields import Values
from ikbr.gateway.handlers.entry import Entry, ignore
from ikbr.gateway.handlers.market_data import streams_of
from ikbr.gateway.history import SMALL_BAR_S, Wanted, bar_values, bars_for, read_request
from ikbr.gateway.history_pace import HistoryPace
from ikbr.gateway.keep_up import KeepUp
from ikbr.gateway.messages import market_answers as say
from ikbr.gateway.messages import requests
from ikbr.gateway.order_refusals import NO_CONTRACT
from ikbr.gateway.past import PRICES, Rows
from ikbr.gateway.past_ticks import read_ticks_request, ticks_for
from ikbr.gateway.tables import Table
from ikbr.gateway.times import SECOND_NS
from ikbr.sim.refusals import Refusal

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

FAILED = "Historical Market Data Service error message:{}"
NO_DATA = "HMDS query returned no data: {}@{} {}"
MOST_OPEN = 50
"""Source: IBKR, "Historical data limitations": 50 requests at once."""
TOO_MANY = Refusal(162, FAILED.format("Too many historical requests are open."))
TOO_FAST = Refusal(162, FAILED.format("Historical data request pacing violation"))
NO_QUERY = "No historical data query found for ticker id:{}"


def historical_data(session: Session, values: Values) -> None:
    """Send bars, and go on with the one under way when that is asked for."""
    request_id = values["reqId"]
    number = _number(session, values)
    if number is None:
        return
    if values["whatToShow"] == "SCHEDULE":
        _schedule(session, request_id, number)
        return
    streams = streams_of(session, "history")
    if request_id in streams or len(streams) >= MOST_OPEN:
        session.refuse(request_id, TOO_MANY)
        return
    world = session.world
    try:
        if values["whatToShow"] not in PRICES:
            raise ValueError(f"whatToShow {values['whatToShow']!r} is not known")
        if values["keepUpToDate"] and values["endDateTime"]:
            raise ValueError("keepUpToDate goes with an empty end")
        wanted = read_request(world, number, values)
        if values["keepUpToDate"] and wanted.span_s < 5:
            raise ValueError("keepUpToDate needs bars of five seconds or more")
        if not _in_pace(session, values, wanted):
            session.refuse(request_id, TOO_FAST)
            return
        bars = bars_for(world, wanted)
    except ValueError as error:
        session.error(request_id, 321, f"Error validating request: {error}.")
        return
    if not bars and not values["keepUpToDate"]:
        _no_data(session, request_id, number, values["whatToShow"])
        return
    zone = world.contracts.zone(number)
    session.send(
        say.HISTORICAL_DATA,
        {
            "reqId": request_id,
            "start": times.write_local(wanted.begin_ns, zone),
            "end": times.write_local(wanted.end_ns, zone),
            "bars": [bar_values(world, wanted, bar) for bar in bars],
        },
    )
    if values["keepUpToDate"]:
        streams[request_id] = KeepUp(session, request_id, wanted)


def _in_pace(session: Session, values: Values, wanted: Wanted) -> bool:
    """Say whether a request comes slowly enough; only small bars are counted."""
    if session.wall_ns is None or wanted.span_s > SMALL_BAR_S:
        return True
    pace: HistoryPace = session.state.setdefault("history pace", HistoryPace())
    show = values["whatToShow"]
    kind = (wanted.number, values["exchange"], show)
    same = (*kind, values["endDateTime"], values["duration"], wanted.span_s, values["useRTH"])
    return pace.allows(session.wall_ns, same, kind, twice=show == "BID_ASK")


def cancel_historical_data(session: Session, values: Values) -> None:
    """End to tell the bar under way."""
    request_id = values["reqId"]
    stream = streams_of(session, "history").pop(request_id, None)
    if stream is None:
        session.error(request_id, 366, NO_QUERY.format(request_id))
        return
    stream.close()
    text = FAILED.format(f"API historical data query cancelled: {request_id}")
    session.error(request_id, 162, text)


def head_timestamp(session: Session, values: Values) -> None:
    """Tell when the data begins."""
    number = _number(session, values)
    if number is None:
        return
    world = session.world
    first = world.days[0].open_ns if world.days else world.began_ns
    if world.history is not None:
        symbol = world.contracts.instruments[number].symbol
        known = world.history.first_ns(symbol)
        first = min(first, known) if known is not None else first
    text = str(first // SECOND_NS) if values["formatDate"] == 2 else times.write_utc(first)
    session.send(say.HEAD_TIMESTAMP, {"reqId": values["reqId"], "text": text})


def historical_ticks(session: Session, values: Values) -> None:
    """Send up to a thousand ticks from a time on, or up to a time."""
    request_id, world = values["reqId"], session.world
    number = _number(session, values)
    if number is None:
        return
    try:
        wanted = read_ticks_request(world, number, values)
    except ValueError as error:
        session.error(request_id, 321, f"Error validating request: {error}.")
        return
    told = {"TRADES": _prints, "BID_ASK": _quotes, "MIDPOINT": _middles}[wanted.show]
    scale = world.contracts.instruments[number].price_scale
    table, ticks = told(ticks_for(world, wanted), scale)
    session.send(table, {"reqId": request_id, "ticks": ticks, "done": True})


def _prints(rows: Rows, scale: int) -> tuple[Table, list[dict[str, Any]]]:
    columns = zip(rows.ts.tolist(), rows.last.tolist(), rows.size.tolist(), strict=True)
    return say.HISTORICAL_TICKS_LAST, [
        {"time": ts // SECOND_NS, "price": last / scale, "size": size} for ts, last, size in columns
    ]


def _quotes(rows: Rows, scale: int) -> tuple[Table, list[dict[str, Any]]]:
    columns = (rows.ts, rows.bid, rows.ask, rows.bid_size, rows.ask_size)
    return say.HISTORICAL_TICKS_BID_ASK, [
        {
            "time": ts // SECOND_NS,
            "bid": bid / scale,
            "ask": ask / scale,
            "bidSize": bid_size,
            "askSize": ask_size,
        }
        for ts, bid, ask, bid_size, ask_size in zip(*(c.tolist() for c in columns), strict=True)
    ]


def _middles(rows: Rows, scale: int) -> tuple[Table, list[dict[str, Any]]]:
    columns = zip(rows.ts.tolist(), (rows.bid + rows.ask).tolist(), strict=True)
    return say.HISTORICAL_TICKS, [
        {"time": ts // SECOND_NS, "price": both / 2 / scale, "size": 0} for ts, both in columns
    ]


def _schedule(session: Session, request_id: int, number: int) -> None:
    """Send the trading days up to now."""
    world = session.world
    zone = world.contracts.zone(number)
    days = [day for day in world.days if day.open_ns <= world.now_ns]
    if not days:
        _no_data(session, request_id, number, "Schedule")
        return

    def moment(ts_ns: int) -> str:
        return f"{times.local(ts_ns, zone):%Y%m%d-%H:%M:%S}"

    told = [
        {
            "start": moment(day.open_ns),
            "end": moment(day.close_ns),
            "refDate": f"{day.date:%Y%m%d}",
        }
        for day in days
    ]
    ends = {"start": told[0]["start"], "end": told[-1]["end"], "timeZone": zone}
    session.send(say.HISTORICAL_SCHEDULE, ends | {"reqId": request_id, "sessions": told})


def _no_data(session: Session, request_id: int, number: int, what: str) -> None:
    wire = session.world.contracts.wire[number]
    text = NO_DATA.format(wire["symbol"], wire["exchange"], what.capitalize())
    session.error(request_id, 162, FAILED.format(text))


def _number(session: Session, values: Values) -> int | None:
    found = session.world.contracts.find(values)
    if len(found) == 1:
        return found[0]
    session.refuse(values["reqId"], NO_CONTRACT)
    return None


ENTRIES: tuple[Entry, ...] = (
    (requests.REQ_HISTORICAL_DATA, historical_data),
    (requests.CANCEL_HISTORICAL_DATA, cancel_historical_data),
    (requests.REQ_HEAD_TIMESTAMP, head_timestamp),
    (requests.CANCEL_HEAD_TIMESTAMP, ignore),
    (requests.REQ_HISTORICAL_TICKS, historical_ticks),
)
