"""How much an order gets: volume cap, slippage, and other accounts."""

import pytest

from ikbr.domain.lifecycle import OrderEvent as E
from ikbr.domain.tape import Kind


def test_under_a_cap_a_market_order_takes_its_share_and_the_rest_waits(open_room):
    room = open_room(volume_cap=0.5)
    room.quote(100.00, 100.02, 100, 100)
    room.me.send(90)
    assert room.me.got == [(50, 100.02)]
    room.quote(100.00, 100.02, 100, 100)
    assert room.me.got == [(50, 100.02)], "the same quote is not new liquidity"
    room.print(100.01, 40)
    room.quote(100.00, 100.03, 100, 100)
    assert room.me.got == [(50, 100.02), (20, 100.02), (20, 100.03)]


def test_under_a_cap_a_size_that_is_not_known_gives_nothing(open_room):
    room = open_room(volume_cap=0.5)
    room.quote(100.00, 100.02, 0, 0)
    room.me.send(10)
    room.bar(100.00, 101.00, 99.00, 100.00, volume=20)
    assert room.me.got == [(10, 100.02)], "the close knows the volume, the open does not"


def test_under_a_cap_a_resting_limit_takes_its_share_of_each_new_quote(open_room):
    room = open_room(volume_cap=0.1)
    room.quote(100.00, 100.02)
    room.me.send(10, "LMT", 99.99)
    for _ in range(3):
        room.quote(99.97, 99.99, 10, 40)
    room.print(99.98, 50)
    assert room.me.got == [(4, 99.99), (5, 99.99)]
    room.quote(99.97, 99.99, 10, 50)
    assert room.me.got[-1] == (1, 99.99)


def test_fill_or_kill_trades_whole_or_not_at_all(open_room):
    room = open_room(volume_cap=0.5)
    room.quote(100.00, 100.02, 100, 100)
    room.me.send(51, tif="FOK")
    room.me.send(50, tif="FOK")
    assert room.me.got == [(50, 100.02)]


def test_a_waiting_fill_or_kill_limit_trades_whole_or_not_at_all(open_room):
    room = open_room(volume_cap=0.5, fill="next")
    room.print(100.00)
    killed = room.me.send(51, "LMT", 100.00, tif="FOK")
    room.me.send(50, "LMT", 100.00, tif="FOK")
    room.print(99.99, 100)
    assert room.me.got == [(50, 100.00)]
    assert room.me.events(killed)[-1] == (E.CANCEL, 202)


def test_immediate_or_cancel_keeps_what_it_got_and_cancels_the_rest(open_room):
    room = open_room(volume_cap=0.5)
    room.quote(100.00, 100.02, 100, 100)
    order = room.me.send(80, tif="IOC")
    assert room.me.got == [(50, 100.02)]
    assert room.me.events(order)[-1] == (E.CANCEL, 202)


@pytest.mark.parametrize(
    ("model", "value", "bought", "sold"),
    [
        ("none", 5, 100.02, 100.00),
        ("ticks", 0, 100.02, 100.00),
        ("ticks", 2, 100.04, 99.98),
        ("bps", 1.5, 100.04, 99.98),
        ("volume-share", 0.005, 100.03, 99.99),
    ],
)
def test_slippage_moves_a_taker_s_price_against_it(open_room, model, value, bought, sold):
    room = open_room(slippage=model, slippage_value=value)
    room.quote(100.00, 100.02, 1000, 1000)
    room.me.send(100)
    room.me.send(-100)
    assert room.me.got == [(100, bought), (-100, sold)]


def test_slippage_never_passes_the_limit_and_spares_resting_orders(open_room):
    room = open_room(slippage="ticks", slippage_value=5)
    room.quote(100.00, 100.02)
    room.me.send(10, "LMT", 100.03)
    room.me.send(-10, "LMT", 99.98)
    room.me.send(10, "LMT", 99.00)
    room.print(98.00)
    assert room.me.got == [(10, 100.03), (-10, 99.98), (10, 99.00)]


