"""Faults that happen by themselves: to connections, to what is behind the gateway, to markets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from ikbr.domain.tape import Kind
from ikbr.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from ikbr.gateway.session import Session
    from ikbr.gateway.world import World

Effect = Callable[["World", Fault], None]


def _sessions(world: World, fault: Fault) -> Iterator[Session]:
    """Give the clients that a fault is about."""
    for client_id, link in list(world.links.items()):
        if fault.client in {None, client_id}:
            yield cast("Session", link)


def _drop(world: World, fault: Fault) -> None:
    for session in _sessions(world, fault):
        if fault.lost:
            session.lose_output()
        session.drop("a fault closes its connection.")


def _half_open(world: World, fault: Fault) -> None:
    for session in _sessions(world, fault):
        session.fall_silent()
    if fault.client is None:
        world.upstream.deaf_until_ns = world.now_ns + fault.ns


def _restart(world: World, fault: Fault) -> None:
    world.upstream.restart(fault.ns, accepts=fault.accepts)


def _link_down(world: World, fault: Fault) -> None:
    world.upstream.link_down(fault.ns, kept=fault.data == "kept")


def _link_up(world: World, fault: Fault) -> None:
    world.upstream.link_up(kept=fault.data == "kept")


def _farm_down(world: World, fault: Fault) -> None:
    world.upstream.farm_down(fault.farm, fault.ns)


def _farm_up(world: World, fault: Fault) -> None:
    world.upstream.farm_up(fault.farm)


def _competing(world: World, fault: Fault) -> None:
    for session in _sessions(world, fault):
        world.upstream.compete(session, fault.ns)


def _notice(world: World, fault: Fault) -> None:
    for session in _sessions(world, fault):
        session.error(-1 if fault.request is None else fault.request, fault.code, fault.text)


def _halt(world: World, fault: Fault) -> None:
    world.put_row(fault.symbol, Kind.HALT)
    world.clock.call_at(world.now_ns + fault.ns, world.put_row, fault.symbol, Kind.RESUME)


EVENTS: dict[str, Effect] = {
    "drop": _drop,
    "half_open": _half_open,
    "restart": _restart,
    "link_down": _link_down,
    "link_up": _link_up,
    "farm_down": _farm_down,
    "farm_up": _farm_up,
    "competing": _competing,
    "notice": _notice,
    "halt": _halt,
}
"""What happens, by the kind of fault."""
