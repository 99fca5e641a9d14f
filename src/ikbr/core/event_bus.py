"""The event bus: tells observers what happened, in one order, and survives what they do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from ikbr.domain.errors import BusError, nearest
from ikbr.domain.events import Alert, EventType

Handler = Callable[[Any], Any]
"""Takes the event's data; what it returns is ignored, unless it is a coroutine: that is driven."""

OBSERVER = -100
"""The priority of those who only watch: after everyone else."""


class Done:
    """Be awaited without waiting, so that `await bus.emit(...)` works as well as a plain call."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        """Be finished at once."""
        yield from ()


DONE = Done()


class Subscription:
    """Remember one handler of one topic.

    Attributes:
        topic: What it hears about.
        handler: Whom to call.
        priority: Higher ones are called first.
        name: How it is called in reports.
        failures: How often it failed.
    """

    __slots__ = ("failures", "handler", "name", "priority", "topic")

    def __init__(self, topic: str, handler: Handler, priority: int, name: str) -> None:
        """Note who wants to hear what."""
        self.topic = topic
        self.handler = handler
        self.priority = priority
        self.name = name
        self.failures = 0


FailureCallback = Callable[[Subscription, Exception], None]


class EventBus:
    """Deliver events synchronously, by priority and then in the order of subscription.

    An event that a handler emits waits until the present one was delivered to all. A handler
    that raises (or that is `async` and really suspends) is isolated: the others still run, the
    failure is counted and reported as an ALERT when it is the handler's 1st, 10th, 100th, …

    Attributes:
        queue_limit: How many events may be emitted from inside the handlers of one event,
            and of those that follow from it.
        failures: How often handlers failed.
        on_failure: Called at every failure, with the subscription and the exception.
        started: Whether subscribing is over.
        wanted: The topics that anyone listens to; fixed after `start`.
    """

    __slots__ = (
        "_busy",
        "_queue",
        "_queued",
        "_topics",
        "failures",
        "on_failure",
        "queue_limit",
        "started",
        "wanted",
    )

    def __init__(
        self, queue_limit: int = 10_000, on_failure: FailureCallback | None = None
    ) -> None:
        """Make a bus without subscribers."""
        self.queue_limit = queue_limit
        self.on_failure = on_failure
        self.failures = 0
        self.started = False
        self._topics: dict[str, tuple[Subscription, ...]] = {t.value: () for t in EventType}
        self.wanted: set[str] = set()
        self._queue: deque[tuple[str, Any]] = deque()
        self._queued = 0
        self._busy = False

    def subscribe(
        self,
        event_type: EventType | str,
        handler: Handler,
        *,
        priority: int = 0,
        name: str | None = None,
    ) -> None:
        """Have a handler called for every event of a topic.

        Args:
            event_type: The topic.
            handler: A plain or `async def` callable that takes the event's data.
            priority: Higher ones are called first; equal ones in the order they came.
            name: How to call it in reports.

        Raises:
            BusError: After the start, or when there is no such topic.
        """
        name = name or getattr(handler, "__qualname__", None) or type(handler).__name__
        if self.started:
            raise BusError(
                f"{name!r} subscribes to {event_type} after the bus was started; "
                "subscribe before start()."
            )
        present = self._subscriptions(event_type)
        topic = str(event_type)
        added = (*present, Subscription(topic, handler, priority, name))
        self._topics[topic] = tuple(sorted(added, key=lambda s: -s.priority))
        self.wanted.add(topic)

    def start(self) -> None:
        """End the time of subscribing."""
        self.started = True

    @property
    def waiting(self) -> int:
        """Count the events that wait for the present one to be told."""
        return len(self._queue)

    def wants(self, event_type: EventType | str) -> bool:
        """Say whether anyone listens; fixed after `start`, so a hot path may ask once."""
        return bool(self._subscriptions(event_type))

    def emit(self, event_type: EventType | str, data: Any) -> Done:
        """Tell all handlers of a topic.

        Args:
            event_type: The topic.
            data: What happened, of the type that the topic carries.

        Returns:
            Something that may be awaited and is already done.

        Raises:
            BusError: When there is no such topic, or when the handlers of one event emitted
                more than `queue_limit` events.
        """
        try:
            subscriptions = self._topics[event_type]
        except KeyError:
            subscriptions = self._subscriptions(event_type)
        if not subscriptions:
            return DONE
        if self._busy or self._queue:
            return self._emit_behind(event_type, data)
        self._busy = True
        try:
            for subscription in subscriptions:
                try:
                    result = subscription.handler(data)
                    if result is not None:
                        drive(result, subscription.name)
                except Exception as error:  # noqa: BLE001 - foreign code; it must not stop us
                    self._fail(subscription, data, error)
            if self._queue:
                self._drain()
        finally:
            self._busy = False
        return DONE

    def _subscriptions(self, event_type: EventType | str) -> tuple[Subscription, ...]:
        try:
            return self._topics[event_type]
        except KeyError:
            hint = nearest(str(event_type), self._topics)
            raise BusError(f"event bus: topic {str(event_type)!r} is unknown; {hint}.") from None

    def _emit_behind(self, topic: str, data: Any) -> Done:
        if self._queued >= self.queue_limit:
            raise BusError(
                f"event bus: more than {self.queue_limit} events were emitted from inside the "
                f"handlers of one event; {topic!s} is dropped. A handler emits in a loop, or "
                "queue_limit is too low."
            )
        self._queue.append((topic, data))
        self._queued += 1
        if not self._busy:  # an interrupt left events behind: they come first
            self._busy = True
            try:
                self._drain()
            finally:
                self._busy = False
        return DONE

    def _drain(self) -> None:
        queue = self._queue
        while queue:
            topic, data = queue.popleft()
            for subscription in self._topics[topic]:
                try:
                    result = subscription.handler(data)
                    if result is not None:
                        drive(result, subscription.name)
                except Exception as error:  # noqa: BLE001 - foreign code; it must not stop us
                    self._fail(subscription, data, error)
        self._queued = 0

    def _fail(self, subscription: Subscription, data: Any, error: Exception) -> None:
        self.failures += 1
        subscription.failures = count = subscription.failures + 1
        # A handler of alerts that fails must not be told about itself for ever.
        if subscription.topic != EventType.ALERT and str(count).rstrip("0") == "1":
            ts_ns: int = getattr(data, "ts_ns", 0) or getattr(data, "end_ns", 0)
            times = "" if count == 1 else f" ({count} times so far)"
            message = (
                f"{subscription.name} failed on {subscription.topic}{times}: "
                f"{type(error).__name__}: {error}"
            )
            alert = Alert(ts_ns, "warning", "event bus", message)
            # Past the limit: as many as there are failures, which the limit bounds.
            self._queue.append((EventType.ALERT.value, alert))
        if self.on_failure is not None:
            try:
                self.on_failure(subscription, error)
            except Exception:  # noqa: BLE001 - reporting must not fail what it reports on
                self.failures += 1


def drive(result: Any, name: str) -> None:
    """Run a coroutine in place; anything that cannot be awaited is ignored.

    Args:
        result: What a handler returned.
        name: Of the handler, for the error.

    Raises:
        BusError: When it suspends: nothing here could ever resume it.
    """
    if hasattr(result, "send"):
        steps = result
    elif hasattr(result, "__await__"):
        steps = result.__await__()
    else:
        return
    try:
        next(steps) if steps is not result else steps.send(None)
    except StopIteration:
        return
    if hasattr(steps, "close"):
        steps.close()
    raise BusError(
        f"{name!r} suspended; an async handler may only await what is done at once. "
        "Hand slow work to a task of its own."
    )


_PROCESS_BUS: list[EventBus] = []


def get_event_bus() -> EventBus:
    """Give the process's bus: the one that components share unless they are handed another."""
    if not _PROCESS_BUS:
        _PROCESS_BUS.append(EventBus())
    return _PROCESS_BUS[0]


def reset_event_bus() -> None:
    """Forget the process's bus, so that the next run starts with an empty one."""
    _PROCESS_BUS.clear()
