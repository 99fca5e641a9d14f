"""The kill switch from outside: works when the bot hangs, and when it is not there at all.

latch → wait for the bot to end, end it by force → cancel what opens → close → cancel what
protects → look again
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from ikbr.broker.emergency import Emergency, OpenOrder
from ikbr.domain.instrument import Instrument

Left = TypeVar("Left")

LOOK_S = 0.1
DEATH_S = 5.0
"""How long the machine may take to bury a process that was ended by force."""
OPENED_BY, CLOSED_BY = 0.4, 0.8
"""Which part of the time may be over when what opens is cancelled, and when all is closed."""
PROCESS = re.compile(r"process (\d+)")
"""How a lock file names who holds it (`broker.client_lock`)."""


class Holding(NamedTuple):
    """Name something that a strategy holds.

    Attributes:
        instrument: What.
        quantity: How much, signed.
        strategy: Who; "" for nobody.
    """

    instrument: Instrument
    quantity: int
    strategy: str


class Killing(NamedTuple):
    """Say what came of it.

    Attributes:
        open: Orders that are still open, in words.
        held: What is still to be closed, signed, by symbol.
        cancelled: How many orders were cancelled.
        closed: How many orders were sent to close.
    """

    open: list[str]
    held: dict[str, int]
    cancelled: int
    closed: int

    @property
    def complete(self) -> bool:
        """Whether nothing is left."""
        return not self.open and not self.held


async def end_process(lock: Path, patience_s: float) -> str:
    """Wait until the process that holds a lock has ended, and end it by force if need be.

    Args:
        lock: Its lock file.
        patience_s: How long it may take to end by itself.

    Returns:
        What happened, in words.
    """
    if not _is_held(lock):
        return "no bot was running"
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    while loop.time() < until:
        if not _is_held(lock):
            return "the bot has ended by itself"
        await asyncio.sleep(LOOK_S)
    found = PROCESS.search(lock.read_text(encoding="utf-8", errors="replace"))
    if found is None:
        return f"a bot hangs, and {lock} does not say which process it is"
    with suppress(ProcessLookupError):  # it has ended meanwhile
        os.kill(int(found[1]), signal.SIGKILL)
    until = loop.time() + DEATH_S
    while _is_held(lock):
        if loop.time() > until:
            return f"process {found[1]} was ended by force, and its lock is held all the same"
        await asyncio.sleep(LOOK_S)
    return f"the bot did not end within {patience_s:g} s; process {found[1]} was ended by force"


def _is_held(lock: Path) -> bool:
    try:
        file = lock.open("r+", encoding="utf-8")
    except OSError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


async def stop_at_broker(
    door: Emergency,
    *,
    everything: bool,
    held: Callable[[], Awaitable[list[Holding]]] | None,
    send: Callable[[Holding], None],
    within_s: float,
) -> Killing:
    """Cancel, close if that is wanted, and look again.

    Of our own orders those that protect a position are cancelled last, so that it is protected
    for as long as it is held. The orders of others go all at once, as IB offers no other way.

    Args:
        door: To the broker.
        everything: Whether the orders of all clients and those placed by hand are meant, too.
        held: Says what is still to be closed; None closes nothing.
        send: Sends the order that closes something.
        within_s: How long all steps together may take; what is open then is told.
    """
    began = asyncio.get_running_loop().time()

    async def opening() -> list[OpenOrder]:
        return [one for one in await door.open_orders(everything=everything) if not one.protects]

    async def working() -> list[OpenOrder]:
        return await door.open_orders(everything=everything)

    found = await working()
    if everything:
        door.cancel_everything()
    for order in found:
        if not (everything or order.protects):
            door.cancel(order)
    await _until_nothing(opening, began + OPENED_BY * within_s)
    closed = await held() if held is not None else []
    for holding in closed:
        send(holding)
    if held is not None:
        await _until_nothing(held, began + CLOSED_BY * within_s)
    if not everything:
        for order in await working():
            door.cancel(order)
    left = await _until_nothing(working, began + within_s)
    still = {one.instrument.symbol: one.quantity for one in await held()} if held else {}
    return Killing([order.text for order in left], still, len(found), len(closed))


async def _until_nothing(look: Callable[[], Awaitable[list[Left]]], until: float) -> list[Left]:
    """Look until nothing is left, but not beyond a time of the event loop."""
    loop = asyncio.get_running_loop()
    left = await look()
    while left and loop.time() < until:
        await asyncio.sleep(LOOK_S)
        left = await look()
    return left
