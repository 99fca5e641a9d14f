"""Evaluation: from the record of a run to its summary, round trips and findings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ikbr.backtest.analytics.by_algorithm import algorithm_of
from ikbr.backtest.analytics.inputs import SummaryInputs
from ikbr.backtest.analytics.summary import summarise
from ikbr.backtest.explain import RunFacts, explain
from ikbr.backtest.result import BacktestResult
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO
from ikbr.domain.round_trips import Split
from ikbr.domain.session import Session
from ikbr.domain.tape import TapeSource
from ikbr.sim.actions import split_ratio


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """Say under which conditions a run was made.

    Attributes:
        latency_ms, fill, fees: Of the simulated market; of a real one "ibkr".
        base: Currency of the account.
        fx_micro: What a unit of other currencies is worth at the end, millionths of `base`.
        sessions: The trading days that it saw.
        splits: Those that were booked, in order of time.
        has_quotes: Whether the data has bids and asks.
        stale_after_s: Age from which a quote counts as stale, seconds.
        muted: Signals that were not repeated to the risk manager.
        disabled: What was switched off by an error, with its message.
        script: Whether a script sent the orders, and no strategy.
        unnoticed: Errors in a script's handlers that nobody was told of, with their number.
    """

    latency_ms: float
    fill: str
    fees: str
    base: str
    fx_micro: Mapping[str, int]
    sessions: Sequence[Session]
    splits: Sequence[Split]
    has_quotes: bool
    stale_after_s: float
    muted: int = 0
    disabled: Mapping[str, str] = {}
    script: bool = False
    unnoticed: Mapping[str, int] = {}


def evaluate(
    result: BacktestResult, conditions: Conditions, marks: Mapping[str, float]
) -> BacktestResult:
    """Fill in round trips, summary and findings.

    Args:
        result: The record of the run; changed in place.
        conditions: Under which it was made.
        marks: Last mark by symbol.

    Returns:
        The same result.
    """
    instruments, rates = result.instruments.values(), conditions.fx_micro
    result.summary = summarise(
        SummaryInputs(
            capital=result.capital,
            equity_ts=result.equity_ts,
            equity=result.equity,
            session_end_equity=result.session_equity,
            fills=result.fills,
            multipliers={i.symbol: i.multiplier for i in instruments},
            first_ts=result.start_ns,
            last_ts=result.end_ns,
            sessions=[(s.open_ns, s.close_ns) for s in conditions.sessions],
            marks=marks,
            prices={s: (p.ts_ns, p.price) for s, p in result.prices.items()},
            fx={i.symbol: rates.get(i.currency, MICRO) / MICRO for i in instruments},
            splits=conditions.splits,
            algorithms={o.order_id: algorithm_of(o.request) for o in result.orders},
        )
    )
    result.round_trips = tuple(record.trip for record in result.summary.round_trips)
    result.findings = explain(_facts(result, conditions))
    return result


def splits_of(source: TapeSource, model: ExecutionModel) -> list[Split]:
    """List the splits that are booked in a run: at the open that follows each.

    Args:
        source: The market data.
        model: Says whether any are.
    """
    if not model.corporate_actions:
        return []
    opens = [session.open_ns for session in source.sessions]
    found = []
    for action in source.actions:
        place = bisect_left(opens, action.ts_ns)
        if action.split != 1.0 and place < len(opens):
            found.append(Split(opens[place], action.symbol, *split_ratio(action.split)))
    return sorted(found, key=lambda split: split.ts_ns)


def _facts(result: BacktestResult, conditions: Conditions) -> RunFacts:
    assert result.summary is not None
    name, largest, threshold = _largest(result.described)
    halt = next((a for a in result.alerts if a.source == "risk"), None)
    return RunFacts(
        summary=result.summary,
        events=result.events,
        signals=len(result.orders) + sum(result.refused.values()) + conditions.muted,
        orders=len(result.orders),
        fills=result.fills,
        refused=result.refused,
        zero_quantity=result.refused.get("size", 0),
        signal_name=name,
        largest_signal=largest,
        signal_threshold=threshold,
        session_end_equity=result.session_equity,
        parameters=sum(len(params) for params in result.params.values()),
        latency_ms=conditions.latency_ms,
        fill_rule=conditions.fill,
        fees=conditions.fees,
        has_quotes=conditions.has_quotes,
        synthetic=result.synthetic,
        stale_after_s=conditions.stale_after_s,
        halted_ts_ns=None if halt is None else halt.ts_ns,
        halted_why="" if halt is None else halt.message,
        disabled=conditions.disabled,
        currency=conditions.base,
        script=conditions.script,
        unnoticed=conditions.unnoticed,
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
