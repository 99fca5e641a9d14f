"""Market data: tickers, ring buffers and bars, the same for replay and live.

A ticker is updated in place by whoever feeds it. Buffers and bars exist only for the symbols
and spans that somebody asked for, so that nobody pays for what nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ikbr.core.bars import BarBuilder, BarSpec
from ikbr.core.tick_buffer import TickBuffer
from ikbr.domain.errors import ContractError, nearest
from ikbr.domain.events import Bar
from ikbr.domain.instrument import Instrument
from ikbr.domain.ticker import Freshness, Ticker


class MarketData:
    """Hold what is known of the market.

    Attributes:
        tickers: By symbol.
        buffers: By symbol, for those that were asked for.
        builders: Bar builders by symbol.
        stale_after_ns: Age from which a ticker is labelled stale.
        refresh: Brings tickers, buffers and bars up to the present; set by a replay that fills
            them lazily, otherwise None.
    """

    def __init__(self, instruments: Iterable[Instrument], stale_after_s: float = 60.0) -> None:
        """Start with tickers that have seen nothing."""
        self.instruments = {i.symbol: i for i in instruments}
        self.tickers = {symbol: Ticker(i) for symbol, i in self.instruments.items()}
        self.buffers: dict[str, TickBuffer] = {}
        self.builders: dict[str, list[BarBuilder]] = {}
        self.stale_after_ns = round(stale_after_s * 1e9)
        self.refresh: Callable[[], None] | None = None

    def ticker(self, symbol: str) -> Ticker:
        """Give the ticker of a symbol.

        Raises:
            ContractError: When the symbol is not subscribed.
        """
        try:
            return self.tickers[symbol]
        except KeyError:
            raise ContractError(
                f"symbol {symbol!r} is not subscribed; {nearest(symbol, self.tickers)}."
            ) from None

    def buffer(self, symbol: str, size: int = 10_000) -> TickBuffer:
        """Give the ring buffer of a symbol's prints; made on first use.

        Args:
            symbol: Whose prints.
            size: How many to remember (the first caller decides).
        """
        buffer = self.buffers.get(symbol)
        if buffer is None:
            self.ticker(symbol)
            if self.refresh is not None:
                self.refresh()
            buffer = self.buffers[symbol] = TickBuffer(size)
        elif self.refresh is not None:
            self.refresh()
        return buffer

    def add_bars(self, symbol: str, spec: BarSpec) -> BarBuilder:
        """Ask for bars of a symbol; the same span is built once."""
        self.ticker(symbol)
        builders = self.builders.setdefault(symbol, [])
        for builder in builders:
            if builder.spec.text == spec.text:
                return builder
        builder = BarBuilder(symbol, spec)
        builders.append(builder)
        return builder

    def on_print(
        self, symbol: str, price: float, size: int, ts_ns: int
    ) -> list[tuple[Bar, str]] | None:
        """Add a print to the buffer and the bars of its symbol.

        Returns:
            Tick and volume bars that it closed, with their specification; None without any.
        """
        buffer = self.buffers.get(symbol)
        if buffer is not None:
            buffer.add_tick(price, size, ts_ns)
        builders = self.builders.get(symbol)
        if builders is None:
            return None
        closed = [
            (bar, b.spec.text) for b in builders if (bar := b.add(price, size, ts_ns)) is not None
        ]
        return closed or None

    def on_prints(
        self,
        symbol: str,
        prices: NDArray[np.float64],
        sizes: NDArray[np.int64],
        times: NDArray[np.int64],
    ) -> None:
        """Add many prints at once; for buffers and bars by time."""
        buffer = self.buffers.get(symbol)
        if buffer is not None:
            buffer.add_ticks(prices, sizes, times)
        for builder in self.builders.get(symbol, ()):
            builder.add_many(prices, sizes, times)

    def freshness(self, symbol: str, now_ns: int) -> Freshness:
        """Label how far the ticker of a symbol can be trusted."""
        return self.tickers[symbol].freshness(now_ns, self.stale_after_ns)

    def pending_tickers(self) -> list[Ticker]:
        """List the tickers that have seen anything (the guide's `pendingTickers`)."""
        if self.refresh is not None:
            self.refresh()
        return [ticker for ticker in self.tickers.values() if ticker.ts_ns]
