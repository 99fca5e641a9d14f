"""Brackets and OCA groups."""

from ikbr.domain.lifecycle import OrderEvent as E


def bracket(room, quantity=10, parent_kind="MKT", limit=None, **more):
    parent = room.me.send(quantity, parent_kind, limit, **more)
    target = room.me.send(-quantity, "LMT", 101.00, parent=parent.order_id)
    stop = room.me.send(-quantity, "STP", stop=99.00, parent=parent.order_id)
    return parent, target, stop


def test_children_wait_until_the_parent_is_filled(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    _parent, target, stop = bracket(room, 10, "LMT", 99.50)
    room.quote(102.00, 102.02)
    assert room.me.got == []
    assert room.me.events(target) == [(E.ACK_PRE, 0)]
    room.quote(99.40, 99.50)
    assert room.me.events(target)[-1] == (E.ACK, 0)
    room.quote(101.00, 101.02)
    assert room.me.got == [(10, 99.50), (-10, 101.00)]
    assert room.me.events(stop)[-1] == (E.CANCEL, 202)


def test_children_of_a_parent_that_filled_at_once_work_at_once(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    _parent, target, _stop = bracket(room)
    room.print(99.00)
    assert room.me.got == [(10, 100.02), (-10, 100.00)]
    assert room.me.events(target)[-1] == (E.CANCEL, 202)


def test_children_sent_from_the_parent_s_fill_work_too(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    waiting = []

    def protect(fill):
        if fill.order_id == 1:
            waiting.append(room.me.send(-10, "STP", stop=99.50, parent=1))

    room.me.on_fill = protect
    parent = room.me.make(10, "LMT", 99.80)
    room.me.broker.submit(parent)
    room.me.send(-10, "LMT", 101.00, parent=1)
    room.quote(99.70, 99.80)
    room.print(99.50)
    assert room.me.got == [(10, 99.80), (-10, 99.70)]


def test_a_parent_cancelled_without_a_fill_takes_its_children_along(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    parent, target, stop = bracket(room, 10, "LMT", 99.50)
    room.me.broker.cancel(parent)
    for child in (target, stop):
        assert room.me.events(child)[-1] == (E.CANCEL, 202)


def test_children_of_a_partly_filled_parent_work_for_what_it_filled(open_room):
    room = open_room(volume_cap=0.5)
    room.quote(100.00, 100.02, 8, 8)
    parent, target, _stop = bracket(room, 10)
    assert room.me.got == [(4, 100.02)]
    room.me.broker.cancel(parent)
    room.quote(101.00, 101.02, 100, 100)
    assert room.me.got == [(4, 100.02), (-4, 101.00)]
    assert room.me.events(target)[-1] == (E.CANCEL, 202)


def test_a_child_s_partial_fill_shrinks_the_others(open_room):
    room = open_room(volume_cap=0.5)
    room.quote(100.00, 100.02, 100, 100)
    _parent, target, stop = bracket(room, 10)
    room.quote(101.00, 101.02, 6, 6)
    room.print(99.00, 100)
    assert room.me.got == [(10, 100.02), (-3, 101.00), (-3, 101.00)]
    room.quote(98.00, 98.02, 100, 100)
    room.print(98.00, 100)
    assert room.me.got[3:] == [(-4, 98.00)]
    assert room.me.events(stop)[-1] == (E.CANCEL, 202)
    assert room.me.events(target)[-1] == (E.CANCEL, 202)


def test_two_targets_of_a_bracket_fill_side_by_side(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    parent = room.me.send(10)
    for price in (101.00, 102.00):
        room.me.send(-5, "LMT", price, parent=parent.order_id)
    room.me.send(-10, "STP", stop=99.00, parent=parent.order_id)
    room.quote(101.00, 101.02)
    room.quote(102.00, 102.02)
    assert room.me.got == [(10, 100.02), (-5, 101.00), (-5, 102.00)]
    assert not room.exchange.watch(0).active


def test_a_child_on_the_other_side_keeps_its_quantity(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    parent = room.me.send(10)
    room.me.send(10, "LMT", 99.00, parent=parent.order_id)
    room.me.send(-4, "LMT", 101.00, parent=parent.order_id)
    room.quote(101.00, 101.02)
    room.quote(98.98, 99.00)
    assert room.me.got == [(10, 100.02), (-4, 101.00), (10, 99.00)]


def test_a_child_that_comes_after_the_bracket_is_closed_is_rejected(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    parent = room.me.send(10)
    room.me.send(-10, "LMT", 100.00, parent=parent.order_id)
    late = room.me.send(-10, "STP", stop=99.00, parent=parent.order_id)
    orphan = room.me.send(-10, "STP", stop=99.00, parent=999)
    for order in (late, orphan):
        assert room.me.events(order) == [(E.REJECT, 201)]


def test_a_child_that_comes_as_another_closes_the_bracket_is_rejected(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    parent = room.me.send(10)
    target = room.me.send(-10, "LMT", 101.00, parent=parent.order_id)
    room.me.send(-10, "STP", stop=99.00, parent=parent.order_id)
    late = []

    def send_late(fill):
        if fill.order_id == target.order_id:
            late.append(room.me.send(-1, "STP", stop=98.00, parent=parent.order_id))

    room.me.on_fill = send_late
    room.quote(101.00, 101.02)
    assert room.me.fills[-1].quantity == 10
    room.print(90.00)
    assert room.me.events(late[0])[-1][0] in {E.CANCEL, E.REJECT}
    assert len(room.me.fills) == 2


def test_the_account_checks_a_child_when_it_begins_to_work(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    _parent, target, _stop = bracket(room, 10, "LMT", 99.50)
    assert [checked[1:] for checked in room.me.books.checked] == [(1, 10, 995_000)]
    room.me.books.refusal = "no"
    room.quote(99.40, 99.50)
    assert room.me.events(target)[-1] == (E.REJECT, 201)


def test_an_order_that_fills_cancels_the_rest_of_its_group(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    room.me.send(10, "LMT", 99.50, oca_group="g")
    second = room.me.send(-10, "LMT", 100.50, oca_group="g")
    alone = room.me.send(-10, "LMT", 100.60, oca_group="h")
    room.quote(100.50, 100.52)
    assert room.me.got == [(-10, 100.50)]
    assert room.me.events(second) == [(E.ACK, 0)]
    assert room.me.updates[-1].order_id == 1
    assert room.me.updates[-1].event is E.CANCEL
    room.me.broker.cancel(alone)
    late = room.me.send(10, oca_group="g")
    assert room.me.events(late) == [(E.REJECT, 201)]


def test_a_cancelled_member_leaves_the_rest_of_its_group_alone(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    first = room.me.send(10, "LMT", 99.50, oca_group="g")
    room.me.send(-10, "LMT", 100.50, oca_group="g")
    room.me.broker.cancel(first)
    room.quote(100.50, 100.52)
    assert room.me.got == [(-10, 100.50)]


def test_a_partial_fill_leaves_the_group_working(open_room):
    room = open_room(volume_cap=0.5)
    room.quote(100.00, 100.02, 100, 100)
    room.me.send(10, "LMT", 99.50, oca_group="g")
    room.me.send(-10, "LMT", 100.50, oca_group="g")
    room.quote(100.50, 100.52, 6, 6)
    assert [u.event for u in room.me.updates] == [E.ACK, E.ACK]


def test_a_partial_fill_shrinks_a_group_in_proportion_where_it_is_to(open_room):
    room = open_room(volume_cap=0.5)
    room.quote(100.00, 100.02, 100, 100)
    half = room.me.send(20, "LMT", 99.50, oca_group="g", oca_reduces=True)
    small = room.me.send(1, "LMT", 99.40, oca_group="g", oca_reduces=True)
    room.me.send(-10, "LMT", 100.50, oca_group="g", oca_reduces=True)
    room.quote(100.50, 100.52, 8, 8)
    assert room.me.got == [(-4, 100.50)]
    room.quote(99.40, 99.50, 100, 100)
    # Of 20 the fill of 4 in 10 has taken 8; of 1 it has taken 0.4, so nothing.
    assert room.me.got == [(-4, 100.50), (12, 99.50)]
    assert room.me.events(half)[-1] == (E.CANCEL, 202)
    assert room.me.events(small)[-1] == (E.CANCEL, 202)


def test_a_child_that_fills_as_it_begins_to_work_closes_the_bracket_at_once(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    parent = room.me.send(10, "LMT", 99.50)
    room.me.send(-10, "LMT", 99.00, parent=parent.order_id)
    stop = room.me.send(-10, "STP", stop=98.00, parent=parent.order_id)
    room.quote(99.40, 99.50)
    assert room.me.got == [(10, 99.50), (-10, 99.40)]
    assert room.me.events(stop) == [(E.ACK_PRE, 0), (E.CANCEL, 202)]


def test_a_member_that_ends_while_its_group_is_cancelled_is_cancelled_once(open_room):
    room = open_room()
    room.quote(100.00, 100.02)
    members = [room.me.send(10, "LMT", price, oca_group="g") for price in (99.9, 99.0, 98.0)]
    room.me.on_update = lambda u: u.event is E.CANCEL and room.me.broker.cancel(members[2])
    room.quote(99.80, 99.90)
    assert room.me.events(members[2]) == [(E.ACK, 0), (E.CANCEL, 202), (E.CANCEL_REFUSED, 161)]
