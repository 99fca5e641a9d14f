"""Amendments: executions that are corrected or taken back after they were told.

Source: IBKR, "Executions": a correction has the same id but for what stands behind its last dot.
"""

from __future__ import annotations

from ikbr.domain.instrument import MICRO
from ikbr.domain.position import Position
from ikbr.gateway.books import Books
from ikbr.gateway.fields import Values
from ikbr.gateway.wire_order import WireOrder


def amend(
    books: Books,
    wo: WireOrder,
    execution: Values,
    commission: Values,
    shares: int,
    price: float,
) -> tuple[Values, Values]:
    """Book what an execution should have been in the place of what it was.

    Args:
        books: The account.
        wo: Whose order.
        execution: As it was told.
        commission: As it was told.
        shares: What it should have been; none take it back, with its fees.
        price: What it should have been.

    Returns:
        The execution and the commission as they are told now.
    """
    instrument = wo.order.instrument
    side = 1 if execution["side"] == "BOT" else -1
    old = instrument.to_units(execution["price"]), execution["shares"]
    new = instrument.to_units(price), shares
    spent = [side * units * count * instrument.unit_value_micro for units, count in (old, new)]
    fees = round(commission["commission"] * MICRO) if not shares else 0
    books.account.portfolio.add_cash(spent[0] - spent[1] + fees, instrument.currency)
    for position in books.copies_of(instrument.symbol):
        _revise(position, side * old[1], old[0], side * new[1], new[0])
        position.fees_micro -= fees
    wo.filled += new[1] - old[1]
    wo.cost_units += new[0] * new[1] - old[0] * old[1]
    wo.last_units = new[0]
    wo.commission_micro -= fees
    stem, _, number = execution["execId"].rpartition(".")
    exec_id = f"{stem}.{int(number) + 1:02d}"
    changed = {"execId": exec_id, "shares": shares, "price": price}
    changed |= {"cumQty": wo.filled, "avgPrice": wo.average_price()}
    charged = 0.0 if not shares else commission["commission"]
    return execution | changed, commission | {"execId": exec_id, "commission": charged}


def _revise(position: Position, was: int, was_units: int, now: int, now_units: int) -> None:
    """Put one fill of a position in the place of another (signed quantities, price units)."""
    held = position.quantity
    opened = held and (held > 0) == (was > 0) and abs(held) >= abs(was)
    if not opened:
        position.apply(-was, was_units)
        position.apply(now, now_units)
        return
    worth = position.unit_value_micro
    position.quantity += now - was
    position.cost_micro += (now * now_units - was * was_units) * worth
    if not position.quantity:
        # What other fills had paid on average stays behind and is realised.
        position.realised_micro -= position.cost_micro
        position.cost_micro = 0
