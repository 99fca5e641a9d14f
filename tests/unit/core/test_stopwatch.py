"""The stopwatch says where the time between a tick and what became of its order went."""

from __future__ import annotations

from ikbr.core.stopwatch import MOST_UNDER_WAY, Stopwatch, stamped
from ikbr.domain.latency import OrderLatency
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate


class Ticking:
    """Give a time that is ten later at every look."""

    def __init__(self) -> None:
        self.time = 100

    def __call__(self) -> int:
        self.time += 10
        return self.time


def started() -> tuple[Stopwatch, list[OrderLatency]]:
    watch, told = Stopwatch(Ticking()), []
    watch.on_told = told.append
    watch.recv = watch.now()
    watch.decoded = watch.now()
    return watch, told


def send(watch: Stopwatch, order_id: int) -> None:
    watch.on_signal()
    watch.on_risk()
    watch.on_intent()
    watch.written = watch.now()
    watch.on_sent(order_id)


def test_every_stage_is_counted_from_the_bytes_of_the_tick() -> None:
    watch, told = started()
    send(watch, 7)
    watch.on_word(7, final=False)
    watch.on_word(7, final=False)
    watch.on_fill(7)
    watch.on_fill(7)
    assert told == [OrderLatency(7, 10, 20, 30, 40, 50, 60, 70)]
    assert watch.histograms["written"].count == 1


def test_an_order_without_a_tick_is_not_stamped() -> None:
    watch, told = started()
    watch.decoded = 0
    send(watch, 7)
    watch.on_fill(7)
    assert told == []


def test_a_rejected_order_is_told_without_a_fill() -> None:
    watch, told = started()
    send(watch, 7)
    heard: list[object] = []
    update, _ = stamped(watch, heard.append, heard.append)
    word = OrderUpdate(7, OrderEvent.REJECT, 1)
    update(word)
    assert heard == [word]
    assert (told[0].ack, told[0].fill) == (60, -1)


def test_what_was_not_written_says_so() -> None:
    watch, told = started()
    send(watch, 7)
    watch.on_signal()
    watch.on_risk()
    watch.on_intent()
    watch.on_sent(8)
    watch.on_fill(8)
    assert told[0].written == -1


def test_only_so_many_orders_are_remembered() -> None:
    watch, told = started()
    for order_id in range(MOST_UNDER_WAY + 3):
        send(watch, order_id)
    assert [one.order_id for one in told] == [0, 1, 2]
