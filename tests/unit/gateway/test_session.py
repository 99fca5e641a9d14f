import logging

import pytest
from tests.unit.gateway.rig import ACCOUNT, Client, a_world, codes, names, only

from ikbr.gateway.framing import PREAMBLE, frame
from ikbr.gateway.messages import requests
from ikbr.gateway.messages.place_order import PLACE_ORDER
from ikbr.gateway.session import CHUNK, LARGEST_OUTPUT, Session

SECOND = 1_000_000_000


def test_the_handshake_gives_version_and_time_and_nothing_else() -> None:
    session = Session(a_world())
    session.receive(PREAMBLE + frame(b"v157..178"))
    assert session.take_output() == b"\0\0\0\x24178\x0020260302 09:29:59 EST simulated\0"


@pytest.mark.parametrize(
    ("hello", "version"),
    [(b"v157..178", 178), (b"v157..176", 176), (b"v100..225", 178), (b"v157..177 +PACEAPI", 177)],
)
def test_the_older_of_both_versions_is_spoken(hello: bytes, version: int) -> None:
    session = Session(a_world())
    session.receive(PREAMBLE + frame(hello))
    assert session.version == version


@pytest.mark.parametrize("hello", [b"v100..175", b"v179..200", b"x", b"v", b"vv1..2", b"\xff"])
def test_a_client_that_speaks_no_common_version_is_dropped(hello: bytes) -> None:
    session = Session(a_world())
    session.receive(PREAMBLE + frame(hello))
    assert session.closed
    assert session.take_output() == b""


def test_start_api_is_answered_with_accounts_next_id_and_farms() -> None:
    client = Client(a_world())
    assert names(client.greeting) == ["managedAccounts", "nextValidId", *["error"] * 3]
    assert client.greeting[0][1] == {"accounts": ACCOUNT}
    assert client.greeting[1][1] == {"orderId": 1}
    assert codes(client.greeting) == [2104, 2106, 2158]


def test_a_client_id_in_use_is_refused_and_the_first_client_stays() -> None:
    world = a_world()
    first, second = Client(world, 7), Client(world, 7)
    assert codes(second.greeting) == [326]
    assert second.session.closed
    assert world.links[7] is first.session
    first.session.close()
    assert not Client(world, 7).session.closed


def test_bytes_may_come_in_any_pieces() -> None:
    session = Session(a_world())
    stream = PREAMBLE + frame(b"v157..178") + frame(b"71\x002\x003\0\0") + frame(b"49\x001\0")
    for byte in stream:
        session.receive(bytes([byte]))
    assert session.client_id == 3
    assert b"49\x001\x001772461799\0" in session.take_output()


def test_messages_that_come_together_are_answered_as_if_they_came_one_by_one() -> None:
    told = []
    for together in (True, False):
        world = a_world()
        world.step(5)
        client = Client(world)
        order = PLACE_ORDER.encode(
            {"orderId": 1, "symbol": "SPY", "secType": "STK", "exchange": "SMART",
             "action": "BUY", "totalQuantity": 10, "orderType": "LMT", "lmtPrice": 1.0,
             "transmit": True}, 178)  # fmt: skip
        stream = [frame(order), frame(b"49\x001\0")]
        for data in [b"".join(stream)] if together else stream:
            client.session.receive(data)
        told.append([name for name, _ in client.heard()])
    assert told[0] == told[1]
    assert told[0][-1] == "currentTime"


