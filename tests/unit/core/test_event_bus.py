from __future__ import annotations

import pytest

from ikbr.core.event_bus import EventBus, get_event_bus, reset_event_bus
from ikbr.domain.errors import BusError
from ikbr.domain.events import Alert, Bar, EventType

TICK, FILL, ALERT = EventType.TICK, EventType.FILL, EventType.ALERT


class Pause:
    def __await__(self):
        yield self


def broken(data):
    raise ValueError(f"no {data}")


def test_handlers_are_called_by_priority_and_then_in_the_order_of_subscription() -> None:
    bus, heard = EventBus(), []
    for name, priority in [("late", -1), ("a", 0), ("b", 0), ("early", 5)]:
        bus.subscribe(TICK, lambda _, name=name: heard.append(name), priority=priority)
    bus.emit(TICK, 1)
    assert heard == ["early", "a", "b", "late"]


def test_a_topic_may_be_named_by_its_string_on_either_side() -> None:
    bus, heard = EventBus(), []
    bus.subscribe("TICK", heard.append)
    bus.subscribe(FILL, heard.append)
    bus.emit(TICK, 1)
    bus.emit("FILL", 2)
    assert heard == [1, 2]


@pytest.mark.parametrize(
    "act",
    [
        lambda bus: bus.emit("TIKC", 1),
        lambda bus: bus.subscribe("TIKC", print),
        lambda bus: bus.wants("TIKC"),
    ],
)
def test_an_unknown_topic_is_refused_with_the_nearest_one(act) -> None:
    with pytest.raises(BusError, match="'TIKC' is unknown; did you mean 'TICK'"):
        act(EventBus())


def test_subscribing_after_the_start_is_refused_by_name() -> None:
    bus = EventBus()
    bus.start()
    with pytest.raises(BusError, match="'recorder' subscribes to TICK after the bus was started"):
        bus.subscribe(TICK, print, name="recorder")


def test_wants_says_whether_anyone_listens() -> None:
    bus = EventBus()
    bus.subscribe(TICK, print)
    assert bus.wants(TICK)
    assert bus.wants("TICK")
    assert not bus.wants(FILL)


def test_an_event_emitted_by_a_handler_waits_until_all_have_heard_the_present_one() -> None:
    bus, heard = EventBus(), []

    def first(data):
        heard.append(("first", data))
        bus.emit(FILL, "x")
        bus.emit(FILL, "y")

    bus.subscribe(TICK, first)
    bus.subscribe(TICK, lambda data: heard.append(("second", data)))
    bus.subscribe(FILL, lambda data: heard.append(("fill", data)))
    bus.emit(TICK, 1)
    assert heard == [("first", 1), ("second", 1), ("fill", "x"), ("fill", "y")]


def test_a_failing_handler_is_isolated_counted_and_reported() -> None:
    reported, alerts, heard = [], [], []
    bus = EventBus(on_failure=lambda sub, error: reported.append((sub.name, sub.failures, error)))
    bus.subscribe(TICK, broken)
    bus.subscribe(TICK, heard.append)
    bus.subscribe(ALERT, alerts.append)
    bus.emit(TICK, Bar("SPY", 1, 2, 1.0, 1.0, 1.0, 1.0, 5))
    assert heard
    assert bus.failures == 1
    [(name, count, error)] = reported
    assert (name, count) == ("broken", 1)
    assert isinstance(error, ValueError)
    [alert] = alerts
    assert isinstance(alert, Alert)
    assert alert.ts_ns == 2
    assert alert.message.startswith("broken failed on TICK: ValueError: no Bar(")


def test_a_handler_that_keeps_failing_is_reported_at_powers_of_ten() -> None:
    bus, alerts = EventBus(), []
    bus.subscribe(TICK, broken, name="feeble")
    bus.subscribe(ALERT, alerts.append)
    for i in range(250):
        bus.emit(TICK, i)
    assert bus.failures == 250
    assert [a.message.partition(":")[0] for a in alerts] == [
        "feeble failed on TICK",
        "feeble failed on TICK (10 times so far)",
        "feeble failed on TICK (100 times so far)",
    ]


def test_a_failing_alert_handler_is_not_told_about_itself() -> None:
    bus = EventBus()
    bus.subscribe(ALERT, broken)
    bus.emit(ALERT, 1)
    assert bus.failures == 1


