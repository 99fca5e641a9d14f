from typing import Any

import pytest
from tests.unit.gateway.rig import (
    HOUR,
    OPEN,
    ROWS,
    SECOND,
    Client,
    a_world,
    codes,
    names,
    only,
    source_of,
    trade,
)

from ikbr.domain.events import Bar
from ikbr.gateway import keep_up
from ikbr.gateway.framing import frame
from ikbr.gateway.history import bar_under_way
from ikbr.gateway.messages import requests
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.world import World

SPY = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}
BARS = {"barSize": "5 secs", "duration": "1 D", "whatToShow": "TRADES", "useRTH": True,
        "formatDate": 2}  # fmt: skip
DAY = 86_400 * SECOND


def ask_bars(client: Client, **values: Any) -> list[Any]:
    return client.ask(requests.REQ_HISTORICAL_DATA, reqId=9, **(SPY | BARS | values))


def prices(heard: list[Any]) -> list[tuple[float, ...]]:
    (answer,) = only(heard, "historicalData")
    return [tuple(bar[n] for n in ("open", "high", "low", "close")) for bar in answer["bars"]]


def test_bars_are_made_of_what_was_played_and_of_nothing_later() -> None:
    world = a_world()
    client = Client(world)
    world.step(7)
    (answer,) = only(ask_bars(client), "historicalData")
    second = OPEN // SECOND
    assert answer["bars"] == [
        {"date": str(second), "open": 100.01, "high": 100.11, "low": 100.01, "close": 100.11,
         "volume": 300, "wap": round((100.01 + 200.22) / 3, 6), "count": 2},
        {"date": str(second + 5), "open": 99.91, "high": 99.91, "low": 99.91, "close": 99.91,
         "volume": 100, "wap": 99.91, "count": 1},
    ]  # fmt: skip
    assert answer["end"] == "20260302 09:30:06 US/Eastern"


@pytest.mark.parametrize(
    ("show", "first"),
    [
        ("MIDPOINT", (100.01, 100.11, 100.01, 100.11)),
        ("BID", (100.0, 100.1, 100.0, 100.1)),
        ("ASK", (100.02, 100.12, 100.02, 100.12)),
        ("BID_ASK", (100.0, 100.12, 100.0, 100.12)),
    ],
)
def test_bars_of_quotes_follow_their_side(show: str, first: tuple[float, ...]) -> None:
    world = a_world()
    world.step(5)
    assert prices(ask_bars(Client(world), whatToShow=show))[0] == first


def test_times_are_written_as_asked_for() -> None:
    world = a_world()
    world.step(9)
    client = Client(world)
    (answer,) = only(ask_bars(client, formatDate=1), "historicalData")
    assert answer["bars"][0]["date"] == "20260302 09:30:00 US/Eastern"
    (answer,) = only(ask_bars(client, barSize="1 day", duration="5 D"), "historicalData")
    assert [bar["date"] for bar in answer["bars"]] == ["20260302"]
    assert answer["bars"][0]["volume"] == 500


@pytest.mark.parametrize(
    ("duration", "start"),
    [
        ("60 S", "20260302 09:29:08"),
        ("2 D", "20260228 09:30:08"),
        ("1 W", "20260223 09:30:08"),
        ("1 M", "20260202 09:30:08"),
        ("1 Y", "20250302 09:30:08"),
        ("900000 Y", "19691231 19:00:00"),
    ],
)
def test_the_start_that_is_told_is_the_end_less_the_duration_whatever_bars_there_are(
    duration: str, start: str
) -> None:
    # Source: recordings of a real gateway: 2 D up to 20230415 16:31:22 begin 20230413 16:31:22.
    world = a_world()
    world.step(9)
    (answer,) = only(ask_bars(Client(world), duration=duration), "historicalData")
    assert answer["end"] == "20260302 09:30:08 US/Eastern"
    assert answer["start"] == f"{start} US/Eastern"


