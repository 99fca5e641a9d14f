"""Market data: tickers, ring buffers and bars, the same for replay and live.

A ticker is updated in place by whoever feeds it. Buffers and bars exist only for the symbols
and spans that somebody asked for, so that nobody pays for what nobody reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ikbr.core.bars import BarBuilder, BarSpec
from ikbr.core.tick_buffer import TickBuffer
from ikbr.core.validity import halt_state, valid_price, valid_print, valid_side
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
        dropped: What a feed said that was not taken, counted by symbol and reason ("late": older
            than the ticker; "no print": nothing was dealt).
    """

    def __init__(self, instruments: Iterable[Instrument], stale_after_s: float = 60.0) -> None:
        """Start with tickers that have seen nothing."""
        self.instruments = {i.symbol: i for i in instruments}
        self.tickers = {symbol: Ticker(i) for symbol, i in self.instruments.items()}
        self.buffers: dict[str, TickBuffer] = {}
        self.builders: dict[str, list[BarBuilder]] = {}
        self.stale_after_ns = round(stale_after_s * 1e9)
        self.refresh: Callable[[], None] | None = None
        self.dropped: Counter[tuple[str, str]] = Counter()

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

    # --- what a feed brings --------------------------------------------------------------------

    def on_quote(
        self, symbol: str, bid: float, ask: float, bid_size: float, ask_size: float, ts_ns: int
    ) -> bool:
        """Take a quote as a feed gave it.

        Args:
            symbol: Of which instrument.
            bid: Price; −1, 0 or NaN where there is none (`core/validity.py`).
            ask: As bid.
            bid_size: Displayed size; NaN where the feed does not tell it.
            ask_size: As bid_size.
            ts_ns: When, ns UTC.

        Returns:
            Whether the ticker changed; not by a quote older than itself.
        """
        ticker = self.tickers[symbol]
        if self._is_late(ticker, ts_ns):
            return False
        kind = ticker.instrument.sec_type
        bid, standing_bid = valid_side(bid, bid_size, kind)
        ask, standing_ask = valid_side(ask, ask_size, kind)
        update(ticker, ts_ns, bid, ask, ticker.last, standing_bid, standing_ask, 0, False)
        return True

    def on_last(
        self, symbol: str, price: float, size: float, ts_ns: int
    ) -> list[tuple[Bar, str]] | None:
        """Take a print as a feed gave it: to the ticker, the buffer and the bars.

        Args:
            symbol: Of which instrument.
            price: At which it was dealt.
            size: How much.
            ts_ns: When, ns UTC.

        Returns:
            Tick and volume bars that it closed, with their specification; None when the ticker
            did not change, as nothing was dealt or the print is older than the ticker.
        """
        ticker = self.tickers[symbol]
        if self._is_late(ticker, ts_ns):
            return None
        dealt = valid_print(price, size, ticker.instrument.sec_type)
        if dealt is None:
            self.dropped[symbol, "no print"] += 1
            return None
        last, shares = dealt
        sizes = ticker.bid_size, ticker.ask_size
        update(ticker, ts_ns, ticker.bid, ticker.ask, last, *sizes, shares, True)
        return self.on_print(symbol, last, shares, ts_ns) or []

    def on_standing_last(self, symbol: str, price: float) -> None:
        """Take the price of the last print before we listened; a later one is known better."""
        ticker = self.tickers[symbol]
        if ticker.last != ticker.last:
            ticker.last = valid_price(price, ticker.instrument.sec_type)

    def on_halted(self, symbol: str, value: float, ts_ns: int) -> bool:
        """Take a feed's word on whether trading is halted; an unknown state ends no halt.

        Args:
            symbol: Of which instrument.
            value: −1 unknown, 0 open, 1 and 2 halted.
            ts_ns: When, ns UTC.

        Returns:
            Whether the ticker changed.
        """
        ticker = self.tickers[symbol]
        halted = halt_state(value)
        if halted is None or self._is_late(ticker, ts_ns):
            return False
        if ticker.halted is halted:
            return False
        sizes = ticker.bid_size, ticker.ask_size
        update(ticker, ts_ns, ticker.bid, ticker.ask, ticker.last, *sizes, 0, False)
        ticker.halted = halted
        return True

    def _is_late(self, ticker: Ticker, ts_ns: int) -> bool:
        if ts_ns >= ticker.ts_ns:
            return False
        self.dropped[ticker.symbol, "late"] += 1
        return True

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


def update(  # noqa: PLR0913, PLR0917 - all that a ticker shows
    ticker: Ticker,
    ts_ns: int,
    bid: float,
    ask: float,
    last: float,
    bid_size: int,
    ask_size: int,
    size: int,
    is_print: bool,
) -> None:
    """Show a new standing state in a ticker; live feeds and the row replay share this.

    Args:
        ticker: Updated in place.
        ts_ns: When, ns UTC.
        bid: Standing price, valid; NaN while unknown.
        ask: As bid.
        last: As bid.
        bid_size: Standing size.
        ask_size: As bid_size.
        size: What was printed; 0 for a quote.
        is_print: Whether this is a print.
    """
    ticker.ts_ns = ts_ns
    ticker.bid = bid
    ticker.ask = ask
    ticker.last = last
    ticker.bid_size = bid_size
    ticker.ask_size = ask_size
    ticker.last_size = size
    ticker.volume += size
    ticker.is_print = is_print
