"""Market data: lines, snapshots, what is told when the market moves; delayed data; limits."""

from conformance.language import About, On, Topic, ask, cancel, on, row, until
from conformance.market import ES, EUR, KO, NONE, OPT, SPY, seconds

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE, HIGH, LOW, VOLUME, CLOSE, OPEN = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14,
)  # fmt: skip
LAST_TIME, RT_VOLUME, HALTED, RT_TRADES = 45, 48, 49, 77
LINE = ("", False, False, [])
SNAPSHOT = ("", True, False, [])
TICKS = ("tickPrice", "tickSize", "tickString", "tickGeneric")
NO_ATTRIBUTES = {"ib_": {"tickPrice.attrib": "ib_async does not keep them"}}


def price(kind: int, value: float) -> On:
    """Expect a price."""
    return on("tickPrice", tickType=kind, price=value)


def size(kind: int, value: float) -> On:
    """Expect a size."""
    return on("tickSize", tickType=kind, size=value)


LINES = Topic(
    "Market data",
    (
        row(
            "a line begins with its type and its grid",
            ask("reqMktData", SPY, *LINE, key="spy"),
            on("marketDataType", marketDataType=1),
            on("tickReqParams", minTick=0.0001, bboExchange="9c0001", snapshotPermissions=3),
            seen={"result('spy').marketDataType": 1, "result('spy').bboExchange": "9c0001"},
        ),
        row(
            "a line tells the prices that stand",
            cancel("cancelMktData", "spy"),
            ask("reqMktData", SPY, *LINE, key="spy"),
            price(BID, 502.10),
            price(ASK, 502.12),
            price(LAST, 502.11),
            price(HIGH, 502.12),
            price(LOW, 502.02),
            price(CLOSE, 501.00),
            price(OPEN, 502.02),
            seen={
                "result('spy').bid": 502.10,
                "result('spy').ask": 502.12,
                "result('spy').last": 502.11,
                "result('spy').high": 502.12,
                "result('spy').low": 502.02,
                "result('spy').close": 501.00,
                "result('spy').open": 502.02,
            },
        ),
        row("a line can be ended", cancel("cancelMktData", "spy")),
        row(
            "a line tells the sizes that stand",
            ask("reqMktData", SPY, *LINE, key="spy"),
            size(BID_SIZE, 300),
            size(ASK_SIZE, 200),
            size(LAST_SIZE, 40),
            size(VOLUME, 1200),
            seen={"result('spy').bidSize": 300, "result('spy').volume": 1200},
        ),
        row(
            "a line tells whether dealing is halted",
            cancel("cancelMktData", "spy"),
            ask("reqMktData", SPY, *LINE, key="spy"),
            on("tickGeneric", tickType=HALTED, value=0.0),
        ),
        row(
            "a quote that moves",
            until("10:00:05"),
            *(price(BID, 503.00), size(BID_SIZE, 300), price(ASK, 503.02), size(ASK_SIZE, 200)),
            seen={"result('spy').bid": 503.00, "result('spy').ask": 503.02},
        ),
        row(
            "a print: time, price, size, volume, a new high",
            until("10:00:06"),
            on("tickString", tickType=LAST_TIME, value=str(seconds("10:00:06"))),
            *(price(LAST, 503.01), size(LAST_SIZE, 100), size(VOLUME, 1300), price(HIGH, 503.01)),
            seen={"result('spy').last": 503.01, "result('spy').volume": 1300},
        ),
        row("a size that moves alone", until("10:00:07"), size(BID_SIZE, 400)),
        row(
            "a side that is absent",
            until("10:00:08"),
            *(price(BID, -1.0), size(BID_SIZE, 0)),
            seen={"result('spy').bid": -1.0, "result('spy').bidSize": 0},
        ),
        row("the side comes back", until("10:00:09"), price(BID, 503.00), size(BID_SIZE, 400)),
        row(
            "a halt",
            until("10:01:00"),
            on("tickGeneric", tickType=HALTED, value=1.0),
            seen={"result('spy').halted": 1.0},
        ),
        row("the end of a halt", until("10:01:30"), on("tickGeneric", tickType=HALTED, value=0.0)),
        row(
            "prices of quotes may be traded automatically, others not",
            ask("reqMktData", ES, *SNAPSHOT),
            *(
                on(
                    "tickPrice",
                    tickType=t,
                    attrib={"canAutoExecute": True, "pastLimit": False, "preOpen": False},
                )
                for t in (BID, ASK)
            ),
            *(
                on("tickPrice", tickType=t, attrib={"canAutoExecute": False})
                for t in (LAST, HIGH, LOW, CLOSE, OPEN)
            ),
            but=NO_ATTRIBUTES,
        ),
        row(
            "trades that count (233) and all trades (375)",
            cancel("cancelMktData", "spy"),
            ask("reqMktData", SPY, "233,375", False, False, [], key="spy"),
            until("10:02:01"),
            on("tickString", tickType=LAST_TIME, value=str(seconds("10:02:01"))),
            *(
                on(
                    "tickString",
                    tickType=kind,
                    value="500.01;60;1772550121000;1360;502.016691;true",
                )
                for kind in (RT_VOLUME, RT_TRADES)
            ),
            seen={"result('spy').vwap": About(682742.7 / 1360)},
        ),
        row(
            "a line that was ended is silent",
            cancel("cancelMktData", "spy"),
            until("10:03:01"),
            silent=TICKS,
        ),
        row(
            "a snapshot: what stands, and its end",
            ask("reqMktData", KO, *SNAPSHOT),
            *(
                price(BID, 60.00),
                price(ASK, 60.02),
                price(LAST, 60.01),
                price(HIGH, 60.01),
                price(LOW, 60.01),
                price(CLOSE, 60.10),
                price(OPEN, 60.01),
            ),
            on("tickSnapshotEnd"),
        ),
        row(
            "a currency pair: no prints",
            ask("reqMktData", EUR, *LINE, key="eur"),
            on("tickReqParams", minTick=0.00005),
            *(price(BID, 1.10000), size(BID_SIZE, 1_000_000)),
            *(price(ASK, 1.10005), size(ASK_SIZE, 2_000_000)),
            on("tickGeneric", tickType=HALTED, value=0.0),
        ),
        row(
            "a future",
            ask("reqMktData", ES, *LINE, key="es"),
            on("tickReqParams", minTick=0.25),
            *(price(BID, 5010.00), price(ASK, 5010.25), price(LAST, 5010.25)),
            *(price(HIGH, 5010.25), price(LOW, 5010.25), price(CLOSE, 5000.25)),
            price(OPEN, 5010.25),
        ),
        row(
            "an option",
            ask("reqMktData", OPT, *LINE, key="opt"),
            on("tickReqParams", minTick=0.01),
            *(price(BID, 5.00), size(BID_SIZE, 20), price(ASK, 5.10), size(ASK_SIZE, 30)),
        ),
        row("an unknown contract", ask("reqMktData", NONE, *LINE, raw=True), codes=[200]),
        row(
            "an unknown generic tick",
            ask("reqMktData", SPY, "999", False, False, [], raw=True),
            codes=[321],
        ),
        row("ending what never began", ask("cancelMktData", 4711, raw=True), codes=[300]),
        row(
            "a request id that is in use",
            ask("reqMktData", KO, *LINE, number=9001),
            ask("reqMktData", KO, *LINE, number=9001),
            codes=[102],
        ),
        row("an unknown type of market data", ask("reqMarketDataType", 9, raw=True), codes=[321]),
        row(
            "types of market data are taken silently",
            ask("reqMarketDataType", 3),
            silent=("marketDataType",),
        ),
        row(
            "who has live data gets it whatever type was asked for",
            ask("reqMktData", SPY, *SNAPSHOT),
            on("marketDataType", marketDataType=1),
        ),
    ),
)

