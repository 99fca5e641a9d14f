"""Answers of a strategy: whatever a hook returned, as a sequence of decisions."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from ikbr.domain.errors import StrategyError
from ikbr.domain.order import OrderRequest
from ikbr.domain.signal import Signal
from ikbr.strategies.drive import finish

Decisions = Sequence[Signal | OrderRequest]


def decisions(answer: Any, who: str) -> Decisions:
    """Turn what a hook returned into a sequence of signals and order requests.

    Args:
        answer: What it returned; None means nothing. A generator is run to its end.
        who: Whose answer it is, for the message ("MyStrategy.on_bar").

    Raises:
        StrategyError: When it is anything else.

    >>> decisions(None, "S.on_bar"), decisions(Signal("FLAT", "SPY", 1.0), "S.on_bar")[0].action
    ((), 'FLAT')
    """
    if answer is None:
        return ()
    if isinstance(answer, Signal | OrderRequest):
        return (answer,)
    if inspect.iscoroutine(answer):
        return decisions(finish(answer, _named(who)), who)
    if isinstance(answer, Iterable) and not isinstance(answer, str | bytes | dict):
        items = tuple(item for item in answer if item is not None)
        for item in items:
            if not isinstance(item, Signal | OrderRequest):
                raise _wrong(item, who)
        return items
    raise _wrong(answer, who)


def _wrong(item: object, who: str) -> StrategyError:
    return StrategyError(
        f"{who} returned {item!r}; return a Signal, an OrderRequest, a list of them, or None."
    )


def _named(who: str) -> Any:
    def handler() -> None: ...

    handler.__name__ = who
    return handler
