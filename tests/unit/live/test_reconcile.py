"""Open orders that nobody here follows, and those that only seem to be such."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ikbr.broker.whole_account import Deal, Standing
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Alert
from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.live import reconcile
from ikbr.live.reconcile import Reconciler


class Broker:
    """Answer with a list; what happens meanwhile is the test's."""

    def __init__(self, listed: list[int], meanwhile: Callable[[], None]) -> None:
        request = OrderRequest("KO", Side.SELL, 10, OrderType.MARKET)
        self.standing = [Standing(900 + number, number, request, "of ours,") for number in listed]
        self.meanwhile = meanwhile

    async def positions(self) -> dict[str, tuple[int, float]]:
        return {}

    async def open_orders(self) -> list[Standing]:
        self.meanwhile()
        return self.standing


class Books:
    """Hold less than the broker does, until that is taken over."""

    def __init__(self) -> None:
        self.positions: dict[str, Any] = {}
        self.held = 0

    def quantity(self, _symbol: str) -> int:
        return self.held

    def adopt(self, _symbol: str, quantity: int, _cost_micro: int) -> None:
        self.held += quantity

    def add_cash(self, _micro: int, _currency: str) -> None:
        pass


class Holding(Broker):
    """Hold ten, and name who bought them."""

    def __init__(self, order_id: int) -> None:
        super().__init__([], lambda: None)
        self.deal = Deal("KO", 10, 90.0, 5_000_000_000, "a.b.01", order_id, "of somebody")

    async def positions(self) -> dict[str, tuple[int, float]]:
        return {"KO": (10, 90.0)}

    async def deals(self) -> list[Deal]:
        return [self.deal]


@pytest.mark.parametrize(
    ("order_id", "severity", "blocked"),
    [(0, "info", []), (7, "warning", []), (4, "critical", ["KO"])],
    ids=["of others", "of ours that the journal has lost", "booked"],
)
def test_executions_explain_what_is_held_unless_they_are_booked(
    order_id: int, severity: str, blocked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "PAUSE_S", 0.0)
    told: list[Alert] = []
    stopped: list[str] = []
    risk = SimpleNamespace(block=lambda symbol, _why: stopped.append(symbol))
    trader = SimpleNamespace(
        orders=SimpleNamespace(orders={4: None}, working={}, next_id=8),
        risk=risk,
        portfolio=Books(),
        alert=told.append,
        manager=SimpleNamespace(running=[SimpleNamespace(symbols=["KO"])]),
    )
    pipeline: Any = SimpleNamespace(
        trader=trader,
        number={"KO": 0},
        instruments=[parse_contract("KO")],
        clock=SimpleNamespace(now_ns=6_000_000_000),
        journal=SimpleNamespace(append=lambda *_: None),
        valuation=SimpleNamespace(recount=lambda: None),
    )
    account: Any = Holding(order_id)
    asyncio.run(Reconciler(pipeline, account, 0, lambda: None).check())
    assert ([alert.severity for alert in told], stopped) == ([severity], blocked)
    assert trader.portfolio.held == 10


def counted(listed: list[int], meanwhile: Callable[[Any], None]) -> list[int]:
    """Give the permanent numbers of what counts as an order of others after a comparison."""
    orders = SimpleNamespace(working={4: None, 5: None}, next_id=6)
    alerts: list[Alert] = []
    risk = SimpleNamespace(reserve=lambda _order: None, release=lambda _order: None)
    books = SimpleNamespace(positions={}, quantity=lambda _symbol: 0)
    trader = SimpleNamespace(orders=orders, risk=risk, portfolio=books, alert=alerts.append)
    pipeline: Any = SimpleNamespace(
        trader=trader,
        number={"KO": 0},
        instruments=[parse_contract("KO")],
        clock=SimpleNamespace(now_ns=1),
    )
    account: Any = Broker(listed, lambda: meanwhile(orders))
    reconciler = Reconciler(pipeline, account, 0, lambda: None)
    asyncio.run(reconciler.check())
    assert len(alerts) == len(reconciler.outside)
    return sorted(reconciler.outside)


def test_an_order_that_nobody_follows_counts() -> None:
    assert counted([3, 4, 5], lambda _orders: None) == [903]


def test_what_ends_while_the_answer_is_on_its_way_does_not_count() -> None:
    assert counted([4, 5], lambda orders: orders.working.pop(4)) == []


def test_what_begins_and_ends_while_the_answer_is_on_its_way_does_not_count() -> None:
    def sent_and_filled(orders: Any) -> None:
        orders.next_id = 8

    assert counted([5, 6, 7], sent_and_filled) == []


def test_an_order_of_ours_beyond_our_numbers_counts() -> None:
    assert counted([5, 9], lambda _orders: None) == [909]


def test_an_order_of_others_counts_as_it_is_by_now() -> None:
    ledger: dict[int, int] = {}
    risk = SimpleNamespace(
        reserve=lambda order: ledger.__setitem__(order.order_id, order.remaining),
        release=lambda order: ledger.pop(order.order_id),
    )
    alerts: list[Alert] = []
    trader = SimpleNamespace(
        orders=SimpleNamespace(working={}, next_id=1),
        risk=risk,
        portfolio=SimpleNamespace(positions={}, quantity=lambda _symbol: 0),
        alert=alerts.append,
    )
    pipeline: Any = SimpleNamespace(
        trader=trader,
        number={"KO": 0},
        instruments=[parse_contract("KO")],
        clock=SimpleNamespace(now_ns=0),
    )
    account = Broker([], lambda: None)
    reconciler: Any = Reconciler(pipeline, cast("Any", account), 0, lambda: None)
    for quantity, said in ((10, 1), (10, 1), (500, 2)):
        request = OrderRequest("KO", Side.SELL, quantity, OrderType.MARKET)
        account.standing = [Standing(900, 0, request, "placed by hand")]
        asyncio.run(reconciler.check())
        assert (ledger, len(alerts)) == ({-900: quantity}, said)
    account.standing = []
    asyncio.run(reconciler.check())
    assert ledger == {}
    assert "placed by hand was changed" in alerts[-1].message
