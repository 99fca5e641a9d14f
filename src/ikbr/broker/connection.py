"""The connection: keeps one client connected with a gateway, and knows whether it really is.

A connection counts when the gateway has answered a request, not when a socket is open: a gateway
that hangs, or sits behind a forwarded port, accepts sockets all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum
from typing import Any

import msgspec
from ib_async import IB

from ikbr.broker.accounts import Mode, choose_account
from ikbr.broker.backoff import Backoff
from ikbr.broker.farms import Farms
from ikbr.broker.pacing import RATE, pace
from ikbr.broker.requests import Requests
from ikbr.domain.errors import BrokerError, ConfigError
from ikbr.domain.histogram import Histogram

log = logging.getLogger("ikbr.connection")

CLIENT_ID_IN_USE = 326
MOST_PORT = 65_535
MOST_CLIENT_ID = 2**31 - 1
LINK_LOST, LINK_BACK_DATA_LOST, LINK_BACK = 1100, 1101, 1102
"""Source: IBKR, TWS API, "System message codes": between the gateway and IB."""


class LinkState(Enum):
    """Say how the connection is."""

    DOWN = "down"
    """There is no gateway, or none that answers; attempts go on."""
    READY = "ready"
    """The gateway answers, and has IB behind it."""
    CUT_OFF = "cut off"
    """The gateway answers, but has lost IB: send no new orders, and none again."""
    STOPPED = "stopped"


class ConnectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Say where the gateway is and how long to wait for it.

    Attributes:
        host, port: Where it listens.
        client_id: Who we are; always the same, so that our orders stay ours.
        mode: Whether real money is meant; checked against the account. "data" trades nothing.
        account: Which account; "" for the only one there is.
        timeout_s: How long connecting, and each request of it, may take.
        heartbeat_s: How often the gateway is asked for the time.
        misses: So many heartbeats without an answer end the connection.
        retry_first_s, retry_most_s: Shortest and longest wait between attempts.
        rate: Most messages in any second.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 1
    mode: Mode = "paper"
    account: str = ""
    timeout_s: float = 10.0
    heartbeat_s: float = 5.0
    misses: int = 2
    retry_first_s: float = 1.0
    retry_most_s: float = 60.0
    rate: int = RATE

    def __post_init__(self) -> None:
        """Refuse what is no address, and no client id."""
        if not 1 <= self.port <= MOST_PORT:
            raise ConfigError(f"port {self.port} cannot be; give one from 1 to {MOST_PORT}.")
        if not 0 <= self.client_id <= MOST_CLIENT_ID:
            raise ConfigError(
                f"client id {self.client_id} cannot be; give one from 0 to {MOST_CLIENT_ID}."
            )


class Connection:
    """Keep a client connected.

    Attributes:
        ib: The client.
        state: How the connection is.
        pacer: What all messages go through; it tells when they wait for too long.
        requests: Asks the gateway, and always gets an answer, an error or a timeout.
        account: The account that is traded; "" before the first success.
        farms: Which data farms the gateway is connected with.
        skew_s: By how much the gateway's clock is ahead of ours, when last asked; it counts whole
            seconds, so a second means nothing.
        rtt_s: How long the gateway took to say what time it is, when last asked; NaN before.
        round_trips: The same of all times, ns.
        why: Why it is not ready, in words.
        connects: How often it became ready to serve.
        attempts: How often connecting was tried.
        on_ready: Awaited after each success, before anything else is sent: reconcile here. An
            error there ends the connection, and it is tried again.
        on_state: Told of each change of state.
    """

    def __init__(
        self,
        ib: IB,
        settings: ConnectionSettings,
        *,
        draw: Callable[[], float],
        wall_s: Callable[[], float],
    ) -> None:
        """Prepare; `run` connects.

        Args:
            ib: The client, not connected.
            settings: Where the gateway is.
            draw: Gives random numbers from 0 to 1, for the jitter.
            wall_s: Gives our time, seconds since 1970.
        """
        self.ib = ib
        self.settings = settings
        self.pacer = pace(ib, settings.rate)
        self.requests = Requests(ib, timeout_s=settings.timeout_s)
        self.state = LinkState.DOWN
        self.account = ""
        self.farms = Farms()
        self.skew_s = 0.0
        self.rtt_s = float("nan")
        self.connects = 0
        self.why = "not connected yet"
        self.attempts = 0
        self.round_trips = Histogram()
        self.on_ready: Callable[[], Awaitable[None]] = _nothing
        self.on_state: Callable[[LinkState], None] = lambda _state: None
        self._wall_s = wall_s
        self._backoff = Backoff(settings.retry_first_s, settings.retry_most_s, draw)
        self._subscriptions: dict[str, Callable[[], None]] = {}
        self._lost = asyncio.Event()
        self._code = 0
        ib.errorEvent.connect(self._on_error, keep_ref=True)
        ib.disconnectedEvent.connect(self._lost.set, keep_ref=True)

    def subscribe(self, key: str, request: Callable[[], None]) -> None:
        """Make a request now, and again whenever IB may have forgotten it.

        Args:
            key: What it is called; an earlier one of this name is replaced.
            request: Sends it.
        """
        self._subscriptions[key] = request
        if self.state is LinkState.READY:
            request()

    def unsubscribe(self, key: str) -> None:
        """Do not make a request again."""
        self._subscriptions.pop(key, None)

    async def run(self) -> None:
        """Connect, and connect again whenever the connection is lost, until cancelled.

        Raises:
            ConfigError: When the account is not of the kind that was asked for; nothing was sent.
        """
        try:
            while True:
                if await self._connect():
                    await self._watch()
                self._leave()
                _heed_cancellation()
                delay = self._backoff.next_s()
                log.warning("%s; next attempt in %.1f s", self.why, delay)
                await asyncio.sleep(delay)
        finally:
            self._leave()
            self._become(LinkState.STOPPED)

    # --- connecting ----------------------------------------------------------------------------

    async def _connect(self) -> bool:
        """Try once; say whether the gateway serves us."""
        settings, ib = self.settings, self.ib
        self.attempts += 1
        self._code = 0
        self._lost.clear()
        try:
            await ib.connectAsync(
                settings.host,
                settings.port,
                clientId=settings.client_id,
                timeout=settings.timeout_s,
                raiseSyncErrors=True,
            )
            if not await self._beat(settings.timeout_s):
                self.why = "the gateway accepts connections but answers no request"
                return False
            self.account = choose_account(settings.mode, settings.account, ib.managedAccounts())
            await self.on_ready()
        except ConfigError:
            raise
        except TimeoutError:
            self.why = (
                f"client id {settings.client_id} is in use; end the other program"
                if self._code == CLIENT_ID_IN_USE
                else f"{settings.host}:{settings.port} accepts connections but is no gateway "
                "that is ready; is it logged in?"
            )
            return False
        except ConnectionRefusedError:
            self.why = (
                f"no connection with {settings.host}:{settings.port} (refused): start IB Gateway, "
                "TWS or `ikbr gateway sim` there"
            )
            return False
        except OSError as error:
            # ib_async also raises ConnectionError, which is one, with a list of what failed.
            self.why = f"no connection with {settings.host}:{settings.port} ({error})"
            return False
        if self._lost.is_set():
            self.why = "the connection was lost as soon as it was made"
            return False
        self._backoff.reset()
        self.connects += 1
        self.why = ""
        if self.state is not LinkState.CUT_OFF:
            self._become(LinkState.READY)
            self._resubscribe()
        return True

    async def _watch(self) -> None:
        """Ask for the time now and then; return when the connection is lost."""
        misses = 0
        while misses < self.settings.misses:
            _heed_cancellation()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.settings.heartbeat_s):
                    await self._lost.wait()
                self.why = "the gateway closed the connection"
                return
            misses = 0 if await self._beat(self.settings.heartbeat_s) else misses + 1
        self.why = f"the gateway has not answered {misses} times in a row"
        self._abort()

    async def _beat(self, timeout_s: float) -> bool:
        """Ask for the time; say whether it came."""
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        try:
            there = await self.requests.current_time(timeout_s)
        except BrokerError:
            return False
        self.rtt_s = loop.time() - asked_s
        self.round_trips.add(round(self.rtt_s * 1e9))
        self.skew_s = there.timestamp() - self._wall_s()
        return True

    def _abort(self) -> None:
        """End a connection that may hang, without waiting for the other end."""
        connection: Any = self.ib.client.conn
        if connection.transport is not None:
            connection.transport.abort()

    def _leave(self) -> None:
        self.ib.disconnect()
        self._become(LinkState.DOWN)

    # --- what is heard -------------------------------------------------------------------------

    def _on_error(self, _request_id: int, code: int, text: str, _contract: Any) -> None:
        self._code = code
        if self.farms.on_code(code, text):
            return
        if code == LINK_LOST:
            self.why = "the gateway has lost IB"
            self._become(LinkState.CUT_OFF)
        elif code in {LINK_BACK, LINK_BACK_DATA_LOST} and self.state is LinkState.CUT_OFF:
            self.why = ""
            self._become(LinkState.READY)
            if code == LINK_BACK_DATA_LOST:
                self._resubscribe()

    def _resubscribe(self) -> None:
        for request in tuple(self._subscriptions.values()):
            request()

    def _become(self, state: LinkState) -> None:
        if state is not self.state:
            self.state = state
            log.info("connection: %s%s", state.value, f" ({self.why})" if self.why else "")
            self.on_state(state)


def _heed_cancellation() -> None:
    """End a task that was cancelled, even where a library has swallowed that.

    Source: Python 3.11's `asyncio.wait_for`, which ib_async uses, loses a cancellation that meets
    its result or its timeout.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _nothing() -> None:
    """Do nothing: nobody waits for the connection."""
