"""A person's flattening: closes what is held, and tries again what was refused at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ikbr.core.halts import PAUSE
from ikbr.core.ports import Clock
from ikbr.core.slot import Slot
from ikbr.core.trader import Trader
from ikbr.domain.events import Alert
from ikbr.live.operator_orders import Orders

AGAIN_NS = 1_000_000_000
TRIES = 30
"""A refusal for an old price or too many messages passes; so long it is tried again."""


class Flattened(NamedTuple):
    """Say what came of it.

    Attributes:
        message: In words.
        left: What is held and is not being closed yet.
    """

    message: str
    left: list[str]


class Flattening:
    """Close what the strategies hold; entries must be stopped already."""

    def __init__(self, trader: Trader, clock: Clock) -> None:
        """Prepare.

        Args:
            trader: Whose positions.
            clock: Says when to try again.
        """
        self._trader, self._clock = trader, clock

    def begin(self, orders: Orders, reason: str) -> Flattened:
        """Cancel what works and close what is held.

        Args:
            orders: Of what.
            reason: Why, in words.
        """
        self._trader.desk.refresh()
        meant = [slot for slot in self._trader.slots if orders.mean(slot)]
        closing = [_words(slot) for slot in meant if slot.position]
        for slot in meant:
            self._trader.flattener.flatten(slot, reason)
        left = [slot for slot in meant if not _is_closing(slot)]
        refused = [_words(slot) for slot in left]
        closing = [words for words in closing if words not in refused]
        if left:
            self._clock.call_at(self._clock.now_ns + AGAIN_NS, self._again, left, 1)
        return Flattened(self._said(closing, refused), refused)

    def _again(self, slots: Sequence[Slot], tried: int) -> None:
        """Try again, unless entries go on: then a person has thought better of it."""
        trader = self._trader
        paused = any(halt.rule == PAUSE for halt in trader.risk.halts.latched)
        if trader.desk.closed or not paused:
            return
        for slot in slots:
            if not _is_closing(slot):
                trader.flattener.close(slot)
        left = [slot for slot in slots if not _is_closing(slot)]
        if left and tried < TRIES:
            self._clock.call_at(self._clock.now_ns + AGAIN_NS, self._again, left, tried + 1)
        elif left:
            what = ", ".join(map(_words, left))
            words = f"not flat: {what} could not be closed in {TRIES} tries; see the refusals"
            trader.alert(Alert(self._clock.now_ns, "critical", "operator", words))

    def _said(self, closing: Sequence[str], refused: Sequence[str]) -> str:
        said = f"closing {', '.join(closing)}" if closing else "nothing is being closed"
        if refused:
            said += (
                f"; REFUSED, and still held: {', '.join(refused)} (the refusals say why; it is "
                f"tried again each second for {TRIES} s)"
            )
        foreign = _foreign(self._trader)
        if foreign:
            said += f"; not of the strategies, and left alone: {', '.join(foreign)}"
        return f"{said}. Entries wait until someone resumes."


def _words(slot: Slot) -> str:
    return f"{slot.instrument.symbol} {slot.position:+d} of {slot.running.name}"


def _is_closing(slot: Slot) -> bool:
    """Say whether an order is under way that closes, or nothing is left to be closed."""
    return not slot.position or any(
        one.side * slot.position < 0 and not one.cancel_requested for one in slot.entries
    )


def _foreign(trader: Trader) -> list[str]:
    own = trader.manager.net_positions()
    return [
        f"{symbol} {one.quantity - own.get(symbol, 0):+d}"
        for symbol, one in trader.portfolio.positions.items()
        if one.quantity != own.get(symbol, 0)
    ]
