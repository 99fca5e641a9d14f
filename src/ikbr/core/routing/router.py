"""The router: gives each order that a signal asks for its type, before risk looks at it."""

from __future__ import annotations

import msgspec

from ikbr.core.ports import Clock
from ikbr.core.routing.choose import BPS, MARKET, Route, choose_route
from ikbr.core.slot import Slot
from ikbr.domain.errors import StrategyError, nearest
from ikbr.domain.instrument import Instrument, SecType
from ikbr.domain.order import Side
from ikbr.domain.routing import RoutingRules, Urgency
from ikbr.domain.signal import Signal

_URGENCIES = {str(urgency): urgency for urgency in Urgency}


class Router:
    """Choose a route for each order of a signal.

    Attributes:
        rules: The thresholds.
        open_ns, close_ns: The regular hours of the present session, ns UTC; set at its start.
    """

    __slots__ = ("_clock", "_directed", "close_ns", "open_ns", "rules")

    def __init__(self, rules: RoutingRules, clock: Clock) -> None:
        """Take the rules.

        Args:
            rules: The thresholds.
            clock: Tells the time.
        """
        self.rules = rules
        self._clock = clock
        self._directed: dict[str, Instrument] = {}
        self.open_ns = 0
        self.close_ns = 0

    def route(self, slot: Slot, signal: Signal, side: Side, quantity: int) -> Route:
        """Say how an order is worked.

        Args:
            slot: The strategy in the symbol.
            signal: What asked for it; its urgency wins over the rules.
            side: Which way.
            quantity: How much.

        Raises:
            StrategyError: When the signal's urgency is unknown.
        """
        if self.rules.mode == "market":
            return MARKET
        return choose_route(
            self.rules,
            self._urgency(slot, signal, side),
            side,
            quantity,
            slot.ticker,
            regular=self.open_ns <= self._clock.now_ns < self.close_ns,
        )

    @property
    def reach(self) -> float:
        """How far beyond the touch a limit may lie, as a fraction of it."""
        return self.rules.collar_bps * BPS if self.rules.mode == "smart" else 0.0

    def place(self, instrument: Instrument) -> Instrument:
        """Give an instrument the exchange that its orders are sent to."""
        exchange = self.rules.exchange
        if not exchange or instrument.sec_type is not SecType.STOCK:
            return instrument
        symbol = instrument.symbol
        if symbol not in self._directed:
            self._directed[symbol] = msgspec.structs.replace(instrument, exchange=exchange)
        return self._directed[symbol]

    def _urgency(self, slot: Slot, signal: Signal, side: Side) -> Urgency:
        if signal.urgency:
            try:
                return _URGENCIES[signal.urgency]
            except KeyError:
                raise StrategyError(
                    f"{slot.running.name}: urgency {signal.urgency!r} of a signal is unknown; "
                    f"{nearest(signal.urgency, _URGENCIES)}."
                ) from None
        closes = side * slot.position < 0
        return self.rules.exit_urgency if closes else self.rules.urgency
