"""The quiet watch: tells of symbols of which nothing comes in their trading hours."""

from __future__ import annotations

from ikbr.domain.events import Alert
from ikbr.live.pipeline import LivePipeline
from ikbr.live.resets import MINUTE_NS


class QuietWatch:
    """Look every minute of the session's time; what is entered on old data is risk's matter."""

    def __init__(self, pipeline: LivePipeline, quiet_s: float) -> None:
        """Wait for `begin`.

        Args:
            pipeline: Whose symbols are watched.
            quiet_s: From how long on silence is told of, seconds; 0 for never.
        """
        self._pipeline = pipeline
        self._clock = pipeline.clock
        self._quiet_ns = round(quiet_s * 1e9)
        self._quiet: set[str] = set()
        self._stopped = False

    def begin(self) -> None:
        """Look from now on."""
        if self._quiet_ns:
            self._clock.call_at(self._clock.now_ns + MINUTE_NS, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True

    def _look(self) -> None:
        if self._stopped:
            return
        now = self._clock.now_ns
        self._clock.call_at(now + MINUTE_NS, self._look)
        trader = self._pipeline.trader
        session = trader.risk.clearance.session
        if session is None or not session.open_ns <= now < session.close_ns:
            return
        for running in trader.manager.running:
            for symbol in running.symbols:
                self._judge(symbol, now - max(session.open_ns, self._latest_ns(symbol)))

    def _latest_ns(self, symbol: str) -> int:
        return self._pipeline.trader.market_data.tickers[symbol].ts_ns

    def _judge(self, symbol: str, quiet_ns: int) -> None:
        if quiet_ns <= self._quiet_ns:
            if symbol in self._quiet:
                self._quiet.discard(symbol)
                self._alert("info", f"data of {symbol} comes again", over=not self._quiet)
        elif symbol not in self._quiet:
            self._quiet.add(symbol)
            words = f"nothing has come of {symbol} for {quiet_ns / 1e9:.0f} s, in trading hours"
            self._alert("warning", words)

    def _alert(self, severity: str, words: str, *, over: bool = False) -> None:
        alert = Alert(self._clock.now_ns, severity, "market data", words, over)
        self._pipeline.trader.alert(alert)
