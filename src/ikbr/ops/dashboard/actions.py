"""What a person may do to a bot: confirmed by a typed word, carried out by the bot itself."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ikbr.ops.dashboard.answers import body_of
from ikbr.ops.dashboard.guard import RefusedError
from ikbr.ops.dashboard.replica import Replica
from ikbr.ops.dashboard.seams import Bots
from ikbr.ops.dashboard.sessions import Session
from ikbr.ops.dashboard.watch import BotWatch

log = logging.getLogger("ikbr.dashboard")

KILL = "kill"
ASKED = {
    "halt": (),
    "resume": (),
    "cancel": ("order_id",),
    "cancel-all": ("strategy", "symbol"),
    "flatten": ("strategy", "symbol"),
    "set-parameter": ("strategy", "name", "value"),
}
"""What the bot is asked, and with which fields."""

LONGEST_REASON = 500


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say what a person wants.

    Attributes:
        confirm: The word they typed.
        reason: Why, in their words.
        order_id, symbol, strategy, name, value: What is meant.
    """

    confirm: str
    reason: str = ""
    order_id: int = 0
    symbol: str = ""
    strategy: str = ""
    name: str = ""
    value: str | int | float | bool = ""


class Actions:
    """Carry out what people want."""

    def __init__(self, bots: Bots, watch: BotWatch) -> None:
        """Connect with the bots.

        Args:
            bots: Asks them.
            watch: Knows them.
        """
        self._bots, self._watch = bots, watch

    async def perform(self, request: Request) -> Response:
        """Carry out one action."""
        session: Session = request.state.session
        bot_id, action = request.path_params["bot"], request.path_params["action"]
        wanted = await body_of(request, Wanted)
        replica = self._watch.replicas.get(bot_id)
        if replica is None or (action != KILL and action not in ASKED):
            raise RefusedError(404, "there is no such bot, or no such action.")
        if not session.actions.take():
            raise RefusedError(429, "too many actions at once; wait a moment.")
        word = confirmation(replica, action)
        if wanted.confirm.strip() != word:
            raise RefusedError(400, f"not confirmed: type {word}.")
        if len(wanted.reason) > LONGEST_REASON:
            raise RefusedError(
                400, f"the reason has {LONGEST_REASON} characters at most; shorten it."
            )
        log.info("%s asks %s to %s", session.user, bot_id, action)
        if action == KILL:
            message = await asyncio.to_thread(self._bots.kill, bot_id, session.user, wanted.reason)
        else:
            asked = {"action": action, "reason": wanted.reason} | {
                field: getattr(wanted, field) for field in ASKED[action]
            }
            answer = await asyncio.to_thread(self._bots.ask, bot_id, session.user, asked)
            message = in_words(action, answer)
            if answer.get("left"):
                return JSONResponse({"ok": False, "message": message})
        return JSONResponse({"ok": True, "message": message})


def confirmation(replica: Replica, action: str) -> str:
    """Give the word that must be typed: the action, or with real money the account."""
    info = replica.info
    real = info.get("mode") == "live" and not info.get("simulated")
    return str(info.get("account") or action) if real else action


def in_words(action: str, answer: dict[str, Any]) -> str:
    """Say what a bot answered."""
    said = answer.get("message")
    if said:
        return str(said)
    if action == "halt":
        return f"No entries until someone resumes ({answer.get('halted', '')})."
    left = answer.get("halted")
    return f"Entries still wait: {left}" if left else "Entries go on."
