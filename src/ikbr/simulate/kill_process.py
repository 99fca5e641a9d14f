"""The process of a person who stops the bot from outside, again and again until nothing is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ikbr.broker.client import Client
from ikbr.broker.emergency import Emergency, connect
from ikbr.broker.requests import Requests
from ikbr.domain.errors import BrokerError
from ikbr.live.kill import stop_at_broker
from ikbr.simulate.gateway_process import CLIENT_ID, PORT
from ikbr.simulate.node import Node

if TYPE_CHECKING:
    from ikbr.simulate.town import Town

BOT_PATIENCE_S = 3.0
CONNECT_S = 5.0
STOP_S = 8.0
"""How long cancelling may take; then what is open is told."""
WITHIN_S = 10.0
"""How soon after the link is up nothing may be open any more, or a person is told."""
LOOK_S = 0.1
AGAIN_S = 1.0


class KillProcess:
    """Do what `ikbr kill` does, once trading is latched.

    Attributes:
        node: The process.
        linked_ns: When the gateway had answered at last, ns since the start.
        complete_ns: When nothing was open any more, by its word; 0 for not yet.
    """

    def __init__(self, town: Town, on_complete: Callable[[], None]) -> None:
        """Begin at once.

        Args:
            town: Where trading has just been stopped.
            on_complete: Called when nothing is open any more, by the broker's word.
        """
        self._town = town
        self._on_complete = on_complete
        self.linked_ns = 0
        self.complete_ns = 0
        self.node = Node(town.universe, town.network, "kill")
        self.node.start(self._run())

    async def _run(self) -> None:
        await self._end_bot()
        while True:
            problem = await self._stop()
            if not problem:
                break
            # Source: `ikbr kill` ends with exit code 1 and says this; whoever reads it tries again.
            self._town.say(f"kill: {problem}")
            await asyncio.sleep(AGAIN_S)
        self.complete_ns = self._town.universe.now_ns
        self._town.say("kill: nothing is open any more")
        self._on_complete()

    async def _end_bot(self) -> None:
        """Wait for the bot to end by itself, and end it by force if need be."""
        town = self._town
        for _ in range(round(BOT_PATIENCE_S / LOOK_S)):
            if town.bot.ended or not town.bot.node.alive:
                break
            await asyncio.sleep(LOOK_S)
        else:
            town.say("kill: the bot does not end; it is ended by force")
        town.bot.die()

    async def _stop(self) -> str:
        """Cancel everything; say what could not be done."""
        client = Client()
        try:
            await connect(client, "127.0.0.1", PORT, CLIENT_ID, CONNECT_S)
            self.linked_ns = self._town.universe.now_ns
            async with asyncio.timeout(WITHIN_S):
                done = await stop_at_broker(
                    Emergency(client, Requests(client)),
                    everything=False,
                    held=None,
                    send=lambda _holding: None,
                    within_s=STOP_S,
                )
        except (OSError, TimeoutError, BrokerError) as error:
            return str(error) or "no answer"
        finally:
            client.disconnect()
        return "; ".join(f"still open: {text}" for text in done.open)
