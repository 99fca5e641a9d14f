"""The application: the table of its routes, behind the guard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from ikbr.domain.errors import IkbrError
from ikbr.ops.dashboard.actions import Actions
from ikbr.ops.dashboard.answers import on_bug, on_http_error, on_ikbr_error, on_refusal
from ikbr.ops.dashboard.files import Files
from ikbr.ops.dashboard.guard import Guard, RefusedError
from ikbr.ops.dashboard.hub import Hub
from ikbr.ops.dashboard.live import LiveView
from ikbr.ops.dashboard.login import Door
from ikbr.ops.dashboard.options import DashboardOptions
from ikbr.ops.dashboard.pages import asset, index, login, login_page
from ikbr.ops.dashboard.passwords import Passwords
from ikbr.ops.dashboard.seams import Bots
from ikbr.ops.dashboard.sessions import Sessions
from ikbr.ops.dashboard.watch import BotWatch


class Dashboard(NamedTuple):
    """Hold a dashboard that can be served.

    Attributes:
        app: Everything, behind the guard.
        routes: What it can be asked for.
        sessions: Who is logged in.
        watch: Listens to the bots.
    """

    app: ASGIApp
    routes: list[BaseRoute]
    sessions: Sessions
    watch: BotWatch


def make_dashboard(
    options: DashboardOptions,
    bots: Bots,
    passwords: Passwords | None,
    *,
    version: str,
    now_s: Callable[[], float] = time.monotonic,
    on_link_used: Callable[[], None] = lambda: None,
) -> Dashboard:
    """Put a dashboard together.

    Args:
        options: How it is served.
        bots: Finds bots and speaks to them.
        passwords: Who may come; None lets in whoever has the link.
        version: Of ikbr.
        now_s: A clock that never goes back, seconds.
        on_link_used: Told when the link has been used up.
    """
    hub = Hub()
    watch = BotWatch(bots, hub)
    sessions = Sessions(now_s)
    door = Door(options, sessions, passwords, now_s, on_link_used)
    files, actions = Files(options, watch), Actions(bots, watch)
    routes: list[BaseRoute] = [
        Route("/", index),
        Route("/login", login),
        Route("/login", door.log_in, methods=["POST"]),
        Route("/logout", door.log_out, methods=["POST"]),
        Route("/static/{path:path}", asset),
        Route("/api/me", door.who),
        Route("/api/bots/{bot}/bars", files.bars),
        Route("/api/bots/{bot}/{action}", actions.perform, methods=["POST"]),
        Route("/api/reports", files.reports),
        Route("/reports/{path:path}", files.report),
        Route("/api/journals", files.journals),
        Route("/api/journals/{name}", files.journal),
        WebSocketRoute("/ws", LiveView(hub, watch, sessions, version).serve),
    ]
    handlers: dict[Any, Any] = {
        RefusedError: on_refusal,
        IkbrError: on_ikbr_error,
        HTTPException: on_http_error,
        Exception: on_bug,
    }

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch.run())
        try:
            yield
        finally:
            hub.close()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    return Dashboard(Guard(app, options, sessions, login_page), routes, sessions, watch)
