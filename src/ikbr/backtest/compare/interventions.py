"""Interventions: what a person did to a session, which its replay does not do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ikbr.backtest.compare.trace import OrderTrace
from ikbr.domain.session_events import TIGHTEN, OperatorAction

Action = tuple[int, OperatorAction]
"""When, ns UTC, and what."""

_OF_PARTS = frozenset(("cancel", "cancel-all", "set-parameter", "enable", "unblock"))
"""What is done to the strategy or symbol that is named; all else stops or bounds everybody."""
_TAKES_BACK = frozenset(("resume", "arm"))
"""What only ends something that was done before; what follows comes from that."""
NO_DELAY_NS = 10_000_000_000
"""Two decisions further apart than this are not one that was delayed on its way."""
_HALTS = frozenset(("pause", "kill"))
"""The rules by which risk refuses what a person has stopped."""


class Interventions:
    """Say which action of a person a difference comes from."""

    def __init__(self, actions: Sequence[Action]) -> None:
        """Take what was done.

        Args:
            actions: In the order of time.
        """
        self._actions = [(ts_ns, did) for ts_ns, did in actions if did.action not in _TAKES_BACK]

    def before(self, one: OrderTrace) -> str:
        """Name the latest action before an order was decided; "" when there was none."""
        return self._within(one, 0, one.ts_ns)

    def moved(self, mine: OrderTrace, theirs: OrderTrace) -> str:
        """Name the action that moved the decision of an order; "" when none did.

        It came between the two decisions; or before both, where they are further apart than any
        delay.
        """
        first, last = sorted((mine.ts_ns, theirs.ts_ns))
        between = self._within(mine, first, last, earliest=True)
        return between or (self.before(mine) if last - first > NO_DELAY_NS else "")

    def during(self, one: OrderTrace) -> str:
        """Name what was done to an order while it worked; "" for nothing."""
        return self._within(one, one.ts_ns + 1, one.last_ns)

    def refused(self, one: OrderTrace, rule: str) -> str:
        """Name the action by which risk refused an order; "" when it was its own judgement."""
        before = [did for ts_ns, did in self._actions if ts_ns <= one.ts_ns]
        tightened = any(did.action == TIGHTEN for did in before)
        return self.before(one) if before and (rule in _HALTS or tightened) else ""

    def _within(
        self, one: OrderTrace, from_ns: int, until_ns: int, *, earliest: bool = False
    ) -> str:
        found = [
            (ts_ns, did)
            for ts_ns, did in self._actions
            if from_ns <= ts_ns <= until_ns and _concerns(did, one)
        ]
        return _words(*found[0 if earliest else -1]) if found else ""


def _concerns(did: OperatorAction, one: OrderTrace) -> bool:
    if did.action not in _OF_PARTS:
        return True
    named = did.fields
    return named.get("strategy", "") in ("", one.strategy) and named.get("symbol", "") in (
        "",
        one.symbol,
    )


def _words(ts_ns: int, did: OperatorAction) -> str:
    at = dt.datetime.fromtimestamp(ts_ns // 1_000_000_000, dt.UTC)
    what = ", ".join(
        f"{name} {did.fields[name]}"
        for name in ("order_id", "strategy", "symbol", "name", "from", "to", "limits")
        if name in did.fields
    )
    words = f"a person's {did.action} at {at:%H:%M:%S} UTC"
    return f"{words} ({what})" if what else words
