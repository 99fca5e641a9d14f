"""Refusals: the codes of orders that are not taken, and of requests that are not served."""

from conformance.language import Topic, ask, burst, nonsense, on, pause, place, row, until
from conformance.market import KO, NONE, SPY
from conformance.tables.saying import BUY, LMT, MKT, status

CANCELLED = "it takes error 201 for a cancellation"

ORDERS = Topic(
    "Refused orders",
    (
        row("a price off the grid", place(1, SPY, **LMT | {"lmtPrice": 500.005}), codes=[110]),
        row("a limit order without a price", place(2, SPY, **BUY, orderType="LMT"), codes=[321]),
        row("a stop order without a price", place(3, SPY, **BUY, orderType="STP"), codes=[321]),
        row(
            "a trailing stop without an amount",
            place(4, SPY, **BUY, orderType="TRAIL"),
            codes=[321],
        ),
        row(
            "a quantity of nothing",
            place(5, SPY, action="BUY", totalQuantity=0, orderType="MKT"),
            codes=[434],
        ),
        row(
            "half a share",
            place(6, SPY, action="BUY", totalQuantity=0.5, orderType="MKT"),
            codes=[10243],
        ),
        row(
            "an action that is none",
            place(7, SPY, action="HOLD", totalQuantity=1, orderType="MKT"),
            codes=[321],
        ),
        row(
            "a kind of order that is not known",
            place(8, SPY, **BUY, orderType="PEG MKT"),
            codes=[387],
        ),
        row("a time in force that is not known", place(9, SPY, **MKT, tif="XXX"), codes=[387]),
        row("all or none", place(10, SPY, **LMT, allOrNone=True), codes=[387]),
        row(
            "another algorithm than Adaptive",
            place(11, SPY, **MKT, algoStrategy="Twap", algoParams=[("strategyType", "Marketable")]),
            codes=[439],
        ),
        row(
            "Adaptive without a priority",
            place(12, SPY, **MKT, algoStrategy="Adaptive", algoParams=[]),
            codes=[321],
        ),
        row("an unknown contract", place(13, NONE, **MKT), codes=[200]),
        row(
            "a contract that is not the only one",
            place(14, {"symbol": "SPY", "exchange": "SMART", "currency": "USD"}, **MKT),
            codes=[200],
        ),
        row(
            "more than the account can pay for",
            place(15, SPY, action="BUY", totalQuantity=100_000, orderType="MKT"),
            on("openOrder", orderState={"status": "Inactive"}),
            status("Inactive"),
            codes=[201],
            seen={"trade(15).orderStatus.status": "Inactive"},
            but={"ib_insync": {"trade(15).orderStatus.status": CANCELLED}},
        ),
        row(
            "a good-till date that is none",
            place(16, SPY, **LMT, tif="GTD", goodTillDate="noon"),
            codes=[321],
        ),
        row(
            "a good-after time that is none",
            place(17, SPY, **LMT, goodAfterTime="noon"),
            codes=[321],
        ),
        row(
            "a scale order",
            place(18, SPY, **LMT, scalePriceIncrement=0.1, scaleInitLevelSize=1),
            codes=[387],
        ),
        row("an amount of cash", place(19, SPY, **MKT, cashQty=1000.0), codes=[387]),
        row(
            "immediate or cancel at a stop",
            place(20, SPY, **BUY, orderType="STP", auxPrice=510.0, tif="IOC"),
            codes=[201],
        ),
        row(
            "a preview that is not let go",
            place(21, SPY, **MKT, whatIf=True, transmit=False),
            codes=[413],
            family="ibapi",
        ),
        row(
            "after the close an order is held until the open",
            until("16:00:01"),
            place(22, SPY, **LMT),
            status("PreSubmitted"),
            codes=[399],
        ),
        row(
            "what was refused is not open",
            ask("reqOpenOrders"),
            on("openOrder", orderId=22),
            on("openOrderEnd"),
        ),
    ),
)

