"""Signals end a session in an orderly way; one that is to be ignored stays ignored."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from ikbr.live.stop_signals import stopped_by_signals


class Stopped:
    """Hear what a runner is told."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def stop(self, reason: str) -> None:
        self.reasons.append(reason)


def reasons_after(number: signal.Signals) -> list[str]:
    async def test() -> list[str]:
        runner: Any = Stopped()
        with stopped_by_signals(runner):
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.01)
        return list(runner.reasons)

    return asyncio.run(test())


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGINT, "Ctrl-C"),
        (signal.SIGTERM, "SIGTERM"),
        (signal.SIGHUP, "the terminal is gone"),
    ],
)
def test_a_signal_ends_a_session_in_an_orderly_way(number: signal.Signals, reason: str) -> None:
    assert reasons_after(number) == [reason]


def test_a_bot_that_was_started_with_nohup_outlives_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert reasons_after(signal.SIGHUP) == []
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
