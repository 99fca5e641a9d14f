"""ikbr: write one strategy, run it in a backtest, on paper and live with Interactive Brokers.

    import ikbr
    result = ikbr.backtest("momentum", "SPY", days=1, params={"threshold": 0.001})

Names are loaded when they are first used, so that importing ikbr costs nothing.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ikbr.compiled.use import use_compiled

if TYPE_CHECKING:
    from ikbr.api.measure import measure_latency
    from ikbr.api.python_optimise import optimise
    from ikbr.api.python_validate import lookahead, walk_forward
    from ikbr.backtest.result import BacktestResult
    from ikbr.data.catalog import Catalog
    from ikbr.domain.errors import IkbrError
    from ikbr.domain.events import Bar
    from ikbr.domain.instrument import Instrument
    from ikbr.domain.order import Fill, Order, OrderRequest, OrderType, Side, TimeInForce
    from ikbr.domain.signal import Signal
    from ikbr.domain.tape import Tape
    from ikbr.domain.ticker import Ticker
    from ikbr.strategies.base_strategy import BaseStrategy
    from ikbr.strategies.coercion import Range
    from ikbr.strategies.parameters import CHANGEABLE
    from ikbr.strategies.schedule import Schedule

# Before anything that could be compiled is imported.
use_compiled(__path__[0])

_HOMES = {
    "CHANGEABLE": "ikbr.strategies.parameters",
    "BacktestResult": "ikbr.backtest.result",
    "Bar": "ikbr.domain.events",
    "BaseStrategy": "ikbr.strategies.base_strategy",
    "Catalog": "ikbr.data.catalog",
    "Fill": "ikbr.domain.order",
    "IkbrError": "ikbr.domain.errors",
    "Instrument": "ikbr.domain.instrument",
    "Order": "ikbr.domain.order",
    "OrderRequest": "ikbr.domain.order",
    "OrderType": "ikbr.domain.order",
    "Range": "ikbr.strategies.coercion",
    "Schedule": "ikbr.strategies.schedule",
    "Side": "ikbr.domain.order",
    "Signal": "ikbr.domain.signal",
    "Tape": "ikbr.domain.tape",
    "Ticker": "ikbr.domain.ticker",
    "TimeInForce": "ikbr.domain.order",
    "lookahead": "ikbr.api.python_validate",
    "measure_latency": "ikbr.api.measure",
    "optimise": "ikbr.api.python_optimise",
    "walk_forward": "ikbr.api.python_validate",
}
"""Where each public name lives."""

__all__ = [
    "CHANGEABLE",
    "BacktestResult",
    "Bar",
    "BaseStrategy",
    "Catalog",
    "Fill",
    "IkbrError",
    "Instrument",
    "Order",
    "OrderRequest",
    "OrderType",
    "Range",
    "Schedule",
    "Side",
    "Signal",
    "Tape",
    "Ticker",
    "TimeInForce",
    "lookahead",
    "measure_latency",
    "optimise",
    "walk_forward",
]


def __getattr__(name: str) -> Any:
    if name == "backtest":
        return importlib.import_module("ikbr.backtest")
    if name not in _HOMES:
        raise AttributeError(f"module 'ikbr' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "backtest"})


class _BacktestPackage(ModuleType):
    """Let the package `ikbr.backtest` be called: it runs a backtest."""

    def __call__(self, *args: Any, **kwargs: Any) -> BacktestResult:
        result: BacktestResult = self.__wrapped__(*args, **kwargs)
        return result

    @property
    def __wrapped__(self) -> Any:
        # Found by name, because packages below must not import what is above them.
        return importlib.import_module("ikbr.api.python").backtest


class _Package(ModuleType):
    """Make `ikbr.backtest` a package and a function at once.

    Python sets the attribute when the package is imported, by whomever; the door that people
    use, `ikbr.backtest(...)`, has the same name.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "backtest" and isinstance(value, ModuleType):
            value.__class__ = _BacktestPackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
