"""The blows: how each kind of a storm is dealt to a town."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from ikbr.domain.lifecycle import OrderState
from ikbr.gateway.faults.kinds import EVENT
from ikbr.gateway.faults.kinds import KINDS as FAULTS
from ikbr.simulate.network import Weather
from ikbr.simulate.storm import CALM_S, Blow
from ikbr.simulate.town import Town
from ikbr.simulate.universe import SECOND

PLENTY = 1 << 40
_TIMED = ("link_down", "restart", "half_open", "farm_down", "competing", "halt")

Deal = Callable[[Town, Blow], None]


class Storm:
    """Have the blows of a storm happen in a town, and everything end in the calm."""

    def __init__(
        self, town: Town, blows: list[Blow], on_blow: Callable[[Blow, float], None]
    ) -> None:
        """Let it loose.

        Args:
            town: Started.
            blows: What happens.
            on_blow: Told of each as it happens, and when it is over, seconds since the start.
        """
        self._town = town
        self._on_blow = on_blow
        self._waiting: list[Blow] = []
        for blow in blows:
            act = self._waiting.append if blow.on else self._deal
            town.universe.call_at(round(blow.at_s * SECOND), act, blow)
        town.universe.call_at(round(CALM_S * SECOND), self._calm_down)

    def on_states(self, states: list[OrderState]) -> None:
        """Deal the blows that have waited for states of orders."""
        if not self._waiting:
            return
        came = {state.value for state in states}
        due = [blow for blow in self._waiting if blow.on in came]
        for blow in due:
            self._waiting.remove(blow)
            self._town.universe.call_at(self._town.universe.now_ns, self._deal, blow)

    def _deal(self, blow: Blow) -> None:
        town = self._town
        now_s = town.universe.now_ns / SECOND
        blow = replace(blow, lasts_s=round(min(blow.lasts_s, CALM_S - now_s), 3))
        town.say(f"BLOW: {blow.words}")
        self._on_blow(blow, now_s + blow.lasts_s)
        DEALS.get(blow.kind, _gateway)(town, blow)

    def _calm_down(self) -> None:
        self._waiting.clear()
        calm_down(self._town)


def calm_down(town: Town) -> None:
    """End every fault that has not ended by itself; what was broken stays broken."""
    town.say("CALM")
    town.network.weather = Weather()
    town.network.unreachable.clear()
    for connection in tuple(town.network.connections):
        if connection.half_open:
            connection.reset()
    town.disk.capacity, town.disk.lies = PLENTY, False
    town.disk.failures.clear()
    town.failpoint = None
    if not town.gateway.is_running:
        town.gateway.restart()
    for wo in town.world.desk.orders.of():
        wo.silent = False


def _later(town: Town, blow: Blow, act: Callable[[], None]) -> None:
    town.universe.call_in(blow.lasts_s, act)


def _weather(**values: Any) -> Deal:
    def deal(town: Town, blow: Blow) -> None:
        weather = town.network.weather
        for name, value in values.items():
            setattr(weather, name, value)
        normal = Weather()

        def end() -> None:
            for name in values:
                setattr(weather, name, getattr(normal, name))

        _later(town, blow, end)

    return deal


def _delay(town: Town, blow: Blow) -> None:
    _weather(most_us=blow.args["most_ms"] * 1_000)(town, blow)


def _to_connections(act: str) -> Deal:
    def deal(town: Town, _blow: Blow) -> None:
        for connection in town.network.of(town.bot.node):
            if act == "half-open":
                connection.half_open = True
            else:
                getattr(connection, act)()

    return deal


def _unreachable(town: Town, blow: Blow) -> None:
    ports = town.network.unreachable
    ports.add(4002)
    _later(town, blow, ports.clear)


def _gateway_crash(town: Town, blow: Blow) -> None:
    if not town.gateway.is_running:
        return
    town.gateway.crash()

    def back() -> None:
        if not town.gateway.is_running:
            town.gateway.restart(rollback=blow.args["rollback"])

    _later(town, blow, back)


def _bot_crash(town: Town, _blow: Blow) -> None:
    town.bot.die()


def _failpoint(town: Town, blow: Blow) -> None:
    """Have the bot die at a place, and something else happen as it does."""
    args, then = blow.args, blow.args.get("then", "")
    town.failpoint = ((args["name"], args["when"]), args["count"])

    def go_on() -> None:
        now_s = town.universe.now_ns / SECOND
        lasts_s = max(0.0, min(args["lasts_s"], CALM_S - now_s))
        DEALS.get(then, _gateway)(town, Blow(now_s, then, lasts_s, args["args"]))

    town.on_death = go_on if then else _nothing


def _nothing() -> None:
    """Let nothing else happen."""


def _power_loss(town: Town, _blow: Blow) -> None:
    town.bot.die()
    town.disk.lose_power(town.universe.rng.randrange)
    town.lost_power = True


def _clock_jump(town: Town, blow: Blow) -> None:
    town.wall_offset_ns += round(blow.args["by_s"] * SECOND)
    town.bot.node.wall_offset_ns = town.wall_offset_ns


def _night(town: Town, _blow: Blow) -> None:
    town.pass_night()


def _disk_full(town: Town, blow: Blow) -> None:
    disk = town.disk
    disk.capacity = disk.used()

    def end() -> None:
        disk.capacity = PLENTY

    _later(town, blow, end)


def _disk_failing(town: Town, blow: Blow) -> None:
    call, failures = blow.args["call"], town.disk.failures
    failures[call] = [errno.EIO] * 10_000

    def end() -> None:
        failures.pop(call, None)

    _later(town, blow, end)


def _disk_lying(town: Town, blow: Blow) -> None:
    disk = town.disk
    disk.lies = town.lied = True

    def end() -> None:
        disk.lies = False

    _later(town, blow, end)


def _kill(town: Town, _blow: Blow) -> None:
    town.stop_trading()


def _gateway(town: Town, blow: Blow) -> None:
    """Let a fault of the gateway's own act."""
    given: dict[str, Any] = {name: value for name, value in blow.args.items() if value != ""}
    what = given["what"]
    if FAULTS[what].acts != EVENT:
        given["lasts_s"] = max(blow.lasts_s, 0.001)
    elif what in _TIMED:
        given["seconds"] = max(blow.lasts_s, 0.001)
    town.gateway.fault(given)


DEALS: dict[str, Deal] = {
    "net delay": _delay,
    "net reset": _to_connections("reset"),
    "net half-open": _to_connections("half-open"),
    "net cut": _to_connections("cut"),
    "net pieces": _weather(pieces=0.7),
    "net together": _weather(together=0.7),
    "net unreachable": _unreachable,
    "gateway crash": _gateway_crash,
    "bot crash": _bot_crash,
    "bot failpoint": _failpoint,
    "power loss": _power_loss,
    "clock jump": _clock_jump,
    "night": _night,
    "disk full": _disk_full,
    "disk failing": _disk_failing,
    "disk lying": _disk_lying,
    "kill": _kill,
}
"""All kinds that are no faults of the gateway's own."""
