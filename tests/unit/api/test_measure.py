"""`measure_latency` counts the calls of plain and of asynchronous functions."""

from __future__ import annotations

import asyncio
import logging

import pytest

import ikbr
from ikbr.api.measure import HISTOGRAMS


def test_plain_and_asynchronous_functions_keep_their_answers_and_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @ikbr.measure_latency
    def plain(x: int) -> int:
        return x + 1

    @ikbr.measure_latency
    async def slow(x: int) -> int:
        await asyncio.sleep(0.002)
        return x + 2

    with caplog.at_level(logging.DEBUG, "ikbr.latency"):
        assert plain(1) == 2
        assert asyncio.run(slow(1)) == 3
    assert plain.__name__ == "plain"
    assert HISTOGRAMS[plain.__qualname__].count == 1
    assert HISTOGRAMS[slow.__qualname__].most >= 2_000_000
    assert len(caplog.messages) == 2


def test_a_call_that_raises_is_counted_too() -> None:
    @ikbr.measure_latency
    def broken() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        broken()
    assert HISTOGRAMS[broken.__qualname__].count == 1
