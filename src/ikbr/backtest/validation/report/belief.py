"""What the report says of luck: deflated Sharpe ratio, overfitting, cross-validation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, median

from ikbr.backtest.analytics.returns import SESSIONS_PER_YEAR
from ikbr.backtest.report.header import Fact
from ikbr.backtest.report.wording import number, percent
from ikbr.backtest.validation.cross_validation import CrossValidated
from ikbr.backtest.validation.deflated_sharpe import Deflated
from ikbr.backtest.validation.judgement import GROUPS, TESTED, Judgement
from ikbr.backtest.validation.overfitting import Overfitting

BARS = 24
YEAR = math.sqrt(SESSIONS_PER_YEAR)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Draw how often values fell where, in a box of 1000 by 160.

    Attributes:
        bars: Left edge, top, width, height and colour of each.
        zero: Where 0 lies.
        low, high: The ends, in words.
    """

    bars: list[tuple[float, float, float, float, str]]
    zero: float
    low: str
    high: str


def luck_facts(judgement: Judgement) -> list[tuple[str, list[Fact]]]:
    """Say how far the best of the search can be believed.

    Args:
        judgement: Of the search.

    Returns:
        Groups of facts; those that cannot be said are left out.
    """
    groups = (
        ("Deflated Sharpe ratio", _deflated(judgement.deflated)),
        ("Backtest overfitting (CSCV)", _overfit(judgement.overfitting)),
        ("Purged cross-validation", _crossed(judgement.cross_validated)),
    )
    return [(name, facts) for name, facts in groups if facts]


def _deflated(found: Deflated | None) -> list[Fact]:
    if found is None:
        return []
    return [
        Fact("Sharpe ratio of the best", _yearly(found.sharpe), "a year"),
        Fact("Best expected from luck alone", _yearly(found.expected_maximum), "a year"),
        Fact("Probability of being above it", percent(found.deflated, 1)),
        Fact("Trials", f"{found.trials:,}"),
        Fact("Independent trials", number(found.independent, 1), "estimate"),
        Fact("Returns", f"{found.periods:,}", "one per session"),
    ]


def _overfit(found: Overfitting | None) -> list[Fact]:
    if found is None:
        return []
    return [
        Fact("Probability of overfitting", percent(found.probability, 1)),
        Fact("Probability of loss out of sample", percent(found.probability_of_loss, 1)),
        Fact("Slope, out of sample over in-sample", number(found.slope)),
        Fact("Median rank of the best, out of sample", _rank(median(found.logits))),
        Fact("Splits", f"{found.splits:,}", f"{found.blocks} blocks"),
        Fact("Sessions", f"{found.periods:,}"),
    ]


def _crossed(found: CrossValidated | None) -> list[Fact]:
    if found is None:
        return []
    return [
        Fact("Mean Sharpe in-sample", _yearly(fmean(found.in_sample)), "a year"),
        Fact("Mean Sharpe out of sample", _yearly(fmean(found.out_of_sample)), "a year"),
        Fact("Worst out of sample", _yearly(min(found.out_of_sample)), "a year"),
        Fact("Splits that lost", percent(found.losing, 0)),
        Fact("Different sets chosen", f"{len(found.chosen):,}"),
        Fact("Splits", f"{found.splits:,}", f"{GROUPS} groups, {TESTED} tested"),
    ]


def logit_histogram(judgement: Judgement) -> Histogram | None:
    """Draw how the best in-sample ranked out of sample.

    Args:
        judgement: Of the search.

    Returns:
        The drawing; None without an estimate.
    """
    if judgement.overfitting is None:
        return None
    values = judgement.overfitting.logits
    reach = max(1.0, *(abs(value) for value in values))
    counts = [0] * BARS
    for value in values:
        counts[min(int((value + reach) / (2 * reach) * BARS), BARS - 1)] += 1
    width = 1000 / BARS
    top = max(counts)
    bars = [
        (
            round(place * width + 1, 1),
            round(160 - 150 * one / top, 1),
            round(width - 2, 1),
            round(150 * one / top, 1),
            "loss" if (place + 0.5) * width < 500 else "gain",
        )
        for place, one in enumerate(counts)
    ]
    return Histogram(bars, 500.0, _rank(-reach), _rank(reach))


def _rank(logit: float) -> str:
    """Turn a logit into the share of trials that are worse."""
    return f"{percent(1 / (1 + math.exp(-logit)), 0)} of the trials below"


def _yearly(per_session: float | None) -> str:
    return number(None if per_session is None else per_session * YEAR)
