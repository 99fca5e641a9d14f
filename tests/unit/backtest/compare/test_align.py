"""Pairing the orders of two runs."""

from __future__ import annotations

import random
import time

import pytest

from ikbr.backtest.compare.align import pair_orders, same_request
from ikbr.backtest.compare.trace import OrderTrace
from ikbr.domain.order import OrderRequest, OrderType, Side

SECOND = 1_000_000_000
MS = 1_000_000


def order(
    ts_s: float, side: Side = Side.BUY, quantity: int = 100, *, symbol: str = "SPY",
    strategy: str = "bot", is_exit: bool = False,
) -> OrderTrace:  # fmt: skip
    request = OrderRequest(symbol, side, quantity)
    return OrderTrace(round(ts_s * 1_000), round(ts_s * SECOND), strategy, request, is_exit)


def turns(times: list[float]) -> list[OrderTrace]:
    return [order(t, Side.BUY if n % 2 else Side.SELL) for n, t in enumerate(times)]


def times_of(pairs: list[tuple[OrderTrace | None, OrderTrace | None]]) -> list[object]:
    return [tuple(None if o is None else o.ts_ns / SECOND for o in pair) for pair in pairs]


def test_equal_runs_are_paired_one_to_one() -> None:
    times = [10.0 * n for n in range(50)]
    pairs = pair_orders(turns(times), turns(times), MS)
    assert times_of(pairs) == [(t, t) for t in times]


@pytest.mark.parametrize("place", [0, 7, 19])
def test_one_extra_or_missing_order_shifts_no_other(place: int) -> None:
    times = [60.0 * n for n in range(20)]
    whole, less = turns(times), turns(times)
    del less[place]
    missing = times_of(pair_orders(less, whole, MS))
    assert missing == [(None if n == place else t, t) for n, t in enumerate(times)]
    extra = times_of(pair_orders(whole, less, MS))
    assert extra == [(t, None if n == place else t) for n, t in enumerate(times)]


def test_orders_that_all_come_later_are_paired_in_their_order() -> None:
    times = [30.0 * n for n in range(40)]
    late = [t + 4.0 for t in times]
    assert times_of(pair_orders(turns(late), turns(times), MS)) == list(
        zip(late, times, strict=True)
    )


def test_an_extra_order_among_late_ones_is_found() -> None:
    times = [60.0 * n for n in range(12)]
    late = turns([t + 3.0 for t in times])
    late.insert(6, order(60.0 * 5 + 33.0, Side.BUY))
    pairs = times_of(pair_orders(late, turns(times), MS))
    assert [pair for pair in pairs if None in pair] == [(333.0, None)]  # type: ignore[operator]


@pytest.mark.parametrize(
    "other",
    [
        order(1.0, Side.SELL),
        order(1.0, symbol="KO"),
        order(1.0, strategy="other"),
        order(1.0, is_exit=True),
    ],
    ids=["side", "symbol", "strategy", "exit"],
)
def test_what_is_of_another_kind_is_never_paired(other: OrderTrace) -> None:
    assert [None in pair for pair in pair_orders([order(1.0)], [other], MS)] == [True, True]


def test_orders_far_apart_are_two() -> None:
    assert len(pair_orders([order(0.0)], [order(4_000.0)], MS)) == 1
    assert len(pair_orders([order(0.0, quantity=1)], [order(4_000.0, quantity=2)], MS)) == 1
    apart = pair_orders([order(0.0), order(4_000.0)], [order(4_000.0 + 0.5), order(8_000.0)], MS)
    assert times_of(apart) == [(0.0, None), (4_000.0, 4_000.5), (None, 8_000.0)]


def test_many_orders_at_other_times_are_paired_within_a_second() -> None:
    draw = random.Random(1)
    times = sorted(draw.uniform(0, 23_400) for _ in range(3_000))
    late = [t + draw.uniform(0.01, 0.2) for t in times]
    began = time.process_time()
    pairs = pair_orders(turns(late), turns(times), MS)
    assert time.process_time() - began < 20
    assert sum(None not in pair for pair in pairs) > 2_900


def test_a_request_is_the_same_when_it_asks_for_the_same() -> None:
    limit = OrderRequest("SPY", Side.BUY, 5, OrderType.LIMIT, limit_price=10.0, reason="a")
    other = OrderRequest("SPY", Side.BUY, 5, OrderType.LIMIT, limit_price=10.0, reason="b")
    dear = OrderRequest("SPY", Side.BUY, 5, OrderType.LIMIT, limit_price=10.01)
    assert same_request(limit, other)
    assert not same_request(limit, dear)
