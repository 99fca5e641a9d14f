"""The connection pool: separate connections for orders, market data and history.

Each has a client id of its own, so that a burst of bars does not stand in the way of an order, and
a connection that fails leaves the others alone. A connection that is lost comes back by itself
(`ikbr.broker.connection`); nobody makes a new one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import msgspec
from ib_async import IB

from ikbr.broker.client_lock import ClientIdLock
from ikbr.broker.connection import Connection, ConnectionSettings, LinkState
from ikbr.broker.data_types import DataTypes
from ikbr.broker.greeting import Greeting
from ikbr.broker.line_budget import LINES, LineBudget
from ikbr.broker.request_errors import LinkLostError
from ikbr.domain.errors import ConfigError

log = logging.getLogger("ikbr.pool")

DATA_TYPE = "the type of market data"
"""The name of the subscription that stands before all others."""


class Role(Enum):
    """Say what a connection is for."""

    ORDERS = "orders"
    DATA = "data"
    HISTORY = "history"


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Say which connections there are.

    Attributes:
        base: Where the gateway is; its `client_id` is that of orders, those of the others follow.
        orders, data, history: How many connections there are for each (orders: none or one).
        lines: Market data lines of the user, for all connections together.
        delayed: Whether delayed market data will do.
        lock_dir: Folder of the locks on client ids; None for no locks.
    """

    base: ConnectionSettings
    orders: int = 1
    data: int = 1
    history: int = 1
    lines: int = LINES
    delayed: bool = False
    lock_dir: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 0 <= self.orders <= 1:
            raise ConfigError(f"orders = {self.orders}: use one connection for orders, or none.")
        if self.data < 0 or self.history < 0 or self.orders + self.data + self.history < 1:
            raise ConfigError(
                f"data = {self.data}, history = {self.history}: use 0 or more, and one in all."
            )
        if not 1 <= self.lines <= 100_000:
            raise ConfigError(f"lines = {self.lines}: it must be 1 to 100000.")


