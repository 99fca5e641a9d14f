import datetime as dt
from typing import Any

import pytest
from tests.unit.gateway.rig import (
    HOUR,
    OPEN,
    SECOND,
    Client,
    a_world,
    codes,
    names,
    only,
    quote,
    source_of,
    trade,
)

from ikbr.data.memory_source import MemorySource
from ikbr.domain.session import Session as TradingDay
from ikbr.domain.tape import Kind
from ikbr.gateway.framing import frame
from ikbr.gateway.messages import requests
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.standing import as_it_is, as_it_was
from ikbr.gateway.world import World

SPY = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}


def subscribe(client: Client, request_id: int = 5, **values: Any) -> list[Any]:
    return client.ask(requests.REQ_MKT_DATA, reqId=request_id, **(SPY | values))


def ticks(heard: list[Any]) -> list[tuple[Any, ...]]:
    """Shorten ticks to (type, value[, size])."""
    found: list[tuple[Any, ...]] = []
    for name, values in heard:
        if name == "tickPrice":
            found.append((values["tickType"], values["price"], values["size"]))
        elif name == "tickSize":
            found.append((values["tickType"], values["size"]))
        elif name in {"tickString", "tickGeneric"}:
            found.append((values["tickType"], values["value"]))
    return found


def test_a_new_line_tells_its_type_its_parameters_and_what_stands() -> None:
    world = a_world()
    world.step(3)
    heard = subscribe(Client(world))
    assert names(heard)[:2] == ["marketDataType", "tickReqParams"]
    assert heard[0][1] == {"reqId": 5, "type": 1}
    assert heard[1][1]["minTick"] == 0.0001
    assert ticks(heard) == [
        (1, 100.0, 300), (2, 100.02, 300), (4, 100.01, 100), (8, 100), (6, 100.01, 0),
        (7, 100.01, 0), (14, 100.01, 0), (49, 0.0),
    ]  # fmt: skip


def test_every_row_of_the_instrument_is_told_as_what_it_changed() -> None:
    world = a_world()
    client = Client(world)
    subscribe(client)
    told = []
    for _ in range(5):
        world.step()
        told.append(ticks(client.heard()))
    second = OPEN // SECOND
    assert told == [
        [(1, 100.0, 300), (2, 100.02, 300)],
        [],
        [(45, str(second + 2)), (4, 100.01, 100), (8, 100), (6, 100.01, 0), (7, 100.01, 0)],
        [(1, 100.1, 300), (2, 100.12, 300)],
        [(45, str(second + 4)), (4, 100.11, 200), (8, 300), (6, 100.11, 0)],
    ]


def test_a_side_that_is_withdrawn_is_told_as_minus_one() -> None:
    rows = [quote(1, 100.0, 100.02), (2, 0, Kind.QUOTE, -214748.3648, None, None, 0)]
    world = World(source_of(rows))
    client = Client(world)
    subscribe(client)
    world.step(2)
    assert ticks(client.heard())[-1] == (1, -1.0, 0)


def test_halts_are_told() -> None:
    rows = [quote(1, 100.0, 100.02), (2, 0, Kind.HALT, None, None, None, 0),
            (3, 0, Kind.RESUME, None, None, None, 0)]  # fmt: skip
    world = World(source_of(rows))
    client = Client(world)
    subscribe(client)
    world.step(3)
    assert [t for t in ticks(client.heard()) if t[0] == 49] == [(49, 0.0), (49, 1.0), (49, 0.0)][1:]


def test_rt_volume_comes_when_it_is_asked_for() -> None:
    world = a_world()
    client = Client(world)
    subscribe(client, genericTicks="233")
    world.step(5)
    told = [t[1] for t in ticks(client.heard()) if t[0] == 48]
    stamp = OPEN // 1_000_000
    assert told == [
        f"100.01;100;{stamp + 2000};100;100.01;true",
        f"100.11;200;{stamp + 4000};300;{(100.01 + 2 * 100.11) / 3:.6f};true",
    ]


