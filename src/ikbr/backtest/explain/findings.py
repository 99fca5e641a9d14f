"""The table of rules, and their ranking."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.backtest.explain import activity, edge, trust
from ikbr.backtest.explain.facts import Finding, RunFacts

RULES: tuple[Callable[[RunFacts], Finding | None], ...] = (
    activity.no_data,
    activity.strategy_disabled,
    activity.unnoticed_errors,
    activity.no_signal,
    activity.all_refused,
    activity.sized_to_zero,
    activity.never_filled,
    trust.last_price_fills,
    edge.costs_above_edge,
    trust.synthetic_data,
    activity.halted,
    edge.implausible_sharpe,
    edge.one_symbol,
    edge.one_day,
    edge.one_round_trip,
    edge.unproven_sharpe,
    trust.stale_quotes,
    trust.beyond_displayed,
    trust.no_quotes,
    activity.left_open,
    edge.too_many_parameters,
    trust.zero_latency,
    trust.no_fees,
    activity.tiny_exposure,
)
"""All rules; among findings of one severity this order decides."""


def explain(run: RunFacts) -> list[Finding]:
    """Find what a person should know about a run.

    Args:
        run: What is known of it.

    Returns:
        The findings, gravest first; none if nothing stands out.
    """
    found = [finding for rule in RULES if (finding := rule(run)) is not None]
    return sorted(found, key=lambda finding: -finding.severity)
