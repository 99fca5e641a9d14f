"""Rules about the assumptions: what the simulation took for granted."""

from __future__ import annotations

from ikbr.backtest.explain.facts import Finding, RunFacts, Severity, count, percent


def synthetic_data(facts: RunFacts) -> Finding | None:
    """Say that the data is made up."""
    if not facts.synthetic:
        return None
    return Finding(
        Severity.WARNING,
        "synthetic-data",
        "The market data is synthetic: profits and losses mean nothing for any real market.",
        "Import real data with `ikbr data import`.",
    )


def last_price_fills(facts: RunFacts) -> Finding | None:
    """Say that fills happened at prices nobody could have got."""
    if facts.fill_rule != "last" or not facts.fills:
        return None
    return Finding(
        Severity.PROBLEM,
        "last-price-fills",
        "Market orders filled at the very price that caused the decision (`--fill last`); no "
        "market offers that. It exists to compare with other engines.",
        "Use `--fill quote` or `--fill next`.",
    )


def no_quotes(facts: RunFacts) -> Finding | None:
    """Say that the spread is missing from the costs."""
    if facts.has_quotes or facts.fill_rule != "quote" or not facts.fills:
        return None
    return Finding(
        Severity.WARNING,
        "no-quotes",
        "The data has no quotes, so market orders filled at the next print; the bid-ask spread "
        "is only counted by chance.",
        "Use data with quotes, or set a slippage.",
    )


def zero_latency(facts: RunFacts) -> Finding | None:
    """Say that orders were assumed to arrive at once."""
    if facts.latency_ms > 0 or not facts.fills:
        return None
    return Finding(
        Severity.NOTE,
        "zero-latency",
        "Orders were assumed to reach the exchange in no time.",
        "Repeat with `--latency-ms 50` and see what remains.",
    )


def no_fees(facts: RunFacts) -> Finding | None:
    """Say that trading was assumed to be free."""
    if facts.fees != "none" or not facts.fills:
        return None
    return Finding(
        Severity.NOTE,
        "no-fees",
        "No commissions or regulatory fees were charged.",
        "Use `--fees ibkr-fixed` or `--fees ibkr-tiered`.",
    )


def stale_quotes(facts: RunFacts) -> Finding | None:
    """Say that fills relied on prices that may long have been gone."""
    bound_ns = facts.stale_after_s * 1e9
    ages = [fill.quote_age_ns for fill in facts.fills if fill.quote_age_ns > bound_ns]
    if not ages:
        return None
    return Finding(
        Severity.WARNING,
        "stale-quotes",
        f"{_of_fills(facts, len(ages))} happened against a price older than "
        f"{facts.stale_after_s:g} s (the oldest: {max(ages) / 1e9:,.0f} s).",
        "Check the data for gaps with `ikbr data check`, or trade a more liquid instrument.",
    )


def beyond_displayed(facts: RunFacts) -> Finding | None:
    """Say that fills were larger than what the market showed."""
    large = [fill for fill in facts.fills if 0 < fill.displayed < fill.quantity]
    if not large:
        return None
    worst = max(large, key=lambda fill: fill.quantity / fill.displayed)
    return Finding(
        Severity.WARNING,
        "beyond-displayed",
        f"{_of_fills(facts, len(large))} took more than the displayed size (the worst: "
        f"{worst.quantity:,} {worst.symbol} against {worst.displayed:,}); a real order would "
        f"have moved the price.",
        "Trade smaller, or set `sim.volume_cap` or a slippage.",
    )


def _of_fills(facts: RunFacts, number: int) -> str:
    total = len(facts.fills)
    return f"{number:,} of {count(total, 'fill')} ({percent(number / total, 0)})"
