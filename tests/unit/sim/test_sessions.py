"""What the open and the close of regular trading do to orders."""

import datetime as dt

import pytest

from ikbr.domain.lifecycle import OrderEvent as E
from ikbr.domain.session import Session
from ikbr.domain.tape import Kind

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def session(room, day=1):
    start = room.timers.now_ns + SECOND
    return Session(dt.date(2024, 1, day), start, start + 6 * HOUR)


def shut(room):
    room.exchange.hours.regular = False


def open_day(room, day=1):
    one = session(room, day)
    room.timers.advance(one.open_ns)
    room.exchange.open_session(one)
    return one


def close_day(room, one):
    room.timers.advance(one.close_ns)
    room.exchange.close_session(one)


def test_outside_regular_hours_an_order_is_held_and_released_at_the_open(open_room):
    room = open_room()
    shut(room)
    room.quote(100.00, 100.02)
    order = room.me.send(10)
    trigger = room.me.send(-10, "STP", stop=101.00)
    room.quote(100.00, 100.03)
    room.print(99.00)
    assert room.me.got == []
    assert room.me.events(order) == room.me.events(trigger) == [(E.ACK_PRE, 399)]
    open_day(room)
    assert room.me.events(order)[1:] == [(E.ACK, 0)]
    assert room.me.got == [], "the quote of the evening before is not traded against"
    room.quote(100.04, 100.06)
    assert room.me.got == [(10, 100.06)]
    room.print(100.05)
    assert room.me.got == [(10, 100.06), (-10, 100.04)]


def test_outside_rth_orders_trade_at_any_hour(open_room):
    room = open_room()
    shut(room)
    room.quote(100.00, 100.02)
    room.me.send(10, outside_rth=True)
    room.me.send(10, "LMT", 99.00, outside_rth=True)
    room.print(98.00)
    assert room.me.got == [(10, 100.02), (10, 99.00)]


def test_an_immediate_order_outside_regular_hours_is_cancelled(open_room):
    room = open_room()
    shut(room)
    room.quote(100.00, 100.02)
    order = room.me.send(10, tif="IOC")
    assert room.me.events(order) == [(E.CANCEL, 202)]


def test_day_orders_end_at_the_close_and_others_go_on(open_room):
    room = open_room()
    one = open_day(room)
    room.quote(100.00, 100.02)
    day = room.me.send(10, "LMT", 99.00)
    good = room.me.send(10, "LMT", 98.00, tif="GTC")
    late = room.me.send(10, "LMT", 97.00, outside_rth=True)
    close_day(room, one)
    assert room.me.events(day)[-1] == (E.CANCEL, 202)
    assert room.me.events(late) == room.me.events(good) == [(E.ACK, 0)]
    room.print(96.90)
    assert room.me.got == [(10, 97.00)]
    open_day(room, 2)
    room.print(96.90)
    assert room.me.got == [(10, 97.00), (10, 98.00)]


def test_day_orders_of_the_extended_hours_end_four_hours_after_the_close(open_room):
    room = open_room()
    one = open_day(room)
    room.quote(100.00, 100.02)
    close_day(room, one)
    late = room.me.send(10, "LMT", 97.00, outside_rth=True)
    good = room.me.send(10, "LMT", 96.00, outside_rth=True, tif="GTC")
    room.timers.advance(one.close_ns + 4 * HOUR - 1)
    assert room.me.events(late) == [(E.ACK, 0)]
    room.timers.advance(one.close_ns + 4 * HOUR)
    assert room.me.events(late)[-1] == (E.CANCEL, 202)
    assert room.me.events(good) == [(E.ACK, 0)]


def test_children_that_wait_end_with_the_day(open_room):
    room = open_room()
    one = open_day(room)
    room.quote(100.00, 100.02)
    parent = room.me.send(10, "LMT", 99.00, tif="GTC")
    child = room.me.send(-10, "LMT", 101.00, parent=parent.order_id)
    also = room.me.send(10, "LMT", 99.00)
    room.me.send(-10, "LMT", 101.00, parent=also.order_id)
    close_day(room, one)
    assert room.me.events(child)[-1] == (E.CANCEL, 202)
    assert [u.event for u in room.me.updates].count(E.CANCEL) == 3
    assert room.me.events(parent) == [(E.ACK, 0)]


@pytest.mark.parametrize("kind", [Kind.AUCTION, Kind.PRINT, Kind.BAR_OPEN])
def test_market_on_open_trades_at_the_first_print_after_the_open(open_room, kind):
    room = open_room()
    shut(room)
    room.print(99.00)
    order = room.me.send(10, "MOO")
    room.print(99.50)
    parent = room.me.send(10, "LMT", 90.00)
    room.me.send(10, "MOO", parent=parent.order_id)
    open_day(room)
    room.quote(100.00, 100.02)
    assert room.me.got == []
    room.print(100.01, kind=kind)
    room.print(100.05)
    assert room.me.got == [(10, 100.01)]
    assert room.me.fills[0].liquidity == "auction"
    assert room.me.events(order) == [(E.ACK_PRE, 399)]


