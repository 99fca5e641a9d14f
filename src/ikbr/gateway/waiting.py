"""Waiting orders: those with conditions or a good-after time, until they may work.

Source: IBKR, "Order conditioning": price, time, margin, execution, volume and per cent change,
joined by and/or from left to right; conditions can also cancel an order that works. They are
looked at in regular hours unless the order says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import NO_PRICE
from ikbr.gateway import times
from ikbr.gateway.wire_order import WireOrder

if TYPE_CHECKING:
    from ikbr.gateway.world import World

PRICE, TIME, MARGIN, EXECUTION, VOLUME, PERCENT = 1, 3, 4, 5, 6, 7
_BID_ASK, _MIDPOINT = 4, 8
"""Methods of triggering that do not go by the last price."""


def wrong_time(values: Mapping[str, Any], instrument: Instrument) -> str:
    """Say what is wrong with the times of an order, or nothing."""
    zone = times.zone_of(instrument.calendar)
    given = [one["time"] for one in values["conditions"] if one["type"] == TIME]
    if values["goodAfterTime"]:
        given.append(values["goodAfterTime"])
    if values["tif"] == "GTD":
        given.append(values["goodTillDate"])
    for text in given:
        try:
            times.read_time(text, zone)
        except ValueError as error:
            return str(error)
    return ""


class Waiting:
    """Hold orders until what they wait for has happened."""

    def __init__(self, world: World) -> None:
        """Start without orders."""
        self._world = world
        self._orders: list[WireOrder] = []
        self._to_cancel: list[WireOrder] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not (self._orders or self._to_cancel)

    def take(self, wo: WireOrder) -> bool:
        """Say whether an order that was let go has to wait; then it is kept here."""
        values = wo.values
        for due in self._times(wo):
            self._world.clock.call_at(due, self.check)
        if values["conditions"] and values["conditionsCancelOrder"]:
            self._to_cancel.append(wo)
        wo.waits = not self._may_work(wo)
        if wo.waits:
            self._orders.append(wo)
        return wo.waits

    def check(self) -> None:
        """Let orders work whose time has come, and cancel those that are to be."""
        desk = self._world.desk
        for wo in tuple(self._orders):
            if wo.done:
                self._orders.remove(wo)
            elif wo.parent is not None and wo.parent.done and not wo.parent.filled:
                desk.withdraw(wo)
            elif self._may_work(wo):
                self._orders.remove(wo)
                wo.waits = False
                desk.submit(wo)
        for wo in tuple(self._to_cancel):
            if wo.done:
                self._to_cancel.remove(wo)
            elif self._met(wo):
                self._to_cancel.remove(wo)
                desk.withdraw(wo)

    def end_day(self) -> None:
        """Let the day orders end that still wait at the close."""
        for wo in tuple(self._orders):
            if wo.values["tif"] in {"", "DAY"} and not wo.request.outside_rth:
                self._world.desk.withdraw(wo)
        self.check()

    # --- inside ---------------------------------------------------------------------------------

    def _times(self, wo: WireOrder) -> list[int]:
        zone = times.zone_of(wo.order.instrument.calendar)
        given = [one["time"] for one in wo.values["conditions"] if one["type"] == TIME]
        if wo.values["goodAfterTime"]:
            given.append(wo.values["goodAfterTime"])
        return [times.read_time(text, zone) for text in given]

    def _may_work(self, wo: WireOrder) -> bool:
        values = wo.values
        if wo.parent is not None and wo.parent.waits and not wo.parent.done:
            return False
        if values["goodAfterTime"]:
            zone = times.zone_of(wo.order.instrument.calendar)
            if self._world.now_ns < times.read_time(values["goodAfterTime"], zone):
                return False
        if not values["conditions"] or values["conditionsCancelOrder"]:
            return True
        return self._met(wo)

    def _met(self, wo: WireOrder) -> bool:
        """Say whether an order's conditions hold now."""
        values = wo.values
        if not (values["conditionsIgnoreRth"] or self._world.exchange.hours.regular):
            return False
        found, joined = True, "a"
        for one in values["conditions"]:
            holds = self._holds(wo, one)
            found = (found and holds) if joined == "a" else (found or holds)
            joined = one["conjunction"]
        return found

    def _holds(self, wo: WireOrder, condition: Mapping[str, Any]) -> bool:
        kind = condition["type"]
        if kind == EXECUTION:
            return self._world.desk.executed.has(
                condition["symbol"], condition["secType"], wo.order.created_ns
            )
        if kind == TIME:
            zone = times.zone_of(wo.order.instrument.calendar)
            is_later = self._world.now_ns >= times.read_time(condition["time"], zone)
            return is_later == bool(condition["isMore"])
        found = self._figure(wo, condition)
        if found is None:
            return False
        actual, wanted = found
        return actual >= wanted if condition["isMore"] else actual <= wanted

    def _figure(self, wo: WireOrder, condition: Mapping[str, Any]) -> tuple[float, float] | None:
        """Give what a condition looks at and what it compares that with."""
        world, kind = self._world, condition["type"]
        if kind == MARGIN:
            cushion = float(world.books[wo.account].by_key()["Cushion"].value)
            return cushion * 100, condition["percent"]
        (number,) = world.contracts.find({"conId": condition["conId"]})
        last, scale = world.market.last[number], world.contracts.instruments[number].price_scale
        if kind == VOLUME:
            return world.volume[number], condition["volume"]
        if kind == PRICE:
            price = self._price(number, condition)
            return None if price is None else (price / scale, condition["price"])
        close = world.close[number]
        if NO_PRICE in {close, last} or not close:
            return None
        return (last - close) / close * 100, condition["changePercent"]

    def _price(self, number: int, condition: Mapping[str, Any]) -> float | None:
        market, method = self._world.market, condition["triggerMethod"]
        bid, ask = market.bid[number], market.ask[number]
        if method == _MIDPOINT:
            return None if NO_PRICE in {bid, ask} else (bid + ask) / 2
        price = market.last[number]
        if method == _BID_ASK:
            price = bid if condition["isMore"] else ask
        return None if price == NO_PRICE else price
