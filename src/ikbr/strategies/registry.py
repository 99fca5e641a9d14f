"""The registry: strategies by name, by entry point and by file path."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from ikbr.domain.errors import StrategyError, nearest
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import Range, coerce
from ikbr.strategies.parameters import describe_parameters, validate_parameters
from ikbr.strategies.source_file import load_module

ENTRY_POINT_GROUP = "ikbr.strategies"

EXAMPLES = {
    "momentum": "ikbr.strategies.examples.momentum:MomentumStrategy",
    "momentum_kernel": "ikbr.strategies.examples.momentum_kernel:MomentumKernel",
    "mean_reversion": "ikbr.strategies.examples.mean_reversion:MeanReversionStrategy",
    "mean_reversion_kernel": ("ikbr.strategies.examples.mean_reversion_kernel:MeanReversionKernel"),
    "pairs": "ikbr.strategies.examples.pairs:PairsStrategy",
    "pairs_kernel": "ikbr.strategies.examples.pairs_kernel:PairsKernel",
    "opening_range": "ikbr.strategies.examples.opening_range:OpeningRangeStrategy",
    "market_making": "ikbr.strategies.examples.market_making:MarketMakingStrategy",
    "market_making_kernel": "ikbr.strategies.examples.market_making_kernel:MarketMakingKernel",
}
"""The strategies that come along, by name."""

OPTIONS: Mapping[str, tuple[type, Range | None]] = {
    "allow_short": (bool, None),
    "stop_loss_pct": (float, Range(0.0, 0.99)),
    "warmup": (int, Range(0, 1_000_000)),
}
"""What every strategy takes besides its own parameters."""


def available() -> tuple[str, ...]:
    """Name the strategies that `load` knows without a path, sorted."""
    return tuple(sorted({*EXAMPLES, *_entry_points()}))


def load(reference: str) -> type[BaseStrategy]:
    """Find a strategy class.

    Args:
        reference: A name ("momentum", "mean-reversion", or one that an installed package
            offers), or a file ("my.py", "my.py:MyStrategy"). A file is read afresh each time.

    Raises:
        StrategyError: When there is none, or it cannot be used; the sentence says why.
    """
    text = reference.strip()
    path, class_name = _split(text)
    if path.endswith(".py"):
        return _from_file(path, class_name)
    name = text.replace("-", "_").casefold()
    if name in EXAMPLES:
        module, _, attribute = EXAMPLES[name].partition(":")
        return _checked(getattr(importlib.import_module(module), attribute), text)
    points = _entry_points()
    if text in points:
        return _checked(_load_point(text, points[text]), text)
    raise StrategyError(
        f"strategy {reference!r} is unknown; {nearest(text, available())} "
        f"(of: {', '.join(available())}; or a file: path/to/file.py:Class)"
    )


def reference_of(cls: type[BaseStrategy]) -> str:
    """Give the reference by which `load` finds a class again; "" when there is none.

    Args:
        cls: A strategy class.

    >>> from ikbr.strategies.examples.momentum import MomentumStrategy
    >>> reference_of(MomentumStrategy)
    'momentum'
    """
    place = f"{cls.__module__}:{cls.__qualname__}"
    for name, where in EXAMPLES.items():
        if where == place:
            return name
    for name, point in _entry_points().items():
        if point.value == place:
            return name
    if "<locals>" in cls.__qualname__:
        return ""
    try:
        file = inspect.getsourcefile(cls)
    except TypeError:
        return ""
    return f"{file}:{cls.__qualname__}" if file and file.endswith(".py") else ""


def create(
    reference: str | type[BaseStrategy], parameters: Mapping[str, object] | None = None
) -> BaseStrategy:
    """Make a strategy with parameters, which may be text.

    Besides the parameters of its own, every strategy takes the options `allow_short`,
    `stop_loss_pct` and `warmup` of `BaseStrategy`.

    Args:
        reference: As `load` takes, or a class.
        parameters: Values by name.

    Raises:
        StrategyError: When it cannot be found, a parameter is wrong or its `__init__` fails.
    """
    cls = load(reference) if isinstance(reference, str) else _checked(reference, str(reference))
    own = {parameter.name for parameter in describe_parameters(cls)}
    given = dict(parameters or {})
    options = {
        name: coerce(f"{cls.__name__}.{name}", given.pop(name), kind, bounds)
        for name, (kind, bounds) in OPTIONS.items()
        if name in given and name not in own
    }
    values = validate_parameters(cls, given)
    try:
        strategy = cls(**values)
    except StrategyError:
        raise
    except Exception as error:
        raise StrategyError(f"{cls.__name__}.__init__ failed: {_explain(error)}.") from error
    for name, value in options.items():
        setattr(strategy, name, value)
    return strategy


def _explain(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, AttributeError) and "no setter" in str(error):
        text += " (that name is taken by BaseStrategy; choose another)"
    return text


def _split(text: str) -> tuple[str, str]:
    """Split at the colon behind the file name; a drive letter's colon is left alone."""
    head, colon, tail = text.rpartition(":")
    if colon and head.endswith(".py"):
        return head, tail
    return text, ""


def _entry_points() -> dict[str, Any]:
    # Reading the installed packages' metadata is slow; most commands never need it.
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def _load_point(name: str, point: Any) -> Any:
    try:
        return point.load()
    except Exception as error:
        raise StrategyError(
            f"strategy {name!r} (entry point {point.value}) cannot be imported: "
            f"{type(error).__name__}: {error}."
        ) from error


def _from_file(path: str, class_name: str) -> type[BaseStrategy]:
    module = load_module(path)
    own = {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__
    }
    strategies = {name: value for name, value in own.items() if issubclass(value, BaseStrategy)}
    if class_name:
        found = own.get(class_name)
        if found is None:
            raise StrategyError(
                f"{path} has no class {class_name!r}; {nearest(class_name, strategies or own)}"
            )
        return _checked(found, f"{path}:{class_name}")
    concrete = {n: c for n, c in strategies.items() if not inspect.isabstract(c)} or strategies
    if not concrete:
        raise StrategyError(f"{path} holds no strategy; derive a class from BaseStrategy.")
    if len(concrete) > 1:
        raise StrategyError(
            f"{path} holds several strategies; name one: "
            + ", ".join(f"{path}:{name}" for name in concrete)
        )
    ((name, cls),) = concrete.items()
    return _checked(cls, f"{path}:{name}")


def _checked(cls: Any, where: str) -> type[BaseStrategy]:
    if not (inspect.isclass(cls) and issubclass(cls, BaseStrategy)):
        raise StrategyError(f"{where} is not a strategy; derive it from BaseStrategy.")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise StrategyError(f"{where} is not complete; it lacks {missing}.")
    return cls
