"""Coverage: which blows met orders in which states, and which of these pairs a campaign must see.

The table was reviewed by hand. A blow that is over at once meets the orders that work at its
moment, or the one at which it is aimed; one that lasts also meets every order that comes into a
state while it lasts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ikbr.domain.lifecycle import OrderState
from ikbr.simulate.storm import KINDS

LEAST = 100
"""How often a campaign of `SEEDS` must see each pair, or it says nothing."""
SEEDS = 10_000

_S = OrderState
STATES = (
    _S.PENDING_SUBMIT, _S.PRE_SUBMITTED, _S.SUBMITTED, _S.PENDING_CANCEL, _S.UNKNOWN,
    _S.FILLED, _S.CANCELLED, _S.REJECTED,
)  # fmt: skip
"""States in which every blow can meet an order."""

UNREACHABLE = {
    _S.CREATED: "the order is sent in the turn in which it is created",
    _S.API_PENDING: "no gateway that was seen tells it",
    _S.API_CANCELLED: "no gateway that was seen tells it to a client whose order it had",
    _S.INACTIVE: "the code that ends the order follows in the same packet",
}
"""The other states, and why no blow can be counted on to meet them."""

PAIRS = frozenset(f"{kind} | {state.value}" for kind in KINDS for state in STATES)
"""What a campaign must see."""


class Coverage:
    """Count which blows met orders in which states.

    Attributes:
        counts: By "kind | state".
    """

    def __init__(self) -> None:
        """Count nothing yet."""
        self.counts: Counter[str] = Counter()
        self._under: list[tuple[str, float]] = []

    def on_blow(self, kind: str, until_s: float, states: Iterable[OrderState]) -> None:
        """Count the orders that a blow meets as it happens.

        Args:
            kind: Of the blow.
            until_s: When it is over, seconds since the start.
            states: Of the orders.
        """
        self._under.append((kind, until_s))
        self.counts.update(f"{kind} | {state.value}" for state in states)

    def on_states(self, now_s: float, states: Iterable[OrderState]) -> None:
        """Count states that orders came into, under all blows that last."""
        self._under = [one for one in self._under if one[1] >= now_s]
        for state in states:
            self.counts.update(f"{kind} | {state.value}" for kind, _ in self._under)


def missing(counts: Mapping[str, int], least: int = LEAST) -> dict[str, int]:
    """Give the pairs that were seen too rarely, and how often.

    >>> missing({pair: 100 for pair in PAIRS})
    {}
    """
    return {pair: counts.get(pair, 0) for pair in sorted(PAIRS) if counts.get(pair, 0) < least}