def test_a_failing_failure_callback_does_not_stop_the_others() -> None:
    heard = []

    def worse(sub, error):
        raise RuntimeError

    bus = EventBus(on_failure=worse)
    bus.subscribe(TICK, broken)
    bus.subscribe(TICK, heard.append)
    bus.emit(TICK, 1)
    assert heard == [1]
    assert bus.failures == 2


def test_a_handler_that_fails_on_a_queued_event_is_isolated_too() -> None:
    bus, heard = EventBus(), []
    bus.subscribe(TICK, lambda data: bus.emit(FILL, data))
    bus.subscribe(FILL, broken)
    bus.subscribe(FILL, heard.append)
    bus.emit(TICK, 1)
    assert heard == [1]
    assert bus.failures == 1


def test_handlers_that_emit_for_ever_are_stopped_with_the_topics_name() -> None:
    errors, heard = [], []
    bus = EventBus(queue_limit=5, on_failure=lambda _, error: errors.append(error))

    def again(data):
        heard.append(data)
        bus.emit(TICK, data + 1)

    bus.subscribe(TICK, again)
    bus.emit(TICK, 0)
    assert heard == [0, 1, 2, 3, 4, 5]
    [error] = errors
    assert isinstance(error, BusError)
    assert "more than 5 events" in str(error)
    assert "TICK is dropped" in str(error)
    bus.emit(TICK, 100)
    assert heard[6:] == [100, 101, 102, 103, 104, 105]


def test_async_handlers_run_in_place_and_emit_can_be_awaited() -> None:
    bus, heard = EventBus(), []

    async def outer(data):
        await bus.emit("FILL", data)
        heard.append("outer")

    async def inner(data):
        heard.append(("inner", data))

    bus.subscribe(TICK, outer)
    bus.subscribe(FILL, inner)
    bus.emit(TICK, 1)
    assert heard == ["outer", ("inner", 1)]
    assert bus.failures == 0


def test_an_async_handler_that_suspends_counts_as_a_failure_by_name() -> None:
    errors, cleaned = [], []

    async def sleepy(_):
        try:
            await Pause()
        finally:
            cleaned.append(True)

    bus = EventBus(on_failure=lambda _, error: errors.append(str(error)))
    bus.subscribe(TICK, sleepy, name="sleepy")
    bus.subscribe(TICK, lambda _: Pause(), name="a bare awaitable")
    bus.emit(TICK, 1)
    assert cleaned == [True]
    assert [e.partition(" suspended")[0] for e in errors] == ["'sleepy'", "'a bare awaitable'"]


class Waits:
    def __await__(self):
        return self

    def __next__(self):
        return None

    def __iter__(self):
        return self


def test_an_awaitable_without_close_that_suspends_is_a_failure_too() -> None:
    bus = EventBus()
    bus.subscribe(TICK, lambda _: Waits())
    bus.emit(TICK, 1)
    assert bus.failures == 1


def test_what_a_plain_handler_returns_is_ignored() -> None:
    bus = EventBus()
    bus.subscribe(TICK, lambda data: data)
    bus.emit(TICK, "anything")
    assert bus.failures == 0


def test_events_left_by_an_interrupt_come_before_the_next_one() -> None:
    bus, heard = EventBus(), []

    def interrupted(data):
        bus.emit(FILL, "left")
        if data == 0:
            raise KeyboardInterrupt

    bus.subscribe(TICK, interrupted)
    bus.subscribe(TICK, heard.append)
    bus.subscribe(FILL, heard.append)
    with pytest.raises(KeyboardInterrupt):
        bus.emit(TICK, 0)
    assert heard == []
    bus.emit(TICK, 1)
    assert heard == ["left", 1, "left"]


class Nameless:
    def __call__(self, data):
        raise ValueError


def test_a_handler_without_a_name_is_called_after_its_class() -> None:
    names = []
    bus = EventBus(on_failure=lambda sub, _: names.append(sub.name))
    bus.subscribe(TICK, Nameless())
    bus.emit(TICK, 1)
    assert names == ["Nameless"]


def test_there_is_one_bus_per_process_until_it_is_reset() -> None:
    reset_event_bus()
    one = get_event_bus()
    assert get_event_bus() is one
    reset_event_bus()
    assert get_event_bus() is not one
    reset_event_bus()
