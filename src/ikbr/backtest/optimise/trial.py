"""A trial is one run of a sweep that is to be made; an outcome is what came of it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import msgspec

ENGINE = "engine"
"""The path of an outcome that the event-driven engine computed."""

COMPILED_GRID = "compiled grid"
"""The path of an outcome that the compiled grid computed."""


class Span(msgspec.Struct, frozen=True):
    """Name the sessions of a part of the data, both ends included.

    Attributes:
        first, last: Their dates.
    """

    first: dt.date
    last: dt.date


class Trial(msgspec.Struct, frozen=True):
    """Name one run of a sweep.

    Attributes:
        number: Unique in the sweep; results are kept and compared by it.
        parameters: Typed values of what is varied; a strategy's other parameters stay as they
            were given for the whole sweep.
        span: Which part of the data; None for all of it.
    """

    number: int
    parameters: Mapping[str, Any]
    span: Span | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Say what came of a trial, as small values that travel between processes and files.

    Attributes:
        number, parameters, span: Of the trial.
        metrics: Figures of the run by name, as `metrics_of` gives them; undefined ones None.
        fill_hash: Fingerprint of the fills; "" when the run failed.
        session_equity: Equity at the end of every session, in the account's currency.
        seconds: Wall time of the run.
        error: Why the run gave no usable result, in words; "" when it did.
        path: Which path computed it: `ENGINE` or `COMPILED_GRID`.
    """

    number: int
    parameters: Mapping[str, Any]
    span: Span | None = None
    metrics: Mapping[str, float | None] = {}
    fill_hash: str = ""
    session_equity: tuple[tuple[dt.date, float], ...] = ()
    seconds: float = 0.0
    error: str = ""
    path: str = ENGINE

    def figure(self, name: str) -> float | None:
        """Give a figure.

        Args:
            name: Of the metric.

        Returns:
            Its value; None when it is undefined or the run failed.

        >>> Outcome(number=0, parameters={}, metrics={"sharpe": 1.5}).figure("sharpe")
        1.5
        """
        value = self.metrics.get(name)
        if self.error or value is None or not math.isfinite(value):
            return None
        return value


def failed(trial: Trial, why: str, seconds: float = 0.0) -> Outcome:
    """Say that a trial gave no result.

    Args:
        trial: Which.
        why: In words.
        seconds: Wall time that it took.
    """
    return Outcome(
        number=trial.number,
        parameters=trial.parameters,
        span=trial.span,
        seconds=seconds,
        error=why,
    )
