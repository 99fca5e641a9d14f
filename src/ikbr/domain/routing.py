"""Routing: how an order gets its type and its place, and the settings of that choice."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal, get_args

import msgspec

from ikbr.domain.errors import ConfigError, nearest

RoutingMode = Literal["market", "smart"]

_EXCHANGE = re.compile(r"[A-Z][A-Z0-9.]{1,11}")


class Urgency(StrEnum):
    """Say how much waiting an order bears."""

    PATIENT = "patient"
    NORMAL = "normal"
    URGENT = "urgent"
    NOW = "now"


class Algo(StrEnum):
    """Name the way an order is worked; "" for the plain order type.

    Source: IBKR, "IB Algorithms: Adaptive Algo": priorities Urgent, Normal and Patient, for market
    and limit orders in regular hours.
    """

    NONE = ""
    ADAPTIVE_PATIENT = "adaptive-patient"
    ADAPTIVE_NORMAL = "adaptive-normal"
    ADAPTIVE_URGENT = "adaptive-urgent"
    CHASE = "chase"
    COLLAR = "collar"


ADAPTIVE = {
    Algo.ADAPTIVE_PATIENT: "Patient",
    Algo.ADAPTIVE_NORMAL: "Normal",
    Algo.ADAPTIVE_URGENT: "Urgent",
}
"""What IB calls the priorities of its adaptive algorithm."""


class RoutingRules(msgspec.Struct, frozen=True, kw_only=True):
    """Say how orders that signals ask for are worked.

    Attributes:
        mode: "market" sends market orders; "smart" chooses by urgency, spread, size and session.
        urgency: Of entries, unless the signal says.
        exit_urgency: Of what closes, unless the signal says.
        narrow_ticks: A spread of at most so many price steps is narrow.
        wide_bps: A spread above this part of the mid (in 1/10,000) is wide.
        large_share: An order above so many times the displayed size is large.
        collar_bps: How far a marketable limit reaches beyond the touch (in 1/10,000).
        chase_s: How often a chasing limit follows the touch, seconds.
        chase_times: After so many moves it crosses the spread.
        exchange: Where orders for stocks are sent; "" lets IB choose (SMART).
    """

    mode: RoutingMode = "market"
    urgency: Urgency = Urgency.NORMAL
    exit_urgency: Urgency = Urgency.URGENT
    narrow_ticks: int = 1
    wide_bps: float = 10.0
    large_share: float = 1.0
    collar_bps: float = 10.0
    chase_s: float = 2.0
    chase_times: int = 5
    exchange: str = ""

    @property
    def is_active(self) -> bool:
        """Whether anything but a market order to the instrument's own exchange can come out."""
        return self.mode != "market" or bool(self.exchange)

    def __post_init__(self) -> None:
        """Refuse rules that make no sense."""
        if self.mode not in get_args(RoutingMode):
            known = get_args(RoutingMode)
            raise ConfigError(f"routing.mode = {self.mode!r}: {nearest(str(self.mode), known)}.")
        for name in ("urgency", "exit_urgency"):
            value = str(getattr(self, name))
            if value not in set(Urgency):
                raise ConfigError(f"routing.{name} = {value!r}: {nearest(value, list(Urgency))}.")
        for name, most in (("narrow_ticks", 1000), ("wide_bps", 10_000), ("collar_bps", 1000)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise ConfigError(f"routing.{name} = {value}: it must be from 0 to {most}.")
        if not 0 < self.large_share < 1e9:
            raise ConfigError(f"routing.large_share = {self.large_share}: it must be above 0.")
        if not 0.01 <= self.chase_s <= 3600:
            raise ConfigError(f"routing.chase_s = {self.chase_s}: it must be from 0.01 to 3600.")
        if not 1 <= self.chase_times <= 1000:
            raise ConfigError(
                f"routing.chase_times = {self.chase_times}: it must be from 1 to 1000."
            )
        if self.exchange and not _EXCHANGE.fullmatch(self.exchange):
            raise ConfigError(
                f"routing.exchange = {self.exchange!r}: write an exchange as IB does, for example "
                f"ISLAND or ARCA, or nothing for SMART."
            )


MARKET_ORDERS = RoutingRules()
"""Send every order as a market order, as backtests do unless told otherwise."""

ROUTING: dict[str, RoutingRules] = {
    "backtest": MARKET_ORDERS,
    "paper": RoutingRules(mode="smart"),
    "live": RoutingRules(mode="smart"),
}
"""The rules of each profile."""
