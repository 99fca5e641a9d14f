"""Latency: things said now are heard later, in the order in which they were said."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ikbr.domain.timers import TimerHeap

Message = TypeVar("Message")


def delayed(
    timers: TimerHeap, delay_ns: int, hear: Callable[[Message], None]
) -> Callable[[Message], None]:
    """Put a constant delay before a listener.

    Equal delays keep the order: timers of one time run in the order in which they were set.

    Args:
        timers: Where the present comes from.
        delay_ns: How long a message travels, ns; 0 gives the listener itself.
        hear: Who is told.

    Returns:
        What to call instead of the listener.

    >>> timers, heard = TimerHeap(), []
    >>> say = delayed(timers, 5, heard.append)
    >>> say("a"); timers.advance(4); heard
    []
    >>> timers.advance(5); heard
    ['a']
    """
    if delay_ns <= 0:
        return hear

    def say(message: Message) -> None:
        timers.call_at(timers.now_ns + delay_ns, hear, message)

    return say
