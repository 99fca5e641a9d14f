"""Logging in and out: passwords, the one-time link, lock-out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ikbr.ops.dashboard.answers import body_of
from ikbr.ops.dashboard.guard import RefusedError, cookie_name
from ikbr.ops.dashboard.lockout import Lockout, Rate
from ikbr.ops.dashboard.options import DashboardOptions
from ikbr.ops.dashboard.passwords import Passwords, Role
from ikbr.ops.dashboard.sessions import LASTS_S, Session, Sessions

log = logging.getLogger("ikbr.dashboard")

LOCAL_USER = "local"
ATTEMPTS_PER_S, ATTEMPTS_AT_ONCE = 2.0, 10
"""Of everybody together: a password takes a good part of a second of a core."""


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say who somebody is."""

    user: str = ""
    password: str = ""
    token: str = ""


class Door:
    """Let people in and out."""

    def __init__(
        self,
        options: DashboardOptions,
        sessions: Sessions,
        passwords: Passwords | None,
        now_s: Callable[[], float],
        on_link_used: Callable[[], None],
    ) -> None:
        """Stand at the door.

        Args:
            options: How the dashboard is served.
            sessions: Who is in.
            passwords: Who may come; None lets in whoever has the link.
            now_s: A clock that never goes back, seconds.
            on_link_used: Told when the link has been used up.
        """
        self._options = options
        self._sessions = sessions
        self._passwords = passwords
        self._lockout = Lockout(now_s)
        self._rate = Rate(ATTEMPTS_PER_S, ATTEMPTS_AT_ONCE, now_s)
        self._on_link_used = on_link_used
        self._one_by_one = asyncio.Lock()

    async def log_in(self, request: Request) -> Response:
        """Let somebody in who can prove who they are."""
        proof = await body_of(request, Proof)
        if not self._rate.take():
            raise RefusedError(429, "too many attempts at once; try again in a few seconds.")
        if self._passwords is None:
            return self._by_link(proof.token)
        address = request.client.host if request.client is not None else "?"
        keys = (f"user {proof.user[:64]}", f"address {address}")
        # One after the other: nobody guesses on while others are still being looked at.
        async with self._one_by_one:
            role = await self._role(self._passwords, proof, keys)
        return self._admit(proof.user, role)

    def _by_link(self, token: str) -> Response:
        """Let in whoever has the link; it is too long to be guessed."""
        if not self._sessions.use_link(token):
            raise RefusedError(401, "the link is used up or too old.")
        self._on_link_used()
        return self._admit(LOCAL_USER, "trader")

    async def _role(self, passwords: Passwords, proof: Proof, keys: tuple[str, ...]) -> Role:
        wait_s = self._lockout.wait_s(keys)
        if wait_s:
            raise RefusedError(429, f"too many attempts; try again in {wait_s:.0f} s.")
        role = await asyncio.to_thread(passwords.role_of, proof.user, proof.password)
        if role is None:
            self._lockout.failed(keys)
            # A name that is not known may be a password in the wrong place.
            who = proof.user if proof.user in passwords.accounts else "an unknown user"
            log.warning("refused to log in: %s, from %s", who, keys[1])
            raise RefusedError(401, "user or password is wrong.")
        self._lockout.succeeded(keys)
        return role

    def _admit(self, user: str, role: Role) -> Response:
        role = "reader" if self._options.read_only else role
        log.info("%s logs in as %s", user, role)
        cookie, session = self._sessions.open(user, role)
        response = JSONResponse(described(session))
        response.set_cookie(
            cookie_name(self._options),
            cookie,
            max_age=int(LASTS_S),
            secure=self._options.tls,
            httponly=True,
            samesite="strict",
        )
        return response

    async def log_out(self, request: Request) -> Response:
        """End a session."""
        self._sessions.close(request.state.session)
        response = JSONResponse({"ok": True})
        response.delete_cookie(
            cookie_name(self._options), secure=self._options.tls, httponly=True, samesite="strict"
        )
        return response

    async def who(self, request: Request) -> Response:
        """Say who somebody is."""
        return JSONResponse(described(request.state.session))


def described(session: Session) -> dict[str, str]:
    """Describe a session to its page."""
    return {"user": session.user, "role": session.role, "csrf": session.csrf}
