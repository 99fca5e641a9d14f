"""Driving handlers: plain or `async def`, they run in place and give their result at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from ikbr.domain.errors import StrategyError


def wrap(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Make a handler callable in place; done once per strategy.

    A plain function comes back as it is and so costs nothing extra.

    Args:
        handler: A function or bound method, plain or `async def`.

    Raises:
        StrategyError: When it is an asynchronous generator.

    >>> async def answer(): return 42
    >>> wrap(answer)()
    42
    >>> wrap(len) is len
    True
    """
    if inspect.isasyncgenfunction(handler):
        raise StrategyError(
            f"{_name(handler)} is an `async def` that yields; return a list of signals instead."
        )
    if not inspect.iscoroutinefunction(handler):
        return handler

    def driven(*args: Any) -> Any:
        return finish(handler(*args), handler)

    return driven


def call(handler: Callable[..., Any], *args: Any) -> Any:
    """Run a handler, plain or `async def`, to its end.

    Returns:
        What it returned.

    Raises:
        StrategyError: When it awaits something that is not there yet.
    """
    result = handler(*args)
    if inspect.iscoroutine(result):
        return finish(result, handler)
    return result


def finish(coroutine: Coroutine[Any, Any, Any], handler: Callable[..., Any]) -> Any:
    """Run a coroutine to its end, without waiting.

    Args:
        coroutine: What a handler returned.
        handler: Whose it is, for the message.

    Raises:
        StrategyError: When it suspends.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    except RuntimeError as error:
        if "no running event loop" not in str(error):
            raise
        raise StrategyError(
            f"{_name(handler)} uses asyncio ({error}), but a handler runs without an event loop; "
            f"use self.set_timer(name, every_s=...) and on_timer instead of asyncio.sleep."
        ) from error
    raise _suspended(coroutine, handler)


def _suspended(coroutine: Coroutine[Any, Any, Any], handler: Callable[..., Any]) -> StrategyError:
    # It may await again while being closed; it is thrown away all the same.
    with suppress(RuntimeError):
        coroutine.close()
    return StrategyError(
        f"{_name(handler)} waits for something (an await that suspends), but a handler must "
        f"answer at once; use self.set_timer(name, every_s=...) and on_timer instead of sleeping, "
        f"and load data in __init__."
    )


def _name(handler: Callable[..., Any]) -> str:
    owner = getattr(handler, "__self__", None)
    name = str(getattr(handler, "__name__", handler))
    return name if owner is None else f"{type(owner).__name__}.{name}"
