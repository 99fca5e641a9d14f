"""The market feed: IB's ticks as quotes and prints, taken as they are decoded.

ib_async's own tickers are not used: they read −1 and 0 in ways of their own and tell of changes
only in bundles. A quote comes in up to four messages, so it is passed on when it is whole: a
message about another symbol follows, or a print, or what it has told already, or nothing more of
what was read together. A print is passed on at once. No quote waits for those behind it.

Source: IBKR, TWS API, "Available tick types"; "RT Volume": price;size;time;volume;vwap;single.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from ib_async import IB

from ikbr.broker.client import WireClient
from ikbr.broker.contracts import ContractTable
from ikbr.broker.error_codes import Topic, classify
from ikbr.core.stopwatch import Stopwatch
from ikbr.domain.instrument import Instrument, SecType
from ikbr.domain.ticker import NAN

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE = range(6)
RT_VOLUME, HALTED = 48, 49
DELAYED = {66: BID, 67: ASK, 68: LAST, 69: BID_SIZE, 70: ASK_SIZE, 71: LAST_SIZE}
"""What the ticks of delayed data are."""

KINDS = {b"%d" % tick: tick for tick in range(6)} | {b"%d" % t: k for t, k in DELAYED.items()}
"""The ticks of quotes and prints as they stand on the wire."""

WITH_PRINTS = "233"
"""The generic tick that asks for every print."""

LIVE, FROZEN, DELAYED_TYPE, DELAYED_FROZEN = 1, 2, 3, 4
"""Types of market data."""

NOTES = frozenset((10090, 10167, 2109, 2104, 2106, 2158))
"""Codes under the id of a line that do not end it."""


class Sink(Protocol):
    """Take what the market does."""

    def on_quote(
        self, symbol: str, bid: float, ask: float, bid_size: float, ask_size: float
    ) -> None:
        """Take a quote, raw."""

    def on_print(self, symbol: str, price: float, size: float) -> None:
        """Take a print, raw."""

    def on_standing_last(self, symbol: str, price: float) -> None:
        """Take the price of a print that happened before we listened."""

    def on_halted(self, symbol: str, value: float) -> None:
        """Take whether trading is halted, raw."""

    def on_no_data(self, symbol: str, code: int, words: str) -> None:
        """Hear that there will be no data of a symbol, or not of the kind that was asked for."""


@dataclass(slots=True, eq=False)
class _Line:
    """Hold the raw quote of one symbol; `told` has a bit for each tick that is not passed on."""

    symbol: str
    prints: bool
    bid: float = NAN
    ask: float = NAN
    bid_size: float = NAN
    ask_size: float = NAN
    told: int = 0
    delayed: bool = False


class MarketFeed:
    """Subscribe to symbols and pass on what comes.

    Attributes:
        lines: What is subscribed, by request id.
        messages: How many ticks have come.
        watch: Told when a tick is whole; None for nobody.
    """

    def __init__(
        self,
        ib: IB,
        contracts: ContractTable,
        sink: Sink,
        on_fault: Callable[[Exception], None],
        *,
        delayed: bool = False,
    ) -> None:
        """Listen to a client; nothing is asked for yet.

        Args:
            ib: The client.
            contracts: How IB calls what is traded.
            sink: Takes the ticks.
            on_fault: Told of an error of the sink, which ib_async would swallow.
            delayed: Whether delayed data will do.
        """
        self._ib = ib
        self._client: Any = ib.client
        self._contracts = contracts
        self._sink = sink
        self._on_fault = on_fault
        self._delayed = delayed
        self.lines: dict[int, _Line] = {}
        self._by_id: dict[bytes, _Line] = {}
        self._open: _Line | None = None
        self.messages = 0
        self.watch: Stopwatch | None = getattr(self._client, "watch", None)
        self._tap()

    def subscribe(self, instruments: Iterable[Instrument]) -> None:
        """Ask for the data of some symbols; what was asked before is forgotten."""
        self._forget()
        self._client.reqMarketDataType(DELAYED_TYPE if self._delayed else LIVE)
        for one in instruments:
            request_id = self._client.getReqId()
            prints = one.sec_type is not SecType.FOREX
            self.lines[request_id] = self._by_id[b"%d" % request_id] = _Line(one.symbol, prints)
            self._client.reqMktData(
                request_id,
                self._contracts.contract(one),
                WITH_PRINTS if prints else "",
                False,
                False,
                [],
            )

    def cancel(self) -> None:
        """Ask for no more data."""
        for request_id in self.lines:
            self._client.cancelMktData(request_id)
        self._forget()

    def flush(self) -> None:
        """Pass on the quote that waits for the rest of it."""
        line, self._open = self._open, None
        if line is not None:
            self._quote(line)

    def _forget(self) -> None:
        self.lines.clear()
        self._by_id.clear()
        self._open = None

    # --- what comes ----------------------------------------------------------------------------

    def _tap(self) -> None:
        wrapper: Any = self._ib.wrapper
        for name, take in (
            ("priceSizeTick", self._on_price),
            ("tickSize", self._on_size),
            ("tickString", self._on_string),
            ("tickGeneric", self._on_generic),
            ("tickReqParams", _ignore),
            ("marketDataType", self._on_type),
        ):
            setattr(wrapper, name, self._mine(take, getattr(wrapper, name)))
        wrapper.error = self._first_errors(wrapper.error)
        if isinstance(self._client, WireClient):
            self._client.listen(1, self._hear_price)
            self._client.listen(2, self._hear_size)
            self._client.listen(46, self._hear_string)
            self._client.on_read_end = self._flush_safely
        else:
            self._ib.updateEvent.connect(self._flush_safely, keep_ref=True)

    # --- messages as they stand on the wire: what is odd about one is left to the slower way -----

    def _hear_price(self, fields: list[bytes]) -> bool:
        line = self._by_id.get(fields[2])
        if line is None or len(fields) != 8:
            return False
        text = fields[4]
        kind = KINDS.get(fields[3])
        if kind is None or not text:
            return True
        try:
            price, size = float(text), float(fields[5] or 0)
        except ValueError:
            return False
        self.messages += 1
        try:
            self._on_price(line, kind, price, size)
        except Exception as fault:  # noqa: BLE001 - nobody else would hear of it
            self._on_fault(fault)
        return True

    def _hear_size(self, fields: list[bytes]) -> bool:
        line = self._by_id.get(fields[2])
        if line is None or len(fields) != 6:
            return False
        kind = KINDS.get(fields[3])
        if kind is None:
            return True
        try:
            size = float(fields[4] or 0)
        except ValueError:
            return False
        self.messages += 1
        try:
            self._on_size(line, kind, size)
        except Exception as fault:  # noqa: BLE001 - nobody else would hear of it
            self._on_fault(fault)
        return True

    def _hear_string(self, fields: list[bytes]) -> bool:
        line = self._by_id.get(fields[2])
        if line is None or len(fields) != 6:
            return False
        if fields[3] != b"48":
            return True
        self.messages += 1
        try:
            self._on_string(line, RT_VOLUME, fields[4].decode(errors="backslashreplace"))
        except Exception as fault:  # noqa: BLE001 - nobody else would hear of it
            self._on_fault(fault)
        return True

    def _mine(self, take: Callable[..., None], theirs: Callable[..., None]) -> Callable[..., None]:
        """Take messages of our lines, and leave others to ib_async."""

        def tick(request_id: int, *values: Any) -> None:
            line = self.lines.get(request_id)
            if line is None:
                theirs(request_id, *values)
                return
            self.messages += 1
            try:
                take(line, *values)
            except Exception as fault:  # noqa: BLE001 - ib_async would log it and go on
                self._on_fault(fault)

        return tick

    def _first_errors(self, theirs: Callable[..., None]) -> Callable[..., None]:
        def error(request_id: int, code: int, words: str, *more: Any) -> None:
            line = self.lines.get(request_id)
            if line is not None:
                try:
                    self._on_code(line, code, words)
                except Exception as fault:  # noqa: BLE001 - ib_async would log it and go on
                    self._on_fault(fault)
            theirs(request_id, code, words, *more)

        return error

    def _flush_safely(self) -> None:
        try:
            self.flush()
        except Exception as fault:  # noqa: BLE001 - ib_async would log it and go on
            self._on_fault(fault)

    def _on_price(self, line: _Line, tick: int, price: float, size: float) -> None:
        tick = DELAYED.get(tick, tick)
        if tick == BID:
            self._begin(line, 1)
            line.bid, line.bid_size = price, size
        elif tick == ASK:
            self._begin(line, 2)
            line.ask, line.ask_size = price, size
        elif tick == LAST:
            self._on_last(line, price, size)

    def _on_last(self, line: _Line, price: float, size: float) -> None:
        if line.prints and not line.delayed:
            # It comes again, with its size, as "RT volume", unless it is from before.
            self._sink.on_standing_last(line.symbol, price)
            return
        if size:
            self._print(line, price, size)

    def _on_size(self, line: _Line, tick: int, size: float) -> None:
        tick = DELAYED.get(tick, tick)
        if tick == BID_SIZE:
            self._begin(line, 4)
            line.bid_size = size
        elif tick == ASK_SIZE:
            self._begin(line, 8)
            line.ask_size = size

    def _on_string(self, line: _Line, tick: int, text: str) -> None:
        if tick != RT_VOLUME:
            return
        price, size, *_ = text.split(";")
        # Without a price it only corrects the day's volume.
        if price and size:
            self._print(line, float(price), float(size))

    def _on_generic(self, line: _Line, tick: int, value: float) -> None:
        if tick == HALTED:
            self._sink.on_halted(line.symbol, value)

    def _on_type(self, line: _Line, kind: int) -> None:
        line.delayed = kind in {DELAYED_TYPE, DELAYED_FROZEN}
        if line.delayed and not self._delayed:
            words = "the gateway gives delayed data only, and live data is asked for"
            self._sink.on_no_data(line.symbol, 10167, words)

    def _on_code(self, line: _Line, code: int, words: str) -> None:
        if code not in NOTES and classify(code).topic is not Topic.WARNING:
            self._sink.on_no_data(line.symbol, code, words)

    # --- what is passed on ---------------------------------------------------------------------

    def _begin(self, line: _Line, bit: int) -> None:
        """Before a part of a quote is noted, pass on the quote that is whole by now."""
        held = self._open
        if held is not None and (held is not line or line.told & bit):
            self._quote(held)
        line.told |= bit
        self._open = line

    def _quote(self, line: _Line) -> None:
        line.told = 0
        self._open = None
        watch = self.watch
        if watch is not None:
            watch.decoded = watch.now()
        self._sink.on_quote(line.symbol, line.bid, line.ask, line.bid_size, line.ask_size)
        if watch is not None:
            watch.decoded = 0

    def _print(self, line: _Line, price: float, size: float) -> None:
        self.flush()
        watch = self.watch
        if watch is not None:
            watch.decoded = watch.now()
        self._sink.on_print(line.symbol, price, size)
        if watch is not None:
            watch.decoded = 0


def _ignore(_line: _Line, *_values: Any) -> None:
    pass
