"""Measuring functions: a decorator for a strategy's author."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from ikbr.domain.histogram import Histogram

log = logging.getLogger("ikbr.latency")

F = TypeVar("F", bound=Callable[..., Any])

HISTOGRAMS: dict[str, Histogram] = {}
"""How long each measured function took, nanoseconds, by its qualified name."""


def measure_latency(function: F) -> F:
    """Measure each call of a function, plain or `async def`.

    Every call is counted in `HISTOGRAMS` and, where the log level is DEBUG, told in the log.

    Args:
        function: What is to be measured.

    >>> @measure_latency
    ... def double(x):
    ...     return 2 * x
    >>> double(4), HISTOGRAMS["double"].count
    (8, 1)
    """
    name = function.__qualname__
    histogram = HISTOGRAMS.setdefault(name, Histogram())

    def count(began: int) -> None:
        took = time.perf_counter_ns() - began
        histogram.add(took)
        log.debug("%s latency: %.2f ms", name, took / 1e6)

    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter_ns()
        try:
            return function(*args, **kwargs)
        finally:
            count(began)

    @wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter_ns()
        try:
            return await function(*args, **kwargs)
        finally:
            count(began)

    return cast("F", awaited if inspect.iscoroutinefunction(function) else plain)
