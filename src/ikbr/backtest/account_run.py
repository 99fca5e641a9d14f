"""An account's run: from the fills and samples of an account that others trade to a result.

In a backtest of strategies the pipeline keeps the books. Here somebody else sends the orders; what
is reported is what the broker's own account says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from ikbr.backtest.evaluate import Conditions, evaluate, splits_of
from ikbr.backtest.notes import notes_of
from ikbr.backtest.result import BacktestResult
from ikbr.core.recorder import Recorder
from ikbr.domain.events import Alert, Refusal
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO
from ikbr.domain.limits import RiskLimits
from ikbr.domain.marks import mark_units
from ikbr.domain.order import Fill, Order
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, TapeSource
from ikbr.domain.timers import TimerHeap
from ikbr.sim.market import StandingMarket

MINUTE_NS = 60_000_000_000


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """Say what was played and what came of it.

    Attributes:
        name: Of who traded.
        orders, fills, refusals, refused, alerts: See `BacktestResult`.
        first_ns: Time of the first row, ns UTC.
        events: Rows that were played.
        seconds: Wall time.
        feed: Name of the feed.
        settings: What shaped the run.
        notes: What a reader must know besides.
        failed: The error that ended it; "" for none.
        unnoticed: Errors that nobody was told of, with their number.
    """

    name: str
    orders: Sequence[Order]
    fills: Sequence[Fill]
    refusals: Sequence[Refusal]
    refused: Mapping[str, int]
    alerts: Sequence[Alert]
    first_ns: int
    events: int
    seconds: float
    feed: str
    settings: Mapping[str, Any]
    notes: Sequence[str] = ()
    failed: str = ""
    unnoticed: Mapping[str, int] = {}


class AccountRun:
    """Sample an account along the market's time, and sum its run up at the end."""

    def __init__(
        self,
        source: TapeSource,
        model: ExecutionModel,
        clock: TimerHeap,
        market: StandingMarket,
        portfolio: Portfolio,
        on_minute: Callable[[], None] = lambda: None,
    ) -> None:
        """Set the marks at which samples are taken; call it after the exchange has set its own.

        Args:
            source: The market data.
            model: How the market treats orders.
            clock: Time.
            market: The standing market.
            portfolio: The account's books, with their marks.
            on_minute: Told whenever a sample was taken.
        """
        self._source = source
        self._model = model
        self._clock = clock
        self._market = market
        self._portfolio = portfolio
        self._on_minute = on_minute
        self._capital_micro = portfolio.equity_micro()
        self._recorder = Recorder(source.instruments)
        for day in source.sessions:
            clock.call_at(day.open_ns, self._minute, day)
            clock.call_at(day.close_ns, self._close, day)

    def on_fill(self) -> None:
        """Sample the equity after a fill."""
        self._recorder.equity(self._clock.now_ns, self._portfolio.equity_micro())

    def finish(self, played: Played) -> BacktestResult:
        """Sum the run up.

        Args:
            played: What was played.

        Returns:
            The result, evaluated.
        """
        now, recorder, portfolio = self._clock.now_ns, self._recorder, self._portfolio
        seen = [day for day in self._source.sessions if day.open_ns <= now]
        self._sample()
        if len(recorder.session_equity) < len(seen):
            # It ended within a day: that day counts as far as it went.
            recorder.session(seen[-1].date, portfolio.equity_micro())
            seen[-1] = msgspec.structs.replace(seen[-1], close_ns=now)
        equity_ts, equity = recorder.equity_path()
        fees = sum(
            portfolio.to_base(p.fees_micro, p.currency) for p in portfolio.positions.values()
        )
        result = BacktestResult(
            strategy=played.name,
            params={},
            instruments={one.symbol: one for one in self._source.instruments},
            resolution=self._source.resolution,
            feed=played.feed,
            synthetic=self._source.synthetic,
            settings=played.settings,
            capital=self._capital_micro / MICRO,
            start_ns=played.first_ns,
            end_ns=max(now, played.first_ns),
            events=played.events,
            engine_seconds=played.seconds,
            shape="script",
            fills=played.fills,
            orders=played.orders,
            refusals=played.refusals,
            refused=dict(played.refused),
            alerts=played.alerts,
            equity_ts=equity_ts,
            equity=equity,
            session_equity=recorder.session_equity,
            prices=recorder.price_paths(),
            final_equity=portfolio.equity_micro() / MICRO,
            positions={s: p.quantity for s, p in portfolio.positions.items() if p.quantity},
            notes=[*notes_of(self._source, self._model, self._market), *played.notes],
            commission=fees / MICRO,
        )
        return evaluate(result, self._conditions(played, seen), self._marks())

    def _conditions(self, played: Played, seen: Sequence[Session]) -> Conditions:
        return Conditions(
            latency_ms=self._model.latency_ms,
            fill=self._model.fill,
            fees=self._model.fees,
            base=self._portfolio.base,
            fx_micro=self._portfolio.fx_micro,
            sessions=seen,
            splits=[
                split
                for split in splits_of(self._source, self._model)
                if split.ts_ns <= self._clock.now_ns
            ],
            has_quotes=self._source.has_quotes,
            stale_after_s=RiskLimits().stale_after_s,
            disabled={played.name: played.failed} if played.failed else {},
            script=True,
            unnoticed=played.unnoticed,
        )

    def _marks(self) -> dict[str, float]:
        return {
            one.symbol: one.to_price(units)
            for number, one in enumerate(self._source.instruments)
            if (units := self._mark(number)) != NO_PRICE
        }

    def _mark(self, number: int) -> int:
        market = self._market
        return mark_units(market.bid[number], market.ask[number], market.last[number])

    def _minute(self, day: Session) -> None:
        self._sample()
        following = self._clock.now_ns // MINUTE_NS * MINUTE_NS + MINUTE_NS
        if following < day.close_ns:
            self._clock.call_at(following, self._minute, day)
        self._on_minute()

    def _close(self, day: Session) -> None:
        self._sample()
        self._recorder.session(day.date, self._portfolio.equity_micro())
        self._on_minute()

    def _sample(self) -> None:
        now = self._clock.now_ns
        self._recorder.equity(now, self._portfolio.equity_micro())
        for number in range(len(self._source.instruments)):
            self._recorder.price(number, now, self._mark(number))
