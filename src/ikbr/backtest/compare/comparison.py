"""The comparison of a session with its replay: what differs, why, and what it came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ikbr.domain.instrument import MICRO

Cause = Literal["data", "timing", "fill", "fee", "reject", "state", "person"]

CAUSES: dict[Cause, str] = {
    "data": "the tape at the decision is not what the session saw",
    "timing": "the same order, earlier or later",
    "fill": "another price or quantity",
    "fee": "other fees on the same fills",
    "reject": "refused or rejected in one of the two only",
    "state": "something was different before the decision",
    "person": "a person had stepped in, which a replay does not do again",
}

CENT_MICRO = 10_000


class Shown(msgspec.Struct, frozen=True):
    """Show an order of one side.

    Attributes:
        order_id: Its number there.
        ts_ns: When it was decided, ns UTC.
        what: The request in words.
        outcome: What became of it, in words.
    """

    order_id: int
    ts_ns: int
    what: str
    outcome: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Tell of one difference.

    Attributes:
        cause: Its class.
        ts_ns: When, ns UTC.
        strategy: Whose order; "" for the account's own books.
        symbol: In which instrument.
        session, replay: The order on either side; None where there is none.
        words: What differs, and why.
        effect_micro: What the session earned more than the replay by it, millionths.
    """

    cause: Cause
    ts_ns: int
    strategy: str
    symbol: str
    session: Shown | None
    replay: Shown | None
    words: str
    effect_micro: int


class Side(msgspec.Struct, frozen=True):
    """Sum up one of the two runs.

    Attributes:
        orders, fills: How many.
        pnl_micro: Its profit at the last marks, millionths of the base currency.
    """

    orders: int
    fills: int
    pnl_micro: int


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the outcome of a comparison.

    Attributes:
        differences: In the order of time.
        session, replay: The two runs.
        base: The currency of the money.
        notes: What a reader must know: what was not recorded, what was left out.
        from_ns, until_ns: What was compared, ns UTC.
    """

    differences: Sequence[Difference]
    session: Side
    replay: Side
    base: str
    notes: Sequence[str] = ()
    from_ns: int = 0
    until_ns: int = 0

    @property
    def difference_micro(self) -> int:
        """What the session earned more than its replay."""
        return self.session.pnl_micro - self.replay.pnl_micro

    @property
    def remainder_micro(self) -> int:
        """What of it no difference explains; less than a cent is rounding."""
        rest = self.difference_micro - sum(one.effect_micro for one in self.differences)
        return rest if abs(rest) >= CENT_MICRO else 0

    @property
    def by_cause(self) -> dict[Cause, tuple[int, int]]:
        """Number and effect of the differences of each class that occurs."""
        counts = Counter(one.cause for one in self.differences)
        return {
            cause: (
                counts[cause],
                sum(one.effect_micro for one in self.differences if one.cause == cause),
            )
            for cause in CAUSES
            if counts[cause]
        }

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences and not self.remainder_micro

    def to_json(self) -> dict[str, Any]:
        """Give it as plain values; money in the base currency."""
        return {
            "same": self.same,
            "base": self.base,
            "from_ns": self.from_ns,
            "until_ns": self.until_ns,
            "session": _side(self.session),
            "replay": _side(self.replay),
            "difference": self.difference_micro / MICRO,
            "by_class": {
                cause: {"count": count, "effect": effect / MICRO}
                for cause, (count, effect) in self.by_cause.items()
            },
            "remainder": self.remainder_micro / MICRO,
            "differences": [_difference(one) for one in self.differences],
            "notes": list(self.notes),
        }


def _side(side: Side) -> dict[str, Any]:
    return {"orders": side.orders, "fills": side.fills, "pnl": side.pnl_micro / MICRO}


def _difference(one: Difference) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one)
    plain["class"] = plain.pop("cause")
    plain["effect"] = plain.pop("effect_micro") / MICRO
    return plain