def test_a_snapshot_ends_and_leaves_no_line() -> None:
    world = a_world()
    world.step(3)
    client = Client(world)
    assert names(subscribe(client, snapshot=True))[-1] == "tickSnapshotEnd"
    world.step(5)
    assert client.heard() == []
    assert codes(client.ask(requests.CANCEL_MKT_DATA, reqId=5)) == [300]


def test_a_snapshot_of_what_nothing_is_known_of_ends_after_eleven_seconds() -> None:
    world = a_world()
    client = Client(world)
    assert "tickSnapshotEnd" not in names(subscribe(client, snapshot=True))
    world.advance_to(world.now_ns + 10 * SECOND)
    assert ticks(client.heard())
    world.advance_to(world.now_ns + SECOND)
    assert names(client.heard()) == ["tickSnapshotEnd"]
    other = Client(a_world(), 2)
    subscribe(other, snapshot=True)
    other.session.close()
    other.session.world.step(9)
    assert codes(subscribe(client, snapshot=True)) == []


def test_more_than_sixty_new_real_time_bars_in_ten_minutes_are_refused_with_420() -> None:
    client = Client(a_world())
    wanted = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD",
              "whatToShow": "TRADES", "barSize": 5}  # fmt: skip

    def bars(request_id: int, second: int) -> list[int]:
        for table in (requests.REQ_REAL_TIME_BARS, requests.CANCEL_REAL_TIME_BARS):
            words = table.encode(wanted | {"reqId": request_id}, 178)
            client.session.receive(frame(words), at_ns=second * SECOND)
        return codes(client.heard())

    for n in range(60):
        assert bars(n, n) == []
    assert bars(60, 60) == [420, 300]
    assert bars(61, 600) == []


def test_a_cancelled_line_is_silent_and_its_id_free() -> None:
    world = a_world()
    client = Client(world)
    subscribe(client)
    assert client.ask(requests.CANCEL_MKT_DATA, reqId=5) == []
    world.step(5)
    assert client.heard() == []
    assert codes(subscribe(client)) == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"symbol": "NONE"}, 200),
        ({"genericTicks": "233,9999"}, 321),
        ({"genericTicks": "x"}, 321),
    ],
)
def test_what_cannot_be_subscribed_is_refused(values: dict[str, Any], code: int) -> None:
    assert codes(subscribe(Client(a_world()), **values)) == [code]


def test_a_ticker_id_in_use_and_one_line_too_many_are_refused() -> None:
    client = Client(a_world(lines=2))
    subscribe(client, 1)
    assert codes(subscribe(client, 1)) == [102]
    subscribe(client, 2)
    assert codes(subscribe(client, 3)) == [101]


def test_without_permission_there_is_only_delayed_data() -> None:
    world = a_world(live_data=False, delay_s=3)
    client = Client(world)
    assert codes(subscribe(client)) == [354]
    client.ask(requests.REQ_MARKET_DATA_TYPE, type=3)
    heard = subscribe(client)
    assert codes(heard) == [10167]
    assert only(heard, "marketDataType") == [{"reqId": 5, "type": 3}]
    world.advance_to(OPEN + 4 * SECOND - 1)
    assert ticks(client.heard()) == []
    world.advance_to(OPEN + 4 * SECOND)
    assert ticks(client.heard()) == [(66, 100.0, 300), (67, 100.02, 300)]
    world.advance_to(OPEN + 5 * SECOND)
    assert (68, 100.01, 100) in ticks(client.heard())


