"""The stopwatch: stamps the stages between a tick and what became of its order.

Whoever stands at a stage stamps it; the clock is passed in, and ticks cost two readings of it. An
order that no tick caused (by a timer, say) is not stamped: nobody waited for it.
"""

from __future__ import annotations

from collections.abc import Callable

from ikbr.domain.histogram import Histogram
from ikbr.domain.latency import STAGES, OrderLatency
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Fill

ENDS = frozenset((OrderEvent.REJECT, OrderEvent.CANCEL, OrderEvent.API_CANCEL))
"""After these words of a broker no fill is awaited."""

MOST_UNDER_WAY = 10_000
"""Orders whose fill is awaited; beyond that the oldest are told without."""


class Stopwatch:
    """Stamp stages, ns of any clock that never goes back.

    Attributes:
        now: Gives the time.
        recv: When the bytes were read that are being worked on.
        decoded: When the present tick was whole; 0 when there is none.
        signal, risk, journal, written: When the present order passed these stages.
        histograms: Of each stage, counted from `recv`.
        on_told: Told of each order once its first fill or its end has come.
    """

    __slots__ = (
        "_under_way",
        "decoded",
        "histograms",
        "journal",
        "now",
        "on_told",
        "recv",
        "risk",
        "signal",
        "written",
    )

    def __init__(self, now: Callable[[], int]) -> None:
        """Start without orders."""
        self.now = now
        self.recv = self.decoded = self.signal = self.risk = self.journal = self.written = 0
        self.histograms = {stage: Histogram() for stage in STAGES}
        self.on_told: Callable[[OrderLatency], None] = lambda _latency: None
        self._under_way: dict[int, list[int]] = {}

    def on_signal(self) -> None:
        """Stamp that a strategy's answer is to be acted on."""
        if self.decoded:
            self.signal = self.now()

    def on_risk(self) -> None:
        """Stamp that risk let an order through."""
        if self.decoded:
            self.risk = self.now()
            self.written = 0

    def on_intent(self) -> None:
        """Stamp that the intent of an order is recorded."""
        if self.decoded:
            self.journal = self.now()

    def on_sent(self, order_id: int) -> None:
        """Keep the stamps of an order that was handed to the broker."""
        under_way = self._under_way
        if not self.decoded or order_id in under_way:
            return
        if len(under_way) >= MOST_UNDER_WAY:
            self._tell(next(iter(under_way)), 0)
        under_way[order_id] = [
            self.recv, self.decoded, self.signal, self.risk, self.journal, self.written, 0,
        ]  # fmt: skip

    def on_word(self, order_id: int, *, final: bool) -> None:
        """Stamp the broker's first word about an order; its end is the last chance to tell."""
        stamps = self._under_way.get(order_id)
        if stamps is None:
            return
        if not stamps[6]:
            stamps[6] = self.now()
        if final:
            self._tell(order_id, 0)

    def on_fill(self, order_id: int) -> None:
        """Stamp the first fill of an order, and tell how long everything took."""
        if order_id in self._under_way:
            self._tell(order_id, self.now())

    def _tell(self, order_id: int, fill: int) -> None:
        recv, *stamps = self._under_way.pop(order_id)
        took = [stamp - recv if stamp else -1 for stamp in (*stamps, fill)]
        for stage, ns in zip(STAGES, took, strict=True):
            if ns >= 0:
                self.histograms[stage].add(ns)
        self.on_told(OrderLatency(order_id, *took))


def stamped(
    watch: Stopwatch, on_update: Callable[[OrderUpdate], None], on_fill: Callable[[Fill], None]
) -> tuple[Callable[[OrderUpdate], None], Callable[[Fill], None]]:
    """Stamp what a broker says before its listeners hear it."""

    def update(word: OrderUpdate) -> None:
        watch.on_word(word.order_id, final=word.event in ENDS)
        on_update(word)

    def fill(one: Fill) -> None:
        watch.on_fill(one.order_id)
        on_fill(one)

    return update, fill
