"""Rules about the result: whether the profit is one, and whether it is luck."""

from __future__ import annotations

from ikbr.backtest.explain.facts import Finding, RunFacts, Severity, count, percent

FEW_TRIPS = 30
"""Below this the mean of a sample says little (rule of thumb of the central limit theorem)."""

BELIEVED = 0.95
HIGH_SHARPE = 4.0
MOST_OF_IT = 0.8
TRIPS_PER_PARAMETER = 10


def costs_above_edge(facts: RunFacts) -> Finding | None:
    """Say that the idea earned money and the costs took it."""
    summary = facts.summary
    if not (summary.gross_pnl > 0 > summary.net_pnl):
        return None
    return Finding(
        Severity.PROBLEM,
        "costs-above-edge",
        f"Costs ate the edge: {facts.money(summary.gross_pnl)} before fees became "
        f"{facts.money(summary.net_pnl)} after {facts.money(summary.commission)} of fees.",
        "Trade less often, or demand a stronger signal.",
    )


def one_symbol(facts: RunFacts) -> Finding | None:
    """Say that one symbol carried the profit."""
    parts = facts.summary.by_symbol
    if len(parts) < 2 or facts.summary.net_pnl <= 0:
        return None
    best = max(parts, key=lambda part: part.net_pnl)
    rest = facts.summary.net_pnl - best.net_pnl
    if best.net_pnl < MOST_OF_IT * facts.summary.net_pnl:
        return None
    return Finding(
        Severity.WARNING,
        "one-symbol",
        f"{best.name} made {facts.money(best.net_pnl)} of the {facts.money(facts.summary.net_pnl)}"
        f" profit; all other symbols together made {facts.money(rest)}.",
        f"Run it without {best.name}.",
    )


def one_day(facts: RunFacts) -> Finding | None:
    """Say that one session carried the profit."""
    ends = facts.session_end_equity
    if len(ends) < 3 or facts.summary.net_pnl <= 0:
        return None
    before = [facts.summary.capital, *(equity for _, equity in ends[:-1])]
    profits = [(equity - start, day) for (day, equity), start in zip(ends, before, strict=True)]
    best, day = max(profits)
    if best < MOST_OF_IT * facts.summary.net_pnl:
        return None
    return Finding(
        Severity.WARNING,
        "one-day",
        f"One session ({day.isoformat()}) made {facts.money(best)} of the "
        f"{facts.money(facts.summary.net_pnl)} profit.",
        "Look at what happened that day; without it there is little left.",
    )


def one_round_trip(facts: RunFacts) -> Finding | None:
    """Say that one round trip carried the profit."""
    trips = facts.summary.round_trips
    profit = sum(record.net_pnl for record in trips)
    if len(trips) < 3 or profit <= 0:
        return None
    best = max(trips, key=lambda record: record.net_pnl)
    if best.net_pnl < MOST_OF_IT * profit:
        return None
    return Finding(
        Severity.WARNING,
        "one-round-trip",
        f"One of {count(len(trips), 'round trip')} ({best.trip.symbol}, "
        f"{facts.money(best.net_pnl)}) made most of the {facts.money(profit)} that all made.",
        "One lucky trip is no edge; use more data.",
    )


def unproven_sharpe(facts: RunFacts) -> Finding | None:
    """Say that the Sharpe ratio rests on too little."""
    summary = facts.summary
    trips, sharpe = summary.trips.count, summary.risk.sharpe
    chance = summary.risk.probabilistic_sharpe
    if sharpe is None or not facts.fills:
        return None
    doubtful = chance is not None and sharpe > 0 and chance < BELIEVED
    if trips >= FEW_TRIPS and not doubtful:
        return None
    text = f"The Sharpe ratio of {sharpe:.2f} rests on {count(trips, 'round trip')}"
    if chance is not None:
        text += f"; the probability that the true one is above 0 is {percent(chance, 0)}"
    return Finding(
        Severity.WARNING,
        "unproven-sharpe",
        f"{text} ({summary.risk.label}).",
        f"Use more data: at least {FEW_TRIPS} round trips and a probability of "
        f"{percent(BELIEVED, 0)}.",
    )


def implausible_sharpe(facts: RunFacts) -> Finding | None:
    """Say that the result is too good to be true."""
    sharpe = facts.summary.risk.sharpe
    if sharpe is None or sharpe <= HIGH_SHARPE or not facts.fills:
        return None
    return Finding(
        Severity.WARNING,
        "implausible-sharpe",
        f"A Sharpe ratio of {sharpe:.1f} is implausibly high ({facts.summary.risk.label}).",
        "Look for knowledge of the future, missing costs, or too little data.",
    )


def too_many_parameters(facts: RunFacts) -> Finding | None:
    """Say that the parameters could have been fitted to chance."""
    trips = facts.summary.trips.count
    if not facts.fills or not facts.parameters or trips >= TRIPS_PER_PARAMETER * facts.parameters:
        return None
    tried = f" after {count(facts.trials, 'trial')}" if facts.trials > 1 else ""
    return Finding(
        Severity.WARNING if facts.trials > 1 else Severity.NOTE,
        "too-many-parameters",
        f"{count(facts.parameters, 'parameter')} against "
        f"{count(trips, 'round trip')}{tried}: fewer than {TRIPS_PER_PARAMETER} trips per "
        f"parameter are easily fitted by chance.",
        "Test the parameters on data that they were not chosen on.",
    )
