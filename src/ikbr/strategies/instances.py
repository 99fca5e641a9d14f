"""Instances of strategies: one TOML file each, in `config/strategies/`."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

import msgspec

from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ContractError, StrategyError, nearest
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.coercion import Range, coerce
from ikbr.strategies.registry import OPTIONS, create
from ikbr.strategies.schedule import Schedule


class StrategyInstance(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one file says about one running strategy.

    Attributes:
        name: Name of the instance; the file's name if it gives none.
        strategy: What `registry.load` takes; a file is relative to the TOML file.
        symbols: What it runs on, as people write contracts.
        capital_share: Its share of the account's capital.
        parameters: Values for its parameters, checked against the class.
        schedule: When it may enter; None leaves it to the class.
        allow_short, stop_loss_pct: Options; None leaves them to the class.
    """

    name: str
    strategy: str
    symbols: tuple[str, ...]
    capital_share: float = 1.0
    parameters: Mapping[str, Any] = {}
    schedule: Schedule | None = None
    allow_short: bool | None = None
    stop_loss_pct: float | None = None

    def create(self) -> BaseStrategy:
        """Make the strategy.

        Raises:
            StrategyError: When the class is not found or a parameter is wrong.
        """
        values = dict(self.parameters)
        for option in ("allow_short", "stop_loss_pct"):
            value = getattr(self, option)
            if value is not None:
                values[option] = value
        strategy = create(self.strategy, values)
        if self.schedule is not None:
            strategy.schedule = self.schedule
        return strategy


def load_instance(path: str | PurePath) -> StrategyInstance:
    """Read the file of one instance and check all of it, its strategy's parameters too.

    Args:
        path: Of a TOML file.

    Raises:
        StrategyError: When it is not there, is no TOML, or something in it is wrong.
    """
    where = str(path)
    # As with a strategy's source, what a person wrote has to come from a file; nothing but
    # this function and `source_file` reads one here.
    try:
        text = Path(where).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StrategyError(f"strategy file {where!r} does not exist; check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StrategyError(f"strategy file {where!r} cannot be read: {error}.") from error
    return parse_instance(text, where)


def parse_instance(text: str, where: str) -> StrategyInstance:
    """Read the text of an instance's file.

    Args:
        text: The TOML.
        where: Path of the file, for messages and relative paths.

    Raises:
        StrategyError: When something in it is wrong.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StrategyError(f"{where} is no TOML: {error}.") from error
    for key in table:
        if key not in StrategyInstance.__struct_fields__:
            raise StrategyError(
                f"{where}: {key!r} is unknown; {nearest(key, StrategyInstance.__struct_fields__)}"
            )
    for key in ("strategy", "symbols"):
        if key not in table:
            raise StrategyError(f"{where}: {key!r} is missing; add it.")
    values = {
        "name": PurePath(where).stem,
        **{key: _READ[key](f"{where}: {key}", value) for key, value in table.items()},
    }
    values["strategy"] = _relative(values["strategy"], where)
    instance = StrategyInstance(**values)
    _check_doubled(instance, where)
    try:
        instance.create()
    except StrategyError as error:
        raise StrategyError(f"{where}: {error}") from error
    return instance


def _check_doubled(instance: StrategyInstance, where: str) -> None:
    for option in ("allow_short", "stop_loss_pct"):
        if getattr(instance, option) is not None and option in instance.parameters:
            raise StrategyError(f"{where}: {option!r} is given twice; drop it from [parameters].")


def _relative(reference: str, where: str) -> str:
    path, colon, name = reference.partition(".py")
    if not colon:
        return reference
    return str(PurePath(where).parent / (path + ".py")) + name


def _text(where: str, value: object) -> str:
    text: str = coerce(where, value, str)
    if not text.strip():
        raise StrategyError(f"{where} is empty; give a name.")
    return text.strip()


def _symbols(where: str, value: object) -> tuple[str, ...]:
    symbols: tuple[str, ...] = coerce(where, value, tuple[str, ...])
    if not symbols:
        raise StrategyError(f"{where} is empty; give at least one.")
    try:
        return tuple(parse_contract(symbol).symbol for symbol in symbols)
    except ContractError as error:
        raise StrategyError(f"{where}: {error}") from error


def _share(where: str, value: object) -> float:
    share: float = coerce(where, value, float, Range(0.0, 1.0))
    if not share:
        raise StrategyError(f"{where} = 0: give a share above 0, at most 1.")
    return share


def _table(where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise StrategyError(f"{where} = {value!r} is not a table; write it as [section].")
    return value


def _schedule(where: str, value: object) -> Schedule:
    table = _table(where, value)
    for key in table:
        if key not in Schedule.__struct_fields__:
            raise StrategyError(
                f"{where}: {key!r} is unknown; {nearest(key, Schedule.__struct_fields__)}"
            )
    values: dict[str, Any] = {
        key: coerce(f"{where}.{key}", item, str)
        for key, item in table.items()
        if key != "skip_dates"
    }
    days = table.get("skip_dates", [])
    if not isinstance(days, list) or any(type(day) is not dt.date for day in days):
        raise StrategyError(
            f"{where}.skip_dates = {days!r} is not a list of dates; write [2024-12-24]."
        )
    return Schedule(**values, skip_dates=tuple(days))


def _option(name: str) -> Callable[[str, object], Any]:
    kind, bounds = OPTIONS[name]
    return lambda where, value: coerce(where, value, kind, bounds)


_READ: Mapping[str, Callable[[str, object], Any]] = {
    "name": _text,
    "strategy": _text,
    "symbols": _symbols,
    "capital_share": _share,
    "parameters": _table,
    "schedule": _schedule,
    "allow_short": _option("allow_short"),
    "stop_loss_pct": _option("stop_loss_pct"),
}
