"""The agenda: what the clock brings to the pipeline.

Session opens and closes, entry windows, flattening, bar closes and the samples of each minute
are timers; live and in a backtest they are set by this same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ikbr.core.bars import BarBuilder, BarSpec
from ikbr.core.ports import Clock
from ikbr.core.trader import Trader
from ikbr.domain.events import EventType
from ikbr.domain.session import Session
from ikbr.domain.timers import NEVER, Timer
from ikbr.strategies.manager import Running

MINUTE_NS = 60_000_000_000

Hook = Callable[[Session], None]


class Agenda:
    """Set the timers of a run.

    Attributes:
        opened: Sessions that have opened so far.
    """

    def __init__(
        self,
        trader: Trader,
        clock: Clock,
        sessions: Sequence[Session],
        *,
        on_open: Hook,
        on_close: Hook,
        on_minute: Callable[[], None],
        minutes: bool = True,
        around_the_clock: bool = False,
    ) -> None:
        """Note what is to happen.

        Args:
            trader: Whose agenda it is.
            clock: Whose timers are set.
            sessions: The sessions, in order.
            on_open: Called after an open, for the broker's side.
            on_close: Called before a close, for the broker's side.
            on_minute: Called every minute of a session.
            minutes: Whether minutes matter (not on a tape of daily bars).
            around_the_clock: Whether bars are built outside regular hours too.
        """
        self._trader = trader
        self._clock = clock
        self._sessions = sessions
        self._on_open = on_open
        self._on_close = on_close
        self._on_minute = on_minute
        self._minutes = minutes
        self._around_the_clock = around_the_clock
        self._bar_timers: dict[int, tuple[int, Timer]] = {}
        self._builders: dict[int, list[tuple[BarBuilder, list[Running]]]] = {}
        self._listeners: dict[tuple[str, str], list[Running]] = {}
        self.opened = 0

    def subscribe_bars(self) -> None:
        """Make the bar builders that the strategies ask for."""
        data = self._trader.market_data
        for running in self._trader.manager.running:
            for text in running.strategy.bars:
                spec = BarSpec(text)
                for symbol in running.symbols:
                    builder = data.add_bars(symbol, spec)
                    listeners = self._listeners.setdefault((symbol, spec.text), [])
                    listeners.append(running)
                    if spec.by_time and len(listeners) == 1:
                        self._builders.setdefault(spec.span_ns, []).append((builder, listeners))

    @property
    def begun(self) -> Sequence[Session]:
        """The sessions that have opened."""
        return self._sessions[: self.opened]

    def listeners(self, symbol: str, text: str) -> Sequence[Running]:
        """Give the strategies that asked for a kind of bar of a symbol."""
        return self._listeners.get((symbol, text), ())

    @property
    def by_data(self) -> bool:
        """Whether any bar is closed by the data itself (tick and volume bars)."""
        return any(not BarSpec(text).by_time for _, text in self._listeners)

    def start(self, start_ns: int) -> None:
        """Set the timers.

        Args:
            start_ns: Time of the first data, ns UTC.
        """
        if self._sessions:
            self._set_windows(self._sessions[0])
        for session in self._sessions:
            self._set(session)
        if self._around_the_clock:
            self._start_bars(start_ns)

    def extend(self, sessions: Sequence[Session]) -> list[Session]:
        """Go on with the sessions that follow the known ones.

        Args:
            sessions: In order; those that are known already, or overlap with them, are left out.

        Returns:
            The new ones.
        """
        known_ns = self._sessions[-1].close_ns if self._sessions else 0
        new = [session for session in sessions if session.open_ns >= known_ns]
        if new and self.opened == len(self._sessions):
            self._set_windows(new[0])
        self._sessions = [*self._sessions, *new]
        for session in new:
            self._set(session)
        return new

    @property
    def left(self) -> int:
        """How many sessions are still to open."""
        return len(self._sessions) - self.opened

    def _set(self, session: Session) -> None:
        trader, clock = self._trader, self._clock
        clock.call_at(session.open_ns, self._open, session)
        for running in trader.manager.running:
            flatten = running.strategy.schedule.marks(session).flatten_ns
            if flatten != NEVER:
                clock.call_at(flatten, trader.flatten, running, "end of its schedule")
        # Set here, so that a session closes before another opens at that very moment.
        clock.call_at(session.close_ns, self._close, session)

    def _set_windows(self, session: Session) -> None:
        for slot in self._trader.slots:
            marks = slot.running.strategy.schedule.marks(session)
            slot.entry_from_ns = marks.entry_from_ns
            slot.entry_until_ns = marks.entry_until_ns

    def _open(self, session: Session) -> None:
        trader, clock = self._trader, self._clock
        trader.desk.refresh()
        self.opened += 1
        self._set_windows(session)
        if trader.router is not None:
            trader.router.open_ns, trader.router.close_ns = session.open_ns, session.close_ns
        self._on_open(session)
        trader.risk.start_session(session, trader.portfolio.equity_micro())
        for slot in trader.slots:
            slot.unmute()
        trader.journal.append("session", clock.now_ns, session)
        if trader.keeps_risk:
            trader.keep_risk()
        if trader.bus.wants(EventType.SESSION):
            trader.bus.emit(EventType.SESSION, session)
        if not self._around_the_clock:
            self._start_bars(session.open_ns)
        if self._minutes:
            due = session.open_ns + MINUTE_NS
            clock.call_at(due, self._minute, session, due)

    def _minute(self, session: Session, due: int) -> None:
        trader, now = self._trader, self._clock.now_ns
        trader.desk.refresh()
        if trader.risk.judge.correlates:
            trader.risk.on_sample(now, self._marks())
        enabled = [running for running in trader.manager.running if running.enabled]
        for alert in trader.manager.cleanup_due(now):
            trader.alert(alert)
        for running in enabled:
            if not running.enabled:
                trader.cancel_orders(running)
        self._on_minute()
        if trader.keeps_risk:
            trader.keep_risk()
        # Live, a timer runs a little late, and a run may begin in the middle of a session.
        due += MINUTE_NS * max(1, -((due - now) // MINUTE_NS))
        if due <= session.close_ns:
            self._clock.call_at(due, self._minute, session, due)

    def _marks(self) -> Mapping[str, float]:
        tickers = self._trader.market_data.tickers
        marks = {symbol: ticker.market_price() for symbol, ticker in tickers.items()}
        return {symbol: price for symbol, price in marks.items() if price == price}

    def _close(self, session: Session) -> None:
        trader = self._trader
        trader.desk.refresh()
        # A bar that ends with the session belongs to it, so it closes first.
        for span, (due, timer) in list(self._bar_timers.items()):
            if due <= session.close_ns:
                timer.cancel()
                self._close_bars(span, due)
        if not self._around_the_clock:
            self._stop_bars(session.close_ns)
        self._on_close(session)
        if trader.bus.wants(EventType.SESSION):
            trader.bus.emit(EventType.SESSION, session)
        if self.opened < len(self._sessions):
            self._set_windows(self._sessions[self.opened])

    # --- bars by time --------------------------------------------------------------------------

    def _start_bars(self, ts_ns: int) -> None:
        for span, builders in self._builders.items():
            # What was printed before the open belongs to no bar of the session.
            for builder, _ in builders:
                builder.clear()
            self._arm(span, ts_ns // span * span + span)

    def _stop_bars(self, ts_ns: int) -> None:
        """End the session's last bars, those that the close cuts short among them."""
        for _, timer in self._bar_timers.values():
            timer.cancel()
        self._bar_timers.clear()
        for span in self._builders:
            self._tell_bars(span, ts_ns)

    def _arm(self, span: int, due: int) -> None:
        if due <= self._trader.end_ns:
            timer = self._clock.call_at(due, self._close_bars, span, due)
            self._bar_timers[span] = (due, timer)
        else:
            self._bar_timers.pop(span, None)

    def _close_bars(self, span: int, due: int) -> None:
        self._arm(span, due + span)
        self._trader.desk.refresh()
        self._tell_bars(span, due)

    def _tell_bars(self, span: int, end_ns: int) -> None:
        for builder, listeners in self._builders[span]:
            bar = builder.close(end_ns)
            if bar is not None:
                self._trader.on_bar(bar, listeners)
