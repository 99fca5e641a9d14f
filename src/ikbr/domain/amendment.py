"""Amendments: what an execution turns out to have been, after its fill was booked.

A commission comes late, an exchange corrects an execution, or it takes one back (a bust). All
three say the same: a fill as it was booked, and as it should have been.

Source: IBKR, TWS API, "Execution" and "CommissionReport": a corrected execution comes under the
same id but for the digits after its last full stop; a commission comes by itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, MutableSequence
from enum import StrEnum

import msgspec

from ikbr.domain.instrument import MICRO
from ikbr.domain.order import Fill
from ikbr.domain.position import Position


class AmendmentKind(StrEnum):
    """Say what was amended."""

    COMMISSION = "commission"
    """The fees alone."""
    CORRECTION = "correction"
    """Price or quantity."""
    BUST = "bust"
    """The execution never was."""


class Amendment(msgspec.Struct, frozen=True, gc=False):
    """Record that a booked fill was something else.

    Attributes:
        ts_ns: When it became known, ns UTC.
        before: The fill as it was booked.
        after: The fill as it should have been; a quantity of 0 means that it never was.
    """

    ts_ns: int
    before: Fill
    after: Fill

    @property
    def change(self) -> int:
        """By how much the position changes, signed."""
        return self.after.signed_quantity - self.before.signed_quantity

    @property
    def fees_micro(self) -> int:
        """By how much the fees change, millionths of the instrument's currency."""
        return self.after.commission_micro - self.before.commission_micro

    @property
    def retraded(self) -> bool:
        """Whether quantity or price differ, not the fees alone."""
        return self.change != 0 or self.after.price_units != self.before.price_units

    @property
    def says_nothing(self) -> bool:
        """Whether nothing differs that is booked."""
        return not self.retraded and self.fees_micro == 0

    @property
    def kind(self) -> AmendmentKind:
        """What was amended."""
        if self.retraded:
            return AmendmentKind.CORRECTION if self.after.quantity else AmendmentKind.BUST
        return AmendmentKind.COMMISSION

    def describe(self) -> str:
        """Say it in a sentence."""
        old, new = self.before, self.after
        what = f"fill {old.exec_id} of order {old.order_id} ({old.symbol})"
        traded = f"{old.side.name} {old.quantity:,} @ {old.price:g}"
        match self.kind:
            case AmendmentKind.BUST:
                return f"{what}: {traded} was taken back by the exchange."
            case AmendmentKind.CORRECTION:
                return f"{what}: {traded} was corrected to {new.quantity:,} @ {new.price:g}."
            case _:
                fees = self.fees_micro / MICRO
                return f"{what}: its commission is {new.commission:,.2f} ({fees:+,.2f})."


def amend_position(position: Position, amendment: Amendment, history: Iterable[Fill]) -> None:
    """Book an amendment in a position, as if the fill had been so from the beginning.

    Where the history explains the position, it is followed again with the amended fill, so that
    cost and realised profit are those of a book that never knew the wrong one. Where it does
    not (holdings that were adopted, splits), the old fill is reversed and the new one booked at
    the average cost of today, which is how brokers cancel and rebook.

    Args:
        position: In the symbol of the fill.
        amendment: What is amended.
        history: The fills of this position in the order they were booked, the old one included.
    """
    old, new = amendment.before, amendment.after
    position.fees_micro += amendment.fees_micro
    if not amendment.retraded:
        return
    fills = list(history)
    was = _followed(position, fills)
    if (was.quantity, was.cost_micro) == (position.quantity, position.cost_micro):
        amend_fills(fills, amendment)
        now = _followed(position, fills)
        position.quantity, position.cost_micro = now.quantity, now.cost_micro
        position.realised_micro += now.realised_micro - was.realised_micro
        return
    position.apply(-old.signed_quantity, old.price_units)
    if new.quantity:
        position.apply(new.signed_quantity, new.price_units)


def amend_fills(fills: MutableSequence[Fill], amendment: Amendment) -> None:
    """Put a fill as it should have been in the place of what it was; take a busted one out."""
    for at, fill in enumerate(fills):
        if fill.exec_id == amendment.after.exec_id:
            if amendment.after.quantity:
                fills[at] = amendment.after
            else:
                del fills[at]
            return
    if amendment.after.quantity:
        fills.insert(bisect_right(fills, amendment.after.ts_ns, key=_time), amendment.after)


def _time(fill: Fill) -> int:
    return fill.ts_ns


def _followed(position: Position, fills: Iterable[Fill]) -> Position:
    followed = Position(position.instrument)
    for fill in fills:
        followed.apply(fill.signed_quantity, fill.price_units)
    return followed
