"""Vitals of a session: gathered once a second, off the hot path, from what is counted anyway."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version

from ikbr.broker.connection import LinkState
from ikbr.core.event_bus import EventBus
from ikbr.core.risk_usage import risk_usage
from ikbr.domain.histogram import Histogram
from ikbr.domain.instrument import MICRO
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.vitals import BookVitals, Durations, LimitVitals, StrategyVitals, Vitals
from ikbr.journal.session_journal import SessionJournal
from ikbr.live.pipeline import LivePipeline
from ikbr.live.runner import Runner
from ikbr.live.tally import Tally
from ikbr.strategies.running import Running


class Pulse:
    """Take the vitals of one session."""

    def __init__(
        self,
        runner: Runner,
        bus: EventBus,
        *,
        mode: str,
        wall_s: Callable[[], float],
        journal: Callable[[], SessionJournal | None],
        loop_late: Callable[[], Histogram],
    ) -> None:
        """Be ready at any time, before the session has begun, too.

        Args:
            runner: Of the session.
            bus: Of the session, before it begins.
            mode: paper, live or shadow.
            wall_s: Gives the time, seconds since 1970.
            journal: Gives the journal of the session, once it is open.
            loop_late: Says how late the event loop has turned.
        """
        self._runner = runner
        self._bus = bus
        self._tally = Tally(bus)
        self._mode = mode
        self._wall_s = wall_s
        self._version = version("ikbr")
        self._journal = journal
        self._loop_late = loop_late
        self._ending = ""
        self._tell_ending = runner.on_ending
        runner.on_ending = self._on_ending

    def take(self) -> Vitals:
        """Say how the session is now."""
        runner = self._runner
        link, pipeline, journal = runner.connection, runner.pipeline, self._journal()
        records, lag_s = 0, 0.0
        if pipeline is not None and journal is not None:
            lag = journal.lag(pipeline.clock.now_ns)
            records, lag_s = lag.records, lag.age_ns / 1e9
        return Vitals(
            time_s=self._wall_s(),
            pid=os.getpid(),
            version=self._version,
            mode=self._mode,
            simulated=runner.is_simulated,
            not_ready=not_ready(runner, self._ending),
            holds=[one.rule for one in pipeline.trader.risk.halts.held] if pipeline else [],
            link_ready=link.state is LinkState.READY,
            attempts=link.attempts,
            reconnects=max(0, link.connects - 1),
            stages={name: Durations.of(one) for name, one in runner.stopwatch.histograms.items()},
            round_trip=Durations.of(link.round_trips),
            loop_lag=Durations.of(self._loop_late()),
            queues={
                "pacer": link.pacer.waiting,
                "bus": self._bus.waiting,
                "journal": records,
            },
            sent=link.pacer.sent,
            given_up=link.pacer.given_up,
            journal_lag_s=lag_s,
            journal_failed=journal is not None and bool(journal.failure),
            lost_records=journal.lost if journal is not None else 0,
            observer_failures=self._bus.failures,
            unread=runner.errors.count,
            counts=self._tally.counts(),
            books=_books(runner, pipeline) if pipeline else None,
        )

    def _on_ending(self, reason: str) -> None:
        self._ending = reason
        self._tell_ending(reason)


def not_ready(runner: Runner, ending: str = "") -> list[str]:
    """Say why a session does not trade: end, link, books, latches; nothing when it does."""
    link, pipeline = runner.connection, runner.pipeline
    found = [f"the session ends: {ending}"] if ending else []
    if link.state is not LinkState.READY:
        found.append(f"link {link.state.value}" + (f": {link.why}" if link.why else ""))
    if pipeline is None:
        return [*found, "trading has not begun"]
    if not pipeline.trader.risk.clearance.reconciled:
        found.append("the books do not agree with the broker's yet")
    return [*found, *(f"{halt.rule}: {halt.reason}" for halt in pipeline.trader.risk.halts.latched)]


def _books(runner: Runner, pipeline: LivePipeline) -> BookVitals:
    trader = pipeline.trader
    books, risk, now = trader.portfolio, trader.risk, pipeline.clock.now_ns
    usage = risk_usage(risk, books)
    held = [one for one in books.positions.values() if one.quantity]
    values = [books.to_base(one.value_micro, one.currency) / MICRO for one in held]
    tickers, status = trader.market_data.tickers, runner.status()
    daily_pnl = status.daily_pnl if status is not None else float("nan")
    return BookVitals(
        base=books.base,
        equity=pipeline.valuation.equity_micro / MICRO,
        opening=runner.opening_micro / MICRO,
        peak=risk.halts.peak_micro / MICRO,
        daily_pnl=daily_pnl if daily_pnl == daily_pnl else None,
        cash=books.cash,
        gross=sum(map(abs, values)),
        net=sum(values),
        positions={one.instrument.symbol: one.quantity for one in held},
        working=len(trader.orders.working),
        limits={
            name: LimitVitals(getattr(risk.limits, name), one.used)
            for name, one in usage.items()
            if getattr(risk.limits, name)
        },
        strategies={one.name: _strategy(one, books) for one in trader.manager.running},
        data_age_s={
            symbol: max(0, now - ticker.ts_ns) / 1e9
            for symbol, ticker in tickers.items()
            if ticker.ts_ns
        },
        events=pipeline.events,
    )


def _strategy(one: Running, account: Portfolio) -> StrategyVitals:
    """Value its books at the marks of the account's: its own are brought up to date less often."""
    realised = unrealised = fees = 0
    for symbol, held in one.books.positions.items():
        mark = account.position(symbol).mark_units or held.mark_units
        open_micro = held.quantity * mark * held.unit_value_micro - held.cost_micro
        realised += account.to_base(held.realised_micro, held.currency)
        unrealised += account.to_base(open_micro, held.currency)
        fees += account.to_base(held.fees_micro, held.currency)
    return StrategyVitals(one.enabled, realised / MICRO, unrealised / MICRO, fees / MICRO)
