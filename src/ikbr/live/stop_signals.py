"""What the operating system says to a session: Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ikbr.live.runner import Runner


@contextmanager
def stopped_by_signals(runner: Runner) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end a session in an orderly way, and a second one at once."""
    loop = asyncio.get_running_loop()
    names: dict[Any, str] = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
    for number, name in names.items():
        loop.add_signal_handler(number, runner.stop, name)
    try:
        yield
    finally:
        for number in names:
            loop.remove_signal_handler(number)
