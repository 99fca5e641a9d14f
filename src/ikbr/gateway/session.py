"""A session: one client's conversation with the gateway, without any input or output of its own.

How to use it (a server does it with sockets, a test or a simulated client by plain calls):

    world = World(source, GatewayOptions(...))   # one for all sessions: exchange, accounts, clock
    session = Session(world)                     # one per connection
    session.receive(data)                        # bytes from the client, in any pieces
    data = session.take_output()                 # bytes for the client; b"" when there is nothing
    session.closed                               # "" or why the connection is to be ended
    session.close()                              # the connection has ended
    world.step(rows=1)                           # play the next rows of the tape, or
    world.advance_to(ts_ns)                      # play everything up to a time (ns UTC)

After `receive`, `step` and `advance_to` every session may have output. The answer to a request is
complete when `receive` returns, unless the request is about the future. Nothing moves but by
these calls: the world's clock is that of the tape. `receive(data, at_ns)` takes the wall time of
the server; with it the limit of messages per second is enforced, without it there is none.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ikbr.domain.errors import ProtocolError
from ikbr.gateway import times
from ikbr.gateway.account_feed import AccountFeed
from ikbr.gateway.books import Books
from ikbr.gateway.faults.message import TICK, Message
from ikbr.gateway.fields import Values
from ikbr.gateway.framing import FrameReader, frame
from ikbr.gateway.handlers.every import HANDLERS
from ikbr.gateway.messages import answers, market_time, requests
from ikbr.gateway.pacing import Pace
from ikbr.gateway.tables import Table
from ikbr.gateway.turns import Turns
from ikbr.gateway.upstream import LISTS
from ikbr.gateway.world import World
from ikbr.sim.refusals import Refusal

log = logging.getLogger("ikbr.gateway")

OLDEST_VERSION = 176
LARGEST_OUTPUT = 32 << 20
"""Bytes that may wait for a client; one that does not read them is dropped."""
CHUNK = 4096
"""Source: the official Python client reads so much at once and waits for more after a burst of
an exact multiple; such a burst is made longer by a harmless message."""

_HELLO = re.compile(r"v(\d{1,6})(?:\.\.(\d{1,6}))?(?: .*)?")
UNKNOWN_MESSAGE = Refusal(505, "Fatal Error: Unknown message id.")
TOO_FAST = "Max rate of messages per second has been exceeded:max={} rec={} ({})"
ID_IN_USE = Refusal(326, "Unable to connect as the client id is already in use. Retry with a "
                         "unique client id.")  # fmt: skip


class Session:
    """Converse with one client.

    Attributes:
        world: What it shares with all others.
        version: Of the server, as negotiated; 0 before.
        client_id: What the client calls itself; -1 before it has said so.
        closed: Why the conversation is over; "" while it goes on.
        market_data_type: 1 live, 2 frozen, 3 delayed, 4 delayed frozen.
        silent: Whether it hears and says nothing any more, though it is connected.
        wall_ns: Wall time of the request under way, ns; None when nothing is counted.
        state: What handlers keep for this client, by topic.
        turns: Whose turn it is, for a client that follows the market's time; None for others.
    """

    def __init__(self, world: World, *, name: str = "client") -> None:
        """Wait for a client's first words.

        Args:
            world: What it shares with all others.
            name: What the client is called in the log.
        """
        self.world = world
        self.name = name
        self.version = 0
        self.client_id = -1
        self.closed = ""
        self.market_data_type = 1
        self.state: dict[str, Any] = {}
        self.wall_ns: int | None = None
        self.silent = world.upstream.is_deaf
        if world.upstream.is_down:
            self.closed = "the gateway is away"
        self._upstream = world.upstream
        self._faults = world.faults
        self.turns: Turns | None = None
        self._reader = FrameReader(preamble=True)
        self._out = bytearray()
        self._pace = Pace(world.options.rate)
        self._at_close: list[Callable[[], None]] = []

    # --- for whoever carries the bytes ----------------------------------------------------------

    def receive(self, data: bytes, at_ns: int | None = None) -> None:
        """Take bytes from the client; answers wait in `take_output`.

        Args:
            data: Any piece of the stream.
            at_ns: Wall time, ns; None for no limit of messages per second.
        """
        if self.closed or self.silent:
            return
        self.wall_ns = at_ns
        try:
            for payload in self._reader.feed(data):
                self._message(payload, at_ns)
                if not self.is_open:
                    break
                # Before the next message is answered: what comes of several must not depend on
                # how many of them the network delivers at once.
                self.world.settle()
        except ProtocolError as error:
            self.drop(str(error))
        self.world.settle()

    def take_output(self) -> bytes:
        """Give the bytes that wait for the client."""
        out = self._out
        if not out:
            return b""
        if len(out) % CHUNK == 0 and self.client_id >= 0 and not self.closed:
            code, words = self._upstream.farm("market")
            harmless = {"id": -1, "code": code, "text": words}
            self._out += frame(answers.ERROR.encode(harmless, self.version))
        if self.turns is not None and not self.closed:
            turn = {"turn": self.turns.give()}
            self._out += frame(market_time.TURN.encode(turn, self.version))
        data = bytes(out)
        out.clear()
        return data

    @property
    def is_open(self) -> bool:
        """Whether the conversation goes on."""
        return not self.closed

    @property
    def waiting(self) -> int:
        """Count the bytes that wait for the client."""
        return len(self._out)

    def close(self) -> None:
        """Take note that the connection has ended; nothing is said to the client any more."""
        if not self.closed:
            self.closed = "the connection has ended"
        links = self.world.links
        if links.get(self.client_id) is self:
            del links[self.client_id]
        if self.turns is not None:
            self.world.followers.pop(self, None)
        for undo in self._at_close:
            undo()
        self._at_close.clear()

    def drop(self, why: str) -> None:
        """End the conversation from our side; what waits may still be sent."""
        if not self.closed:
            log.warning("%s (client id %d) is dropped: %s", self.name, self.client_id, why)
            self.closed = why
            self.close()

    # --- for handlers and the market's side -----------------------------------------------------

    def send(self, table: Table, values: Mapping[str, Any]) -> None:
        """Send a message."""
        framed = frame(table.encode(values, self.version))
        if self._upstream.broken or self._faults.shapes:
            self._try(Message(table.name, values, framed, table))
        else:
            self.pass_on(framed)

    def send_raw(self, framed: bytes) -> None:
        """Send a tick that was encoded and framed elsewhere."""
        if self._upstream.broken or self._faults.shapes:
            self._try(Message(TICK, {}, framed))
        else:
            self.pass_on(framed)

    def pass_on(self, framed: bytes) -> None:
        """Send a message that nothing keeps any more."""
        if self.closed or self.silent:
            return
        if self.turns is not None and self.turns.told_ns != self.world.now_ns:
            self._tell_time(self.turns)
        self._out += framed
        if len(self._out) > LARGEST_OUTPUT:
            self._out.clear()
            self.drop(f"it does not read, and {LARGEST_OUTPUT >> 20} MiB wait for it.")

    def error(self, request_id: int, code: int, text: str) -> None:
        """Send an error or a notice about a request (-1 for none)."""
        self.send(answers.ERROR, {"id": request_id, "code": code, "text": text})

    def refuse(self, request_id: int, refusal: Refusal) -> None:
        """Send an error about a request or an order."""
        self.error(request_id, refusal.code, refusal.message)

    def on_books(self, books: Books, number: int) -> None:
        """Hear that a fill changed an account's position in an instrument."""
        feed: AccountFeed | None = self.state.get("accounts")
        if feed is not None:
            feed.on_books(books, number)

    def at_close(self, undo: Callable[[], None]) -> None:
        """Have something undone when the connection ends."""
        self._at_close.append(undo)

    def fall_silent(self) -> None:
        """Hear and say nothing any more, though the connection stays."""
        self.silent = True
        self.world.followers.pop(self, None)
        self._out.clear()

    def lose_output(self) -> None:
        """Forget what waits for the client."""
        self._out.clear()

    def tell_time(self) -> None:
        """Tell a client that follows the market's time what it is."""
        if self.turns is not None and not self.closed:
            self._tell_time(self.turns)

    # --- inside ---------------------------------------------------------------------------------

    def _tell_time(self, turns: Turns) -> None:
        turns.told_ns = now = self.world.now_ns
        self._out += frame(market_time.MARKET_TIME.encode({"nowNs": now}, self.version))

    def _follow(self) -> None:
        if self.turns is None:
            self.turns = self.world.followers[self] = Turns()
            self.tell_time()

    def _continue(self, words: list[str]) -> None:
        values = market_time.CONTINUE.decode(words, self.version)
        if self.turns is not None:
            self.turns.end(values["turn"], values["untilNs"])

    def _try(self, message: Message) -> None:
        """Send a message unless something is in its way."""
        upstream, faults = self._upstream, self._faults
        if upstream.broken and upstream.withholds(self, message):
            return
        if faults.shapes and faults.on_message(self, message):
            return
        self.pass_on(message.framed)

    def _message(self, payload: bytes, at_ns: int | None) -> None:
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            raise ProtocolError("a message is not UTF-8 text.") from None
        if not self.version:
            self._hello(text)
            return
        words = text.split("\0")
        if words.pop():
            raise ProtocolError("a message does not end with a NUL.")
        if not words or not words[0].isdecimal() or len(words[0]) > 9:
            raise ProtocolError("a message does not begin with a number.")
        number = int(words[0])
        if number == market_time.FOLLOW_TIME.number:
            self._follow()
        elif number == market_time.CONTINUE.number:
            self._continue(words)
        elif self.client_id < 0:
            self._start(number, words)
        elif at_ns is None or self.turns is not None or self._in_time(at_ns):
            self._request(number, words)

    def _hello(self, text: str) -> None:
        match = _HELLO.fullmatch(text.rstrip("\0"))
        if match is None:
            raise ProtocolError("the first message does not name the versions of the client.")
        newest = int(match[2] or match[1])
        version = min(self.world.options.server_version, newest)
        if version < OLDEST_VERSION or int(match[1]) > version:
            raise ProtocolError(
                f"it speaks versions {match[1]} to {newest}, and {OLDEST_VERSION} to "
                f"{self.world.options.server_version} are spoken here."
            )
        self.version = version
        now = times.local(self.world.now_ns, "US/Eastern")
        words = f"{version}\0{now:%Y%m%d %H:%M:%S} EST {market_time.GREETING}\0"
        self._out += frame(words.encode())

    def _start(self, number: int, words: list[str]) -> None:
        """Wait for startApi; whatever else comes before it is not answered."""
        if number != requests.START_API.number:
            raise ProtocolError(f"message {number} came before startApi.")
        values = requests.START_API.decode(words, self.version)
        world, client_id = self.world, values["clientId"]
        if client_id < 0:
            raise ProtocolError(f"client id {client_id} is below 0.")
        if client_id in world.links:
            self.refuse(-1, ID_IN_USE)
            self.drop(f"client id {client_id} is in use.")
            return
        self.client_id = client_id
        world.links[client_id] = self
        self.send(answers.MANAGED_ACCOUNTS, {"accounts": ",".join(world.books)})
        self.send(answers.NEXT_VALID_ID, {"orderId": world.desk.orders.next_id(client_id)})
        for code, text in self._upstream.greeting():
            self.error(-1, code, text)
        log.info("%s connected as client %d, version %d", self.name, client_id, self.version)

    def _in_time(self, at_ns: int) -> bool:
        pace = self._pace
        if pace.allows(at_ns):
            return True
        text = TOO_FAST.format(pace.rate, pace.count, pace.breaches)
        self.error(-1, 100, text)
        if pace.breaches >= 3:
            self.drop("it sent too many messages per second three times.")
        return False

    def _request(self, number: int, words: list[str]) -> None:
        entry = HANDLERS.get(number)
        if entry is None:
            self.refuse(-1, UNKNOWN_MESSAGE)
            return
        table, handle = entry
        try:
            values: Values = table.decode(words, self.version)
        except ProtocolError as error:
            log.warning("%s (client id %d): %s", self.name, self.client_id, error)
            text = f"Error reading request. {error}"
            self.error(_request_id(words), 320, text)
            return
        if self._upstream.broken or self._faults.watches:
            self._handle(table.name, values, partial(handle, self, values))
        else:
            handle(self, values)

    def _handle(self, name: str, values: Values, handle: Callable[[], None]) -> None:
        """Have a request handled unless something is in its way."""
        upstream, faults = self._upstream, self._faults
        if upstream.broken and upstream.takes(self, name, values, handle):
            return
        upstream.asked, upstream.lists = True, name in LISTS
        if faults.watches:
            faults.on_request(self, name, values, handle)
        else:
            handle()
        upstream.asked = upstream.lists = False


def _request_id(words: list[str]) -> int:
    """Guess which request a message that cannot be read is about."""
    for word in words[1:3]:
        if word.isdecimal() and len(word) < 10:
            return int(word)
    return -1
