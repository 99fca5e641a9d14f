"""A stage timer: how long every stage of the pipeline takes by itself.

Chosen methods are replaced by ones that read the clock when they are entered and left; the time
of a stage is its own, without the stages it calls. What the clock reading costs is measured with
an empty method and taken off.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Where = tuple[str, type, str]
"""Name of the stage, class, method."""


class StageTimer:
    """Sum up time and calls per stage.

    Attributes:
        own_ns: Time by stage, without inner stages.
        calls: Calls by stage.
        active: Whether anything is counted now.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.own_ns: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.active = True
        self._inner_ns = [0.0]
        self._inside_ns = 0.0
        self._around_ns = 0.0
        self._patched: list[tuple[type, str, Any]] = []

    def patch(self, places: list[Where]) -> None:
        """Time these methods from now on."""
        self._calibrate()
        for stage, owner, name in places:
            original = vars(owner).get(name)
            if original is None:
                raise SystemExit(f"{owner.__name__}.{name} is gone; name the stage {stage!r} anew.")
            self._patched.append((owner, name, original))
            setattr(owner, name, self._timed(stage, original))

    def restore(self) -> None:
        """Put the methods back."""
        for owner, name, original in reversed(self._patched):
            setattr(owner, name, original)
        self._patched.clear()

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        self.own_ns.setdefault(stage, 0.0)
        self.calls.setdefault(stage, 0)
        own, calls, inner, now = self.own_ns, self.calls, self._inner_ns, time.perf_counter_ns

        def timed(*args: Any, **named: Any) -> Any:
            before = inner[0]
            inner[0] = 0.0
            began = now()
            try:
                return function(*args, **named)
            finally:
                spent = now() - began
                own[stage] += spent - inner[0] - self._inside_ns
                calls[stage] += 1
                inner[0] = before + spent + self._around_ns

        return timed

    def _calibrate(self) -> None:
        """Measure what timing itself costs: within the reading, and around it."""

        def empty() -> None:
            pass

        count = 100_000
        timed = self._timed("", empty)
        began = time.perf_counter_ns()
        for _ in range(count):
            empty()
        plain = (time.perf_counter_ns() - began) / count
        began = time.perf_counter_ns()
        for _ in range(count):
            timed()
        whole = (time.perf_counter_ns() - began) / count
        inside = self.own_ns.pop("") / count
        self.calls.pop("")
        self._inside_ns = inside
        self._around_ns = max(whole - plain - inside, 0.0)
        self._inner_ns[0] = 0.0
