"""Orders, whatever IB says in whatever order, against a model of what is true at IB."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from tests.lifecycle.bot import START_NS, Bot
from tests.lifecycle.machine import Lifecycle
from tests.lifecycle.model_broker import ModelBroker

from ikbr.journal.memory_journal import MemoryJournal


@pytest.fixture(autouse=True)
def quiet_library() -> Iterator[None]:
    """Let ib_async not log every code that it is told of."""
    logger = logging.getLogger("ib_async")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)


Lifecycle.TestCase.settings = settings(
    max_examples=int(os.environ.get("IKBR_LIFECYCLE_EXAMPLES", "40")),
    stateful_step_count=50,
    report_multiple_bugs=False,
)


class TestLifecycle(Lifecycle.TestCase):  # type: ignore[misc, name-defined]
    """Run the machine; the campaign runs it with IKBR_LIFECYCLE_EXAMPLES=2000."""


def test_a_bot_that_was_killed_writes_nothing_when_it_is_collected() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        bot = Bot(ModelBroker(), MemoryJournal(), START_NS)
        bot.send(1, 500.0)
        journal, bot = bot.journal, bot.reborn()
        written = len(journal.records)
        gc.collect()
        assert len(journal.records) == written
        bot.die()
    finally:
        asyncio.set_event_loop(None)
        loop.close()
