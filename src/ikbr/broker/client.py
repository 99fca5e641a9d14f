"""The client: ib_async's `IB`, with a faster way from the socket to a callback.

ib_async cuts every message off the front of its buffer, which copies the rest, and decodes each
field by a table. Here the bytes are walked through once; the hot messages are decoded straight
(`ikbr.broker.hot_messages`), and all others are handed to ib_async's own code, byte for byte and
in their order. What is heard is the same either way.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from struct import Struct
from typing import Any

from ib_async import IB
from ib_async.client import Client as IbClient
from ib_async.objects import IBDefaults
from ib_async.wrapper import Wrapper

from ikbr.broker import hot_messages
from ikbr.broker.hot_messages import NEWEST, OLDEST, SINCE, Call, Fields
from ikbr.broker.wire_connection import PIECE, WireConnection
from ikbr.broker.wire_log import HEARD, WireLog
from ikbr.core.stopwatch import Stopwatch
from ikbr.domain.timers import NEVER

_size_at = Struct(">I").unpack_from
_size_of = Struct(">I").pack

Listener = Callable[[Fields], bool]
"""Takes a message, or says that it is not its own."""


class WireClient(IbClient):
    """Be ib_async's client, with a parse loop of our own.

    Attributes:
        tells_ib_async: Whether ib_async hears of what a listener or a feed of ours has taken;
            scripts need its view of orders, our own pipeline does not.
        watch: Told when bytes were read and written; None for nobody.
        log: Sets messages about orders aside; None for nobody.
        left_to_ib_async: Hot messages that did not look as expected, counted by number.
        on_unread: Told of what could not be handled, in ib_async's words.
        on_read_end: Called when the bytes that were read together are through.
        after_read: Called last, when there is nothing left to be done about them.
    """

    def __init__(self, wrapper: Wrapper) -> None:
        """Start unconnected.

        Args:
            wrapper: ib_async's, which hears what the gateway says.
        """
        self.tells_ib_async = True
        self.watch: Stopwatch | None = None
        self.log: WireLog | None = None
        self.left_to_ib_async: Counter[str] = Counter()
        self.on_read_end: Callable[[], None] = _nothing
        self.after_read: Callable[[], None] = _nothing
        self.on_unread: Callable[[str], None] = _unheard
        self._late_ns = NEVER
        self._on_late: Callable[[], None] = _nothing
        self._read = 0
        self._listeners: dict[bytes, Listener] = {}
        self._rest = bytearray()
        self._wanted = 0
        self._connections = 0
        self._told = False
        super().__init__(wrapper)  # type: ignore[no-untyped-call]
        self._wrapper: Any = wrapper
        self._hot: dict[bytes, Callable[[Fields], Call]] = {
            b"1": hot_messages.tick_price,
            b"2": hot_messages.tick_size,
            b"3": hot_messages.order_status,
            b"6": hot_messages.account_value,
            b"11": hot_messages.execution_reader(self._zones),
            b"46": hot_messages.tick_string,
            b"73": hot_messages.account_value_of_several,
            b"99": hot_messages.tick_by_tick,
        }
        # ib_async is told of a packet here, not by its own loop, which gets message by message.
        self._arrived, self._tcpDataArrived = self._tcpDataArrived, None
        self._processed, self._tcpDataProcessed = self._tcpDataProcessed, None
        self.use(WireConnection())

    def use(self, connection: Any) -> None:
        """Speak over a connection."""
        self.conn = connection
        self.conn.hasData += self._onSocketHasData
        self.conn.disconnected += self._onSocketDisconnected

    def listen(self, number: int, listener: Listener) -> None:
        """Offer the messages of a number to a listener, before anybody else.

        Args:
            number: Of the message.
            listener: Gets the fields as bytes; whatever it does not take goes its usual way.
        """
        self._listeners[b"%d" % number] = listener

    def before_late(self, seconds: float, call: Callable[[], None]) -> None:
        """Call before anything is told that is read later than so many seconds from now.

        Whoever watches the event loop says this at each of its beats: what a loop that was held up
        reads first is as old as that, and nothing in it says so.
        """
        if self.watch is not None:
            self._late_ns, self._on_late = self.watch.now() + round(seconds * 1e9), call

    @property
    def is_behind(self) -> bool:
        """Whether the last read brought as much as one may, so that more waits behind it."""
        return self._read >= PIECE

    def reset(self) -> None:
        """Forget what the connection has brought, as ib_async does."""
        super().reset()  # type: ignore[no-untyped-call]
        self._rest.clear()
        self._wanted = 0
        self._connections += 1

    def sendMsg(self, msg: str) -> None:  # noqa: N802 - ib_async's name
        """Send a message, past ib_async's queue where there is none to wait in."""
        if self.MaxRequests or self._msgQ or not msg or self._logger.isEnabledFor(10):
            super().sendMsg(msg)
        else:
            data = msg.encode()
            self.conn.sendMsg(_size_of(len(data)) + data)  # type: ignore[no-untyped-call]
            if self.watch is not None:
                self.watch.written = self.watch.now()
        if self.log is not None:
            self.log.on_sent(msg)

    # --- what comes ----------------------------------------------------------------------------

    def _onSocketHasData(self, data: bytes) -> None:  # noqa: N802 - ib_async's name
        self._read = len(data)
        if self.watch is not None:
            self.watch.recv = now = self.watch.now()
            if now > self._late_ns:
                self._late_ns = NEVER
                self._on_late()
        if self.tells_ib_async:
            self._tell_arrival()
        if self._rest:
            self._rest += data
            if len(self._rest) >= self._wanted:
                data = bytes(self._rest)
                self._rest.clear()
                self._walk(data)
        else:
            self._walk(data)
        self.on_read_end()
        if self._told:
            self._told = False
            if self._processed is not None:
                self._processed()
        self.after_read()

    def _walk(self, data: bytes) -> None:
        """Go through the messages in some bytes, and keep what is not whole yet."""
        listeners, connection, log = self._listeners, self._connections, self.log
        at, end = 0, len(data)
        while end - at > 4:
            (size,) = _size_at(data, at)
            after = at + 4 + size
            if after > end:
                break
            fields = data[at + 4 : after].split(b"\0")
            if log is not None and fields[0] in HEARD:
                log.on_heard(fields)
            listener = listeners.get(fields[0])
            if listener is not None and self._serverVersion and listener(fields):
                self._numMsgRecv += 1
                self._numBytesRecv += 4 + size
            else:
                self._pass_on(fields, data[at:after])
            if connection != self._connections:
                # Whoever heard it has ended the connection: the rest is nobody's any more.
                return
            at = after
        if at < end:
            self._rest += data[at:]
            self._wanted = 4 + _size_at(data, at)[0] if end - at >= 4 else 5

    def _pass_on(self, fields: Fields, message: bytes) -> None:
        """Let ib_async's wrapper hear a message; a hot one is decoded here."""
        self._tell_arrival()
        decode = self._hot.get(fields[0])
        if decode is None or not self._apiReady or self._logger.isEnabledFor(10):
            super()._onSocketHasData(message)  # type: ignore[no-untyped-call]
            return
        try:
            if not SINCE.get(fields[0], OLDEST) <= self._serverVersion <= NEWEST:
                raise ValueError(self._serverVersion)
            name, arguments = decode(fields)
        except Exception:  # noqa: BLE001 - ib_async says what is wrong with it
            self.left_to_ib_async[fields[0].decode()] += 1
            super()._onSocketHasData(message)  # type: ignore[no-untyped-call]
            return
        self._numMsgRecv += 1
        self._numBytesRecv += len(message)
        if not name:
            return
        try:
            getattr(self._wrapper, name)(*arguments)
        except Exception:  # as ib_async's decoder does: an error in a handler ends nothing
            self._logger.exception(f"Error for {name}({arguments}):")
            self.on_unread(f"Error for {name}({arguments}):")

    def _tell_arrival(self) -> None:
        if not self._told:
            self._told = True
            if self._arrived is not None:
                self._arrived()

    def _zones(self) -> tuple[str, Any]:
        return str(self._wrapper.ib.TimezoneTWS or ""), self._wrapper.defaultTimezone


class Client(IB):
    """Be ib_async's `IB` over our client."""

    def __init__(self, defaults: IBDefaults | None = None) -> None:
        """Start unconnected.

        Args:
            defaults: What ib_async shows for values that are not there.
        """
        super().__init__(defaults or IBDefaults())
        self.client: WireClient = WireClient(self.wrapper)
        self.client.apiEnd += self.disconnectedEvent

    def serve_pipeline(self, now_ns: Callable[[], int] = time.perf_counter_ns) -> Stopwatch:
        """Stamp the way of ticks and orders, and let ib_async keep no orders.

        Nobody asks it what became of them, and it would keep each one until the end.

        Args:
            now_ns: Gives the time for the stamps, ns.
        """
        self.client.tells_ib_async = False
        self.client.watch = watch = Stopwatch(now_ns)
        return watch


def _nothing() -> None:
    pass


def _unheard(_words: str) -> None:
    pass
