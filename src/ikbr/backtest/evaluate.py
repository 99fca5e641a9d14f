"""Evaluation: from the record of a run to its summary, round trips and findings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from ikbr.backtest.analytics.by_algorithm import algorithm_of
from ikbr.backtest.analytics.inputs import SummaryInputs
from ikbr.backtest.analytics.summary import summarise
from ikbr.backtest.explain import RunFacts, explain
from ikbr.backtest.result import BacktestResult
from ikbr.backtest.stage import Stage
from ikbr.domain.instrument import MICRO
from ikbr.domain.round_trips import Split
from ikbr.domain.tape import TapeSource
from ikbr.sim.actions import split_ratio


def evaluate(
    result: BacktestResult, source: TapeSource, stage: Stage, marks: Mapping[str, float]
) -> BacktestResult:
    """Fill in round trips, summary and findings.

    Args:
        result: The record of the run; changed in place.
        source: Where its data came from.
        stage: What was moved.
        marks: Last mark by symbol.

    Returns:
        The same result.
    """
    multipliers = {i.symbol: i.multiplier for i in stage.instruments}
    rates = stage.trader.portfolio.fx_micro
    fx = {i.symbol: rates.get(i.currency, MICRO) / MICRO for i in stage.instruments}
    result.summary = summarise(
        SummaryInputs(
            capital=result.capital,
            equity_ts=result.equity_ts,
            equity=result.equity,
            session_end_equity=result.session_equity,
            fills=result.fills,
            multipliers=multipliers,
            first_ts=result.start_ns,
            last_ts=result.end_ns,
            sessions=[(s.open_ns, s.close_ns) for s in source.sessions],
            marks=marks,
            prices={s: (p.ts_ns, p.price) for s, p in result.prices.items()},
            fx=fx,
            splits=_splits(source, stage),
            algorithms={o.order_id: algorithm_of(o.request) for o in result.orders},
        )
    )
    result.round_trips = tuple(record.trip for record in result.summary.round_trips)
    result.findings = explain(_facts(result, source, stage))
    return result


def _splits(source: TapeSource, stage: Stage) -> list[Split]:
    """List the splits that were booked: at the open that followed each."""
    if not stage.setup.model.corporate_actions:
        return []
    opens = [session.open_ns for session in source.sessions]
    found = []
    for action in source.actions:
        place = bisect_left(opens, action.ts_ns)
        if action.split != 1.0 and place < len(opens):
            found.append(Split(opens[place], action.symbol, *split_ratio(action.split)))
    return sorted(found, key=lambda split: split.ts_ns)


def _facts(result: BacktestResult, source: TapeSource, stage: Stage) -> RunFacts:
    assert result.summary is not None
    setup, trader = stage.setup, stage.trader
    muted = sum(slot.muted for slot in trader.slots)
    name, largest, threshold = _largest(result.described)
    halted = next((a.ts_ns for a in result.alerts if a.source == "risk"), None)
    return RunFacts(
        summary=result.summary,
        events=result.events,
        signals=len(result.orders) + sum(result.refused.values()) + muted,
        orders=len(result.orders),
        fills=result.fills,
        refused=result.refused,
        zero_quantity=result.refused.get("size", 0),
        signal_name=name,
        largest_signal=largest,
        signal_threshold=threshold,
        session_end_equity=result.session_equity,
        parameters=sum(len(params) for params in result.params.values()),
        latency_ms=setup.model.latency_ms,
        fill_rule=setup.model.fill,
        fees=setup.model.fees,
        has_quotes=source.has_quotes,
        synthetic=source.synthetic,
        stale_after_s=setup.limits.stale_after_s,
        halted_ts_ns=halted,
        drawdown_limit=setup.limits.max_drawdown_pct or None,
        disabled={r.name: r.reason_disabled for r in trader.manager.running if not r.enabled},
        currency=setup.base,
    )


def _largest(described: Mapping[str, Mapping[str, Any]]) -> tuple[str, float | None, float | None]:
    """Read what a strategy says of its signal: "largest …" beside "threshold"."""
    for words in described.values():
        for key, value in words.items():
            if key.startswith("largest ") and isinstance(value, int | float):
                limit = words.get("threshold")
                known = float(limit) if isinstance(limit, int | float) else None
                # Exactly 0 is what stands there before anything was measured.
                return key.removeprefix("largest "), abs(float(value)) or None, known
    return "signal", None, None
