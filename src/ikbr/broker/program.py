"""Programs: runs somebody's script, unchanged, against a gateway in this process.

The script makes its own `IB()`, connects, waits and asks for the time as ever; the gateway it
meets is the simulated one, and time is that of the market.
"""

from __future__ import annotations

import asyncio
import runpy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

from ikbr.broker.sim_ib import simulated
from ikbr.broker.virtual_clock import virtual_clock
from ikbr.broker.virtual_time import Driver, TapeEnded, VirtualPolicy


class Ending(Enum):
    """Say how a script ended."""

    BY_ITSELF = "by itself"
    WITH_THE_TAPE = "with the tape"
    """It would have waited for ever, as bots do."""


def run_program(path: Path, arguments: Sequence[str], driver: Driver) -> Ending:
    """Run a script.

    Args:
        path: The file.
        arguments: What it finds in `sys.argv` after its name.
        driver: The market and the cable to it.

    Returns:
        How it ended.

    Raises:
        SystemExit: When it ends with a code other than 0.
        Exception: Whatever it raises.
    """
    with _as_main(path, arguments), simulated(driver.cable), virtual_clock(driver), _loops(driver):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except TapeEnded:
            return Ending.WITH_THE_TAPE
        except SystemExit as end:
            if end.code not in {None, 0}:
                raise
    return Ending.BY_ITSELF


@contextmanager
def _as_main(path: Path, arguments: Sequence[str]) -> Iterator[None]:
    """Let a script find its arguments, and the modules beside it."""
    before = sys.argv, list(sys.path)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = before


@contextmanager
def _loops(driver: Driver) -> Iterator[None]:
    """Let every event loop that is made meanwhile run on the market's time."""
    before = asyncio.get_event_loop_policy()
    policy = VirtualPolicy(driver)
    asyncio.set_event_loop_policy(policy)
    policy.set_event_loop(policy.new_event_loop())
    try:
        yield
    finally:
        _leave(driver, policy)
        asyncio.set_event_loop_policy(before)


def _leave(driver: Driver, policy: VirtualPolicy) -> None:
    """End what a script left running."""
    loop = policy.new_event_loop()
    policy.set_event_loop(loop)
    driver.cable.hang_up()
    for made in policy.made:
        if not made.is_closed():
            with suppress(TapeEnded):
                made.run_until_complete(_end_tasks())
            made.close()
    policy.set_event_loop(None)


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
