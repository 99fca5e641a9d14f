"""What the operating system says to a session: Ctrl-C, SIGTERM, and that its terminal is gone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ikbr.live.runner import Runner


@contextmanager
def stopped_by_signals(runner: Runner) -> Iterator[None]:
    """Let what ends a process end a session in an orderly way, and a second one at once.

    Who was started with `nohup` goes on when the terminal is gone.
    """
    loop = asyncio.get_running_loop()
    names: dict[Any, str] = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        names[signal.SIGHUP] = "the terminal is gone"
    for number, name in names.items():
        loop.add_signal_handler(number, runner.stop, name)
    try:
        yield
    finally:
        for number in names:
            loop.remove_signal_handler(number)
