"""The garbage collector during a replay: it looks less often."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (50_000, 50, 1_000)
"""Young objects are looked at after 50,000 new ones, older ones after 2.5 million."""


@contextmanager
def calm_collector() -> Iterator[None]:
    """Let the collector look rarely; orders, fills and records are kept and never form cycles.

    By default it looks after every 700 new objects and walks through all that a run has kept
    each time that has grown by a quarter: a tenth of what an order costs.
    """
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
