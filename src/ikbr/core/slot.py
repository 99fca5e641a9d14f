"""A slot: one strategy in one symbol, with what it holds, what is in flight and what is muted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ikbr.domain.errors import StrategyError, nearest
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import Order
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.domain.timers import NEVER
from ikbr.strategies.manager import Running


class Slot:
    """Keep what decides whether a signal can matter now.

    Attributes:
        running: The strategy.
        ticker: The ticker of the symbol.
        instrument: Its instrument.
        position: Signed quantity that this strategy holds.
        entries: Its own working orders that are not attached exits.
        exits: Working attached exits.
        mute_buy_ns, mute_sell_ns: Until when a refused direction is not asked again.
        entry_from_ns, entry_until_ns: When positions may be entered in this session.
        allow_short: Whether SELL may go short.
        flat_below: Orders with smaller ids are not to open anything any more (flattening).
        flat_closers: The orders that the latest flattening closes with, by id.
        flat_reason: Why.
        muted: Signals that were not asked because their direction was muted.
    """

    __slots__ = (
        "allow_short",
        "entries",
        "entry_from_ns",
        "entry_until_ns",
        "exits",
        "flat_below",
        "flat_closers",
        "flat_reason",
        "instrument",
        "mute_buy_ns",
        "mute_sell_ns",
        "muted",
        "position",
        "running",
        "ticker",
    )

    def __init__(self, running: Running, ticker: Ticker) -> None:
        """Start flat, with nothing muted."""
        self.running = running
        self.ticker = ticker
        self.instrument: Instrument = ticker.instrument
        self.allow_short = bool(getattr(running.strategy, "allow_short", False))
        self.position = 0
        self.entries: list[Order] = []
        self.exits: list[Order] = []
        self.mute_buy_ns = 0
        self.mute_sell_ns = 0
        self.entry_from_ns = 0
        self.entry_until_ns = NEVER
        self.flat_below = 0
        self.flat_closers: set[int] = set()
        self.flat_reason = ""
        self.muted = 0

    @property
    def in_flight(self) -> int:
        """Signed quantity that its own orders have still to fill.

        Attached exits do not count: they only take away what the entry brought.
        """
        return sum(order.side * order.remaining for order in self.entries)

    def is_idle(self, signal: Signal, now_ns: int) -> bool:
        """Say whether a signal can be dropped without asking anyone.

        True when what it wants is held or in flight already, or when its direction was refused
        and is muted. Cheap: strategies may repeat a signal on every tick.
        """
        held = self.position
        if self.entries:
            held += self.in_flight
        action = signal.action
        target = signal.target
        if target is None:
            if action == "BUY":
                if held > 0:
                    return True
                buys = True
            elif action == "SELL":
                if held < 0 or (held == 0 and not self.allow_short):
                    return True
                buys = False
            elif action != "FLAT":
                raise StrategyError(
                    f"{self.running.name}: action {action!r} is unknown; "
                    f"{nearest(str(action), ('BUY', 'SELL', 'FLAT'))}."
                )
            elif held == 0:
                return True
            else:
                buys = held < 0
        elif target == held:
            return True
        else:
            buys = target > held
        if now_ns < (self.mute_buy_ns if buys else self.mute_sell_ns):
            self.muted += 1
            return True
        return False

    def mute(self, buys: bool, until_ns: int) -> None:
        """Do not ask a direction again before a time."""
        if buys:
            self.mute_buy_ns = until_ns
        else:
            self.mute_sell_ns = until_ns

    def unmute(self) -> None:
        """Let both directions be asked again, as a fill changes what is possible."""
        self.mute_buy_ns = 0
        self.mute_sell_ns = 0


class SlotTable:
    """Find the strategies in a symbol, and one strategy's slot in it.

    Attributes:
        by_symbol: The slots of each symbol, in the order their strategies run.
    """

    __slots__ = ("_by_name", "by_symbol")

    def __init__(self, runnings: Iterable[Running], tickers: Mapping[str, Ticker]) -> None:
        """Make a slot for every strategy in each of its symbols."""
        self.by_symbol: dict[str, list[Slot]] = {symbol: [] for symbol in tickers}
        self._by_name: dict[tuple[str, str], Slot] = {}
        for running in runnings:
            for symbol in running.symbols:
                slot = Slot(running, tickers[symbol])
                self.by_symbol[symbol].append(slot)
                self._by_name[running.name, symbol] = slot

    def of(self, name: str, symbol: str) -> Slot:
        """Give a strategy's slot in a symbol.

        Raises:
            StrategyError: When the strategy does not run on it.
        """
        try:
            return self._by_name[name, symbol]
        except KeyError:
            own = [s for n, s in self._by_name if n == name]
            raise StrategyError(
                f"{name} does not run on {symbol!r}; {nearest(symbol, own)}."
            ) from None

    def find(self, name: str, symbol: str) -> Slot | None:
        """Give a strategy's slot in a symbol; None when it has none."""
        return self._by_name.get((name, symbol))

    def __iter__(self) -> Iterator[Slot]:
        """Walk through all slots."""
        return iter(self._by_name.values())
