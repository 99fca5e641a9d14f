"""Streams: tick by tick of four kinds, market depth, real-time bars."""

from conformance.language import Topic, ask, cancel, on, row, until
from conformance.market import EUR, NONE, SPY, seconds

INSERT, UPDATE, DELETE = 0, 1, 2
BUYERS, SELLERS = 1, 0
BARS = (5, "TRADES", False, [])

TICKS = Topic(
    "Tick by tick",
    (
        row(
            "Last tells prints",
            ask("reqTickByTickData", SPY, "Last", 0, False, key="last"),
            until("10:00:06"),
            on(
                "tickByTickAllLast",
                tickType=1,
                time=seconds("10:00:06"),
                price=503.01,
                size=100,
                exchange="ARCA",
                specialConditions="",
                tickAttribLast={"pastLimit": False, "unreported": False},
            ),
        ),
        row("Last can be ended", cancel("cancelTickByTickData", "last")),
        row(
            "BidAsk tells quotes and sizes",
            ask("reqTickByTickData", SPY, "BidAsk", 0, False, key="quotes"),
            until("10:00:07"),
            on(
                "tickByTickBidAsk",
                time=seconds("10:00:07"),
                bidPrice=503.00,
                askPrice=503.02,
                bidSize=400,
                askSize=200,
                tickAttribBidAsk={"bidPastLow": False, "askPastHigh": False},
            ),
        ),
        row(
            "a quote without one side is left out", until("10:00:08"), silent=("tickByTickBidAsk",)
        ),
        row(
            "BidAsk can be ended",
            cancel("cancelTickByTickData", "quotes"),
            until("10:01:59"),
            silent=("tickByTickBidAsk",),
        ),
        row(
            "MidPoint tells the middle",
            ask("reqTickByTickData", SPY, "MidPoint", 0, False, key="middle"),
            until("10:02:00"),
            on("tickByTickMidPoint", time=seconds("10:02:00"), midPoint=500.01),
        ),
        row("MidPoint can be ended", cancel("cancelTickByTickData", "middle")),
        row(
            "AllLast tells prints, too",
            ask("reqTickByTickData", SPY, "AllLast", 0, False, key="all"),
            until("10:02:01"),
            on("tickByTickAllLast", tickType=2, price=500.01, size=60, exchange="ARCA"),
        ),
        row(
            "AllLast can be ended",
            cancel("cancelTickByTickData", "all"),
            until("10:03:01"),
            silent=("tickByTickAllLast",),
        ),
        row(
            "a kind that is not known",
            ask("reqTickByTickData", SPY, "Some", 0, False, raw=True),
            codes=[321],
        ),
        row(
            "an unknown contract",
            ask("reqTickByTickData", NONE, "Last", 0, False, raw=True),
            codes=[200],
        ),
        row("ending what never began", ask("cancelTickByTickData", 4711, raw=True), codes=[300]),
    ),
)

SIZES = Topic(
    "Tick by tick, prices only",
    (
        row(
            "BidAsk without sizes leaves out changes of sizes",
            ask("reqTickByTickData", SPY, "BidAsk", 0, True, key="quotes"),
            until("10:00:07"),
            on("tickByTickBidAsk", time=seconds("10:00:05"), bidPrice=503.00, bidSize=300),
        ),
    ),
)

