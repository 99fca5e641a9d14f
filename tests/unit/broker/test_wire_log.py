"""What went over the wire about orders, set aside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ikbr.broker.client import Client
from ikbr.broker.wire_log import HEARD, Message, WireLog


def log(limit: int = 10) -> WireLog:
    times: Iterator[int] = iter(range(1, 100))
    return WireLog(lambda: next(times), limit)


@pytest.mark.parametrize(
    ("message", "name", "order_id"),
    [
        ("3\x0042\x000\x00SPY\x00", "placeOrder", 42),
        ("4\x001\x0042\x00\x00", "cancelOrder", 42),
        ("58\x001\x00", "reqGlobalCancel", 0),
        ("7\x003\x009001\x00", "reqExecutions", 0),
    ],
)
def test_what_is_sent_about_orders_is_kept_as_it_was_sent(
    message: str, name: str, order_id: int
) -> None:
    kept = log()
    kept.on_sent(message)
    kept.on_sent("1\x0011\x001\x00")  # a request for market data
    (one,) = kept.take(9)
    assert (one.ts_ns, one.sent, one.name, one.order_id) == (1, True, name, order_id)
    assert one.fields == message.rstrip("\0").split("\0")[1:]
    assert kept.take(9) == []


@pytest.mark.parametrize(
    ("message", "name", "order_id"),
    [
        (b"3\x0042\x00Submitted\x000", "orderStatus", 42),
        (b"4\x002\x0042\x00201\x00no", "error", 42),
        (b"4\x002\x00-1\x002104\x00ok", "error", -1),
        (b"11\x00-1\x0042\x00", "execDetails", 42),
        (b"59\x001\x00abc.01", "commissionReport", 0),
    ],
)
def test_what_comes_about_orders_names_its_order(message: bytes, name: str, order_id: int) -> None:
    kept = log()
    kept.on_heard(message.split(b"\0"))
    (one,) = kept.take(9)
    assert (one.sent, one.name, one.order_id) == (False, name, order_id)


def test_what_nobody_takes_is_bounded_and_what_is_lost_is_counted() -> None:
    kept = log(limit=3)
    for order_id in range(5):
        kept.on_sent(f"3\0{order_id}\0")
    assert kept.dropped == 2
    assert [one.order_id for one in kept.take(2)] == [2, 3]
    assert [one.order_id for one in kept.take(2)] == [4]


def test_a_client_keeps_what_it_writes_and_reads_and_no_market_data(loop: None) -> None:
    client = Client().client
    client.conn.sendMsg = lambda _data: None
    client.log = log()
    client.sendMsg("3\x007\x000\x00")
    client._walk(frame(b"1\x006\x0011\x001\x00100.0\x00100\x000\x00"))
    client._walk(frame(b"4\x002\x007\x00201\x00refused\x00\x00"))
    assert [(m.name, m.order_id) for m in client.log.take(9)] == [("placeOrder", 7), ("error", 7)]


def test_market_data_is_none_of_what_is_kept() -> None:
    assert not HEARD.keys() & {b"1", b"2", b"46", b"99", b"98", b"12"}
    assert isinstance(Message(1, True, "x", 0, []), tuple)


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload
