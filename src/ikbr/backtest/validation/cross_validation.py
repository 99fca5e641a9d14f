"""Cross-validation of a search: what was best on some sessions, judged on others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np

from ikbr.backtest.analytics.defined import Floats
from ikbr.backtest.validation.deflated_sharpe import trial_sharpes
from ikbr.backtest.validation.splits import Split


class CrossValidated(msgspec.Struct, frozen=True):
    """Say how the best of each split did on the sessions that judge; ratios are per period.

    Attributes:
        splits: How many there were.
        chosen: How often each trial was the best in-sample, by its column.
        in_sample, out_of_sample: Sharpe ratios of the chosen, one per split.
        losing: Share of splits in which the chosen lost out of sample.
    """

    splits: int
    chosen: dict[int, int]
    in_sample: tuple[float, ...]
    out_of_sample: tuple[float, ...]
    losing: float


def cross_validate(returns: Floats, splits: Sequence[Split]) -> CrossValidated | None:
    """Choose on each split's training sessions and judge on its tested ones.

    Args:
        returns: One row per session, one column per trial.
        splits: Of the sessions; those with fewer than two on a side are left out.

    Returns:
        The judgement; None when no split remains or there are fewer than two trials.

    Source: M. López de Prado, "Advances in Financial Machine Learning" (2018), chapters 7 and
    12; the measure is the Sharpe ratio per period, the first of equals is chosen.

    >>> made = np.array([[0.01, -0.01], [0.02, 0.0], [0.01, -0.02], [0.03, 0.01]])
    >>> cross_validate(made, [Split((0, 1), (2, 3)), Split((2, 3), (0, 1))]).chosen
    {0: 2}
    """
    values = np.asarray(returns, dtype=np.float64)
    usable = [one for one in splits if len(one.train) >= 2 and len(one.test) >= 2]
    if not usable or values.shape[1] < 2:
        return None
    chosen: Counter[int] = Counter()
    inside: list[float] = []
    outside: list[float] = []
    for split in usable:
        trained = trial_sharpes(values[list(split.train)])
        best = int(trained.argmax())
        chosen[best] += 1
        inside.append(float(trained[best]))
        outside.append(float(trial_sharpes(values[list(split.test), best : best + 1])[0]))
    return CrossValidated(
        splits=len(usable),
        chosen=dict(sorted(chosen.items(), key=lambda pair: (-pair[1], pair[0]))),
        in_sample=tuple(inside),
        out_of_sample=tuple(outside),
        losing=sum(value < 0.0 for value in outside) / len(outside),
    )