DEPTH = Topic(
    "Market depth",
    (
        row(
            "a book begins with what stands",
            ask("reqMktDepth", SPY, 5, False, [], key="book"),
            on("updateMktDepth", position=0, operation=INSERT, side=BUYERS, price=502.10, size=300),
            on(
                "updateMktDepth", position=0, operation=INSERT, side=SELLERS, price=502.12, size=200
            ),
            seen={"result('book').domBids[0].price": 502.10, "result('book').domAsks[0].size": 200},
        ),
        row(
            "a book follows the quote",
            until("10:00:07"),
            on("updateMktDepth", operation=UPDATE, side=BUYERS, price=503.00, size=300),
            on("updateMktDepth", operation=UPDATE, side=SELLERS, price=503.02, size=200),
            on("updateMktDepth", operation=UPDATE, side=BUYERS, price=503.00, size=400),
        ),
        row(
            "a side that has gone is deleted",
            until("10:00:08"),
            on("updateMktDepth", position=0, operation=DELETE, side=BUYERS),
            seen={"result('book').domBids": [], "len(result('book').domAsks)": 1},
        ),
        row(
            "a side that comes back is inserted",
            until("10:00:09"),
            on("updateMktDepth", operation=INSERT, side=BUYERS, price=503.00, size=400),
        ),
        row(
            "a book can be ended",
            cancel("cancelMktDepth", "book", False),
            until("10:02:00"),
            silent=("updateMktDepth",),
        ),
        row(
            "a smart book names the exchange",
            ask("reqMktDepth", SPY, 5, True, [], key="smart"),
            on(
                "updateMktDepthL2",
                position=0,
                marketMaker="ARCA",
                operation=INSERT,
                side=BUYERS,
                price=500.00,
                size=300,
                isSmartDepth=True,
            ),
            on(
                "updateMktDepthL2",
                position=0,
                marketMaker="ARCA",
                operation=INSERT,
                side=SELLERS,
                price=500.02,
                size=200,
                isSmartDepth=True,
            ),
        ),
        row("a smart book can be ended", cancel("cancelMktDepth", "smart", True)),
        row("ending what never began", ask("cancelMktDepth", 4711, False, raw=True), codes=[310]),
        row("an unknown contract", ask("reqMktDepth", NONE, 5, False, [], raw=True), codes=[200]),
    ),
)

REAL_TIME_BARS = Topic(
    "Real-time bars",
    (
        row(
            "five seconds without a print repeat the price",
            ask("reqRealTimeBars", SPY, *BARS, key="trades"),
            until("10:00:05"),
            on(
                "realtimeBar",
                time=seconds("10:00:00"),
                open=502.11,
                high=502.11,
                low=502.11,
                close=502.11,
                volume=0,
                wap=502.11,
                count=0,
            ),
        ),
        row(
            "five seconds with a print",
            until("10:00:10"),
            on(
                "realtimeBar",
                time=seconds("10:00:05"),
                open=503.01,
                high=503.01,
                low=503.01,
                close=503.01,
                volume=100,
                wap=503.01,
                count=1,
            ),
            seen={"[b.close for b in result('trades')]": [502.11, 503.01]},
        ),
        row(
            "bars can be ended",
            cancel("cancelRealTimeBars", "trades"),
            until("10:01:55"),
            silent=("realtimeBar",),
        ),
        row(
            "bars of the middle, the bid and the ask",
            *(
                ask("reqRealTimeBars", SPY, 5, show, False, [], key=show)
                for show in ("MIDPOINT", "BID", "ASK")
            ),
            until("10:02:05"),
            *(
                on("realtimeBar", time=seconds("10:01:55"), close=price)
                for price in (503.01, 503.00, 503.02)
            ),
            *(
                on("realtimeBar", time=seconds("10:02:00"), close=price)
                for price in (500.01, 500.00, 500.02)
            ),
        ),
        row(
            "they can be ended",
            *(cancel("cancelRealTimeBars", show) for show in ("MIDPOINT", "BID", "ASK")),
        ),
        row(
            "what has no prints has no bars of trades",
            ask("reqRealTimeBars", EUR, *BARS, key="eur"),
            until("10:02:20"),
            silent=("realtimeBar",),
        ),
        row(
            "an unknown price",
            ask("reqRealTimeBars", SPY, 5, "NONE", False, [], raw=True),
            codes=[321],
        ),
        row("an unknown contract", ask("reqRealTimeBars", NONE, *BARS, raw=True), codes=[200]),
        row("ending what never began", ask("cancelRealTimeBars", 4711, raw=True), codes=[300]),
    ),
)