def test_an_end_cuts_off_what_came_after_it() -> None:
    world = a_world()
    world.step(9)
    heard = ask_bars(Client(world), endDateTime="20260302 09:30:04 US/Eastern", duration="60 S")
    assert prices(heard) == [(100.01, 100.01, 100.01, 100.01)]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"barSize": "7 secs"}, 321),
        ({"barSize": "1 secs", "duration": "2001 S"}, 321),
        ({"barSize": "1 secs", "duration": "1 D"}, 321),
        ({"barSize": "30 secs", "endDateTime": "20250801 16:00:00 US/Eastern"}, 321),
        ({"duration": "1 X"}, 321),
        ({"whatToShow": "FEE_RATE"}, 321),
        ({"endDateTime": "yesterday"}, 321),
        ({"endDateTime": "20260302 09:30:04", "keepUpToDate": True}, 321),
        ({"symbol": "NONE"}, 200),
        ({"endDateTime": "20200101 09:30:04", "barSize": "1 min"}, 162),
    ],
)
def test_what_cannot_be_answered_is_an_error_on_its_id(values: dict[str, Any], code: int) -> None:
    world = a_world()
    world.step(9)
    heard = ask_bars(Client(world), **values)
    assert codes(heard) == [code]
    assert only(heard, "error")[0]["id"] == 9


def test_the_bar_under_way_is_told_until_it_is_cancelled() -> None:
    world = a_world()
    client = Client(world)
    heard = ask_bars(client, barSize="1 min", keepUpToDate=True)
    assert prices(heard) == []
    world.advance_to(OPEN + 10 * SECOND)
    updates = only(client.heard(), "historicalDataUpdate")
    assert [(u["open"], u["close"], u["volume"], u["count"]) for u in updates] == [
        (100.01, 100.11, 300, 2),
        (100.01, 101.01, 500, 4),
    ]
    assert codes(client.ask(requests.CANCEL_HISTORICAL_DATA, reqId=9)) == [162]
    assert codes(client.ask(requests.CANCEL_HISTORICAL_DATA, reqId=9)) == [366]


def test_where_nothing_is_played_the_bar_under_way_is_not_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []

    def counted(world: World, wanted: Any, moment_ns: int) -> Any:
        made.append(moment_ns)
        return bar_under_way(world, wanted, moment_ns)

    monkeypatch.setattr(keep_up, "bar_under_way", counted)
    world = a_world()
    client = Client(world)
    ask_bars(client, barSize="1 min", keepUpToDate=True)
    world.advance_to(OPEN + 66 * HOUR)
    assert len(only(client.heard(), "historicalDataUpdate")) == 2
    assert len(made) == 3


class Days:
    """Give two days before the tape, as a catalog would."""

    def bars(self, symbol: str, resolution: str, end_ns: int, count: int) -> list[Bar]:
        assert (symbol, resolution) == ("SPY", "1day")
        days = [
            Bar("SPY", OPEN - n * DAY, OPEN - n * DAY + 3600 * SECOND, 90.0 + n, 95.0, 89.0, 94.0,
                1000)
            for n in (2, 1)
        ]  # fmt: skip
        return [bar for bar in days if bar.end_ns <= end_ns][-count:]

    def first_ns(self, symbol: str) -> int | None:
        return OPEN - 2 * DAY if symbol == "SPY" else None


def test_earlier_days_come_from_the_history_port_and_today_so_far_from_the_tape() -> None:
    world = World(source_of(ROWS), GatewayOptions(), history=Days())
    world.step(9)
    client = Client(world)
    heard = ask_bars(client, barSize="1 day", duration="10 D")
    assert [p[0] for p in prices(heard)] == [92.0, 91.0, 100.01]
    heard = ask_bars(client, barSize="1 day", duration="2 D")
    assert [p[0] for p in prices(heard)] == [91.0, 100.01]


@pytest.mark.parametrize(
    ("show", "name", "expected"),
    [
        ("TRADES", "historicalTicksLast", [100.01, 100.11]),
        ("BID_ASK", "historicalTicksBidAsk", [100.0, 100.1]),
        ("MIDPOINT", "historicalTicks", [100.01, 100.11]),
    ],
)
def test_ticks_of_the_past_come_from_their_start(
    show: str, name: str, expected: list[float]
) -> None:
    world = a_world()
    world.step(5)
    heard = Client(world).ask(
        requests.REQ_HISTORICAL_TICKS, reqId=3, start="20260302 09:30:00 US/Eastern", count=10,
        whatToShow=show, **SPY,
    )  # fmt: skip
    (answer,) = only(heard, name)
    field = {"TRADES": "price", "BID_ASK": "bid", "MIDPOINT": "price"}[show]
    assert [tick[field] for tick in answer["ticks"]] == expected
    assert answer["done"]


