"""The virtual clock: what a program learns when it asks the standard library for the time.

`time.time`, `time.time_ns`, `time.monotonic`, `time.sleep`, `datetime.now`, `utcnow`, `today` and
`date.today` follow the market. What cannot follow: `time.perf_counter` (it measures the program),
functions that a module bound by name before (`from time import time` in a library that was loaded
earlier), waiting in other threads, and libraries that ask the operating system, as
`pandas.Timestamp.now`.
"""

from __future__ import annotations

import copyreg
import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from ikbr.broker.library_imports import library_imports
from ikbr.broker.virtual_time import SECOND, Driver

_REAL_DATETIME = dt.datetime
_REAL_DATE = dt.date
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_driver: Driver | None = None
"""Whose time it is; None for that of the machine."""


def _now(tz: dt.tzinfo | None) -> dt.datetime:
    if _driver is None:
        return _REAL_DATETIME.now(tz)
    _driver.turn()
    now = _EPOCH + dt.timedelta(microseconds=_driver.market.now_ns // 1000)
    return now.astimezone(tz) if tz is not None else now.astimezone().replace(tzinfo=None)


class _AnyDatetime(type):
    """Let every real datetime count as one of ours."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL_DATETIME)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _REAL_DATETIME)


class _AnyDate(type):
    """Let every real date count as one of ours."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL_DATE)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _REAL_DATE)


class VirtualDatetime(_REAL_DATETIME, metaclass=_AnyDatetime):
    """Be `datetime.datetime`, but for what it holds to be now; it makes real ones."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a real one."""
        return _REAL_DATETIME(*args, **kwargs)

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        """Give the present of the market."""
        return _now(tz)

    @classmethod
    def utcnow(cls) -> Any:
        """Give the present of the market in UTC, without saying so."""
        return _now(dt.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        """Give the present of the market."""
        return _now(None)


class VirtualDate(_REAL_DATE, metaclass=_AnyDate):
    """Be `datetime.date`, but for what it holds to be today; it makes real ones."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a real one."""
        return _REAL_DATE(*args, **kwargs)

    @classmethod
    def today(cls) -> Any:
        """Give the day of the market."""
        return _now(None).date()


@contextmanager
def virtual_clock(driver: Driver) -> Iterator[None]:
    """Let the standard library tell the market's time; one program at a time.

    Args:
        driver: Whose time.
    """
    global _driver
    before, _driver = _driver, driver
    with ExitStack() as stack:
        stack.callback(_restore, before)
        for name, tell in (
            ("time", lambda: _asked(driver) / SECOND),
            ("time_ns", lambda: _asked(driver)),
            ("monotonic", lambda: (_asked(driver) - driver.start_ns) / SECOND),
            ("monotonic_ns", lambda: _asked(driver) - driver.start_ns),
            ("sleep", partial(_sleep, driver, time.sleep)),
        ):
            _put(stack, time, name, tell)
        for real, ours in ((_REAL_DATETIME, VirtualDatetime), (_REAL_DATE, VirtualDate)):
            # A class that is not to be found under its name cannot be pickled otherwise.
            copyreg.pickle(real, partial(_reduce, ours))
            stack.callback(copyreg.dispatch_table.pop, real)
        _put(stack, dt, "datetime", VirtualDatetime)
        _put(stack, dt, "date", VirtualDate)
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] == "ib_async" and module is not None:
                _replace(stack, module)
        outside = _RealDatetime()
        stack.enter_context(library_imports(outside, partial(_replace, stack)))
        stack.callback(setattr, driver.cable, "outside", driver.cable.outside)
        driver.cable.outside = outside
        yield


class _RealDatetime:
    """Let `datetime` be the real one within a block: for libraries, and for the gateway itself."""

    def __init__(self) -> None:
        self._found: list[tuple[Any, Any]] = []

    def __enter__(self) -> None:
        self._found.append((dt.datetime, dt.date))
        dt.datetime, dt.date = _REAL_DATETIME, _REAL_DATE  # type: ignore[misc]

    def __exit__(self, *_: object) -> None:
        dt.datetime, dt.date = self._found.pop()  # type: ignore[misc]


def _asked(driver: Driver) -> int:
    """Give the present, ns UTC, and note that a program has asked for it."""
    driver.turn()
    return driver.market.now_ns


def _sleep(driver: Driver, real: Callable[[float], None], seconds: float) -> None:
    """Sleep on the market's time; other threads, for which nothing moves, on the machine's."""
    if driver.is_mine:
        driver.sleep(seconds)
    else:
        real(seconds)


def _reduce(ours: type, value: dt.date) -> tuple[Any, ...]:
    return (ours, value.__reduce__()[1])


def _replace(stack: ExitStack, module: Any) -> None:
    """Replace the classes that a module has bound by name."""
    for name, value in list(vars(module).items()):
        if value is _REAL_DATETIME:
            _put(stack, module, name, VirtualDatetime)
        elif value is _REAL_DATE:
            _put(stack, module, name, VirtualDate)


def _put(stack: ExitStack, module: Any, name: str, value: Any) -> None:
    stack.callback(setattr, module, name, getattr(module, name))
    setattr(module, name, value)


def _restore(before: Driver | None) -> None:
    global _driver  # noqa: PLW0603 - the standard library has one clock, too
    _driver = before