READ_ONLY = Topic(
    "Read-only",
    (
        row("no orders", place(1, SPY, **MKT), codes=[321]),
        row("no global cancellation", ask("reqGlobalCancel"), codes=[321]),
        row("all else is served", ask("reqMatchingSymbols", "KO"), on("symbolSamples")),
    ),
    gateway={"read_only": True},
)

SHORT = Topic(
    "A small account",
    (
        row(
            "what cannot be borrowed cannot be sold short",
            place(1, KO, action="SELL", totalQuantity=10, orderType="MKT"),
            codes=[201],
            seen={"trade(1).orderStatus.status": "Inactive"},
            but={"ib_insync": {"trade(1).orderStatus.status": CANCELLED}},
        ),
        row(
            "three day trades are free",
            *(
                place(n, SPY, action=action, totalQuantity=1, orderType="MKT")
                for n, action in enumerate(("BUY", "SELL") * 3, start=2)
            ),
            *(on("execDetails") for _ in range(6)),
        ),
        row(
            "then an account below 25,000 dollars opens no more positions",
            place(8, SPY, action="BUY", totalQuantity=1, orderType="MKT"),
            codes=[201],
        ),
    ),
    gateway={"accounts": {"DU1": 10_000.0}, "model": {"shortable": ("SPY",)}},
)

PACE = Topic(
    "Pacing",
    (
        row(
            "the same small bars twice in a moment",
            ask("reqHistoricalData", SPY, "", "60 S", "5 secs", "TRADES", 0, 1, False, []),
            ask("reqHistoricalData", SPY, "", "60 S", "5 secs", "TRADES", 0, 1, False, []),
            codes=[162, 162],
        ),
        row("more messages than are allowed", pause(1.1), burst(51), pause(1.1), codes=[100]),
    ),
    gateway={"speed": 1e-9},
)


UNSERVED = Topic(
    "What is not served",
    (
        *(
            row(what, ask(name, *args, raw=True), codes=[code])
            for what, name, args, code in (
                ("the parameters of scanners", "reqScannerParameters", (), 162),
                (
                    "a scanner",
                    "reqScannerSubscription",
                    (
                        {
                            "instrument": "STK",
                            "locationCode": "STK.US",
                            "scanCode": "HOT_BY_VOLUME",
                        },
                        [],
                        [],
                    ),
                    162,
                ),
                ("ending a scanner", "cancelScannerSubscription", (4711,), 300),
                ("fundamentals", "reqFundamentalData", (SPY, "ReportSnapshot", []), 430),
                ("ending fundamentals", "cancelFundamentalData", (4711,), 300),
                (
                    "an implied volatility",
                    "calculateImpliedVolatility",
                    (SPY, 5.0, 500.0, []),
                    10091,
                ),
                ("the price of an option", "calculateOptionPrice", (SPY, 0.2, 500.0, []), 10091),
                ("a piece of news", "reqNewsArticle", ("BRFG", "1", []), 10276),
                ("old news", "reqHistoricalNews", (8314, "BRFG", "", "", 5, []), 10276),
                ("an adviser's groups", "requestFA", (1,), 321),
                ("the exercise of an option", "exerciseOptions", (SPY, 1, 1, "DU1", 0), 321),
                ("chains of options", "reqSecDefOptParams", ("SPY", "", "STK", 8314), 200),
                ("display groups", "queryDisplayGroups", (), 321),
                ("a histogram", "reqHistogramData", (SPY, True, "3 days"), 162),
                ("the exchanges of a map", "reqSmartComponents", ("9c0001",), 321),
                ("the kinds of events of WSH", "reqWshMetaData", (), 10279),
            )
        ),
        row("bulletins: none come", ask("reqNewsBulletins", True), ask("cancelNewsBulletins")),
        row("a request that cannot be read", ask("reqMarketRule", "x", raw=True), codes=[320]),
        row("a message that nobody knows", nonsense(), codes=[505]),
        row("the conversation goes on after all that", ask("reqIds", 1), on("nextValidId")),
    ),
)
