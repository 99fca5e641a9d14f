"""The live pipeline: ticks come from the market feed, all else is as in a backtest."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.core.pipeline import Pipeline
from ikbr.core.ports import Clock
from ikbr.core.stopwatch import Stopwatch
from ikbr.domain.events import Alert, EventType
from ikbr.domain.latency import OrderLatency
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.domain.ticker import NAN, Ticker


class LivePipeline(Pipeline):
    """Take what the market does through the pipeline (a `broker.market_feed.Sink`).

    Attributes:
        events: Quotes and prints so far.
        no_data: Why there is no data of a symbol.
        on_row: Told of each change of a ticker before the strategies see it, with the size of
            the print (0 for a quote); for a simulated broker.
        after_open, after_close: Told of each session that opens or closes.
        on_seen: Told of each change of a ticker after the strategies have seen it and their
            orders are out, with its kind; for the recording.
        on_gap: Told of a symbol without data, and why; for the recording.
    """

    events = 0

    def prepare(self) -> None:
        """Take over the holdings that are there already; called before the first tick."""
        self.no_data: dict[str, str] = {}
        self.on_row: Callable[[Ticker, int], None] = _nobody
        self.after_open: list[Callable[[Session], None]] = []
        self.after_close: list[Callable[[Session], None]] = []
        self.on_seen: Callable[[Ticker, Kind], None] = _unseen
        self.on_gap: Callable[[str, str], None] = _no_gap
        self._tickers = self.trader.market_data.tickers
        self._tells_ticks = self.trader.bus.wants(EventType.TICK)
        self.valuation.recount()
        self.agenda.subscribe_bars()

    def keep_latency(self, watch: Stopwatch) -> None:
        """Keep in the journal how long the stages of each order took."""

        def keep(took: OrderLatency) -> None:
            self.journal.append("latency", self.clock.now_ns, took)

        watch.on_told = keep

    # --- what the market does ------------------------------------------------------------------

    def on_quote(
        self, symbol: str, bid: float, ask: float, bid_size: float, ask_size: float
    ) -> None:
        """Take a quote, raw."""
        data = self.trader.market_data
        if data.on_quote(symbol, bid, ask, bid_size, ask_size, self.clock.now_ns):
            ticker = self._moved(symbol, 0)
            self._show(ticker, Kind.QUOTE)

    def on_print(self, symbol: str, price: float, size: float) -> None:
        """Take a print, raw."""
        closed = self.trader.market_data.on_last(symbol, price, size, self.clock.now_ns)
        if closed is None:
            return
        ticker = self._moved(symbol, self._tickers[symbol].last_size)
        for bar, text in closed:
            self.trader.on_bar(bar, self.agenda.listeners(symbol, text))
        self._show(ticker, Kind.PRINT)

    def on_standing_last(self, symbol: str, price: float) -> None:
        """Take the price of a print that happened before we listened."""
        self.trader.market_data.on_standing_last(symbol, price)

    def on_halted(self, symbol: str, value: float) -> None:
        """Take whether trading is halted."""
        if self.trader.market_data.on_halted(symbol, value, self.clock.now_ns):
            ticker = self._tickers[symbol]
            self.events += 1
            self.on_row(ticker, 0)
            self._show(ticker, Kind.HALT if ticker.halted else Kind.RESUME)

    def on_no_data(self, symbol: str, code: int, words: str) -> None:
        """Show no prices of a symbol any more, so that nothing is entered on old ones."""
        ticker = self._tickers[symbol]
        ticker.bid = ticker.ask = ticker.last = NAN
        ticker.bid_size = ticker.ask_size = 0
        why = f"no market data of {symbol}: {words} (code {code})"
        if self.no_data.get(symbol) != why:
            self.no_data[symbol] = why
            self.on_gap(symbol, why)
            self.trader.alert(Alert(self.clock.now_ns, "warning", "market data", why))

    def _moved(self, symbol: str, size: int) -> Ticker:
        ticker = self._tickers[symbol]
        self.events += 1
        if self.no_data:
            self.no_data.pop(symbol, None)
        self.on_row(ticker, size)
        number = self.number[symbol]
        self.on_mark(number, self.standing_mark(number))
        return ticker

    def _show(self, ticker: Ticker, kind: Kind) -> None:
        self.trader.process(ticker)
        self.on_seen(ticker, kind)
        if self._tells_ticks:
            self.trader.bus.emit(EventType.TICK, ticker)

    # --- what the pipeline asks ----------------------------------------------------------------

    def standing_mark(self, number: int) -> int:
        """Give the mark of an instrument: of its ticker, or IB's own while that knows nothing."""
        instrument = self.instruments[number]
        price = self.trader.market_data.tickers[instrument.symbol].market_price()
        if price == price:
            return instrument.to_units(price)
        position = self.trader.portfolio.positions.get(instrument.symbol)
        return position.mark_units if position is not None and position.mark_units else NO_PRICE

    def booked(self) -> None:
        """Do nothing: the broker's side is at the broker."""

    def opening(self, session: Session) -> None:
        """Tell whoever follows; the exchange opens by itself."""
        for tell in self.after_open:
            tell(session)

    def closing(self, session: Session) -> None:
        """Tell whoever follows; the exchange closes by itself."""
        for tell in self.after_close:
            tell(session)


class EntryHolds:
    """Hold entries for reasons that pass: the link, the pace of messages, lost data.

    Orders that only reduce still go. What a person or a fault has stopped stays stopped.
    """

    def __init__(self, pipeline: Pipeline, clock: Clock) -> None:
        """Hold nothing."""
        self._halts = pipeline.trader.risk.halts
        self._trader = pipeline.trader
        self._clock = clock

    def begin(self, why: str, words: str) -> None:
        """Begin with a reason, which is no news to anybody."""
        self._halts.hold(why, words)

    def hold(self, why: str, words: str, severity: str = "warning") -> None:
        """Let nothing be entered until `release`.

        Args:
            why: The reason's name.
            words: What happened.
            severity: Of the alert; "info" for what was to be expected.
        """
        if self._halts.hold(why, words):
            self._trader.alert(Alert(self._clock.now_ns, severity, why, f"{words}; entries wait"))

    def release(self, why: str) -> None:
        """Let entries go on, as far as this reason goes."""
        if self._halts.release(why):
            self._trader.unmute()
            self._trader.alert(Alert(self._clock.now_ns, "info", why, "entries go on", over=True))


def _unseen(_ticker: Ticker, _kind: Kind) -> None:
    pass


def _no_gap(_symbol: str, _why: str) -> None:
    pass


def _nobody(_ticker: Ticker, _size: int) -> None:
    pass