NO_DELAYED_TIME = {
    "ib_async 2.0.1": {"ib_async.wrapper: tickString with tickType 88": "it knows no such times"}
}

DELAYED = Topic(
    "Delayed data",
    (
        row(
            "no live line without a subscription",
            ask("reqMktData", SPY, *LINE, raw=True),
            codes=[354],
        ),
        row(
            "no tick by tick without a subscription",
            ask("reqTickByTickData", SPY, "Last", 0, False, raw=True),
            codes=[354],
        ),
        row(
            "no real-time bars without a subscription",
            ask("reqRealTimeBars", SPY, 5, "TRADES", False, [], raw=True),
            codes=[354],
        ),
        row(
            "no market depth without a subscription",
            ask("reqMktDepth", SPY, 5, False, [], raw=True),
            codes=[354],
        ),
        row(
            "a delayed line says so",
            ask("reqMarketDataType", 3),
            ask("reqMktData", SPY, *LINE, key="spy"),
            on("marketDataType", marketDataType=3),
            codes=[10167],
            seen={"result('spy').marketDataType": 3},
        ),
        row(
            "it begins with what stood a minute ago, under types of its own",
            cancel("cancelMktData", "spy"),
            ask("reqMktData", SPY, *LINE, key="spy"),
            *(price(66, 502.10), size(69, 300), price(67, 502.12), size(70, 200)),
            *(price(68, 502.12), size(71, 10), size(74, 1160)),
            *(price(72, 502.12), price(73, 502.02), price(75, 501.00), price(76, 502.02)),
            codes=[10167],
            seen={"result('spy').bid": 502.10, "result('spy').volume": 1160},
        ),
        row(
            "a delayed snapshot is one of a minute ago",
            ask("reqMktData", SPY, *SNAPSHOT),
            *(price(66, 502.10), price(67, 502.12), price(68, 502.12)),
            *(price(72, 502.12), price(73, 502.02), price(75, 501.00), price(76, 502.02)),
            on("tickSnapshotEnd"),
        ),
        row("what has just happened is not told yet", until("10:00:10"), silent=TICKS[:2]),
        row(
            "what happened before the line began comes late, too",
            until("10:00:50"),
            on("tickString", tickType=88, value=str(seconds("09:59:50"))),
            *(price(68, 502.11), size(71, 40), size(74, 1200)),
            but=NO_DELAYED_TIME,
        ),
        row(
            "delayed quotes",
            until("10:01:05"),
            *(price(66, 503.00), size(69, 300), price(67, 503.02), size(70, 200)),
            seen={"result('spy').bid": 503.00, "result('spy').askSize": 200},
        ),
        row(
            "delayed prints",
            until("10:01:06"),
            on("tickString", tickType=88, value=str(seconds("10:00:06"))),
            *(price(68, 503.01), size(71, 100), size(74, 1300), price(72, 503.01)),
            but=NO_DELAYED_TIME,
        ),
    ),
    gateway={"live_data": False, "delay_s": 60},
)

LIMITS = Topic(
    "Limits of market data",
    (
        row(
            "no more lines than there are",
            *(ask("reqMktData", one, *LINE) for one in (SPY, KO)),
            ask("reqMktData", EUR, *LINE, raw=True),
            codes=[101],
        ),
        row("a snapshot needs no line", ask("reqMktData", ES, *SNAPSHOT), on("tickSnapshotEnd")),
        row(
            "three streams tick by tick, and no more",
            *(ask("reqTickByTickData", one, "Last", 0, False) for one in (SPY, KO, ES)),
            ask("reqTickByTickData", EUR, "BidAsk", 0, False, raw=True),
            codes=[10190],
        ),
        row(
            "three books, and no more",
            *(ask("reqMktDepth", one, 1, False, []) for one in (SPY, KO, ES)),
            ask("reqMktDepth", EUR, 1, False, [], raw=True),
            codes=[309],
        ),
    ),
    gateway={"lines": 2},
)