@pytest.mark.parametrize(
    "payload", [b"49\x001", b"x\x001\0", b"\xff\0", b"\0", b"-1\0", b"9999999999\0"]
)
def test_garbage_drops_the_client_with_a_line_in_the_log(
    payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(a_world())
    with caplog.at_level(logging.WARNING):
        client.session.receive(frame(payload))
    assert client.session.closed
    assert "client id 1) is dropped" in caplog.text
    client.session.receive(frame(b"49\x001\0"))
    assert client.session.take_output() == b""


def test_a_request_that_cannot_be_read_is_an_error_on_its_id_and_no_end() -> None:
    client = Client(a_world())
    client.session.receive(frame(b"62\x001\x005\0"))
    (error,) = only(client.heard(), "error")
    assert (error["id"], error["code"]) == (1, 320)
    assert not client.session.closed


def test_an_unknown_message_is_answered_with_505() -> None:
    client = Client(a_world())
    client.session.receive(frame(b"65\x001\0"))
    assert codes(client.heard()) == [505]


def test_anything_before_start_api_drops_the_client() -> None:
    session = Session(a_world())
    session.receive(PREAMBLE + frame(b"v157..178") + frame(b"49\x001\0"))
    assert "before startApi" in session.closed


def test_too_many_messages_are_refused_and_the_third_breach_ends_the_session() -> None:
    client = Client(a_world(request_rate=5))
    for second in range(3):
        for _ in range(6):
            client.session.receive(frame(b"49\x001\0"), at_ns=second * SECOND)
        assert codes(client.heard()) == [100]
    assert client.session.closed


@pytest.mark.parametrize(("lines", "rate"), [(100, 50), (200, 100), (7, 3)])
def test_half_as_many_messages_per_second_as_lines_are_taken(lines: int, rate: int) -> None:
    client = Client(a_world(lines=lines))
    for _ in range(rate):
        client.session.receive(frame(b"49\x001\0"), at_ns=5)
    assert codes(client.heard()) == []
    client.session.receive(frame(b"49\x001\0"), at_ns=5)
    assert codes(client.heard()) == [100]


def test_without_a_wall_clock_messages_are_not_counted() -> None:
    client = Client(a_world(request_rate=5))
    for _ in range(100):
        client.session.receive(frame(b"49\x001\0"))
    assert names(client.heard()) == ["currentTime"] * 100


def test_a_client_that_does_not_read_is_dropped_and_its_output_freed() -> None:
    client = Client(a_world())
    while not client.session.closed:
        client.session.send_raw(b"x" * (1 << 20))
        assert client.session.waiting <= LARGEST_OUTPUT
    assert "does not read" in client.session.closed
    assert client.session.take_output() == b""


def test_a_burst_is_never_an_exact_multiple_of_what_clients_read_at_once() -> None:
    client = Client(a_world())
    client.session.send_raw(b"x" * 2 * CHUNK)
    out = client.session.take_output()
    assert len(out) > 2 * CHUNK
    assert len(out) % CHUNK


def test_what_is_not_served_is_answered_with_an_error_and_never_with_silence() -> None:
    client = Client(a_world())
    unserved = {
        requests.REQ_SCANNER_SUBSCRIPTION: 162,
        requests.REQ_FUNDAMENTAL_DATA: 430,
        requests.REQ_HISTORICAL_NEWS: 10276,
        requests.REQ_WSH_META_DATA: 10279,
        requests.REQ_FA: 321,
        requests.REQ_SEC_DEF_OPT_PARAMS: 200,
        requests.CALC_OPTION_PRICE: 10091,
    }
    for table, code in unserved.items():
        (error,) = only(client.ask(table, reqId=44), "error")
        assert error["code"] == code, table.name
        assert error["id"] == (44 if table is not requests.REQ_FA else -1)


def test_small_questions_are_answered() -> None:
    client = Client(a_world())
    assert client.ask(requests.REQ_CURRENT_TIME) == [("currentTime", {"time": 1772461799})]
    assert client.ask(requests.REQ_IDS, count=1) == [("nextValidId", {"orderId": 1})]
    assert client.ask(requests.REQ_MANAGED_ACCOUNTS) == [("managedAccounts", {"accounts": ACCOUNT})]
    for table in (requests.REQ_FAMILY_CODES, requests.REQ_NEWS_PROVIDERS,
                  requests.REQ_SOFT_DOLLAR_TIERS, requests.REQ_USER_INFO,
                  requests.REQ_MKT_DEPTH_EXCHANGES):  # fmt: skip
        assert len(client.ask(table, reqId=1)) == 1
    assert client.ask(requests.SET_SERVER_LOG_LEVEL, level=5) == []
