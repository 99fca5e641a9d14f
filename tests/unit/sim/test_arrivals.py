"""What an order meets when it arrives."""

import math

import pytest

from ikbr.domain.lifecycle import OrderEvent as E
from ikbr.domain.tape import Kind


def test_a_market_order_trades_whole_against_the_standing_quote(open_room):
    room = open_room()
    room.quote(100.00, 100.02, 300, 200)
    room.me.send(1000)
    room.me.send(-1000)
    assert room.me.got == [(1000, 100.02), (-1000, 100.00)]
    fill = room.me.fills[0]
    assert (fill.liquidity, fill.displayed, fill.arrival_price) == ("take", 200, 100.02)
    assert (fill.exec_id, room.me.fills[1].exec_id) == (1, 2)
    assert fill.commission_micro == 1000 * 5_000
    assert room.me.books.booked == room.me.fills
    assert room.me.books.makers == [False, False]


def test_a_fill_carries_the_age_of_the_quote_and_the_prices_of_the_decision(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.timers.advance(room.timers.now_ns + 5_000)
    order = room.me.make(10)
    order.decision_mid, order.decision_price = 100.01, 100.02
    room.me.broker.submit(order)
    fill = room.me.fills[0]
    assert (fill.quote_age_ns, fill.decision_mid, fill.decision_price) == (5_000, 100.01, 100.02)


def test_the_acknowledgement_comes_before_the_fill_and_no_fill_event_is_sent(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(10)
    assert room.me.log == [(1, "ack", 0), (1, "fill", 10, 100.02)]
    assert room.me.books.released == [1]


def test_without_quotes_a_market_order_waits_for_the_next_print(open_room):
    room = open_room()
    room.print(100.00)
    room.me.send(10)
    assert room.me.got == []
    room.print(100.05)
    room.print(100.09)
    assert room.me.got == [(10, 100.05)]
    assert room.me.fills[0].arrival_price == 100.00


def test_a_market_order_without_any_price_takes_the_first_quote_that_appears(open_room):
    room = open_room()
    room.me.send(10)
    room.quote(100.00, None)
    assert room.me.got == []
    room.quote(100.00, 100.02)
    assert room.me.got == [(10, 100.02)]
    assert math.isnan(room.me.fills[0].arrival_price)


def test_next_fills_at_the_next_print_and_never_at_a_quote(open_room):
    room = open_room(fill="next")
    room.quote(100.00, 100.02)
    room.print(100.01)
    room.me.send(10)
    room.quote(99.00, 99.02)
    assert room.me.got == []
    room.print(99.01)
    assert room.me.got == [(10, 99.01)]


def test_last_fills_at_the_last_price_standing_at_arrival(open_room):
    room = open_room(fill="last")
    room.print(100.01)
    room.quote(99.00, 99.02)
    room.me.send(10)
    room.me.send(10, "LMT", 100.05)
    room.me.send(10, "MIDPRICE")
    assert room.me.got == [(10, 100.01)] * 3


def test_last_waits_for_the_first_print_when_there_is_none(open_room):
    room = open_room(fill="last")
    room.me.send(10)
    room.quote(99.00, 99.02)
    room.print(99.01)
    assert room.me.got == [(10, 99.01)]


def test_a_marketable_limit_trades_at_the_quote_and_another_rests(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(10, "LMT", 100.05)
    room.me.send(-10, "LMT", 99.90)
    room.me.send(10, "LMT", 100.01)
    assert room.me.got == [(10, 100.02), (-10, 100.00)]
    assert room.exchange.watch(0).active


def test_in_next_mode_a_marketable_limit_rests_and_fills_at_its_limit(open_room):
    room = open_room(fill="next")
    room.quote(100.00, 100.02)
    room.me.send(10, "LMT", 100.05)
    assert room.me.got == []
    room.quote(100.00, 100.03)
    assert room.me.got == [(10, 100.05)]
    assert room.me.books.makers == [True]


@pytest.mark.parametrize(
    ("quantity", "stop", "fills"),
    [(10, 100.00, True), (10, 100.02, False), (-10, 100.01, True), (-10, 100.00, False)],
)
def test_a_stop_that_the_last_price_has_passed_triggers_on_arrival(
    open_room, quantity, stop, fills
):
    room = open_room()
    room.print(100.01)
    room.quote(100.00, 100.02)
    order = room.me.send(quantity, "STP", stop=stop)
    assert bool(room.me.got) is fills
    assert room.me.events(order) == [(E.ACK_PRE, 0)] + [(E.ACK, 0)] * fills


def test_a_stop_limit_that_triggers_on_arrival_becomes_a_limit_order(open_room):
    room = open_room()
    room.print(100.01)
    room.quote(100.00, 100.02)
    room.me.send(10, "STP LMT", 100.00, 100.01)
    assert room.me.got == []
    room.quote(99.98, 100.00)
    assert room.me.got == [(10, 100.00)]


def test_before_any_print_a_stop_is_triggered_by_the_quote(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(10, "STP", stop=100.02)
    room.me.send(-10, "STP", stop=99.99)
    assert room.me.got == [(10, 100.02)]
    room.quote(99.99, 100.02)
    assert room.me.got == [(10, 100.02), (-10, 99.99)]


def test_midprice_trades_at_the_mid_rounded_against_the_taker(open_room):
    room = open_room()
    room.quote(100.00, 100.01)
    room.me.send(10, "MIDPRICE")
    assert room.me.got == [(10, 100.005)]
    room.state[0][0] = 1_000_001
    room.row(Kind.QUOTE)
    room.me.send(10, "MIDPRICE")
    room.me.send(-10, "MIDPRICE")
    assert [fill.price_units for fill in room.me.fills[1:]] == [1_000_051, 1_000_050]


def test_midprice_waits_until_its_cap_allows_the_mid(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(10, "MIDPRICE", 100.00)
    room.quote(100.00, 100.01)
    assert room.me.got == []
    room.quote(99.98, 100.01)
    assert room.me.got == [(10, 99.995)]


def test_midprice_without_quotes_takes_the_next_print_within_its_cap(open_room):
    room = open_room()
    room.print(100.00)
    room.me.send(-10, "MIDPRICE", 100.00)
    room.print(99.99)
    room.row(Kind.QUOTE)
    assert room.me.got == []
    room.print(100.03)
    assert room.me.got == [(-10, 100.03)]


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
@pytest.mark.parametrize(("kind", "limit"), [("LMT", 100.01), ("MIDPRICE", 100.00)])
def test_an_immediate_order_that_finds_nothing_is_cancelled(open_room, tif, kind, limit):
    room = open_room()
    room.quote(100.00, 100.02)
    order = room.me.send(10, kind, limit, tif=tif)
    assert room.me.events(order) == [(E.ACK, 0), (E.CANCEL, 202)]
    assert not room.exchange.watch(0).active


def test_an_immediate_order_without_quotes_has_its_chance_at_the_next_print(open_room):
    room = open_room(fill="next")
    room.print(100.00)
    room.me.send(10, tif="IOC")
    late = room.me.send(10, "LMT", 99.00, tif="IOC")
    mid = room.me.send(10, "MIDPRICE", 99.00, tif="IOC")
    room.print(100.01)
    assert room.me.got == [(10, 100.01)]
    assert room.me.events(late)[-1] == room.me.events(mid)[-1] == (E.CANCEL, 202)


def test_on_bars_an_immediate_market_order_waits_for_the_close_not_for_the_high(open_room):
    room = open_room()
    room.print(100.00, kind=Kind.BAR_OPEN)
    room.me.send(10, tif="IOC")
    room.print(101.00, kind=Kind.BAR_HIGH)
    room.print(99.00, kind=Kind.BAR_LOW)
    room.print(100.50, kind=Kind.BAR_CLOSE)
    assert room.me.got == [(10, 100.50)]


def test_an_order_cancelled_from_its_own_acknowledgement_does_not_trade(open_room):
    room = open_room()
    room.print(100.00)
    room.quote(100.00, 100.02)
    orders = {}

    def cancel(update):
        if update.event is E.ACK:
            room.me.broker.cancel(orders[update.order_id])

    room.me.on_update = cancel
    for kind, stop in (("MKT", None), ("STP", 99.00)):
        order = room.me.make(10, kind, stop=stop)
        orders[order.order_id] = order
        room.me.broker.submit(order)
    assert room.me.got == []
    assert [u.event for u in room.me.updates].count(E.CANCEL) == 2


def test_a_callback_may_trade_again_inside_the_fill(open_room):
    room = open_room()
    room.quote(100.00, 100.02)

    def turn(fill):
        if fill.side > 0:
            room.me.send(-fill.quantity)

    room.me.on_fill = turn
    room.me.send(10)
    assert room.me.got == [(10, 100.02), (-10, 100.00)]


def test_an_order_sent_while_a_print_is_matched_waits_for_the_next_one(open_room):
    room = open_room(fill="next")
    room.print(100.00)

    def again(fill):
        if len(room.me.fills) == 1:
            room.me.send(10)

    room.me.on_fill = again
    room.me.send(10)
    room.print(100.01)
    assert room.me.got == [(10, 100.01)]
    room.print(100.02)
    assert room.me.got == [(10, 100.01), (10, 100.02)]
