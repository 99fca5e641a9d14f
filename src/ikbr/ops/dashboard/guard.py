"""The guard before every route: names, origins, sizes, sessions, roles.

What it does not know it refuses: a route that is added later is closed until it is opened here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ikbr.ops.dashboard.headers import with_headers
from ikbr.ops.dashboard.options import DashboardOptions
from ikbr.ops.dashboard.sessions import Session, Sessions

OPEN = ("/login", "/static/")
"""What anybody may ask for."""

FOR_READERS = ("/logout",)
"""What somebody may post who may do nothing to a bot."""

LARGEST_BODY = 16_384
NO_SESSION = 4401
"""The code with which a WebSocket is closed that has no session."""


class RefusedError(Exception):
    """Say no to a request."""

    def __init__(self, status: int, words: str) -> None:
        """Say why; the words are for people and hold nothing secret."""
        super().__init__(words)
        self.status = status


class Guard:
    """Let through what may come, and put the session into the scope's state."""

    def __init__(
        self,
        app: ASGIApp,
        options: DashboardOptions,
        sessions: Sessions,
        login_page: Callable[[int], Response],
    ) -> None:
        """Stand before an application.

        Args:
            app: What is guarded.
            options: Names and origins.
            sessions: Who is logged in.
            login_page: Gives the page that asks who somebody is.
        """
        self._app = app
        self._tls = options.tls
        self._hosts, self._origins = options.hosts, options.origins
        self._sessions = sessions
        self._login_page = login_page
        self._cookie = cookie_name(options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or one WebSocket."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                message = {**message, "headers": with_headers(given, tls=self._tls)}
            await send(message)

        headers = Headers(scope=scope)
        try:
            self._check_where(headers, asks=scope["method"] not in {"GET", "HEAD"})
            _check_size(headers)
            self._check_who(scope, headers)
        except RefusedError as refusal:
            response = self._refused(refusal, scope, headers)
            await response(scope, receive, answer)
            return
        await self._app(scope, _limited(receive), answer)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        try:
            self._check_where(headers, asks=True)
        except RefusedError:
            # Before it is accepted, this is an answer of 403.
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        session = self._session(headers)
        if session is None:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": NO_SESSION})
            return
        _remember(scope, session)
        await self._app(scope, receive, send)

    # --- what is checked -----------------------------------------------------------------------

    def _check_where(self, headers: Headers, *, asks: bool) -> None:
        """Refuse foreign names (DNS rebinding) and foreign pages."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise RefusedError(
                403, "this dashboard is not known under that name; see --allow-host."
            )
        origins = headers.getlist("origin")
        if (asks and not origins) or any(one.lower() not in self._origins for one in origins):
            raise RefusedError(403, "only pages of this dashboard may ask that.")
        if asks and headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise RefusedError(403, "only pages of this dashboard may ask that.")

    def _check_who(self, scope: Scope, headers: Headers) -> None:
        path, posts = scope["path"], scope["method"] not in {"GET", "HEAD"}
        if path == OPEN[0] or (path.startswith(OPEN[1]) and not posts):
            return
        session = self._session(headers)
        if session is None:
            raise RefusedError(401, "log in first.")
        if posts:
            sent = headers.get("x-csrf", "")
            if not secrets.compare_digest(sent.encode(), session.csrf.encode()):
                raise RefusedError(403, "the request does not come from the page; load it again.")
            if session.role != "trader" and path not in FOR_READERS:
                raise RefusedError(403, f"{session.user} may look, and not act.")
        _remember(scope, session)

    def _session(self, headers: Headers) -> Session | None:
        try:
            cookies: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        found = cookies.get(self._cookie)
        return self._sessions.find(found.value) if found is not None else None

    def _refused(self, refusal: RefusedError, scope: Scope, headers: Headers) -> Response:
        if refusal.status == 401 and scope["path"] == "/" and "html" in headers.get("accept", ""):
            return self._login_page(401)
        return JSONResponse({"error": str(refusal)}, refusal.status)


def _remember(scope: Scope, session: Session) -> None:
    """Put a session into the state of this request alone: servers may share the rest."""
    scope["state"] = {**scope.get("state", {}), "session": session}


def cookie_name(options: DashboardOptions) -> str:
    """Name the cookie of a session; ports of one host share cookies, so it names the port.

    Source: RFC 6265bis, "The __Host- Prefix".
    """
    return f"{'__Host-' if options.tls else ''}ikbr-{options.port}"


def _check_size(headers: Headers) -> None:
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        raise RefusedError(413, f"a request has {LARGEST_BODY:,} bytes at most.")


def _limited(receive: Receive) -> Receive:
    """Give up on a body that is longer than it may be, whatever its length was said to be."""
    taken = 0

    async def take() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:
            return {"type": "http.disconnect"}
        return message

    return take
