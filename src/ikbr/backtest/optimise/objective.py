"""The objective: which figure of a run is to be best, and what to say when no run has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ikbr.backtest.optimise.metrics import LOWER_IS_BETTER, metric_names
from ikbr.backtest.optimise.trial import Outcome
from ikbr.domain.errors import UsageError, nearest

SHOWN_ERRORS = 3


class Objective(msgspec.Struct, frozen=True):
    """Say what is best.

    Attributes:
        name: Of a figure.
        maximise: Whether more of it is better.
    """

    name: str = "sharpe"
    maximise: bool = True

    def value(self, one: Outcome) -> float | None:
        """Give what is compared; None where there is nothing, as in a run without fills.

        Whoever never deals loses nothing, and would be the best of all losing runs.

        >>> Objective("net_pnl").value(Outcome(number=0, parameters={}, metrics={"net_pnl": 0.0}))
        0.0
        >>> idle = {"net_pnl": 0.0, "fill_count": 0.0}
        >>> Objective("net_pnl").value(Outcome(number=0, parameters={}, metrics=idle))
        """
        return None if one.metrics.get("fill_count") == 0 else one.figure(self.name)

    def better(self, one: Outcome, other: Outcome | None) -> bool:
        """Say whether an outcome beats another; of equal ones the lower number wins.

        >>> a = Outcome(number=0, parameters={}, metrics={"sharpe": 1.0})
        >>> b = Outcome(number=1, parameters={}, metrics={"sharpe": 2.0})
        >>> Objective().better(b, a), Objective("sharpe", maximise=False).better(b, a)
        (True, False)
        """
        value = self.value(one)
        if value is None or other is None:
            return value is not None
        standing = self.value(other)
        if standing is None or value == standing:
            return standing is None or one.number < other.number
        return value > standing if self.maximise else value < standing

    def best(self, outcomes: Iterable[Outcome]) -> Outcome | None:
        """Give the best outcome; None when none reaches the objective."""
        found: Outcome | None = None
        for one in outcomes:
            if self.better(one, found):
                found = one
        return found

    def ranked(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Put the best first, and what does not reach the objective last, by number."""

        def key(one: Outcome) -> tuple[bool, float, int]:
            value = self.value(one)
            if value is None:
                return True, 0.0, one.number
            return False, -value if self.maximise else value, one.number

        return sorted(outcomes, key=key)


def parse_objective(text: str) -> Objective:
    """Read an objective.

    Args:
        text: Name of a figure; `min:NAME` or `max:NAME` to turn its usual direction around.

    Raises:
        UsageError: When there is no such figure.

    >>> parse_objective("net_pnl"), parse_objective("max_drawdown").maximise
    (Objective(name='net_pnl', maximise=True), False)
    >>> parse_objective("max:turnover").maximise
    True
    """
    direction, colon, name = text.strip().rpartition(":")
    if name not in metric_names():
        raise UsageError(f"objective {name!r} is unknown; {nearest(name, metric_names(), 40)}")
    if colon and direction not in ("min", "max"):
        raise UsageError(f"objective {text!r}: write NAME, min:NAME or max:NAME.")
    return Objective(name, direction == "max" if colon else name not in LOWER_IS_BETTER)


def why_unreached(objective: Objective, outcomes: Sequence[Outcome]) -> str:
    """Say why no run has the figure.

    Args:
        objective: The figure.
        outcomes: All runs; none of them has it.

    Returns:
        A sentence with what happened and what to do.

    >>> why_unreached(Objective(), [Outcome(number=0, parameters={}, metrics={"fill_count": 0})])
    'no run reaches the objective sharpe: of 1 run, 1 had no fills; ...'
    """
    broken = [one for one in outcomes if one.error]
    idle = [one for one in outcomes if not one.error and not one.metrics.get("fill_count")]
    rest = len(outcomes) - len(broken) - len(idle)
    parts = []
    if idle:
        parts.append(f"{len(idle):,} had no fills")
    if broken:
        causes = list(dict.fromkeys(one.error.rstrip(".") for one in broken))
        shown = " / ".join(causes[:SHOWN_ERRORS])
        more = f" / and {len(causes) - SHOWN_ERRORS} more" if len(causes) > SHOWN_ERRORS else ""
        parts.append(f"{len(broken):,} failed ({shown}{more})")
    if rest:
        parts.append(f"{rest:,} had fills but no {objective.name} (too few of them or of sessions)")
    total = f"{len(outcomes):,} run{'s' if len(outcomes) != 1 else ''}"
    if len(idle) == len(outcomes):
        advice = "lower the thresholds in the grid, or give more days"
    elif broken and not rest:
        advice = "correct the strategy or the grid"
    else:
        advice = "give more days, or choose another --objective, as net_pnl"
    return (
        f"no run reaches the objective {objective.name}: of {total}, {', '.join(parts)}; {advice}."
    )