def test_market_on_open_sent_after_the_open_waits_for_the_next_one(open_room):
    room = open_room()
    one = open_day(room)
    room.me.send(10, "MOO")
    room.print(100.00)
    close_day(room, one)
    open_day(room, 2)
    room.print(101.00)
    assert room.me.got == [(10, 101.00)]


def test_market_on_open_without_a_print_all_day_is_cancelled(open_room):
    room = open_room()
    shut(room)
    order = room.me.send(10, "MOO")
    close_day(room, open_day(room))
    assert room.me.events(order)[-1] == (E.CANCEL, 202)


def test_market_on_close_trades_at_the_last_price_of_a_tape_without_auctions(open_room):
    room = open_room()
    one = open_day(room)
    room.print(100.00)
    room.me.send(10, "MOC")
    room.me.send(10, "LOC", 100.50)
    killed = room.me.send(-10, "LOC", 100.50)
    room.print(100.40)
    assert room.me.got == []
    close_day(room, one)
    assert room.me.got == [(10, 100.40), (10, 100.40)]
    assert room.me.fills[0].liquidity == "auction"
    assert room.me.events(killed)[-1] == (E.CANCEL, 202)


def test_market_on_close_without_any_print_trades_at_the_quote_or_not_at_all(open_room):
    room = open_room()
    one = open_day(room)
    nothing = room.me.send(10, "MOC")
    close_day(room, one)
    assert room.me.events(nothing)[-1] == (E.CANCEL, 202)
    one = open_day(room, 2)
    room.quote(100.00, 100.02)
    room.me.send(10, "MOC")
    close_day(room, one)
    assert room.me.got == [(10, 100.02)]


def test_in_a_halt_or_under_a_cap_a_closing_order_is_cancelled_at_the_close(open_room):
    for model in ({}, {"volume_cap": 0.1}):
        room = open_room(**model)
        one = open_day(room)
        room.print(100.00)
        order = room.me.send(10, "MOC")
        if not model:
            room.row(Kind.HALT)
        close_day(room, one)
        assert room.me.got == []
        assert room.me.events(order)[-1] == (E.CANCEL, 202)


@pytest.mark.parametrize("after", [False, True])
def test_closing_orders_trade_in_the_closing_auction_when_the_tape_has_auctions(open_room, after):
    room = open_room()
    one = open_day(room)
    room.print(100.00, kind=Kind.AUCTION)
    room.me.send(10, "MOC")
    room.me.send(-10, "LOC", 100.50)
    killed = room.me.send(10, "LOC", 100.50)
    room.print(100.40, kind=Kind.AUCTION)
    assert room.me.got == [], "an auction in the middle of the day is not the closing one"
    if after:
        close_day(room, one)
    else:
        room.timers.advance(one.close_ns - 30 * SECOND)
    room.print(100.60)
    room.print(100.70, kind=Kind.AUCTION)
    assert room.me.got == [(10, 100.70), (-10, 100.70)]
    assert room.me.events(killed)[-1] == (E.CANCEL, 202)


def test_a_closing_auction_that_does_not_take_place_cancels_its_orders(open_room):
    room = open_room()
    one = open_day(room)
    room.print(100.00, kind=Kind.AUCTION)
    order = room.me.send(10, "MOC")
    close_day(room, one)
    assert room.me.events(order) == [(E.ACK_PRE, 0)]
    open_day(room, 2)
    assert room.me.events(order)[-1] == (E.CANCEL, 202)


def test_the_close_looks_at_the_latest_state(open_room):
    room = open_room()
    one = open_day(room)
    room.print(100.00)
    room.me.send(10, "MOC")
    room.market.refresh = lambda sym: room.market.last.__setitem__(sym, 1_010_000)
    close_day(room, one)
    assert room.me.got == [(10, 101.00)]


def test_day_orders_of_the_extended_hours_end_when_the_next_session_opens(open_room):
    room = open_room()
    one = open_day(room)
    room.quote(100.00, 100.02)
    old = room.me.send(10, "LMT", 97.00, outside_rth=True)
    close_day(room, one)
    two = Session(dt.date(2024, 1, 2), one.close_ns, one.close_ns + 24 * HOUR)
    room.exchange.open_session(two)
    assert room.me.events(old)[-1] == (E.CANCEL, 202)
    new = room.me.send(10, "LMT", 97.00, outside_rth=True)
    room.timers.advance(two.close_ns - 1)
    assert room.me.events(new) == [(E.ACK, 0)]
    close_day(room, two)
    room.timers.advance(two.close_ns + 4 * HOUR)
    assert room.me.events(new)[-1] == (E.CANCEL, 202)
