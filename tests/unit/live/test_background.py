"""Work in the background: what it raises is told, that it was cancelled is not."""

from __future__ import annotations

import asyncio

import pytest

from ikbr.live.background import in_background


async def fail() -> None:
    raise ValueError("no such thing")


async def end() -> None:
    pass


async def wait() -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("work", "told"), [(fail, ["ValueError: no such thing"]), (end, []), (wait, [])]
)
def test_only_a_fault_is_told(work, told: list[str]) -> None:
    heard: list[str] = []

    async def test() -> None:
        task = in_background(work(), lambda one: heard.append(f"{type(one).__name__}: {one}"))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0)

    asyncio.run(test())
    assert heard == told
