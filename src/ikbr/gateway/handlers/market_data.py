"""Requests for market data: lines, snapshots, tick by tick, real-time bars.

Source: IBKR, "Market data"; TWS API message codes 101, 102, 200, 300, 309, 310, 321, 354, 420,
10167, 10190.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ikbr.gateway.depth import Depth
from ikbr.gateway.fields import Values
from ikbr.gateway.handlers.entry import Entry
from ikbr.gateway.history_pace import StreamPace
from ikbr.gateway.lines import Line
from ikbr.gateway.messages import requests
from ikbr.gateway.order_refusals import NO_CONTRACT
from ikbr.gateway.real_time_bars import RealTimeBars
from ikbr.gateway.tick_by_tick import KINDS, TickByTick
from ikbr.sim.refusals import Refusal

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

DUPLICATE = Refusal(102, "Duplicate ticker ID.")
TOO_MANY_LINES = Refusal(101, "Max number of tickers has been reached.")
NOT_SUBSCRIBED = Refusal(
    354, "Requested market data is not subscribed. Delayed market data is available."
)
DELAYED_INSTEAD = Refusal(
    10167, "Requested market data is not subscribed. Displaying delayed market data."
)
TOO_MANY_STREAMS = Refusal(10190, "Max number of tick-by-tick requests has been reached.")
TOO_MANY_BARS = Refusal(420, "Invalid Real-time Query:Historical data request pacing violation")
NO_SUCH_LINE = "Can't find EId with tickerId:{}"
GENERIC = frozenset({
    100, 101, 104, 105, 106, 165, 221, 225, 232, 233, 236, 258, 292, 293, 294, 295, 318, 375, 411,
    456, 460, 499, 506, 576, 577, 586, 587, 588, 595, 614, 619, 623,
})  # fmt: skip
"""Source: IBKR, "Generic tick types"."""
MOST_REAL_TIME_BARS = 60
MOST_DEPTHS = 3
TOO_MANY_DEPTHS = Refusal(309, "Max number (3) of market depth requests has been reached.")
NO_DEPTH = Refusal(310, "Can't find the subscribed market depth with this ticker id.")


class Stream(Protocol):
    """Tell a client something until it is closed."""

    def close(self) -> None:
        """End."""


Streams = dict[int, Stream]


def streams_of(session: Session, topic: str) -> Streams:
    """Give the client's streams of a kind, by request."""
    found: Streams | None = session.state.get(topic)
    if found is None:
        streams: Streams = {}
        session.state[topic] = found = streams

        def close_all() -> None:
            for stream in streams.values():
                stream.close()
            streams.clear()

        session.at_close(close_all)
    return found


def market_data(session: Session, values: Values) -> None:
    """Begin a line, or send a snapshot."""
    request_id, options = values["reqId"], session.world.options
    lines = streams_of(session, "lines")
    number = _number(session, values)
    if number is None:
        return
    generic = _generic(session, values)
    if generic is None:
        return
    delayed = not options.live_data
    if request_id in lines:
        session.refuse(request_id, DUPLICATE)
    elif delayed and session.market_data_type < 3:
        session.refuse(request_id, NOT_SUBSCRIBED)
    elif values["snapshot"]:
        line = Line(session, request_id, number, delayed=delayed)
        streams_of(session, "snapshots")[request_id] = line
        line.snapshot()
    elif len(lines) >= options.lines:
        session.refuse(request_id, TOO_MANY_LINES)
    else:
        if delayed:
            session.refuse(request_id, DELAYED_INSTEAD)
        line = Line(session, request_id, number, delayed=delayed, generic=generic)
        lines[request_id] = line
        line.open()


def cancel_market_data(session: Session, values: Values) -> None:
    """End a line."""
    _cancel(session, "lines", values)


def market_data_type(session: Session, values: Values) -> None:
    """Choose between live and delayed data; it counts for lines that are begun later."""
    if values["type"] not in {1, 2, 3, 4}:
        session.error(-1, 321, "Error validating request: the market data type is 1 to 4.")
        return
    session.market_data_type = values["type"]


