"""Making strategies anew for every run of a sweep, in whatever process it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ikbr.api.chosen_strategies import Chosen, find_strategies, make_instances
from ikbr.api.sources import texts_of
from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.stage import Instance
from ikbr.domain.errors import StrategyError
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.parameters import Parameter, describe_parameters
from ikbr.strategies.registry import OPTIONS


class InstanceMaker:
    """Make the instances of a run from its parameters.

    It is pickled: strategies travel as names and paths, and are loaded once by each process;
    classes that a person passed travel as they are.
    """

    def __init__(
        self,
        strategy: Any,
        folder: Path,
        symbols: Mapping[str, tuple[str, ...]],
        params: Mapping[str, Any],
    ) -> None:
        """Note what to make.

        Args:
            strategy: What `Request.strategy` takes.
            folder: Where TOML files of instances are looked for.
            symbols: What each instance runs on, by its name.
            params: Values that are the same in all runs.
        """
        self._strategy = _absolute(strategy)
        self._folder = folder.absolute()
        self._symbols = dict(symbols)
        self._params = dict(params)
        self._chosen: list[Chosen] | None = None
        self._files = ""
        self.source = source_of(self._found())
        # Others travel by value: no process but this one can read their source.
        self._by_name = {one.name for one in self._found() if _has_name(one.cls)}
        self._files = self._source_of_files(self._found())

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded classes behind: a process loads its own."""
        return self.__dict__ | {"_chosen": None}

    def __call__(self, parameters: Mapping[str, Any]) -> Sequence[Instance]:
        """Make the instances of a run.

        Raises:
            StrategyError: When a combination of parameters is refused.
            SweepError: When a strategy's source is not what the sweep began with.
        """
        made = make_instances(self._found(), (), self._params | dict(parameters))
        return [
            Instance(one.strategy, one.name, self._symbols[one.name], one.share) for one in made
        ]

    def _found(self) -> list[Chosen]:
        if self._chosen is None:
            chosen = find_strategies(self._strategy, self._folder)
            if self._files and self._source_of_files(chosen) != self._files:
                raise SweepError(
                    "the strategy's source changed while the sweep ran; repeat the command to "
                    "begin a sweep of the new one."
                )
            self._chosen = chosen
        return self._chosen

    def _source_of_files(self, chosen: Sequence[Chosen]) -> str:
        return source_of([one for one in chosen if one.name in self._by_name])


def variable(chosen: Sequence[Chosen]) -> dict[str, Parameter]:
    """List what a grid can vary.

    Args:
        chosen: The strategies.

    Returns:
        The parameters by name, and where several strategies run also as `INSTANCE.parameter`.

    Raises:
        StrategyError: When a strategy is an object that is made already.
    """
    known: dict[str, Parameter] = {}
    for one in chosen:
        if one.made is not None:
            raise StrategyError(
                f"strategy {one.name!r} is made already and cannot be varied; pass its class."
            )
        options = [Parameter(name, kind, None, bounds) for name, (kind, bounds) in OPTIONS.items()]
        for parameter in (*describe_parameters(one.cls), *options):
            known.setdefault(parameter.name, parameter)
            known.setdefault(f"{one.name}.{parameter.name}", parameter)
    if len(chosen) == 1:
        known = {name: one for name, one in known.items() if "." not in name}
    return known


def source_of(chosen: Sequence[Chosen]) -> str:
    """Fingerprint the sources of strategies, those of what they are built on included.

    Args:
        chosen: The strategies.
    """
    digest = hashlib.blake2b(digest_size=16)
    for one in chosen:
        digest.update(f"{one.name} {one.cls.__qualname__} {one.file!r}\n".encode())
        bases = [cls for cls in one.cls.__mro__ if issubclass(cls, BaseStrategy)]
        for text in texts_of(cls for cls in bases if cls is not BaseStrategy):
            digest.update(len(text).to_bytes(8, "little") + text)
    return digest.hexdigest()


def _has_name(cls: type) -> bool:
    """Tell classes that other processes find by name from those of scripts and functions."""
    return cls.__module__ != "__main__" and "<locals>" not in cls.__qualname__


def _absolute(strategy: Any) -> Any:
    """Make paths independent of the folder in which a worker happens to run."""
    if isinstance(strategy, list | tuple):
        return [_absolute(one) for one in strategy]
    if isinstance(strategy, Path):
        strategy = str(strategy)
    if not isinstance(strategy, str):
        return strategy
    names = [name.strip() for name in strategy.split(",") if name.strip()]
    return [_absolute_one(name) for name in names] or strategy


def _absolute_one(name: str) -> str:
    path, colon, cls = name.rpartition(":") if ".py:" in name else (name, "", "")
    if path.endswith((".py", ".toml")) and Path(path).exists():
        return f"{Path(path).absolute()}{colon}{cls}"
    return name