def test_ticks_up_to_an_end_are_the_last_before_it() -> None:
    world = a_world()
    world.step(9)
    heard = Client(world).ask(
        requests.REQ_HISTORICAL_TICKS, reqId=3, end="20260302 09:30:07 US/Eastern", count=1,
        whatToShow="TRADES", **SPY,
    )  # fmt: skip
    (answer,) = only(heard, "historicalTicksLast")
    assert [tick["price"] for tick in answer["ticks"]] == [99.91]


@pytest.mark.parametrize(
    "values",
    [
        {"whatToShow": "BID"},
        {"start": "20260302 09:30:00", "end": "20260302 09:30:00"},
        {"start": ""},
        {"count": 1001},
        {"start": "noon"},
    ],
)
def test_wrong_requests_for_ticks_are_refused(values: dict[str, Any]) -> None:
    usual = {"whatToShow": "TRADES", "start": "20260302 09:30:00", "count": 5}
    heard = Client(a_world()).ask(requests.REQ_HISTORICAL_TICKS, reqId=3, **(SPY | usual | values))
    assert codes(heard) == [321]


def test_head_timestamp_and_schedule() -> None:
    world = a_world()
    world.step(2)
    client = Client(world)
    heard = client.ask(
        requests.REQ_HEAD_TIMESTAMP, reqId=4, whatToShow="TRADES", formatDate=1, **SPY
    )
    assert heard == [("headTimestamp", {"reqId": 4, "text": "20260302-14:30:00"})]
    heard = ask_bars(client, whatToShow="SCHEDULE", barSize="1 day")
    assert names(heard) == ["historicalSchedule"]
    assert heard[0][1]["sessions"] == [
        {"start": "20260302-09:30:00", "end": "20260302-16:00:00", "refDate": "20260302"}
    ]


def test_the_head_timestamp_is_that_of_the_past_before_the_tape() -> None:
    client = Client(World(source_of(ROWS), GatewayOptions(), history=Days()))
    heard = client.ask(
        requests.REQ_HEAD_TIMESTAMP, reqId=4, whatToShow="TRADES", formatDate=2, **SPY
    )
    assert heard == [("headTimestamp", {"reqId": 4, "text": str((OPEN - 2 * DAY) // SECOND)})]


def test_small_bars_are_asked_for_at_a_pace() -> None:
    world = a_world()
    world.step(9)
    client = Client(world)

    def ask(at_s: float, **values: Any) -> list[int]:
        payload = requests.REQ_HISTORICAL_DATA.encode(SPY | BARS | {"reqId": 1} | values, 178)
        client.session.receive(frame(payload), at_ns=int(at_s * SECOND))
        return codes(client.heard())

    assert [ask(0), ask(14), ask(15)] == [[], [162], []]
    assert [ask(100, duration=f"{n} D") for n in range(1, 7)] == [[]] * 5 + [[162]]
    assert [ask(200, whatToShow="BID_ASK", duration=f"{n} D") for n in range(1, 4)] == [
        [],
        [],
        [162],
    ]
    assert ask(200, barSize="1 min") == ask(200, barSize="1 min") == []
    later = [ask(300 + 3 * n, duration=f"{n + 10} S") for n in range(60)]
    # Two, five and twice two were let through before, and sixty are in ten minutes.
    assert later == [[]] * 49 + [[162]] * 11


def test_the_first_hour_of_a_day_is_cut_short_and_begins_with_it() -> None:
    rows = [trade(-60, 99.0), trade(1, 100.0), trade(2000, 101.0)]
    world = World(source_of(rows), GatewayOptions())
    world.step(3)
    heard = ask_bars(Client(world), barSize="1 hour")
    (answer,) = only(heard, "historicalData")
    assert [(int(bar["date"]) - OPEN // SECOND, bar["open"]) for bar in answer["bars"]] == [
        (0, 100.0),
        (1800, 101.0),
    ]
    heard = ask_bars(Client(world, 2), barSize="1 hour", useRTH=False)
    (answer,) = only(heard, "historicalData")
    assert [(int(bar["date"]) - OPEN // SECOND, bar["open"]) for bar in answer["bars"]] == [
        (-1800, 99.0),
        (1800, 101.0),
    ]
