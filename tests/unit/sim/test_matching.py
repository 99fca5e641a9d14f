"""What rows of the tape do to working orders."""

import pytest

from ikbr.domain.lifecycle import OrderEvent as E
from ikbr.domain.tape import Kind


def test_a_limit_buy_fills_only_when_the_ask_reaches_it(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(10, "LMT", 99.99)
    room.quote(99.98, 100.00)
    assert room.me.got == []
    room.quote(99.90, 99.91)
    assert room.me.got == [(10, 99.99)]
    assert room.me.fills[0].liquidity == "make"


def test_a_limit_sell_fills_only_when_the_bid_reaches_it(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(-10, "LMT", 100.03)
    room.quote(100.02, 100.04)
    assert room.me.got == []
    room.quote(100.03, 100.05)
    assert room.me.got == [(-10, 100.03)]


@pytest.mark.parametrize("queue", ["none", "behind-displayed"])
def test_a_print_through_the_limit_fills_it_whole(open_room, queue):
    room = open_room(queue=queue)
    room.quote(100.00, 100.02, 900, 900)
    room.me.send(50, "LMT", 100.00)
    room.print(99.99, 1)
    assert room.me.got == [(50, 100.00)]


def test_without_a_queue_model_a_print_at_the_limit_fills_it(open_room):
    room = open_room(queue="none")
    room.quote(100.00, 100.02, 900, 900)
    room.me.send(50, "LMT", 100.00)
    room.print(100.00, 1)
    assert room.me.got == [(50, 100.00)]


def test_a_print_at_the_limit_fills_only_what_is_left_behind_the_queue(open_room):
    room = open_room()
    room.quote(100.00, 100.02, 300, 900)
    room.me.send(100, "LMT", 100.00)
    room.print(100.00, 200)
    room.print(100.00, 100)
    assert room.me.got == []
    room.print(100.00, 40)
    room.print(100.00, 500)
    assert room.me.got == [(40, 100.00), (60, 100.00)]


def test_cancellations_ahead_shorten_the_queue_and_arrivals_behind_do_not_lengthen_it(open_room):
    room = open_room()
    room.quote(100.00, 100.02, 300, 900)
    room.me.send(100, "LMT", 100.00)
    room.quote(100.00, 100.02, 50, 900)
    room.quote(100.00, 100.02, 800, 900)
    room.print(100.00, 60)
    assert room.me.got == [(10, 100.00)]


def test_a_price_behind_the_touch_queues_once_it_becomes_the_touch(open_room):
    room = open_room()
    room.quote(100.00, 100.02, 300, 900)
    room.me.send(100, "LMT", 99.99)
    room.print(99.99, 1000)
    assert room.me.got == []
    room.quote(99.99, 100.02, 200, 900)
    room.print(99.99, 250)
    assert room.me.got == [(50, 99.99)]


def test_without_a_displayed_queue_only_a_print_through_the_limit_fills(open_room):
    room = open_room()
    room.print(100.05)
    room.me.send(10, "LMT", 100.00)
    room.print(100.00, 1_000_000)
    assert room.me.got == []
    room.print(99.99, 1)
    assert room.me.got == [(10, 100.00)]


def test_one_print_is_shared_by_our_orders_at_its_price_in_time_order(open_room):
    room = open_room()
    room.quote(100.00, 100.02, 0, 900)
    first = room.me.send(30, "LMT", 100.00)
    second = room.me.send(30, "LMT", 100.00)
    room.print(100.00, 40)
    assert [(f.order_id, f.quantity) for f in room.me.fills] == [
        (first.order_id, 30),
        (second.order_id, 10),
    ]


def test_on_bars_a_limit_fills_only_when_a_price_goes_strictly_through_it(open_room):
    room = open_room(queue="none")
    room.print(100.00, kind=Kind.BAR_CLOSE)
    room.me.send(10, "LMT", 99.00)
    room.bar(100.00, 100.50, 99.00, 99.50)
    assert room.me.got == []
    room.bar(98.00, 98.50, 97.00, 98.00)
    assert room.me.got == [(10, 99.00)]


def test_on_bars_a_market_order_fills_at_the_next_open(open_room):
    room = open_room()
    room.print(100.00, kind=Kind.BAR_CLOSE)
    room.me.send(10)
    room.bar(100.50, 101.00, 99.00, 99.50)
    assert room.me.got == [(10, 100.50)]


def test_on_bars_a_market_order_sent_at_the_open_fills_at_the_close(open_room):
    room = open_room()
    room.print(100.00, kind=Kind.BAR_OPEN)
    room.me.send(10)
    room.print(101.00, kind=Kind.BAR_HIGH)
    room.print(99.00, kind=Kind.BAR_LOW)
    assert room.me.got == []
    room.print(99.50, kind=Kind.BAR_CLOSE)
    assert room.me.got == [(10, 99.50)]


def test_a_stop_needs_a_print_at_or_through_it_and_trades_against_the_quote(open_room):
    room = open_room()
    room.print(100.05)
    room.quote(100.04, 100.06)
    order = room.me.send(-10, "STP", stop=100.00)
    room.quote(99.90, 99.95)
    assert room.me.got == []
    room.print(100.00)
    assert room.me.got == [(-10, 99.90)]
    assert room.me.events(order) == [(E.ACK_PRE, 0), (E.ACK, 0)]


def test_a_triggered_stop_without_quotes_trades_at_the_print_after(open_room):
    room = open_room()
    room.print(100.05)
    room.me.send(10, "STP", stop=100.10)
    room.print(100.10)
    assert room.me.got == []
    room.print(100.20)
    assert room.me.got == [(10, 100.20)]


def test_a_triggered_stop_under_last_trades_at_the_price_that_triggered_it(open_room):
    room = open_room(fill="last")
    room.print(100.05)
    room.me.send(10, "STP", stop=100.10)
    room.print(100.12)
    assert room.me.got == [(10, 100.12)]


def test_on_bars_a_stop_fills_at_its_price_inside_a_bar(open_room):
    room = open_room(slippage="ticks", slippage_value=1)
    room.print(100.00, kind=Kind.BAR_CLOSE)
    room.me.send(10, "STP", stop=100.50)
    room.me.send(-10, "STP", stop=99.50)
    room.bar(100.00, 101.00, 99.00, 100.00)
    assert room.me.got == [(10, 100.51), (-10, 99.49)]


def test_on_bars_a_stop_that_the_open_jumped_over_fills_at_the_open(open_room):
    room = open_room()
    room.print(100.00, kind=Kind.BAR_CLOSE)
    room.me.send(-10, "STP", stop=99.50)
    room.bar(98.00, 98.50, 97.00, 98.00)
    assert room.me.got == [(-10, 98.00)]


def test_bars_of_quotes_alone_trigger_by_the_opposite_quote(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(10, "STP", stop=100.50)
    room.state[0][0], room.state[0][1] = 1_004_800, 1_005_500
    room.row(Kind.BAR_HIGH)
    assert room.me.got == [(10, 100.50)]


def test_a_stop_that_has_seen_no_price_waits(open_room):
    room = open_room()
    room.me.send(10, "STP", stop=100.00)
    room.row(Kind.QUOTE)
    assert room.me.got == []
    room.quote(100.00, 100.01)
    assert room.me.got == [(10, 100.01)]


def test_a_triggered_stop_limit_trades_at_the_quote_within_its_limit(open_room):
    room = open_room()
    room.print(100.00)
    room.quote(99.99, 100.01)
    room.me.send(10, "STP LMT", 100.06, 100.05)
    room.quote(100.04, 100.06)
    room.print(100.05)
    assert room.me.got == [(10, 100.06)]


def test_a_triggered_stop_limit_beyond_its_limit_rests_and_queues(open_room):
    room = open_room()
    room.print(100.00)
    room.quote(99.99, 100.01)
    order = room.me.send(10, "STP LMT", 100.06, 100.05)
    room.quote(100.06, 100.08, 30, 30)
    room.print(100.08)
    assert room.me.events(order)[-1] == (E.ACK, 0)
    room.print(100.06, 25)
    assert room.me.got == []
    room.print(100.06, 10)
    assert room.me.got == [(5, 100.06)]
    room.quote(100.00, 100.06)
    assert room.me.got == [(5, 100.06), (5, 100.06)]


def test_a_stop_limit_on_bars_rests_once_triggered(open_room):
    room = open_room(queue="none")
    room.print(100.00, kind=Kind.BAR_CLOSE)
    room.me.send(10, "STP LMT", 100.60, 100.50)
    room.bar(100.00, 101.00, 100.60, 100.70)
    assert room.me.got == []
    room.bar(100.70, 100.80, 100.50, 100.70)
    assert room.me.got == [(10, 100.60)]


def test_a_stop_cancelled_as_it_triggers_does_not_trade(open_room):
    room = open_room()
    room.print(100.00)
    room.quote(99.99, 100.01)
    order = room.me.send(10, "STP", stop=100.05)
    room.me.on_update = lambda u: u.event is E.ACK and room.me.broker.cancel(order)
    room.print(100.05)
    assert room.me.got == []


def test_a_trailing_stop_follows_the_price_and_never_goes_back(open_room):
    room = open_room()
    room.print(100.00)
    room.me.send(-10, "TRAIL", trail_amount=0.50)
    for price in (100.40, 101.00, 100.60, 100.51):
        room.print(price)
    room.row(Kind.QUOTE)
    assert room.me.got == []
    room.print(100.50)
    room.print(100.45)
    assert room.me.got == [(-10, 100.45)]


def test_a_trailing_buy_by_percentage_follows_downwards(open_room):
    room = open_room(fill="last")
    room.print(100.00)
    room.me.send(10, "TRAIL", trail_percent=1.0)
    room.print(98.00)
    room.print(98.97)
    assert room.me.got == []
    room.print(98.98)
    assert room.me.got == [(10, 98.98)]


def test_a_trailing_stop_keeps_an_initial_trigger_that_is_nearer(open_room):
    room = open_room(fill="last")
    room.print(100.00)
    room.me.send(-10, "TRAIL", stop=99.80, trail_amount=0.50)
    room.print(99.80)
    assert room.me.got == [(-10, 99.80)]


def test_before_any_print_a_trailing_stop_follows_the_quote(open_room):
    room = open_room()
    room.me.send(-10, "TRAIL", trail_amount=0.50)
    room.row(Kind.QUOTE)
    room.quote(100.00, 100.02)
    room.quote(101.00, 101.02)
    room.quote(100.51, 100.53)
    assert room.me.got == []
    room.quote(100.50, 100.52)
    assert room.me.got == [(-10, 100.50)]


def test_in_a_halt_nothing_fills_and_orders_wait(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(10, "LMT", 99.00)
    room.row(Kind.HALT)
    room.me.send(10)
    room.print(98.00)
    room.quote(98.98, 99.00)
    assert room.me.got == []
    room.row(Kind.RESUME)
    assert room.me.got == [(10, 99.00), (10, 99.00)]


def test_a_waiting_market_order_pays_the_worse_of_print_and_quote(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.row(Kind.HALT)
    room.me.send(10)
    room.me.send(-10)
    room.market.halted[0] = False
    room.print(100.01)
    assert room.me.got == [(10, 100.02), (-10, 100.00)]


def test_an_order_cancelled_by_an_earlier_fill_of_the_same_row_does_not_fill(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(10, "LMT", 99.00)
    other = room.me.send(10, "LMT", 99.00)
    room.me.on_fill = lambda _fill: room.me.broker.cancel(other)
    room.quote(98.00, 98.50)
    assert room.me.got == [(10, 99.00)]


def test_on_bars_a_midprice_order_waits_for_the_close_not_for_the_high(open_room):
    room = open_room()
    room.print(100.00, kind=Kind.BAR_OPEN)
    room.me.send(10, "MIDPRICE")
    room.print(101.00, kind=Kind.BAR_HIGH)
    room.print(99.00, kind=Kind.BAR_LOW)
    room.print(99.50, kind=Kind.BAR_CLOSE)
    assert room.me.got == [(10, 99.50)]