@dataclass(slots=True, eq=False)
class Member:
    """Hold one connection of the pool.

    Attributes:
        role: What it is for.
        connection: The connection.
        types: The types of its market data.
        greeting: What the gateway says of itself.
        keys: The subscriptions that it carries.
        lock: On its client id.
        task: Keeps it connected.
        failure: Why it is out of service for good; "" while it is not.
    """

    role: Role
    connection: Connection
    types: DataTypes
    greeting: Greeting
    keys: set[str] = field(default_factory=set)
    lock: ClientIdLock | None = None
    task: asyncio.Task[None] | None = None
    failure: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether the gateway answers and has IB behind it."""
        return self.connection.state is LinkState.READY

    @property
    def load(self) -> int:
        """Count what it carries: subscriptions and questions under way."""
        return len(self.keys) + self.connection.requests.pending

    @property
    def why(self) -> str:
        """Why it is not ready, in words."""
        return self.failure or self.connection.why


class ConnectionPool:
    """Keep several connections with one gateway.

    Attributes:
        members: All of them; the one for orders comes first.
        lines: The market data lines in use.
        on_state: Told of each change of a connection's state.
    """

    def __init__(
        self,
        settings: PoolSettings,
        *,
        draw: Callable[[], float],
        wall_s: Callable[[], float],
    ) -> None:
        """Prepare; `start` connects.

        Args:
            settings: Which connections there are.
            draw: Gives random numbers from 0 to 1, for the jitter.
            wall_s: Gives our time, seconds since 1970.
        """
        self.settings = settings
        self.lines = LineBudget(settings.lines)
        self.on_state: Callable[[Member, LinkState], None] = lambda _member, _state: None
        self._changed = asyncio.Event()
        roles = [Role.ORDERS] * settings.orders
        roles += [Role.DATA] * settings.data + [Role.HISTORY] * settings.history
        self.members = tuple(
            self._member(role, settings.base.client_id + number, draw, wall_s)
            for number, role in enumerate(roles)
        )

    # --- beginning and end ---------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect; doing it again changes nothing.

        Raises:
            ConfigError: When another process uses one of the client ids; nothing was begun.
        """
        if any(member.task is not None for member in self.members):
            return
        try:
            for member in self.members:
                self._take_lock(member)
        except ConfigError:
            self._release_locks()
            raise
        for member in self.members:
            member.task = asyncio.create_task(self._keep(member))

    async def stop(self) -> None:
        """End all connections."""
        for member in self.members:
            if member.task is not None:
                member.task.cancel()
                with suppress(asyncio.CancelledError):
                    await member.task
                member.task = None
        self._release_locks()

    # --- choosing ------------------------------------------------------------------------------

    def least_loaded(self, role: Role) -> Member:
        """Give the connection of a role that carries least, a ready one if there is any.

        Raises:
            LinkLostError: When none is ready; it says why.
        """
        ready = [one for one in self.members if one.role is role and one.is_ready]
        if not ready:
            raise LinkLostError(f"a connection for {role.value}", 0, self._why(role))
        return min(ready, key=lambda one: one.load)

    async def ready(self, role: Role, timeout_s: float) -> Member:
        """Wait for a connection of a role.

        Raises:
            LinkLostError: When none is ready in time, or none can ever be; it says why.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not any(one.is_ready for one in self.members if one.role is role):
                    if all(one.failure for one in self.members if one.role is role):
                        break
                    self._changed.clear()
                    await self._changed.wait()
        return self.least_loaded(role)

    def _why(self, role: Role) -> str:
        reasons = [one.why for one in self.members if one.role is role]
        return "; ".join(dict.fromkeys(reasons)) or "the pool has none"

    # --- market data ---------------------------------------------------------------------------

    def subscribe(
        self, key: str, request: Callable[[IB], None], *, tick_by_tick: bool = False
    ) -> Member:
        """Make a market data subscription on the data connection that carries least.

        It is made again by itself whenever that connection comes back.

        Args:
            key: What it is called; a known one stays on its connection.
            request: Sends it.
            tick_by_tick: Whether every tick is wanted.

        Raises:
            NoLineError: When no line is left; nothing was sent.
            LinkLostError: When the pool has no data connection.
        """
        carriers = [one for one in self.members if one.role is Role.DATA and not one.failure]
        if not carriers:
            raise LinkLostError(f"market data of {key}", 0, self._why(Role.DATA))
        self.lines.take(key, tick_by_tick=tick_by_tick)
        known = next((one for one in carriers if key in one.keys), None)
        member = known or min(carriers, key=lambda one: (not one.is_ready, one.load))
        member.keys.add(key)
        member.connection.subscribe(key, lambda: request(member.connection.ib))
        return member

    def unsubscribe(self, key: str, cancel: Callable[[IB], None]) -> None:
        """End a subscription.

        Args:
            key: Which.
            cancel: Sends the cancellation, if it still stands.
        """
        for member in self.members:
            if key in member.keys:
                member.keys.discard(key)
                member.connection.unsubscribe(key)
                self.lines.release(key)
                if member.is_ready:
                    cancel(member.connection.ib)

    # --- inside --------------------------------------------------------------------------------

    def _member(
        self, role: Role, client_id: int, draw: Callable[[], float], wall_s: Callable[[], float]
    ) -> Member:
        ib = IB()
        settings = msgspec.structs.replace(self.settings.base, client_id=client_id)
        member = Member(
            role,
            Connection(ib, settings, draw=draw, wall_s=wall_s),
            DataTypes(ib, delayed=self.settings.delayed),
            Greeting(ib),
        )
        member.connection.on_state = lambda state: self._on_state(member, state)
        if role is Role.DATA:
            member.connection.subscribe(DATA_TYPE, member.types.request)
        return member

    async def _keep(self, member: Member) -> None:
        """Keep one connected; what is wrong with it is its own affair."""
        try:
            await member.connection.run()
        except ConfigError as error:
            member.failure = str(error)
            log.error("the connection for %s is out of service: %s", member.role.value, error)
            self._changed.set()

    def _on_state(self, member: Member, state: LinkState) -> None:
        self._changed.set()
        self.on_state(member, state)

    def _take_lock(self, member: Member) -> None:
        settings, folder = member.connection.settings, self.settings.lock_dir
        if folder is not None:
            member.lock = ClientIdLock(folder, settings.host, settings.port, settings.client_id)

    def _release_locks(self) -> None:
        for member in self.members:
            if member.lock is not None:
                member.lock.release()
                member.lock = None
