"""What the gateway says about the market: ticks, bars, history.

Source: TWS API socket protocol at server version 178.
"""

from __future__ import annotations

from ikbr.gateway.fields import Choice, Repeat, parts
from ikbr.gateway.tables import Table

# --- market data -------------------------------------------------------------------------------

TICK_PRICE = Table(1, "tickPrice", "=6 reqId:i tickType:i price:n size:q attributes:i")
TICK_SIZE = Table(2, "tickSize", "=6 reqId:i tickType:i size:q")
TICK_GENERIC = Table(45, "tickGeneric", "=6 reqId:i tickType:i value:n")
TICK_STRING = Table(46, "tickString", "=6 reqId:i tickType:i value")
TICK_SNAPSHOT_END = Table(57, "tickSnapshotEnd", "=1 reqId:i")
MARKET_DATA_TYPE = Table(58, "marketDataType", "=1 reqId:i type:i")
TICK_REQ_PARAMS = Table(81, "tickReqParams", "reqId:i minTick:n bboExchange snapshotPermissions:i")
TICK_BY_TICK = Table(
    99,
    "tickByTick",
    "reqId:i kind:i time:i",
    Choice(
        "kind",
        {
            1: parts("price:n size:q attributes:i exchange specialConditions"),
            2: parts("price:n size:q attributes:i exchange specialConditions"),
            3: parts("bid:n ask:n bidSize:q askSize:q attributes:i"),
            4: parts("midPoint:n"),
        },
    ),
)
MARKET_DEPTH = Table(12, "marketDepth", "=1 reqId:i position:i operation:i side:i price:n size:q")
MARKET_DEPTH_L2 = Table(
    13,
    "marketDepthL2",
    "=1 reqId:i position:i marketMaker operation:i side:i price:n size:q isSmart:b",
)
REAL_TIME_BAR = Table(
    50, "realTimeBar", "=3 reqId:i time:i open:n high:n low:n close:n volume:q wap:n count:i"
)

# --- history -----------------------------------------------------------------------------------

HISTORICAL_DATA = Table(
    17,
    "historicalData",
    "reqId:i start end",
    Repeat("bars", parts("date open:n high:n low:n close:n volume:q wap:n count:i")),
)
HISTORICAL_DATA_UPDATE = Table(
    90,
    "historicalDataUpdate",
    "reqId:i count:i date open:n close:n high:n low:n wap:n volume:q",
)
HEAD_TIMESTAMP = Table(88, "headTimestamp", "reqId:i text")
HISTORICAL_SCHEDULE = Table(
    106,
    "historicalSchedule",
    "reqId:i start end timeZone",
    Repeat("sessions", parts("start end refDate")),
)
HISTORICAL_TICKS = Table(
    96,
    "historicalTicks",
    "reqId:i",
    Repeat("ticks", parts("time:i =0 price:n size:q")),
    "done:b",
)
HISTORICAL_TICKS_BID_ASK = Table(
    97,
    "historicalTicksBidAsk",
    "reqId:i",
    Repeat("ticks", parts("time:i attributes:i bid:n ask:n bidSize:q askSize:q")),
    "done:b",
)
HISTORICAL_TICKS_LAST = Table(
    98,
    "historicalTicksLast",
    "reqId:i",
    Repeat("ticks", parts("time:i attributes:i price:n size:q exchange specialConditions")),
    "done:b",
)
HISTOGRAM_DATA = Table(89, "histogramData", "reqId:i", Repeat("items", parts("price:n count:q")))
