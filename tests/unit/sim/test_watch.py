"""Rows that the watch calls uninteresting may be left out: every fill stays the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ikbr.domain.order import OrderRequest, OrderType, Side, TimeInForce
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.sim.market import HIGHEST, LOWEST

PRINTED = frozenset(range(Kind.PRINT, Kind.AUCTION + 1))
TRADABLE = frozenset({Kind.PRINT, Kind.BAR_OPEN, Kind.BAR_CLOSE})

prices = st.integers(90, 110)
sizes = st.integers(0, 30)


@st.composite
def rows(draw: st.DrawFn) -> tuple[Any, ...]:
    """What one row changes: its symbol, kind and new prices (None keeps what stands)."""
    kind = draw(st.sampled_from([0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8]))
    bid = draw(st.none() | prices)
    spread = draw(st.integers(0, 3))
    gone = draw(st.integers(0, 9)) == 0
    return (
        draw(st.integers(0, 1)), kind, bid, spread, draw(prices), draw(sizes), draw(sizes),
        draw(sizes), gone,
    )  # fmt: skip


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(list(OrderType)))
    price = draw(prices) * 0.01
    return {
        "row": draw(st.integers(0, 39)),
        "symbol": draw(st.sampled_from(["SPY", "BAC"])),
        "side": draw(st.sampled_from([Side.BUY, Side.SELL])),
        "quantity": draw(st.integers(1, 40)),
        "order_type": kind,
        "limit_price": price if kind not in {"MIDPRICE", "MKT"} or draw(st.booleans()) else None,
        "stop_price": draw(prices) * 0.01 if kind != "TRAIL" or draw(st.booleans()) else None,
        "trail_amount": draw(st.integers(1, 5)) * 0.01,
        "tif": draw(st.sampled_from(list(TimeInForce))),
        "outside_rth": draw(st.booleans()),
        "oca_group": draw(st.sampled_from(["", "", "a"])),
        "parent": draw(st.sampled_from([False, False, False, True])),
        "other": draw(st.sampled_from([False, False, True])),
        "cancelled": draw(st.integers(0, 60)),
    }


def tape(changes: list[tuple[Any, ...]]) -> list[tuple[int, ...]]:
    """Carry the standing state forward, as a tape does."""
    state = [[NO_PRICE, NO_PRICE, NO_PRICE, 0, 0] for _ in range(2)]
    done = []
    for number, (sym, kind, bid, spread, last, bid_size, ask_size, size, gone) in enumerate(
        changes
    ):
        now = state[sym]
        if bid is not None:
            now[0] = NO_PRICE if gone else bid * 100
            now[1] = (bid + spread) * 100
            now[3], now[4] = bid_size, ask_size
        if kind in PRINTED and not (gone and 2 <= kind <= 5):
            now[2] = last * 100
        done.append((sym, (number + 1) * 1000, kind, *now, size if kind in PRINTED else 0))
    return done


def needed(watch: Any, row: tuple[int, ...]) -> bool:
    """Say whether the watch asks for a row: what an engine that skips must test."""
    _sym, _ts, kind, bid, ask, last, bid_size, ask_size, *_ = row
    if not watch.active:
        return False
    printed = kind in PRINTED and last != NO_PRICE
    return bool(
        watch.every_row
        or kind >= Kind.AUCTION
        or (watch.on_print and kind in TRADABLE)
        or (ask != NO_PRICE and (ask <= watch.buy_limit or ask >= watch.buy_stop))
        or (bid != NO_PRICE and (bid >= watch.sell_limit or bid <= watch.sell_stop))
        or (bid != NO_PRICE and bid < watch.buy_queue)
        or (bid == watch.buy_queue and bid_size < watch.buy_ahead)
        or (ask != NO_PRICE and ask > watch.sell_queue)
        or (ask == watch.sell_queue and ask_size < watch.sell_ahead)
        or (printed and (last <= watch.buy_limit or last >= watch.sell_limit))
        or (printed and (last >= watch.buy_stop or last <= watch.sell_stop))
    )


def run(
    room: Any,
    table: list[tuple[int, ...]],
    wanted: list[dict[str, Any]],
    *,
    skip: bool,
    hours: bool = True,
) -> Any:
    """Play a tape with orders, leaving out rows or not."""
    exchange, timers, market = room.exchange, room.timers, room.market
    other = room.another()
    seen = [-1, -1]
    position = -1
    skipped = 0

    def refresh(sym: int) -> None:
        for number in range(position, seen[sym], -1):
            row = table[number]
            if row[0] == sym:
                market.ts[sym] = row[1]
                market.bid[sym], market.ask[sym], market.last[sym] = row[3:6]
                market.bid_size[sym], market.ask_size[sym] = row[6:8]
                break
        seen[sym] = position

    if skip:
        market.refresh = refresh
    session = Session(None, 8_000, 30_000)
    timers.now_ns = 0
    if hours:
        exchange.hours.regular = False
        timers.call_at(session.open_ns, exchange.open_session, session)
        timers.call_at(session.close_ns, exchange.close_session, session)
    sent: list[Any] = []
    for number, row in enumerate(table):
        timers.advance(row[1])
        position = number
        if skip and row[2] < Kind.AUCTION and not needed(exchange.watch(row[0]), row):
            skipped += 1
        else:
            seen[row[0]] = number
            exchange.on_row(*row)
        for trader, order, at in sent:
            if at == number:
                trader.broker.cancel(order)
        for want in wanted:
            if want["row"] != number:
                continue
            request = OrderRequest(
                **{k: v for k, v in want.items() if k in OrderRequest.__struct_fields__}
            )
            trader = other if want["other"] else room.me
            mine = [order for who, order, _ in sent if who is trader]
            order = room.me.make(1, parent=mine[-1].order_id if want["parent"] and mine else 0)
            order.request = request
            order.instrument = room.instruments[request.symbol]
            trader.broker.submit(order)
            sent.append((trader, order, want["cancelled"]))
    return (room.me.log, other.log, room.me.fills, other.fills), skipped


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    changes=st.lists(rows(), min_size=20, max_size=40),
    wanted=st.lists(orders(), min_size=1, max_size=8),
    fill=st.sampled_from(["quote", "next", "last"]),
    cap=st.sampled_from([0.0, 0.0, 0.5]),
    latency=st.sampled_from([0.0, 0.0015]),
    response=st.sampled_from([0.0, 0.0025]),
    queue=st.sampled_from(["none", "behind-displayed"]),
)
def test_skipping_uninteresting_rows_changes_nothing(
    open_room, changes, wanted, fill, cap, latency, response, queue
):
    settings_ = {
        "fill": fill, "volume_cap": cap, "latency_ms": latency,
        "response_latency_ms": response, "queue": queue, "symbols": ("SPY", "BAC"),
    }  # fmt: skip
    table = tape(changes)
    whole, _ = run(open_room(**settings_), table, wanted, skip=False)
    parts, _ = run(open_room(**settings_), table, wanted, skip=True)
    assert parts == whole


def calm(kind: Any, side: Any, tif: Any) -> st.SearchStrategy[dict[str, Any]]:
    """An order near the market that is sent early and left alone."""
    near = st.integers(97, 103).map(lambda cents: cents * 0.01)
    return st.fixed_dictionaries(
        {
            "row": st.integers(0, 5),
            "symbol": st.just("SPY"),
            "side": st.just(side),
            "quantity": st.integers(1, 40),
            "order_type": st.just(kind),
            "limit_price": near if kind in {"LMT", "STP LMT", "LOC"} else st.none(),
            "stop_price": near if kind in {"STP", "STP LMT"} else st.none(),
            "trail_amount": st.integers(1, 3).map(lambda cents: cents * 0.01),
            "tif": st.just(tif),
            "other": st.just(False),
            "parent": st.just(False),
            "cancelled": st.just(99),
        }
    )


CASES = [
    *(("LMT", tif, queue, cap) for tif, queue, cap in (
        ("DAY", "none", 0.0), ("DAY", "behind-displayed", 0.0), ("DAY", "none", 0.5),
        ("IOC", "none", 0.0), ("FOK", "none", 0.5),
    )),
    *((kind, "DAY", "none", cap) for kind in ("MKT", "STP", "STP LMT", "TRAIL", "MIDPRICE")
      for cap in (0.0, 0.5)),
]  # fmt: skip


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize(("kind", "tif", "queue", "cap"), CASES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_skipping_is_safe_for_each_order_type_alone(open_room, kind, tif, queue, cap, side, data):
    row = st.tuples(
        st.just(0),
        st.sampled_from([0, 0, 0, 1, 1, 3]),
        st.none() | st.integers(97, 102),
        st.integers(1, 2),
        st.integers(97, 103),
        sizes,
        sizes,
        st.integers(1, 30),
        st.just(False),
    )
    table = tape(data.draw(st.lists(row, min_size=25, max_size=40)))
    wanted = data.draw(st.lists(calm(kind, side, tif), min_size=1, max_size=2))
    fill = data.draw(st.sampled_from(["quote", "next", "last"]))
    model = {"fill": fill, "queue": queue, "volume_cap": cap}
    whole, _ = run(open_room(**model), table, wanted, skip=False, hours=False)
    parts, _ = run(open_room(**model), table, wanted, skip=True, hours=False)
    assert parts == whole


def test_skipping_really_leaves_rows_out(open_room):
    changes = [(0, 0, 100, 1, 100, 10, 10, 0, False)] * 30
    want = {
        "row": 2, "symbol": "SPY", "side": Side.BUY, "quantity": 1, "order_type": OrderType.STOP,
        "stop_price": 1.50, "outside_rth": True, "other": False, "parent": False, "cancelled": 99,
    }  # fmt: skip
    _, skipped = run(open_room(), tape(changes), [want], skip=True)
    assert skipped == 30


@pytest.mark.parametrize(
    ("quantity", "kind", "limit", "stop", "barrier"),
    [
        (10, "LMT", 99.0, None, {"buy_limit": 990_000}),
        (-10, "LMT", 101.0, None, {"sell_limit": 1_010_000}),
        (10, "STP", None, 101.0, {"buy_stop": 1_010_000}),
        (-10, "STP", None, 99.0, {"sell_stop": 990_000}),
        (10, "MKT", None, None, {"on_print": True}),
        (10, "MOO", None, None, {"on_print": True}),
        (10, "MOC", None, None, {}),
        (10, "MIDPRICE", None, None, {"every_row": True}),
    ],
)
def test_the_watch_names_what_a_working_order_waits_for(
    open_room, quantity, kind, limit, stop, barrier
):
    room = open_room(fill="next")
    room.print(100.0)
    order = room.me.send(quantity, kind, limit, stop)
    watch = room.exchange.watch(0)
    asleep = {
        "every_row": False, "on_print": False, "buy_limit": LOWEST, "sell_limit": HIGHEST,
        "buy_stop": HIGHEST, "sell_stop": LOWEST,
    }  # fmt: skip
    for name, value in {**asleep, **barrier, "active": True}.items():
        assert getattr(watch, name) == value, name
    room.me.broker.cancel(order)
    assert not watch.active
    assert all(getattr(watch, name) == value for name, value in asleep.items())


def test_the_watch_keeps_the_barrier_nearest_to_the_market(open_room):
    room = open_room()
    room.print(100.0)
    for price in (99.0, 99.5, 98.0):
        room.me.send(10, "LMT", price)
        room.me.send(-10, "STP", stop=price)
        room.me.send(-10, "LMT", 200 - price)
        room.me.send(10, "STP", stop=200 - price)
    watch = room.exchange.watch(0)
    assert (watch.buy_limit, watch.sell_stop) == (995_000, 995_000)
    assert (watch.sell_limit, watch.buy_stop) == (1_005_000, 1_005_000)
    assert not watch.every_row


def test_an_order_in_a_queue_watches_its_price_and_what_stands_ahead(open_room):
    room = open_room()
    watch = room.exchange.watch(0)
    room.quote(100.00, 100.02, 500, 500)
    room.me.send(10, "LMT", 99.00)
    room.me.send(-10, "LMT", 100.02)
    assert not watch.every_row
    assert (watch.buy_queue, watch.buy_ahead) == (990_000, HIGHEST)
    assert (watch.sell_queue, watch.sell_ahead) == (1_000_200, 500)
    room.quote(99.00, 100.02, 300, 400)
    assert (watch.buy_ahead, watch.sell_ahead) == (300, 400)
    room.print(100.02, 150)
    assert watch.sell_ahead == 250
    room.quote(98.99, 100.03, 300, 400)
    assert (watch.buy_queue, watch.sell_queue) == (LOWEST, HIGHEST)
