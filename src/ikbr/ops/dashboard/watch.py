"""The watch: finds the bots of a folder and listens to each for as long as it is there."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ikbr.domain.errors import IkbrError
from ikbr.ops.dashboard.hub import Hub
from ikbr.ops.dashboard.replica import Replica
from ikbr.ops.dashboard.seams import Bots, Found

log = logging.getLogger("ikbr.dashboard")

LOOK_S = 1.0
LONGEST_LINE = 16_000_000
SILENCE_S = 5.0
"""A bot says something ten times a second; one that says nothing for so long hangs."""
MOST_BOTS = 64


class BotWatch:
    """Listen to every bot.

    Attributes:
        replicas: What each said last, by its id.
    """

    def __init__(self, bots: Bots, hub: Hub, *, silence_s: float = SILENCE_S) -> None:
        """Prepare; `run` listens.

        Args:
            bots: Finds them.
            hub: Passes on what they say.
            silence_s: How long a bot may say nothing.
        """
        self._silence_s = silence_s
        self._bots = bots
        self._hub = hub
        self.replicas: dict[str, Replica] = {}
        self._listening: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look for bots and listen, until cancelled."""
        problem = ""
        try:
            while True:
                try:
                    if self._take(await asyncio.to_thread(self._bots.found)):
                        self._tell_bots()
                    problem = ""
                except (OSError, IkbrError) as error:
                    if str(error) != problem:
                        log.warning("bots cannot be looked for: %s", error)
                    problem = str(error)
                await asyncio.sleep(LOOK_S)
        finally:
            for task in self._listening.values():
                task.cancel()

    def bots(self) -> dict[str, Any]:
        """Describe all bots, as pages hear it."""
        return {"type": "bots", "bots": [one.described() for one in self.replicas.values()]}

    def _tell_bots(self) -> None:
        self._hub.tell(self.bots())

    def _take(self, found: Any) -> bool:
        changed = False
        for one in found[:MOST_BOTS]:
            replica = self.replicas.get(one.bot_id)
            if replica is None:
                replica = self.replicas[one.bot_id] = Replica(one.bot_id)
                changed = True
            task = self._listening.get(one.bot_id)
            listening = task is not None and not task.done()
            if not replica.alive and (one.killed or not (listening or one.feed.exists())):
                changed |= replica.is_away(one.killed)
            if not listening and one.feed.exists():
                listen = self._listen(one, replica)
                self._listening[one.bot_id] = asyncio.get_running_loop().create_task(listen)
        return changed

    async def _listen(self, found: Found, replica: Replica) -> None:
        """Listen to a bot until it is gone."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(found.feed), limit=LONGEST_LINE)
        except OSError:
            if replica.is_away(found.killed):  # a dead process has left its socket behind
                self._tell_bots()
            return
        heard = False  # a process that hangs still takes calls: only what it says counts
        try:
            while True:
                async with asyncio.timeout(self._silence_s):
                    line = await reader.readline()
                if not line:
                    break
                if not heard:
                    replica.begin()
                    heard = True
                self._on_line(line, replica)
            why = "it has ended"
        except TimeoutError:
            why = f"it says nothing for {self._silence_s:g} s: its event loop hangs"
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            why = f"its telemetry cannot be read ({type(error).__name__})"
            log.warning("bot %s: %s: %s", found.bot_id, why, error)
        finally:
            writer.close()
            replica.alive = False
        replica.why = why
        self._hub.tell({"type": "gone", "bot": found.bot_id, "why": why})
        self._tell_bots()
        with suppress(OSError):
            await writer.wait_closed()

    def _on_line(self, line: bytes, replica: Replica) -> None:
        message = replica.take(msgspec.json.decode(line, type=dict[str, Any]))
        if message.get("type") == "bot":
            self._tell_bots()
        else:
            self._hub.tell(message)

    def session_folder(self, bot_id: str) -> Path | None:
        """Give the folder of a bot's session; None when it is not known."""
        replica = self.replicas.get(bot_id)
        told = replica.info.get("session") if replica is not None else None
        return Path(told) if isinstance(told, str) else None
