"""The protection watch: tells of positions that have lost their stop, and lets nothing add to them.

Risk lets nothing in without a stop (`core/protection.py`), but a stop can be lost afterwards: the
broker rejects it, a person cancels it in TWS, it ended while nobody listened.
"""

from __future__ import annotations

from ikbr.core.protection import Gap, standing_gap
from ikbr.core.slot import Slot
from ikbr.domain.events import Alert
from ikbr.live.pipeline import LivePipeline

LOOK_NS = 5_000_000_000
"""How often is looked; a gap is told of when it is there twice, as orders of one bracket end one
after the other."""

_Key = tuple[str, str]


class ProtectionWatch:
    """Look every few seconds of the session's time, where risk wants stops (`require_stop`)."""

    def __init__(self, pipeline: LivePipeline) -> None:
        """Wait for `begin`.

        Args:
            pipeline: Whose positions are watched.
        """
        self._pipeline = pipeline
        self._clock = pipeline.clock
        self._seen: set[_Key] = set()
        self._told: set[_Key] = set()
        self._stopped = False

    def begin(self) -> None:
        """Look from now on."""
        self._clock.call_at(self._clock.now_ns + LOOK_NS, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True

    def _look(self) -> None:
        if self._stopped:
            return
        self._clock.call_at(self._clock.now_ns + LOOK_NS, self._look)
        risk = self._pipeline.trader.risk
        # Until the books agree, what is missing may only not be known yet.
        if risk.limits.require_stop and risk.clearance.reconciled:
            for slot in self._pipeline.trader.slots:
                self._judge(slot)

    def _judge(self, slot: Slot) -> None:
        key = (slot.running.name, slot.ticker.symbol)
        gap = standing_gap(slot)
        if gap is None:
            self._seen.discard(key)
            if key in self._told:
                self._told.discard(key)
                words = f"{key[0]} holds nothing in {key[1]} without a stop any more"
                self._alert("info", words, over=not self._told)
        elif key not in self._seen:
            self._seen.add(key)
        elif key not in self._told:
            self._told.add(key)
            self._tell(slot, gap)

    def _tell(self, slot: Slot, gap: Gap) -> None:
        name, symbol = slot.running.name, slot.ticker.symbol
        for order in list(slot.entries):
            if order.side * slot.position > 0:
                self._pipeline.trader.orders.cancel(order.order_id)
        self._alert(
            "critical",
            f"{name} holds {slot.position:+,d} {symbol}, and stops at the broker close "
            f"{gap.covered:,} of it: what would add to it is cancelled and refused; close it with "
            f"`ikbr flatten --symbol {symbol}`, or place a stop in TWS",
        )

    def _alert(self, severity: str, words: str, *, over: bool = False) -> None:
        alert = Alert(self._clock.now_ns, severity, "protection", words, over)
        self._pipeline.trader.alert(alert)
