"""The reset watch: entries wait while IB's servers are reset; what is coming is told before."""

from __future__ import annotations

from ikbr.domain.events import Alert
from ikbr.domain.supervision import SupervisionRules
from ikbr.live.pipeline import EntryHolds, LivePipeline
from ikbr.live.resets import DAY_NS, MINUTE_NS, Reset, resets
from ikbr.live.status import clock_text

RESET = "reset"
EARLY_NS = MINUTE_NS
"""How much before its time a reset may come."""
FLATTEN_NS = 2 * MINUTE_NS
"""How long before a reset positions are closed, where that is wanted."""


class ResetWatch:
    """Follow the calendar of resets, by the clock of the session."""

    def __init__(
        self,
        pipeline: LivePipeline,
        holds: EntryHolds,
        rules: SupervisionRules,
        *,
        real_money: bool,
    ) -> None:
        """Wait for `begin`.

        Args:
            pipeline: Whose entries wait.
            holds: Holds them.
            rules: What is done about a reset.
            real_money: Whether the account is a live one.
        """
        self._pipeline = pipeline
        self._trader = pipeline.trader
        self._clock = pipeline.clock
        self._holds = holds
        self._rules = rules
        self._real_money = real_money
        self._known: set[Reset] = set()
        self._running: list[Reset] = []
        self._stopped = False

    def begin(self) -> None:
        """Set the timers of the next days; more follow every day."""
        now = self._clock.now_ns
        found = resets(self._rules, real_money=self._real_money, from_ns=now, days=3)
        for reset in found:
            if reset not in self._known:
                self._known.add(reset)
                self._expect(reset, now)
        self._known &= set(found)
        self._clock.call_at(now + DAY_NS, self._again)

    def stop(self) -> None:
        """Do nothing any more: the session is over."""
        self._stopped = True

    def under_way(self) -> Reset | None:
        """Give the reset that ends last of those under way; None when there is none.

        One that comes at any moment counts: no clock is exact.
        """
        now = self._clock.now_ns
        near = [one for one in self._known if one.begin_ns - EARLY_NS <= now < one.end_ns]
        return max(near, key=lambda one: one.end_ns, default=None)

    def _again(self) -> None:
        if not self._stopped:
            self.begin()

    def _expect(self, reset: Reset, now: int) -> None:
        ahead = [round(self._rules.warn_min * MINUTE_NS)]
        if reset.needs_person:
            ahead.append(DAY_NS)
        for before in ahead:
            if reset.begin_ns - before >= now and before:
                self._clock.call_at(reset.begin_ns - before, self._warn, reset)
        if self._rules.before_reset == "flatten" and reset.begin_ns - FLATTEN_NS >= now:
            self._clock.call_at(reset.begin_ns - FLATTEN_NS, self._flatten, reset)
        self._clock.call_at(max(now, reset.begin_ns), self._begin, reset)
        self._clock.call_at(reset.end_ns, self._end, reset)

    def _warn(self, reset: Reset) -> None:
        words = f"{reset.name} begins at {clock_text(reset.begin_ns)}"
        if reset.needs_person:
            self._alert("warning", f"{words}: a person must confirm it")
        elif self._rules.before_reset != "go-on":
            self._alert("info", f"{words}: entries will wait, protective stops stay at the broker")
        else:
            self._alert("info", words)

    def _flatten(self, reset: Reset) -> None:
        if self._stopped:
            return
        session = self._trader.risk.clearance.session
        if session is None or not session.open_ns <= self._clock.now_ns < session.close_ns:
            if self._trader.manager.net_positions():
                self._alert("info", f"{reset.name}: the market is closed, so positions stay")
            return
        self._holds.hold(RESET, f"{reset.name} comes", "info")
        for running in self._trader.manager.running:
            self._trader.flatten(running, reset.name)

    def _begin(self, reset: Reset) -> None:
        if self._stopped:
            return
        self._running.append(reset)
        if self._rules.before_reset != "go-on":
            until = clock_text(reset.end_ns)
            self._holds.hold(RESET, f"{reset.name} is under way until {until}", "info")

    def _end(self, reset: Reset) -> None:
        if reset in self._running:
            self._running.remove(reset)
        if not self._running and not self._stopped:
            self._holds.release(RESET)

    def _alert(self, severity: str, words: str) -> None:
        if not self._stopped:
            self._trader.alert(Alert(self._clock.now_ns, severity, RESET, words))
