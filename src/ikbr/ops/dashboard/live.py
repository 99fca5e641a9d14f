"""The WebSocket: everything that is known at once, then what the bots say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from ikbr.ops.dashboard.guard import NO_SESSION
from ikbr.ops.dashboard.hub import Hub, Page
from ikbr.ops.dashboard.sessions import Session, Sessions
from ikbr.ops.dashboard.watch import BotWatch

TOO_MANY, TOO_SLOW, SPEAKS = 1013, 1013, 1008
MOST_SAID = 20
"""A page has nothing to say; one that says more than so many things is dropped."""


class LiveView:
    """Serve the pages' WebSockets."""

    def __init__(self, hub: Hub, watch: BotWatch, sessions: Sessions, version: str) -> None:
        """Connect hub and bots.

        Args:
            hub: Passes on what bots say.
            watch: Knows what they said last.
            sessions: Who is logged in.
            version: Of ikbr.
        """
        self._hub, self._watch, self._sessions, self._version = hub, watch, sessions, version

    async def serve(self, socket: WebSocket) -> None:
        """Serve one page until it goes, its session ends, or it is too slow."""
        session: Session = socket.state.session
        await socket.accept()
        # Together: nothing may be said between what is known and what follows.
        first, page = self._first(session), self._hub.join()
        if page is None:
            await socket.close(TOO_MANY)
            return
        session.ended.append(page.end)
        ending = asyncio.get_running_loop().call_later(self._sessions.left_s(session), page.end)
        hearing = asyncio.create_task(_hear(socket, page.end))
        try:
            await _send(socket, first, page)
            await socket.close(TOO_SLOW if self._is_on(session) else NO_SESSION)
        except (WebSocketDisconnect, RuntimeError, OSError):
            pass  # it has gone
        finally:
            ending.cancel()
            hearing.cancel()
            session.ended.remove(page.end)
            self._hub.leave(page)

    def _is_on(self, session: Session) -> bool:
        return self._sessions.has(session)

    def _first(self, session: Session) -> list[bytes]:
        hello = {
            "type": "hello",
            "role": session.role,
            "user": session.user,
            "version": self._version,
        }
        told = [msgspec.json.encode(hello), msgspec.json.encode(self._watch.bots())]
        for replica in self._watch.replicas.values():
            told += replica.everything()
        return told


async def _send(socket: WebSocket, first: Sequence[bytes], page: Page) -> None:
    for known in first:
        await socket.send_text(known.decode())
    while (line := await page.waiting.get()) is not None:
        await socket.send_text(line.decode())


async def _hear(socket: WebSocket, end: Callable[[], None]) -> None:
    """Listen, as that is how one hears that a page has gone; end a page that says too much."""
    with suppress(RuntimeError):
        for _ in range(MOST_SAID):
            if (await socket.receive())["type"] == "websocket.disconnect":
                break
    end()
