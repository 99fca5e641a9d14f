"""From what a person calls strategies to the instances that run."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ikbr.api.request import canonical
from ikbr.backtest.stage import Instance
from ikbr.domain.errors import StrategyError, nearest
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.instances import StrategyInstance, load_instance
from ikbr.strategies.parameters import describe_parameters
from ikbr.strategies.registry import OPTIONS, available, create, load


@dataclass(frozen=True, slots=True)
class Chosen:
    """Hold one strategy before its parameters are known to be right.

    Attributes:
        name: Of the instance.
        cls: Its class.
        file: Its TOML file's content, if it has one.
        made: The object, if the person made it.
    """

    name: str
    cls: type[BaseStrategy]
    file: StrategyInstance | None = None
    made: BaseStrategy | None = None


def choose_instances(
    strategy: Any, symbols: Sequence[str], params: Mapping[str, Any], folder: Path
) -> list[Instance]:
    """Make the strategies that are to run.

    Args:
        strategy: What `Request.strategy` takes.
        symbols: What all of them run on; none: what their files say.
        params: Values for their parameters. One without a prefix goes to every strategy that
            has it, `NAME.parameter` to one instance.
        folder: Where TOML files of instances are looked for.

    Returns:
        The instances. Those without a share of their own divide what the others leave equally.
        Without symbols from anywhere, `symbols` of an instance is empty.

    Raises:
        StrategyError: When one cannot be found or a parameter is wrong.
    """
    return make_instances(find_strategies(strategy, folder), symbols, params)


def find_strategies(strategy: Any, folder: Path) -> list[Chosen]:
    """Find the strategies that are meant, without making them.

    Args:
        strategy: What `Request.strategy` takes.
        folder: Where TOML files of instances are looked for.

    Raises:
        StrategyError: When one cannot be found.
    """
    return _named_apart([_choose(one, folder) for one in _listed(strategy)])


def make_instances(
    chosen: Sequence[Chosen], symbols: Sequence[str], params: Mapping[str, Any]
) -> list[Instance]:
    """Make instances of strategies that were found.

    Args:
        chosen: What `find_strategies` gave.
        symbols: As in `choose_instances`.
        params: As in `choose_instances`.

    Raises:
        StrategyError: When a parameter is wrong.
    """
    values = _assign(params, chosen)
    free = 1.0 - sum(one.file.capital_share for one in chosen if one.file)
    plain = sum(one.file is None for one in chosen)
    if plain and free <= 0:
        raise StrategyError(
            "the instance files take the whole capital; lower their capital_share, or leave out "
            "the strategies without a file."
        )
    everywhere = canonical(symbols)
    return [
        Instance(
            strategy=_make(one, values[one.name]),
            name=one.name,
            symbols=everywhere or (one.file.symbols if one.file else ()),
            share=one.file.capital_share if one.file else free / plain,
        )
        for one in chosen
    ]


def _listed(strategy: Any) -> list[Any]:
    if isinstance(strategy, str):
        return [name.strip() for name in strategy.split(",") if name.strip()] or [strategy]
    if isinstance(strategy, list | tuple):
        listed = [one for each in strategy for one in _listed(each)]
        if not listed:
            raise StrategyError("strategy is empty; name at least one.")
        return listed
    return [strategy]


def _choose(one: Any, folder: Path) -> Chosen:
    if isinstance(one, Path):
        one = str(one)
    if isinstance(one, BaseStrategy):
        return Chosen(one.name or _plain_name(type(one)), type(one), made=one)
    if inspect.isclass(one) and issubclass(one, BaseStrategy):
        return Chosen(_plain_name(one), one)
    if not isinstance(one, str):
        raise StrategyError(
            f"strategy {one!r} is no strategy; give a name, a file, or a class derived from "
            f"BaseStrategy."
        )
    file = _instance_file(one, folder)
    if file is not None:
        found = load_instance(file)
        return Chosen(found.name, load(found.strategy), file=found)
    cls = load(one)
    return Chosen(_plain_name(cls) if ".py" in one else one.replace("-", "_"), cls)


def _instance_file(name: str, folder: Path) -> Path | None:
    """Find the TOML file that a name means, if it means one."""
    if name.endswith(".toml"):
        here = Path(name)
        return here if here.exists() or here.parent != Path() else folder / name
    if ".py" in name or name in available() or name.replace("-", "_").casefold() in available():
        return None
    path = folder / f"{name}.toml"
    if path.is_file():
        return path
    instances = sorted(file.stem for file in folder.glob("*.toml")) if folder.is_dir() else []
    hint = nearest(name, (*available(), *instances))
    hint = f"{hint} " if hint.endswith("?") else ""
    listed = f"instances in {folder}: {', '.join(instances)}" if instances else (
        f"no instance files in {folder} of the present folder"
    )  # fmt: skip
    raise StrategyError(
        f"strategy {name!r} is unknown; {hint}strategies: {', '.join(available())}; {listed}; or "
        f"name a file: path/to/file.py:Class."
    )


def _plain_name(cls: type) -> str:
    return cls.__name__


def _named_apart(chosen: list[Chosen]) -> list[Chosen]:
    """Give every instance a name of its own: a second momentum becomes momentum-2."""
    total = Counter(one.name for one in chosen)
    seen: Counter[str] = Counter()
    result = []
    for one in chosen:
        seen[one.name] += 1
        name = one.name
        if total[one.name] > 1 and seen[one.name] > 1:
            name = f"{one.name}-{seen[one.name]}"
        result.append(Chosen(name, one.cls, one.file, one.made))
    return result


def _assign(params: Mapping[str, Any], chosen: Sequence[Chosen]) -> dict[str, dict[str, Any]]:
    """Decide which value goes to which instance; `NAME.parameter` beats `parameter`."""
    known = {one.name: _parameter_names(one.cls) for one in chosen}
    values: dict[str, dict[str, Any]] = {one.name: {} for one in chosen}
    for name in sorted(params, key=lambda name: "." in name):
        instance, dot, own = name.rpartition(".")
        if dot:
            if instance not in values:
                raise StrategyError(
                    f"parameter {name!r}: no strategy is called {instance!r}; "
                    f"{nearest(instance, values)}"
                )
            values[instance][own] = params[name]
            continue
        takers = [one for one, names in known.items() if name in names]
        if not takers:
            # The first one's own message names its parameters.
            takers = [chosen[0].name]
        for one in takers:
            values[one][name] = params[name]
    return values


def _parameter_names(cls: type[BaseStrategy]) -> set[str]:
    return {parameter.name for parameter in describe_parameters(cls)} | set(OPTIONS)


def _make(one: Chosen, values: Mapping[str, Any]) -> BaseStrategy:
    if one.made is not None:
        if values:
            raise StrategyError(
                f"strategy {one.name!r} is made already; give its parameters where it is made, "
                f"or pass the class."
            )
        return one.made
    if one.file is None:
        return create(one.cls, values)
    strategy = create(one.cls, {**_of_file(one.file), **values})
    if one.file.schedule is not None:
        strategy.schedule = one.file.schedule
    return strategy


def _of_file(file: StrategyInstance) -> dict[str, Any]:
    options = {"allow_short": file.allow_short, "stop_loss_pct": file.stop_loss_pct}
    return {**file.parameters, **{k: v for k, v in options.items() if v is not None}}
