"""Running a backtest: the one composition of settings, strategies, data, engine and journal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import msgspec

from ikbr.api.chosen_strategies import choose_instances
from ikbr.api.market_data import Holding, choose_source, find_data
from ikbr.api.outputs import Outputs
from ikbr.api.request import Request, canonical
from ikbr.backtest.engine import Progress, run_backtest
from ikbr.backtest.result import BacktestResult
from ikbr.backtest.stage import Instance, Setup
from ikbr.core.ports import History
from ikbr.data.history import CatalogHistory
from ikbr.domain.errors import DataError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.routing import RoutingRules
from ikbr.domain.tape import TapeSource
from ikbr.settings import load_settings
from ikbr.sim.fee_tables import regulatory_row


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold a backtest that is ready to run: everything is read and checked.

    Attributes:
        source: The market data.
        instances: The strategies.
        setup: Capital, limits, market.
        feed: Name of the feed.
        record: What else the journal and the report should say about the run.
        history: The past before the run, for warming up; None for data in memory.
    """

    source: TapeSource
    instances: Sequence[Instance]
    setup: Setup
    feed: str
    record: Mapping[str, Any]
    history: History | None = None


def say(text: str) -> None:
    """Tell a person something on stderr."""
    sys.stderr.write(f"ikbr: {text}\n")


def prepare(request: Request, stack: ExitStack, tell: Callable[[str], None] = say) -> Plan:
    """Read and check everything that a run needs.

    Args:
        request: What to run.
        stack: Cleans up when the run is over.
        tell: Told what was chosen where nothing was said.

    Returns:
        The run, ready.

    Raises:
        IkbrError: When something is not there or makes no sense.
    """
    request.check()
    settings = load_settings(request.profile, setting_texts(request.settings), request.config)
    instances = choose_instances(
        request.strategy, request.symbols, request.params, settings.strategy.dir
    )
    holding = find_data(request, settings.data.dir, stack, tell)
    instances = _with_symbols(instances, holding, request)
    wanted = [*canonical(request.symbols), *(s for one in instances for s in one.symbols)]
    source = choose_source(request, holding, tuple(dict.fromkeys(wanted)))
    model = model_of(request, settings.sim)
    check_fees(model, source)
    record = {
        "profile": settings.profile,
        "data": holding.label,
        "resolution": source.resolution,
        "feed": holding.feed or request.feed,
        "session": request.session,
        "shape": request.shape,
    }
    setup = make_setup(request, settings.risk, model, settings.routing)
    history = history_of(request, holding)
    return Plan(source, instances, setup, holding.feed or request.feed, record, history)


def history_of(request: Request, holding: Holding) -> CatalogHistory | None:
    """Give the past before a run; None for data in memory."""
    if holding.catalog is None:
        return None
    return CatalogHistory(holding.catalog, session="all" if request.session == "all" else "regular")


def make_setup(
    request: Request, limits: RiskLimits, model: ExecutionModel, routing: RoutingRules
) -> Setup:
    """Join a request with limits, market model and the rules of routing."""
    return Setup(
        capital=float(request.capital),
        limits=limits,
        model=model,
        routing=routing,
        quantity=int(request.quantity),
        all_hours=request.session == "all",
        fx={currency.upper(): float(rate) for currency, rate in request.fx.items()},
        shape=request.shape,
        compile=request.compile,
    )


def execute(
    plan: Plan, outputs: Outputs | None = None, progress: Progress | None = None
) -> BacktestResult:
    """Run a plan and write what is to be written; after an error nothing is.

    Args:
        plan: What `prepare` gave.
        outputs: Files to write.
        progress: Told how far the run is.

    Returns:
        What happened.
    """
    outputs = outputs or Outputs()
    with outputs.open_journal(plan.record) as journal:
        result = run_backtest(
            plan.source,
            plan.instances,
            plan.setup,
            journal=journal,
            feed=plan.feed,
            settings=plan.record,
            progress=progress,
            history=plan.history,
        )
        outputs.write(result)
    return result


def setting_texts(settings: Mapping[str, Any]) -> dict[str, str]:
    """Give settings as the texts that `load_settings` reads."""
    return {
        name: value if isinstance(value, str) else _text(value) for name, value in settings.items()
    }


def _text(value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(str(one) for one in value)
    return str(value)


def model_of(request: Request, model: ExecutionModel) -> ExecutionModel:
    """Let what was asked for explicitly win over the settings."""
    given = {
        name: value
        for name in ("fill", "fees", "fees_as_of", "latency_ms")
        if (value := getattr(request, name)) is not None
    }
    return ExecutionModel(**(msgspec.structs.asdict(model) | given))


def _with_symbols(
    instances: Sequence[Instance], holding: Holding, request: Request
) -> list[Instance]:
    """Give instances without symbols those of the data, where there is nothing to choose."""
    held = holding.symbols
    if all(one.symbols for one in instances):
        return list(instances)
    if holding.catalog is not None and len(held) != 1 and not isinstance(request.data, Mapping):
        raise DataError(
            f"no symbols are given; the data holds {', '.join(held[:20])}"
            f"{', …' if len(held) > 20 else ''}: choose with --symbols {held[0]}."
        )
    return [
        one if one.symbols else Instance(one.strategy, one.name, held, one.share)
        for one in instances
    ]


def check_fees(model: ExecutionModel, source: TapeSource) -> None:
    """Refuse days without a fee table before the run, not at its first fill.

    Raises:
        FeeTableError: When there is none for the first day.
    """
    if model.fees == "none":
        return
    if model.fees_as_of is not None:
        regulatory_row(model.fees_as_of)
    elif source.sessions:
        regulatory_row(source.sessions[0].date)