def test_accounts_trade_with_each_other_at_the_resting_price_before_the_tape(open_room):
    room = open_room()
    other = room.another()
    room.quote(100.00, 100.04)
    other.send(-30, "LMT", 100.03)
    other.send(-30, "LMT", 100.02)
    other.send(-30, "LMT", 100.05)
    room.me.send(100)
    assert room.me.got == [(30, 100.02), (30, 100.03), (40, 100.04)]
    assert other.got == [(-30, 100.02), (-30, 100.03)]
    assert other.books.makers == [True, True]
    assert room.me.books.makers == [False] * 3


def test_at_one_price_the_order_that_came_first_trades_first(open_room):
    room = open_room()
    other = room.another()
    third = room.another()
    room.quote(100.00, 100.04)
    third.send(-10, "LMT", 100.02)
    other.send(-10, "LMT", 100.02)
    room.me.send(10, "LMT", 100.02)
    assert (third.got, other.got) == ([(-10, 100.02)], [])


def test_limits_of_two_accounts_that_cross_trade_without_any_quote(open_room):
    room = open_room(fill="next")
    other = room.another()
    other.send(10, "LMT", 100.02)
    room.me.send(-25, "LMT", 100.00)
    assert room.me.got == [(-10, 100.02)]
    assert other.got == [(10, 100.02)]
    assert room.exchange.watch(0).sell_limit == 1_000_000


def test_an_account_does_not_trade_with_itself(open_room):
    room = open_room()
    room.another()
    room.quote(100.00, 100.04)
    room.me.send(-10, "LMT", 100.02)
    room.me.send(10)
    assert room.me.got == [(10, 100.04)]


def test_a_fill_or_kill_order_does_not_take_part_of_what_others_offer(open_room):
    room = open_room()
    other = room.another()
    room.quote(100.00, 100.04)
    other.send(-10, "LMT", 100.02)
    room.me.send(20, "LMT", 100.03, tif="FOK")
    assert (room.me.got, other.got) == ([], [])
    room.me.send(10, "LMT", 100.03, tif="FOK")
    assert room.me.got == [(10, 100.02)]


def test_orders_that_end_while_two_accounts_trade_are_left_alone(open_room):
    room = open_room()
    other = room.another()
    room.quote(100.00, 100.04)
    other.send(-10, "LMT", 100.01)
    second = other.send(-10, "LMT", 100.02)
    other.on_fill = lambda _fill: other.broker.cancel(second)
    room.me.send(20)
    assert room.me.got == [(10, 100.01), (10, 100.04)]


def test_an_incoming_order_cancelled_by_its_first_fill_stops_trading(open_room):
    room = open_room()
    other = room.another()
    room.quote(100.00, 100.04)
    other.send(-10, "LMT", 100.01)
    other.send(-10, "LMT", 100.02)
    order = room.me.make(30)
    room.me.on_fill = lambda _fill: room.me.broker.cancel(order)
    room.me.broker.submit(order)
    assert room.me.got == [(10, 100.01)]
    assert room.me.events(order) == [(E.ACK, 0), (E.CANCEL, 202)]


def test_orders_held_until_the_open_are_not_met_by_others(open_room):
    room = open_room()
    other = room.another()
    room.quote(100.00, 100.04)
    room.exchange.hours.regular = False
    other.send(-10, "LMT", 100.02)
    other.send(-10, "LMT", 100.03, outside_rth=True)
    room.me.send(10, outside_rth=True)
    assert room.me.got == [(10, 100.03)]


def test_an_auction_print_fills_a_limit_it_goes_through(open_room):
    room = open_room()
    room.quote(100.00, 100.04)
    room.me.send(10, "LMT", 99.99)
    room.print(99.95, 1000, Kind.AUCTION)
    assert room.me.got == [(10, 99.99)]
