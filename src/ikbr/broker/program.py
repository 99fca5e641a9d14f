"""Programs: runs somebody's script, unchanged, against a gateway in this process.

The script makes its own `IB()`, connects, waits and asks for the time as ever; the gateway it
meets is the simulated one, and time is that of the market.
"""

from __future__ import annotations

import asyncio
import gc
import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ikbr.broker.faults import Fault, Faults
from ikbr.broker.other_clients import other_clients
from ikbr.broker.sim_ib import simulated
from ikbr.broker.virtual_clock import virtual_clock
from ikbr.broker.virtual_loop import VirtualPolicy
from ikbr.broker.virtual_time import Driver, TapeEnded


class Ending(Enum):
    """Say how a script ended."""

    BY_ITSELF = "by itself"
    WITH_THE_TAPE = "with the tape"
    """It would have waited for ever, as bots do."""
    BY_AN_ERROR = "by an error"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Say how a script ended, and what it did not notice.

    Attributes:
        ending: How.
        code: The exit code that Python would give it.
        error: What it ended by, if by an error.
        faults: Errors in its handlers and tasks.
    """

    ending: Ending
    code: int = 0
    error: Exception | None = None
    faults: Sequence[Fault] = ()


def run_program(
    path: Path,
    arguments: Sequence[str],
    driver: Driver,
    tell: Callable[[Fault], None] = lambda _fault: None,
) -> Outcome:
    """Run a script.

    Args:
        path: The file.
        arguments: What it finds in `sys.argv` after its name.
        driver: The market and the cable to it.
        tell: Told errors in its handlers when they come.

    Returns:
        How it ended.

    Raises:
        KeyboardInterrupt: When a person ends it, and not the tape.
    """
    faults = Faults(tell)
    with ExitStack() as stack:
        stack.enter_context(_as_main(path, arguments))
        stack.enter_context(simulated(driver.cable))
        stack.enter_context(other_clients())
        stack.enter_context(faults.of_events())
        stack.enter_context(virtual_clock(driver))
        stack.enter_context(_loops(driver, faults))
        code, error = _run(path)
    ending = Ending.WITH_THE_TAPE if driver.ends else Ending.BY_ITSELF
    if error is not None:
        ending = Ending.BY_AN_ERROR
    return Outcome(ending, code, error, list(faults))


def _run(path: Path) -> tuple[int, Exception | None]:
    """Run a file as Python would; give its exit code and the error that it ended by."""
    try:
        runpy.run_path(str(path), run_name="__main__")
    except TapeEnded:
        return 0, None
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0, None
        # Source: Python's documentation of SystemExit: anything else is printed, and means 1.
        sys.stderr.write(f"{end.code}\n")
        return 1, None
    except Exception as error:  # noqa: BLE001 - the script is somebody else's
        return 1, error
    return 0, None


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
def _loops(driver: Driver, faults: Faults) -> Iterator[None]:
    """Let every event loop that is made meanwhile run on the market's time."""
    before = asyncio.get_event_loop_policy()
    policy = VirtualPolicy(driver, faults.of_loop)
    set_policy = asyncio.set_event_loop_policy
    set_policy(policy)
    policy.set_event_loop(policy.new_event_loop())
    # A loop of another kind (uvloop's) would follow the machine's time and wait for ever.
    asyncio.set_event_loop_policy = lambda policy: None
    try:
        yield
    finally:
        asyncio.set_event_loop_policy = set_policy
        _leave(driver, policy)
        set_policy(before)


def _leave(driver: Driver, policy: VirtualPolicy) -> None:
    """End what a script left running."""
    loop = policy.new_event_loop()
    policy.set_event_loop(loop)
    driver.cable.cut()
    gc.collect()  # asyncio tells what tasks raised when they are thrown away
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
