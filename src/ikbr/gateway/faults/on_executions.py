"""Faults in executions: corrected or taken back afterwards.

Source: IBKR, "Executions": a correction has the same id but for what stands behind its last dot.
How a bust is told is not documented; here it is a correction to no shares.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ikbr.gateway.faults.fault import Fault
from ikbr.gateway.fields import Values
from ikbr.gateway.wire_order import WireOrder

if TYPE_CHECKING:
    from ikbr.gateway.world import World

Effect = Callable[["World", Fault, WireOrder, Values, Values], None]


def _correct(
    world: World, fault: Fault, wo: WireOrder, execution: Values, commission: Values
) -> None:
    price = round(execution["price"] + fault.by, 6)

    def amend() -> None:
        world.desk.amend(wo, execution, commission, execution["shares"], price)

    world.clock.call_at(world.now_ns + fault.ns, amend)


def _bust(world: World, fault: Fault, wo: WireOrder, execution: Values, commission: Values) -> None:
    def amend() -> None:
        world.desk.amend(wo, execution, commission, 0, execution["price"])

    world.clock.call_at(world.now_ns + fault.ns, amend)


EXECUTIONS: dict[str, Effect] = {"correct": _correct, "bust": _bust}
"""What is done about an execution, by the kind of fault."""