def test_a_delayed_line_begins_with_what_stood_then_and_goes_on_with_what_came_since() -> None:
    world = a_world(live_data=False, delay_s=3)
    client = Client(world)
    client.ask(requests.REQ_MARKET_DATA_TYPE, type=3)
    world.advance_to(OPEN + 6 * SECOND)
    # As of second 3: the quote of second 3 and the print of second 2; halted has no late type.
    assert ticks(subscribe(client)) == [
        (66, 100.1, 300), (67, 100.12, 300), (68, 100.01, 100), (74, 100), (72, 100.01, 0),
        (73, 100.01, 0), (76, 100.01, 0), (49, 0.0),
    ]  # fmt: skip
    world.advance_to(OPEN + 7 * SECOND)
    assert ticks(client.heard()) == [
        (88, str(OPEN // SECOND + 4)), (68, 100.11, 200), (74, 300), (72, 100.11, 0),
    ]  # fmt: skip
    heard = subscribe(client, 6, snapshot=True)
    assert (68, 100.11, 200) in ticks(heard)
    assert names(heard)[-1] == "tickSnapshotEnd"


def test_what_stood_once_is_what_was_told_then() -> None:
    world, told = World(two_days()), []
    while not world.player.ended:
        world.step()
        told.append((world.now_ns, as_it_is(world, 0)))
    assert len({one for _, one in told}) > 6
    for moment, standing in told:
        if moment not in {later for later, _ in told[told.index((moment, standing)) + 1 :]}:
            assert as_it_was(world, 0, moment)[0] == standing


def two_days() -> MemorySource:
    """Two days of prints and quotes, with a halt and a print before the second day begins."""
    day = 24 * HOUR // SECOND
    rows = [
        quote(1, 100.00, 100.02), trade(2, 100.01), trade(3, 100.05, 50), trade(4, 99.90),
        (5, 0, Kind.HALT, None, None, None, 0), (6, 0, Kind.RESUME, None, None, None, 0),
        trade(day - 60, 101.0, 10), quote(day, 101.0, 101.02), trade(day + 1, 101.01),
        trade(day + 2, 100.5, 30),
    ]  # fmt: skip
    source = source_of(rows)
    first = source.sessions[0]
    second = TradingDay(first.date + dt.timedelta(1), first.open_ns + 24 * HOUR,
                        first.close_ns + 24 * HOUR)  # fmt: skip
    (tape,) = source.chunks()
    return MemorySource(tape, [first, second], synthetic=True)


def test_lines_end_with_their_connection() -> None:
    world = a_world()
    client = Client(world)
    subscribe(client)
    client.ask(requests.REQ_TICK_BY_TICK, reqId=6, type="BidAsk", **SPY)
    client.session.close()
    world.step(5)
    assert client.session.take_output() == b""
    assert not any(world._listeners)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Last", [(1, 100.01, 100), (1, 100.11, 200)]),
        ("AllLast", [(2, 100.01, 100), (2, 100.11, 200)]),
        ("BidAsk", [(3, 100.0, 100.02), (3, 100.1, 100.12)]),
        ("MidPoint", [(4, 100.01), (4, 100.11)]),
    ],
)
def test_tick_by_tick_tells_each_of_its_kind(kind: str, expected: list[Any]) -> None:
    world = a_world()
    client = Client(world)
    client.ask(requests.REQ_TICK_BY_TICK, reqId=6, type=kind, **SPY)
    world.step(5)
    fields = ("kind", "price", "size", "bid", "ask", "midPoint")
    told = [
        tuple(values[name] for name in fields if name in values)
        for values in only(client.heard(), "tickByTick")
    ]
    assert told == expected


def test_tick_by_tick_has_its_limit_and_its_errors() -> None:
    client = Client(a_world(lines=60))
    for request_id in (1, 2, 3):
        assert client.ask(requests.REQ_TICK_BY_TICK, reqId=request_id, type="Last", **SPY) == []
    assert codes(client.ask(requests.REQ_TICK_BY_TICK, reqId=4, type="Last", **SPY)) == [10190]
    assert codes(client.ask(requests.REQ_TICK_BY_TICK, reqId=5, type="Best", **SPY)) == [321]
    assert client.ask(requests.CANCEL_TICK_BY_TICK, reqId=3) == []
    assert codes(client.ask(requests.CANCEL_TICK_BY_TICK, reqId=3)) == [300]


