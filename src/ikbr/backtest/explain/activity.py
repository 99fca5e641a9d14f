"""Rules about what the run did: why there are no fills, and what was left undone."""

from __future__ import annotations

from ikbr.backtest.explain.facts import Finding, RunFacts, Severity, clock, count, percent

TINY_EXPOSURE = 0.01


def no_data(facts: RunFacts) -> Finding | None:
    """Say that there was nothing to trade on."""
    if facts.events or facts.fills or facts.script:
        return None
    return Finding(
        Severity.PROBLEM,
        "no-data",
        "No market data was processed.",
        "Check the symbols and dates with `ikbr data list`.",
    )


def strategy_disabled(facts: RunFacts) -> Finding | None:
    """Say which strategy failed."""
    if not facts.disabled:
        return None
    named = "; ".join(f"{name}: {error}" for name, error in facts.disabled.items())
    return Finding(
        Severity.PROBLEM,
        "script-failed" if facts.script else "strategy-disabled",
        f"{'Ended by' if facts.script else 'Switched off after'} an error: {named}.",
        "Fix the error; everything after it is missing from the result.",
    )


def unnoticed_errors(facts: RunFacts) -> Finding | None:
    """Say which errors a script's handlers made, as ib_async tells nobody."""
    if not facts.unnoticed:
        return None
    named = "; ".join(f"{error} {times:,}×" for error, times in facts.unnoticed.items())
    return Finding(
        Severity.PROBLEM,
        "unnoticed-errors",
        f"Handlers raised errors, and ib_async went on without a word: {named}.",
        "Fix them: whatever these handlers were to do did not happen, and would not live.",
    )


def no_signal(facts: RunFacts) -> Finding | None:
    """Say that the strategy never wanted anything, and how near it came."""
    if facts.fills or facts.signals or facts.disabled:
        return None
    if facts.script:
        text = f"The script sent no order in {count(facts.events, 'event')}."
        return Finding(Severity.NOTE, "no-order", text)
    if not facts.events:
        return None
    text = f"No fills: the strategy gave no signal in {count(facts.events, 'event')}."
    advice = "Try more data or other parameters."
    if facts.largest_signal is not None and facts.signal_threshold is not None:
        text += (
            f" The largest {facts.signal_name} was {facts.largest_signal:.4g}, "
            f"the threshold is {facts.signal_threshold:.4g}."
        )
        advice = f"Lower the threshold below {facts.largest_signal:.4g}, or use more data."
    elif facts.largest_signal is not None:
        text += f" The largest {facts.signal_name} was {facts.largest_signal:.4g}."
    return Finding(Severity.PROBLEM, "no-signal", text, advice)


_REMEDIES = {
    "protection": "Give the strategy a stop with --param stop_loss_pct=0.01, or its orders a "
    "stop_loss: risk.require_stop is on.",
}
"""What helps against a rule, where it is not a smaller order."""


def all_refused(facts: RunFacts) -> Finding | None:
    """Say which rules stopped everything the strategy wanted."""
    if facts.fills or facts.orders or not facts.signals or not facts.refused:
        return None
    ranked = sorted(facts.refused.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{rule} {times:,}×" for rule, times in ranked)
    if facts.script:
        return Finding(
            Severity.PROBLEM,
            "all-refused",
            f"No fills: the gateway refused every order, by code: {named}.",
            "The refusals in the report say why.",
        )
    return Finding(
        Severity.PROBLEM,
        "all-refused",
        f"No fills: of {count(facts.signals, 'signal')} none became an order; risk refused "
        f"{named}.",
        _REMEDIES.get(
            ranked[0][0], f"Look at the limit behind {ranked[0][0]!r}, or trade smaller."
        ),
    )


def sized_to_zero(facts: RunFacts) -> Finding | None:
    """Say that positions came out smaller than one share."""
    if not facts.zero_quantity:
        return None
    severity = Severity.WARNING if facts.fills else Severity.PROBLEM
    return Finding(
        severity,
        "sized-to-zero",
        f"{count(facts.zero_quantity, 'signal')} came to a quantity of 0: the capital or the "
        f"share of it that one position may take is less than one share or contract costs.",
        "Raise the capital or the position limit, or set a fixed --quantity.",
    )


def never_filled(facts: RunFacts) -> Finding | None:
    """Say that orders were sent but the market never reached them."""
    if facts.fills or not facts.orders:
        return None
    return Finding(
        Severity.PROBLEM,
        "never-filled",
        f"No fills: {count(facts.orders, 'order')} reached the market, none was executed.",
        "Limit and stop prices may be out of reach, or the data may end before they arrive.",
    )


def halted(facts: RunFacts) -> Finding | None:
    """Say when and why risk stopped entries: a loss, a symbol that is blocked, a person."""
    if facts.halted_ts_ns is None:
        return None
    return Finding(
        Severity.WARNING,
        "risk-halt",
        f"Risk stopped entries at {clock(facts.halted_ts_ns)}: {facts.halted_why.rstrip('.')}.",
        "Judge the strategy by the time before, or remove the cause to see the rest.",
    )


def left_open(facts: RunFacts) -> Finding | None:
    """Say that the result rests on positions that were never closed."""
    summary = facts.summary
    if not summary.open_positions:
        return None
    sides = {int(fill.side) for fill in facts.fills}
    if sides in ({1}, {-1}):
        word = "buys" if sides == {1} else "sells"
        return Finding(
            Severity.WARNING,
            "one-sided",
            f"There were only {word}: {count(summary.open_positions, 'position')} left open, so "
            f"the profit is the mark at the end, not a result of closing anything.",
            "Give the strategy an exit, or flatten before the close.",
        )
    return Finding(
        Severity.NOTE,
        "left-open",
        f"{count(summary.open_positions, 'position')} left open at the end, valued at the mark.",
        "Flatten before the close to count the cost of getting out.",
    )


def tiny_exposure(facts: RunFacts) -> Finding | None:
    """Say that the money was hardly ever at work."""
    exposure = facts.summary.exposure
    if not facts.fills or exposure is None or exposure >= TINY_EXPOSURE:
        return None
    return Finding(
        Severity.NOTE,
        "tiny-exposure",
        f"A position was held for only {percent(exposure)} of the time; yearly figures mostly "
        f"describe idle cash.",
    )
