"""Work in the background of a session: nobody awaits it, so what fails there has to be told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from ikbr.core.trader import Trader

log = logging.getLogger("ikbr.live")


def in_background(
    work: Coroutine[Any, Any, None], on_fault: Callable[[BaseException], None]
) -> asyncio.Task[None]:
    """Begin work that nobody awaits.

    Args:
        work: What is to be done.
        on_fault: Told of whatever it raises; being cancelled is no fault.
    """

    def look(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            on_fault(fault)

    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(look)
    return task


def stops(trader: Trader) -> Callable[[BaseException], None]:
    """Make a fault stop entries for good: something is wrong inside, nobody knows what it means."""

    def stop(fault: BaseException) -> None:
        log.error("a fault inside: %s", fault, exc_info=fault)
        trader.halt(f"a fault inside ({type(fault).__name__}: {fault})")

    return stop
