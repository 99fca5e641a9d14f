"""Strategies in the record of a session: written so that they can be made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ikbr.api.chosen_strategies import Chosen
from ikbr.api.instance_maker import source_of
from ikbr.core.pipeline import Instance
from ikbr.domain.errors import StrategyError
from ikbr.live.session_record import StrategyRecord
from ikbr.strategies.registry import OPTIONS, create, load, reference_of


def record_strategies(instances: Sequence[Instance]) -> list[StrategyRecord]:
    """Say how instances are made again.

    Args:
        instances: Those of a session, before its start.
    """
    return [_record(one) for one in instances]


def _record(one: Instance) -> StrategyRecord:
    strategy = one.strategy
    options = {name: getattr(strategy, name) for name in OPTIONS}
    values = strategy.params | options
    return StrategyRecord(
        name=one.name,
        reference=reference_of(type(strategy)),
        source=source_of([Chosen(one.name, type(strategy))]),
        symbols=one.symbols,
        share=one.share,
        params={name: _plain(value) for name, value in values.items()},
        schedule=strategy.schedule,
    )


def _plain(value: Any) -> Any:
    """Give a value that JSON has and the strategy's signature reads back."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value)


def remake(records: Sequence[StrategyRecord]) -> tuple[list[Instance], list[str]]:
    """Make the strategies of a session again.

    Args:
        records: Their records.

    Returns:
        The instances, and a sentence for each whose source has changed since.

    Raises:
        StrategyError: When one cannot be found or takes its parameters no more.
    """
    instances, notes = [], []
    for one in records:
        if not one.reference:
            raise StrategyError(
                f"strategy {one.name!r} of the session was made in a notebook or function and "
                f"cannot be found again; put its class into a file."
            )
        cls = load(one.reference)
        strategy = create(cls, {k: v for k, v in one.params.items() if v is not None})
        strategy.schedule = one.schedule
        instances.append(Instance(strategy, one.name, one.symbols, one.share))
        if source_of([Chosen(one.name, cls)]) != one.source:
            notes.append(
                f"The source of {one.name} ({one.reference}) has changed since the session; "
                f"differences may come from that."
            )
    return instances, notes