def test_real_time_bars_come_every_five_seconds() -> None:
    world = a_world()
    client = Client(world)
    client.ask(requests.REQ_REAL_TIME_BARS, reqId=7, barSize=5, whatToShow="TRADES", **SPY)
    world.advance_to(OPEN + 15 * SECOND)
    bars = [
        (b["time"] - OPEN // SECOND, b["open"], b["high"], b["low"], b["close"], b["volume"])
        for b in only(client.heard(), "realTimeBar")
    ]
    assert bars == [
        (0, 100.01, 100.11, 100.01, 100.11, 300),
        (5, 99.91, 101.01, 99.91, 101.01, 200),
        (10, 101.01, 101.01, 101.01, 101.01, 0),
    ]
    client.ask(requests.CANCEL_REAL_TIME_BARS, reqId=7)
    world.advance_to(OPEN + 30 * SECOND)
    assert client.heard() == []


def test_several_clients_hear_the_same_market() -> None:
    world = World(source_of([quote(1, 100.0, 100.02), trade(2, 100.01)]), GatewayOptions())
    first, second = Client(world, 1), Client(world, 2)
    subscribe(first)
    subscribe(second)
    world.step(2)
    assert first.heard() == second.heard() != []


@pytest.mark.parametrize("smart", [True, False])
def test_depth_tells_the_one_level_that_is_known(smart: bool) -> None:
    rows = [quote(1, 100.0, 100.02), quote(2, 100.01, 100.02), quote(3, -214748.3648, 100.02)]
    world = World(source_of(rows))
    client = Client(world)
    world.step(1)
    heard = client.ask(requests.REQ_MKT_DEPTH, reqId=8, rows=5, isSmart=smart, **SPY)
    world.step(2)
    told = only(heard + client.heard(), "marketDepthL2" if smart else "marketDepth")
    assert [(d["operation"], d["side"], d["price"]) for d in told] == [
        (0, 1, 100.0), (0, 0, 100.02), (1, 1, 100.01), (2, 1, 0.0),
    ]  # fmt: skip
    assert client.ask(requests.CANCEL_MKT_DEPTH, reqId=8) == []
    assert codes(client.ask(requests.CANCEL_MKT_DEPTH, reqId=8)) == [310]


def test_there_are_three_books_at_most() -> None:
    client = Client(a_world())
    found = [codes(client.ask(requests.REQ_MKT_DEPTH, reqId=n, **SPY)) for n in (1, 2, 3, 4, 1)]
    assert found == [[], [], [], [309], [102]]
    delayed = Client(a_world(live_data=False))
    assert codes(delayed.ask(requests.REQ_MKT_DEPTH, reqId=1, **SPY)) == [354]


@pytest.mark.parametrize(
    ("show", "expected"),
    [("BID", [100.1, 101.0]), ("ASK", [100.12, 101.02]), ("MIDPOINT", [100.11, 101.01])],
)
def test_real_time_bars_of_quotes_close_with_the_quote(show: str, expected: list[float]) -> None:
    world = a_world()
    world.step(1)
    client = Client(world)
    client.ask(requests.REQ_REAL_TIME_BARS, reqId=7, barSize=5, whatToShow=show, **SPY)
    world.advance_to(OPEN + 10 * SECOND)
    assert [b["close"] for b in only(client.heard(), "realTimeBar")] == expected


def test_real_time_bars_have_their_errors() -> None:
    client = Client(a_world())
    wanted = {"barSize": 5, "whatToShow": "TRADES"} | SPY
    assert client.ask(requests.REQ_REAL_TIME_BARS, reqId=7, **wanted) == []
    assert codes(client.ask(requests.REQ_REAL_TIME_BARS, reqId=7, **wanted)) == [102]
    strange = wanted | {"whatToShow": "YIELD"}
    assert codes(client.ask(requests.REQ_REAL_TIME_BARS, reqId=8, **strange)) == [321]
    delayed = Client(a_world(live_data=False))
    assert codes(delayed.ask(requests.REQ_REAL_TIME_BARS, reqId=7, **wanted)) == [354]
    assert codes(client.ask(requests.REQ_MARKET_DATA_TYPE, type=5)) == [321]
