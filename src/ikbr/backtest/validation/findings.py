"""What a walk-forward says, in sentences."""

from __future__ import annotations

from collections.abc import Callable

from ikbr.backtest.explain.facts import Finding, Severity, count
from ikbr.backtest.report.wording import percent
from ikbr.backtest.validation.walked import Walked

BELIEVED = 0.95
"""Probability from which on a Sharpe ratio is called believable: the usual 5 % of error."""

OVERFIT = 0.5
"""Source: Bailey et al. (2017): at one half, choosing the best is no better than drawing lots."""

DOUBTFUL = 0.2
LITTLE = 0.5
"""Source: R. Pardo (2008), chapter 11: an efficiency below one half casts doubt on the choice."""

FEW_SESSIONS = 60
LONELY = 0.5
RESTLESS = 0.25


def findings_of(walked: Walked) -> list[Finding]:
    """Say what the numbers mean, the gravest first.

    Args:
        walked: What the walk gave.

    Returns:
        Findings; none is advice to invest.
    """
    rules: tuple[Callable[[Walked], Finding | None], ...] = (
        _overfit,
        _deflated,
        _result,
        _efficiency,
        _lonely,
        _drift,
        _few,
        _sat_out,
    )
    found = [finding for rule in rules if (finding := rule(walked)) is not None]
    return sorted(found, key=lambda finding: -finding.severity)


def _overfit(walked: Walked) -> Finding | None:
    judged = walked.judgement.overfitting if walked.judgement else None
    if judged is None or judged.probability < DOUBTFUL:
        return None
    grave = judged.probability >= OVERFIT
    return Finding(
        Severity.PROBLEM if grave else Severity.WARNING,
        "overfitting",
        f"The choice of the best is overfit with a probability of "
        f"{percent(judged.probability, 0)}: in so many of {judged.splits:,} splits the best "
        f"in-sample was no better than the median out of sample.",
        "Try fewer combinations, or more sessions; do not pick the best of this grid.",
    )


def _deflated(walked: Walked) -> Finding | None:
    judged = walked.judgement.deflated if walked.judgement else None
    if judged is None or judged.deflated is None:
        return None
    tried = f"{count(judged.trials, 'trial')} (about {judged.independent:.3g} independent ones)"
    if judged.deflated >= BELIEVED:
        return Finding(
            Severity.NOTE,
            "deflated",
            f"After {tried} the Sharpe ratio of the best still stands out: it is above what luck "
            f"alone would show with a probability of {percent(judged.deflated, 1)}.",
        )
    return Finding(
        Severity.WARNING,
        "deflated",
        f"After {tried} the Sharpe ratio of the best is above what luck alone would show with a "
        f"probability of only {percent(judged.deflated, 1)}.",
        "More sessions, or fewer trials, would tell luck from skill.",
    )


def _result(walked: Walked) -> Finding | None:
    stitched = walked.stitched
    if stitched.total_return > 0.0:
        return None
    return Finding(
        Severity.WARNING,
        "out of sample",
        f"Out of sample it returned {percent(stitched.total_return, signed=True)}: what was best "
        f"in the past did not earn afterwards.",
    )


def _efficiency(walked: Walked) -> Finding | None:
    value = walked.stitched.efficiency
    if value is None or value >= LITTLE:
        return None
    return Finding(
        Severity.WARNING,
        "efficiency",
        f"Per session it earned {percent(value, 0)} out of sample of what it earned in-sample; "
        f"below {percent(LITTLE, 0)} the choice mostly fits the past.",
    )


def _lonely(walked: Walked) -> Finding | None:
    around = walked.judgement.neighbourhood if walked.judgement else None
    if around is None or around.drop is None or around.drop < LONELY:
        return None
    return Finding(
        Severity.WARNING,
        "stability",
        f"The best set of parameters stands alone: its {count(around.count, 'neighbour')} score "
        f"{percent(around.drop, 0)} less on average.",
        "A set in the middle of a plateau is more likely to last than a peak.",
    )


def _drift(walked: Walked) -> Finding | None:
    wide = [one for one in walked.drift if one.mean_step is not None and one.mean_step > RESTLESS]
    if not wide:
        return None
    named = ", ".join(f"{one.name} (by {percent(one.mean_step, 0)})" for one in wide)
    return Finding(
        Severity.NOTE,
        "drift",
        f"From window to window the choice wanders through the range that was tried: {named}.",
        "A choice that changes with every window follows noise.",
    )


def _few(walked: Walked) -> Finding | None:
    sessions = len(walked.layout.dates)
    if sessions >= FEW_SESSIONS:
        return None
    return Finding(
        Severity.NOTE,
        "sessions",
        f"{count(sessions, 'session')} are few for such judgements; the probabilities here are "
        f"rough.",
    )


def _sat_out(walked: Walked) -> Finding | None:
    without = [one for one in walked.windows if one.note]
    if not without:
        return None
    return Finding(
        Severity.WARNING,
        "windows",
        f"{count(len(without), 'window')} of {len(walked.windows)} gave no result and count as "
        f"no profit; number {without[0].number}: {without[0].note}.",
    )