def tick_by_tick(session: Session, values: Values) -> None:
    """Begin to tell every tick."""
    request_id, options = values["reqId"], session.world.options
    streams = streams_of(session, "ticks")
    number = _number(session, values)
    if number is None:
        return
    if values["type"] not in KINDS:
        session.error(request_id, 321, "Error validating request: the tick type is not known.")
    elif request_id in streams:
        session.refuse(request_id, DUPLICATE)
    elif not options.live_data:
        session.refuse(request_id, NOT_SUBSCRIBED)
    elif len(streams) >= max(options.lines // 20, 3):
        session.refuse(request_id, TOO_MANY_STREAMS)
    else:
        stream = TickByTick(session, request_id, number, values["type"], values["ignoreSize"])
        streams[request_id] = stream


def cancel_tick_by_tick(session: Session, values: Values) -> None:
    """End it."""
    _cancel(session, "ticks", values)


def market_depth(session: Session, values: Values) -> None:
    """Begin to tell the book."""
    request_id, options = values["reqId"], session.world.options
    streams = streams_of(session, "depth")
    number = _number(session, values)
    if number is None:
        return
    if request_id in streams:
        session.refuse(request_id, DUPLICATE)
    elif not options.live_data:
        session.refuse(request_id, NOT_SUBSCRIBED)
    elif len(streams) >= MOST_DEPTHS:
        session.refuse(request_id, TOO_MANY_DEPTHS)
    else:
        streams[request_id] = Depth(session, request_id, number, smart=values["isSmart"])


def cancel_market_depth(session: Session, values: Values) -> None:
    """End it."""
    request_id = values["reqId"]
    stream = streams_of(session, "depth").pop(request_id, None)
    if stream is None:
        session.refuse(request_id, NO_DEPTH)
    else:
        stream.close()


def real_time_bars(session: Session, values: Values) -> None:
    """Begin to tell a bar every five seconds."""
    request_id, options = values["reqId"], session.world.options
    streams = streams_of(session, "bars")
    number = _number(session, values)
    if number is None:
        return
    if values["whatToShow"] not in {"TRADES", "MIDPOINT", "BID", "ASK"}:
        session.error(request_id, 321, "Error validating request: whatToShow is not known.")
    elif request_id in streams:
        session.refuse(request_id, DUPLICATE)
    elif not options.live_data:
        session.refuse(request_id, NOT_SUBSCRIBED)
    elif len(streams) >= MOST_REAL_TIME_BARS or not _bars_in_pace(session):
        session.refuse(request_id, TOO_MANY_BARS)
    else:
        streams[request_id] = RealTimeBars(
            session, request_id, number, values["whatToShow"], regular=values["useRTH"]
        )


def _bars_in_pace(session: Session) -> bool:
    """Say whether a request for bars comes slowly enough; without a wall clock none is counted."""
    pace: StreamPace = session.state.setdefault("bars pace", StreamPace())
    return session.wall_ns is None or pace.allows(session.wall_ns)


def cancel_real_time_bars(session: Session, values: Values) -> None:
    """End them."""
    _cancel(session, "bars", values)


def _cancel(session: Session, topic: str, values: Values) -> None:
    request_id = values["reqId"]
    stream = streams_of(session, topic).pop(request_id, None)
    if stream is None:
        session.error(request_id, 300, NO_SUCH_LINE.format(request_id))
    else:
        stream.close()


def _number(session: Session, values: Values) -> int | None:
    """Find the instrument; without one the request is refused."""
    found = session.world.contracts.find(values)
    if len(found) == 1:
        return found[0]
    session.refuse(values["reqId"], NO_CONTRACT)
    return None


def _generic(session: Session, values: Values) -> frozenset[int] | None:
    """Read the list of generic ticks; a wrong one is refused."""
    words = [word.partition(":")[0].strip() for word in values["genericTicks"].split(",")]
    wanted = [word for word in words if word and word != "mdoff"]
    if all(word.isdecimal() and int(word) in GENERIC for word in wanted):
        return frozenset(int(word) for word in wanted)
    text = f"Error validating request: incorrect generic tick list of {values['genericTicks']}."
    session.error(values["reqId"], 321, text)
    return None


ENTRIES: tuple[Entry, ...] = (
    (requests.REQ_MKT_DATA, market_data),
    (requests.CANCEL_MKT_DATA, cancel_market_data),
    (requests.REQ_MARKET_DATA_TYPE, market_data_type),
    (requests.REQ_TICK_BY_TICK, tick_by_tick),
    (requests.CANCEL_TICK_BY_TICK, cancel_tick_by_tick),
    (requests.REQ_MKT_DEPTH, market_depth),
    (requests.CANCEL_MKT_DEPTH, cancel_market_depth),
    (requests.REQ_REAL_TIME_BARS, real_time_bars),
    (requests.CANCEL_REAL_TIME_BARS, cancel_real_time_bars),
)
