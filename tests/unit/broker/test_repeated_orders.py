"""An order that IB tells again is decoded only where that says something new."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ib_async import IB

from ikbr.broker.client import Client
from ikbr.broker.follower import Follower
from ikbr.broker.line import Line
from ikbr.broker.repeated_orders import (
    CLIENT_ID,
    OCA_GROUP,
    PARENT_ID,
    RepeatedOrders,
    pass_over_repeated_orders,
)
from ikbr.domain.contracts import parse_contract
from ikbr.domain.order import Order, OrderRequest, Side
from ikbr.domain.timers import TimerHeap
from ikbr.gateway.messages.order_answers import OPEN_ORDER


class Heard:
    """A follower of order 7, which IB has acknowledged, and the messages about it."""

    def __init__(self) -> None:
        self.ib = Client()
        self.ib.serve_pipeline()
        self.ib.client._serverVersion = 178
        self.follower = Follower(
            TimerHeap(0), estimate=lambda *_: 0, commission_wait_ns=1, catch_up_ns=1
        )
        self.follower.client_id = 5
        request = OrderRequest("SPY", Side.BUY, 100)
        order = Order(7, request, parse_contract("SPY"), "m")
        self.line = Line(order, ib_parent=3, oca_group="exit-3", acknowledged=True)
        self.follower.lines[7] = self.line
        repeated = pass_over_repeated_orders(self.ib, self.follower)
        assert isinstance(repeated, RepeatedOrders)
        self.repeated = repeated
        told = {"orderId": 7, "clientId": 5, "ocaGroup": "exit-3", "parentId": 3}
        self.fields = OPEN_ORDER.encode(told, 178).split(b"\0")


def test_what_is_known_is_not_decoded() -> None:
    heard = Heard()
    assert heard.repeated.hear(heard.fields)
    assert heard.repeated.taken == 1


def lose(heard: Heard) -> None:
    heard.line.lost = True


def forget(heard: Heard) -> None:
    heard.line.acknowledged = False


def change(heard: Heard) -> None:
    heard.line.changing = heard.line.order.request


def retire(heard: Heard) -> None:
    heard.follower.lines.clear()


def inquire(heard: Heard) -> None:
    inquiry: Any = SimpleNamespace(running=True)
    heard.follower.inquiry = inquiry


def ask(heard: Heard) -> None:
    heard.ib.wrapper._results["openOrders"] = []


def tell_ib_async(heard: Heard) -> None:
    heard.ib.client.tells_ib_async = True


def be_older(heard: Heard) -> None:
    heard.ib.client._serverVersion = 176


def field(place: int, value: bytes) -> Callable[[Heard], None]:
    def change_field(heard: Heard) -> None:
        heard.fields[place] = value

    return change_field


def cut(heard: Heard) -> None:
    del heard.fields[PARENT_ID:]


@pytest.mark.parametrize(
    "news",
    [
        lose, forget, change, retire, inquire, ask, tell_ib_async, be_older, cut,
        field(1, b"x"), field(1, b"8"), field(CLIENT_ID, b"6"), field(OCA_GROUP, b"another"),
        field(PARENT_ID, b"0"), field(OCA_GROUP, b"\xff"),
    ],
)  # fmt: skip
def test_what_may_be_news_goes_the_usual_way(news: Callable[[Heard], None]) -> None:
    heard = Heard()
    news(heard)
    assert not heard.repeated.hear(heard.fields)
    assert heard.repeated.taken == 0


def test_a_client_that_does_not_read_the_wire_itself_decodes_everything() -> None:
    assert pass_over_repeated_orders(IB(), Heard().follower) is None
