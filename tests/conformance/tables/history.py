"""The past: bars of all kinds, ticks, the first data, the schedule."""

from typing import Any

from conformance.language import About, On, Topic, ask, cancel, on, row, until
from conformance.market import EUR, KO, NONE, SPY, seconds

MINUTES = ("", "1 D", "1 min", "TRADES", 1, 1, False, [])
NEW_YORK = "US/Eastern"
NEVER_PRICED = {"volume": -1, "wap": -1.0, "barCount": -1}


def bar(date: str, open_: float, high: float, low: float, close: float, **more: Any) -> On:
    """Expect a bar."""
    fields = {"date": date, "open": open_, "high": high, "low": low, "close": close}
    return on("historicalData", bar=fields | more)


def at(time: str, day: str = "20260303") -> str:
    """Write a time as bars have it."""
    return f"{day} {time} {NEW_YORK}"


def flat(date: str, price: float, **more: Any) -> On:
    """Expect a bar of one price."""
    return bar(date, price, price, price, price, **more)


BARS = Topic(
    "Historical bars",
    (
        row(
            "minutes of trades of one day",
            ask("reqHistoricalData", SPY, *MINUTES),
            flat(at("09:30:00"), 502.02, volume=1000, wap=502.02, barCount=1),
            bar(
                at("09:31:00"),
                502.11,
                502.11,
                502.09,
                502.09,
                volume=150,
                wap=About(75315.5 / 150, 1e-5),
                barCount=2,
            ),
            flat(at("09:32:00"), 502.12, volume=10, wap=502.12, barCount=1),
            flat(at("09:59:00"), 502.11, volume=40, wap=502.11, barCount=1),
            on("historicalDataEnd", start=at("10:00:00", "20260302"), end=at("10:00:00")),
            seen={"[b.close for b in result()]": [502.02, 502.09, 502.12, 502.11]},
        ),
        row(
            "times as seconds since 1970",
            ask("reqHistoricalData", SPY, "", "1 D", "5 mins", "TRADES", 1, 2, False, []),
            bar(str(seconds("09:30:00")), 502.02, 502.12, 502.02, 502.12, volume=1160),
            flat(str(seconds("09:55:00")), 502.11, volume=40),
        ),
        row(
            "days",
            ask("reqHistoricalData", SPY, "", "2 D", "1 day", "TRADES", 1, 1, False, []),
            bar(
                "20260302",
                500.01,
                501.00,
                500.01,
                501.00,
                volume=300,
                wap=About(500.67, 1e-5),
                barCount=2,
            ),
            bar("20260303", 502.02, 502.12, 502.02, 502.11, volume=1200, barCount=5),
        ),
        row(
            "days are dates even as seconds",
            ask("reqHistoricalData", SPY, "", "2 D", "1 day", "TRADES", 1, 2, False, []),
            bar("20260302", 500.01, 501.00, 500.01, 501.00),
            bar("20260303", 502.02, 502.12, 502.02, 502.11),
        ),
        row(
            "hours of two days",
            ask("reqHistoricalData", KO, "", "2 D", "1 hour", "TRADES", 1, 1, False, []),
            flat(at("09:30:00", "20260302"), 60.00, volume=50),
            flat(at("15:00:00", "20260302"), 60.10, volume=100),
            flat(at("09:30:00"), 60.01, volume=200),
        ),
        row(
            "seconds",
            ask("reqHistoricalData", SPY, "", "60 S", "5 secs", "TRADES", 0, 1, False, []),
            flat(at("09:59:50"), 502.11, volume=40),
        ),
        row(
            "up to an end",
            ask(
                "reqHistoricalData", SPY, at("09:32:00"), "1 D", "1 min", "TRADES", 1, 1, False, []
            ),
            flat(at("09:30:00"), 502.02),
            bar(at("09:31:00"), 502.11, 502.11, 502.09, 502.09),
        ),
        row(
            "the middle",
            ask("reqHistoricalData", SPY, "", "1 D", "1 min", "MIDPOINT", 1, 1, False, []),
            flat(at("09:30:00"), 502.02, **NEVER_PRICED),
            flat(at("09:31:00"), 502.11, **NEVER_PRICED),
        ),
        row(
            "the bid",
            ask("reqHistoricalData", SPY, "", "1 D", "1 min", "BID", 1, 1, False, []),
            flat(at("09:30:00"), 502.00, **NEVER_PRICED),
            flat(at("09:31:00"), 502.10, **NEVER_PRICED),
        ),
        row(
            "the ask",
            ask("reqHistoricalData", SPY, "", "1 D", "1 min", "ASK", 1, 1, False, []),
            flat(at("09:30:00"), 502.04, **NEVER_PRICED),
            flat(at("09:31:00"), 502.12, **NEVER_PRICED),
        ),
        row(
            "bid and ask in one",
            ask("reqHistoricalData", SPY, "", "1 D", "1 min", "BID_ASK", 1, 1, False, []),
            bar(at("09:30:00"), 502.00, 502.04, 502.00, 502.04),
            bar(at("09:31:00"), 502.10, 502.12, 502.10, 502.12),
        ),
        row(
            "bars that go on: first the past",
            ask("reqHistoricalData", SPY, "", "1 D", "1 min", "TRADES", 0, 1, True, [], key="on"),
            flat(at("09:30:00"), 502.02),
            bar(at("09:31:00"), 502.11, 502.11, 502.09, 502.09),
            flat(at("09:32:00"), 502.12),
            flat(at("09:59:00"), 502.11),
            on("historicalDataEnd"),
        ),
        row(
            "bars that go on: then the one under way",
            until("10:00:10"),
            on(
                "historicalDataUpdate",
                bar={
                    "date": at("10:00:00"),
                    "open": 503.01,
                    "high": 503.01,
                    "low": 503.01,
                    "close": 503.01,
                    "volume": 100,
                    "wap": 503.01,
                    "barCount": 1,
                },
            ),
            seen={"result('on')[-1].close": 503.01, "len(result('on'))": 5},
        ),
        row(
            "bars that go on can be ended",
            cancel("cancelHistoricalData", "on"),
            until("10:02:10"),
            silent=("historicalDataUpdate",),
            codes=[162],
        ),
        row("ending what never began", ask("cancelHistoricalData", 4711, raw=True), codes=[366]),
        row(
            "trades of what has none",
            ask("reqHistoricalData", EUR, *MINUTES),
            codes=[162],
            seen={"result()": []},
        ),
        row(
            "a time before all data",
            ask("reqHistoricalData", SPY, at("09:30:00", "20250303"), *MINUTES[1:]),
            codes=[162],
        ),
        row("an unknown contract", ask("reqHistoricalData", NONE, *MINUTES), codes=[200]),
        *(
            row(
                f"{what} that is not known",
                ask("reqHistoricalData", SPY, *args, raw=True),
                codes=[321],
            )
            for what, args in (
                ("a bar size", ("", "1 D", "7 mins", "TRADES", 1, 1, False, [])),
                ("a duration", ("", "1 X", "1 min", "TRADES", 1, 1, False, [])),
                ("a price", ("", "1 D", "1 min", "GUESSES", 1, 1, False, [])),
                ("an end", ("yesterday", "1 D", "1 min", "TRADES", 1, 1, False, [])),
            )
        ),
        row(
            "bars that go on have no end",
            ask(
                "reqHistoricalData",
                SPY,
                at("09:32:00"),
                "1 D",
                "1 min",
                "TRADES",
                1,
                1,
                True,
                [],
                raw=True,
            ),
            codes=[321],
        ),
        row(
            "the schedule",
            ask(
                "reqHistoricalData", SPY, "", "2 D", "1 day", "SCHEDULE", 1, 1, False, [], raw=True
            ),
            on(
                "historicalSchedule",
                startDateTime="20260302-09:30:00",
                endDateTime="20260303-16:00:00",
                timeZone="US/Eastern",
                sessions=[
                    {
                        "startDateTime": "20260302-09:30:00",
                        "endDateTime": "20260302-16:00:00",
                        "refDate": "20260302",
                    },
                    {
                        "startDateTime": "20260303-09:30:00",
                        "endDateTime": "20260303-16:00:00",
                        "refDate": "20260303",
                    },
                ],
            ),
        ),
        row(
            "the first data, as a time in UTC",
            ask("reqHeadTimestamp", SPY, "TRADES", 1, 1),
            on("headTimestamp", headTimestamp="20260302-14:30:00"),
        ),
        row(
            "the first data, as seconds since 1970",
            ask("reqHeadTimestamp", SPY, "TRADES", 1, 2),
            on("headTimestamp", headTimestamp=str(seconds("09:30:00", 0))),
        ),
        row(
            "the first data of nothing", ask("reqHeadTimestamp", NONE, "TRADES", 1, 1), codes=[200]
        ),
    ),
)

TICKS = Topic(
    "Historical ticks",
    (
        row(
            "prints from a time on",
            ask("reqHistoricalTicks", SPY, at("09:31:00"), "", 10, "TRADES", 1, False, []),
            on(
                "historicalTicksLast",
                ticks=[
                    {
                        "time": seconds("09:31:10"),
                        "price": 502.11,
                        "size": 100,
                        "exchange": "",
                        "specialConditions": "",
                    },
                    {"time": seconds("09:31:30"), "price": 502.09, "size": 50},
                    {"time": seconds("09:32:05"), "price": 502.12, "size": 10},
                    {"time": seconds("09:59:50"), "price": 502.11, "size": 40},
                ],
                done=True,
            ),
        ),
        row(
            "the last prints before a time",
            ask("reqHistoricalTicks", SPY, "", at("09:32:00"), 2, "TRADES", 1, False, []),
            on(
                "historicalTicksLast",
                ticks=[
                    {"time": seconds("09:31:10"), "price": 502.11},
                    {"time": seconds("09:31:30"), "price": 502.09},
                ],
            ),
        ),
        row(
            "no more than asked for",
            ask("reqHistoricalTicks", SPY, at("09:31:00"), "", 1, "TRADES", 1, False, []),
            on("historicalTicksLast", ticks=[{"time": seconds("09:31:10"), "price": 502.11}]),
        ),
        row(
            "quotes",
            ask("reqHistoricalTicks", SPY, at("09:30:00"), "", 10, "BID_ASK", 1, False, []),
            on(
                "historicalTicksBidAsk",
                ticks=[
                    {
                        "time": seconds("09:30:00"),
                        "priceBid": 502.00,
                        "priceAsk": 502.04,
                        "sizeBid": 100,
                        "sizeAsk": 100,
                        "tickAttribBidAsk": {"bidPastLow": False, "askPastHigh": False},
                    },
                    {
                        "time": seconds("09:31:00"),
                        "priceBid": 502.10,
                        "priceAsk": 502.12,
                        "sizeBid": 300,
                        "sizeAsk": 200,
                    },
                ],
                done=True,
            ),
        ),
        row(
            "middles",
            ask("reqHistoricalTicks", SPY, at("09:30:00"), "", 10, "MIDPOINT", 1, False, []),
            on(
                "historicalTicks",
                ticks=[
                    {"time": seconds("09:30:00"), "price": 502.02, "size": 0},
                    {"time": seconds("09:31:00"), "price": 502.11, "size": 0},
                ],
                done=True,
            ),
        ),
        row(
            "the future is not to be had",
            ask("reqHistoricalTicks", SPY, at("10:00:01"), "", 10, "TRADES", 1, False, []),
            on("historicalTicksLast", ticks=[], done=True),
        ),
        *(
            row(what, ask("reqHistoricalTicks", SPY, *args, raw=True), codes=[321])
            for what, args in (
                (
                    "both a start and an end",
                    (at("09:30:00"), at("09:31:00"), 10, "TRADES", 1, False, []),
                ),
                ("neither a start nor an end", ("", "", 10, "TRADES", 1, False, [])),
                ("too many ticks", (at("09:30:00"), "", 1001, "TRADES", 1, False, [])),
                ("a price that is not known", (at("09:30:00"), "", 10, "GUESSES", 1, False, [])),
            )
        ),
        row(
            "ticks of an unknown contract",
            ask("reqHistoricalTicks", NONE, at("09:31:00"), "", 10, "TRADES", 1, False, []),
            codes=[200],
        ),
    ),
)
