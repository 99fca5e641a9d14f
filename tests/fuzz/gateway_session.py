"""What a client sends: the gateway's session answers, or ends the connection; it never fails."""

from __future__ import annotations

from tests.unit.gateway.rig import Client, a_world

from ikbr.gateway.framing import PREAMBLE, frame
from ikbr.gateway.messages import requests
from ikbr.gateway.session import Session

MOST_ANSWERED = 1 << 22


def feed(data: bytes) -> None:
    """Take the first byte as the way, the rest as a stream or as messages parted by line ends."""
    way, raw = (data[0] if data else 0), data[1:]
    world = a_world()
    world.step(4)
    if way % 3 == 0:
        session = Session(world)
        session.receive(raw)
        assert len(session.take_output()) < MOST_ANSWERED
        return
    if way % 3 == 1:
        session = Session(world)
        session.receive(PREAMBLE + frame(b"v100..178") + raw)
        assert len(session.take_output()) < MOST_ANSWERED
        return
    client = Client(world)
    for one in raw.split(b"\n"):
        if one:
            client.session.receive(frame(one))
        world.step(1)
    assert len(client.session.take_output()) < MOST_ANSWERED
    if not client.session.closed:
        assert client.ask(requests.REQ_CURRENT_TIME)


def seeds() -> list[bytes]:
    """Give a handshake and a few requests."""
    from ikbr.gateway.messages.place_order import PLACE_ORDER

    order = PLACE_ORDER.encode(
        {"orderId": 1, "symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD",
         "action": "BUY", "totalQuantity": 100.0, "orderType": "MKT", "transmit": True}, 178,
    )  # fmt: skip
    stock = b"0\0SPY\0STK\0\x000.0\0\0\0SMART\0\0USD\0\0\0"
    return [
        b"\x00" + PREAMBLE + frame(b"v100..178") + frame(b"71\x002\x001\0\0"),
        b"\x01" + frame(b"71\x002\x001\0\0") + frame(b"49\x001\0"),
        b"\x02" + order + b"\n4\x001\x001\0\0\n5\x001\0\n7\x003\x001\x000\0\0\0\0\0\0\0\n99\x001\0",
        b"\x02" + b"1\x0011\x007\0" + stock + b"0\0\x000\x000\0\0\n2\x002\x007\0\n58\x001\0",
        b"\x00API\0\x7f\xff\xff\xff",
    ]
