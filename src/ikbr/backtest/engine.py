"""The engine: run strategies over a tape and say what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from ikbr.backtest.checks import check_currencies, check_fill_rule, check_kernels
from ikbr.backtest.collector import calm_collector
from ikbr.backtest.evaluate import splits_of
from ikbr.backtest.notes import notes_of
from ikbr.backtest.outcome import Circumstances, Ending, MemoryLog, outcome
from ikbr.backtest.result import COMPILED_ORDERS, ENGINE, BacktestResult
from ikbr.backtest.rows import RowReplay
from ikbr.backtest.single.eligible import why_not
from ikbr.backtest.stage import Instance, Setup, Stage
from ikbr.core.event_bus import EventBus
from ikbr.core.opening import Part
from ikbr.core.pipeline import settings_record
from ikbr.core.ports import History, Journal
from ikbr.core.warm_up import warm_up
from ikbr.core.winding_down import wind_down
from ikbr.domain.errors import ConfigError, DataError, nearest
from ikbr.domain.events import EventType
from ikbr.domain.instrument import MICRO
from ikbr.domain.tape import Tape, TapeSource
from ikbr.strategies.kernel import all_kernels

SHAPES = ("auto", "kernel", "python", "reference")

LONG = 1_000_000
"""Rows from which on compiled orders are worth compiling for, unless they are asked for."""

BAR_TEXT = {"second": "1s", "minute": "1min", "daily": "1day"}
"""The bars of the data by its resolution, as strategies write them."""

Progress = Callable[[int, int], None]
"""Told how many rows are done and the time of the last one, ns UTC."""

__all__ = ["Instance", "Setup", "run_backtest"]


def run_backtest(  # noqa: PLR0913 - every port of a run is named
    source: TapeSource,
    instances: Sequence[Instance],
    setup: Setup,
    *,
    journal: Journal,
    feed: str = "both",
    settings: Mapping[str, Any] | None = None,
    bus: EventBus | None = None,
    progress: Progress | None = None,
    history: History | None = None,
) -> BacktestResult:
    """Run strategies over market data.

    Args:
        source: The market data.
        instances: The strategies.
        setup: How to run them.
        journal: Keeps the record.
        feed: Name of the feed, for the result.
        settings: Further settings to show in the result.
        bus: Tells observers; by default nobody but the result.
        progress: Told how far the run is, after every piece of tape.
        history: Gives the past bars that strategies ask for with `warmup`.

    Returns:
        What happened, with summary and findings.

    Raises:
        ConfigError: When the shape is unknown, or the fill rule needs what the feed lacks.
        ContractError: When a needed exchange rate is neither on the tape nor given.
        DataError: When the source has no sessions.
    """
    check_fill_rule(feed, setup.model)
    if setup.shape not in SHAPES:
        raise ConfigError(f"shape {setup.shape!r} is unknown; {nearest(setup.shape, SHAPES)}.")
    if setup.shape == "kernel":
        check_kernels(instances, setup)
    if not source.sessions:
        raise DataError(
            f"{', '.join(i.symbol for i in source.instruments)}: the data has no sessions, and "
            f"without them nothing ever opens; choose a calendar that knows its days."
        )
    check_currencies(source.instruments, setup)
    pieces = source.chunks()
    if not why_not(source, instances, setup, feed, bus):
        first, pieces = _look_at_first(pieces)
        if first >= LONG or (first and setup.shape == "kernel"):
            told = settings or {}
            found = _compiled_orders(
                source, pieces, instances, setup, journal, feed, told, progress
            )
            if found is not None:
                return found
            pieces = source.chunks()
    stage, log = _stage(source, instances, setup, journal, bus)
    record = _settings_record(stage, settings or {})
    journal.append("settings", 0, record)
    if setup.opening is not None:
        setup.opening.record(journal, 0)
    with calm_collector():
        span = _replay(stage, source, pieces, progress, history)
    return _result(stage, source, log, feed, record, span, journal)


def _stage(
    source: TapeSource,
    instances: Sequence[Instance],
    setup: Setup,
    journal: Journal,
    bus: EventBus | None = None,
) -> tuple[Stage, MemoryLog]:
    """Wire everything for a run; nothing runs yet."""
    bus = bus if bus is not None else EventBus()
    log = MemoryLog(bus)
    stage = Stage(
        source.instruments,
        source.sessions,
        source.actions,
        instances,
        setup,
        bus=bus,
        journal=journal,
        intraday=source.resolution != "daily",
    )
    stage.agenda.subscribe_bars()
    bus.start()
    return stage, log


def _look_at_first(pieces: Iterator[Tape]) -> tuple[int, Iterator[Tape]]:
    """Say how many rows the first piece of a tape has, without losing it."""
    first = next(pieces, None)
    return (0, pieces) if first is None else (len(first), chain([first], pieces))


def _compiled_orders(
    source: TapeSource,
    pieces: Iterator[Tape],
    instances: Sequence[Instance],
    setup: Setup,
    journal: Journal,
    feed: str,
    settings: Mapping[str, Any],
    progress: Progress | None,
) -> BacktestResult | None:
    """Run with compiled orders; None where something comes that only the engine knows.

    Nothing is written before the end, so that the engine can begin anew.
    """
    from ikbr.backtest.single.replay import SingleReplay

    stage, log = _stage(source, instances, setup, journal)
    record = _settings_record(stage, settings)
    replay: SingleReplay | None = None
    seconds = 0.0
    first_ns = last_ns = 0
    with calm_collector():
        for tape in pieces:
            if replay is None:
                first_ns = int(tape.ts[0])
                replay = SingleReplay(stage, source, tape)
            began = time.perf_counter()
            if not replay.run(tape):
                return None
            seconds += time.perf_counter() - began
            last_ns = int(tape.ts[-1])
            if progress is not None:
                progress(replay.events, last_ns)
        if replay is None:
            return None
        began = time.perf_counter()
        ending = replay.finish(max(source.sessions[-1].close_ns, last_ns))
        journal.append("settings", 0, record)
        replay.tell(journal)
        log.fills += replay.maker.fills
        seconds += time.perf_counter() - began
    notes = [replay.note] if replay.note else []
    span = Span(replay.events, first_ns, last_ns, seconds, "kernel", notes, path=COMPILED_ORDERS)
    return _result(stage, source, log, feed, record, span, journal, ending)


class Span(msgspec.Struct, frozen=True):
    """Say what was replayed.

    Attributes:
        events: Rows.
        first_ns, last_ns: Times of the first and last row, ns UTC.
        seconds: Wall time of the replay.
        shape: Which replay it was.
        notes: What a reader must know of the strategies' warm-up.
        path: Where its orders were decided.
    """

    events: int
    first_ns: int
    last_ns: int
    seconds: float
    shape: str
    notes: Sequence[str] = ()
    path: str = ENGINE


def _replay(
    stage: Stage,
    source: TapeSource,
    pieces: Iterator[Tape],
    progress: Progress | None,
    history: History | None,
) -> Span:
    """Replay everything; reading data and loading compiled code are not counted as its time."""
    notes: list[str] = []
    replay: Replay | None = None
    events = first_ns = last_ns = 0
    seconds = 0.0
    part = stage.setup.part
    end_ns = source.sessions[-1].close_ns if part is None else part.end_ns
    for tape in pieces:
        if replay is None:
            first_ns = int(tape.ts[0])
            begin_ns = min(first_ns, source.sessions[0].open_ns)
            stage.clock.now_ns = begin_ns - 1
            if part is not None:
                stage.clock.now_ns = first_ns = begin_ns = part.begin_ns
            replay = _runner(stage, source, tape)
            stage.trader.end_ns = max(end_ns, first_ns)
            stage.exchange.hours.regular = False
            stage.agenda.start(first_ns)
            stage.trader.start()
            bars = BAR_TEXT.get(source.resolution, "")
            notes = warm_up(stage.trader, history, begin_ns, bars)
            if part is not None and part.stop_ns:
                stage.clock.call_at(part.stop_ns, _wind_down, stage, part)
        began = time.perf_counter()
        replay.run(tape)
        seconds += time.perf_counter() - began
        events += len(tape)
        last_ns = int(tape.ts[-1])
        if progress is not None:
            progress(events, last_ns)
    began = time.perf_counter()
    stage.trader.end_ns = max(end_ns, last_ns)
    stage.clock.advance(stage.trader.end_ns)
    _stop(stage)
    seconds += time.perf_counter() - began
    shape = replay.shape if replay is not None else "reference"
    told = [replay.note] if replay is not None and replay.note else []
    return Span(events, first_ns, last_ns, seconds, shape, [*told, *notes])


def _stop(stage: Stage) -> None:
    """End a run: hear what is under way, cancel what works, and hear what became of it.

    Strategies decide nothing any more, as no data follows that could answer them.
    """
    clock, model = stage.clock, stage.setup.model
    there_and_back = model.entry_ns + model.response_ns
    stage.trader.desk.closed = True
    clock.advance(clock.now_ns + there_and_back)
    stage.trader.stop()
    clock.advance(clock.now_ns + there_and_back)
    stage.sample()


def _wind_down(stage: Stage, part: Part) -> None:
    stage.trader.desk.refresh()
    wind_down(stage.trader, part.reason, flatten=part.flatten)


class Replay(msgspec.Struct, frozen=True):
    """Name a way to replay a tape.

    Attributes:
        shape: Its name: "kernel", "python" or "reference".
        run: Replays a piece of tape.
        note: What a reader must know of it; "" for nothing.
    """

    shape: str
    run: Callable[[Tape], None]
    note: str = ""


def _runner(stage: Stage, source: TapeSource, first: Tape) -> Replay:
    """Choose the fastest replay that means the same."""
    skips = (
        stage.setup.shape != "reference"
        and source.resolution == "tick"
        and stage.valuation.linear
        and not stage.agenda.by_data
        and not stage.trader.bus.wants(EventType.TICK)
    )
    wanted = stage.setup.shape in ("auto", "kernel") and stage.setup.compile
    if skips and wanted and all_kernels(stage.trader.manager.running):
        from ikbr.backtest.kernel_replay import KernelReplay

        kernels = KernelReplay(stage, first)
        return Replay("kernel", kernels.run, kernels.note)
    if skips:
        from ikbr.backtest.segments import SegmentReplay

        return Replay("python", SegmentReplay(stage, first).run)
    rows = RowReplay(stage)
    return Replay("reference", lambda tape: rows.run(tape, 0, len(tape)))


def _settings_record(stage: Stage, settings: Mapping[str, Any]) -> dict[str, Any]:
    setup = stage.setup
    more = {
        "capital_micro": 0 if setup.opening is not None else round(setup.capital * MICRO),
        "sim": msgspec.to_builtins(setup.model),
        "quantity": setup.quantity,
        "all_hours": setup.all_hours,
    }
    return settings_record(stage, more | dict(settings))


def _result(
    stage: Stage,
    source: TapeSource,
    log: MemoryLog,
    feed: str,
    record: Mapping[str, Any],
    span: Span,
    journal: Journal,
    ending: Ending | None = None,
) -> BacktestResult:
    model = stage.setup.model
    about = Circumstances(
        capital=stage.setup.capital,
        sessions=source.sessions,
        resolution=source.resolution,
        feed=feed,
        synthetic=source.synthetic,
        has_quotes=source.has_quotes,
        settings=record,
        first_ns=span.first_ns,
        last_ns=span.last_ns,
        events=span.events,
        seconds=span.seconds,
        shape=span.shape,
        path=span.path,
        latency_ms=model.latency_ms,
        fill=model.fill,
        fees=model.fees,
        splits=splits_of(source, model),
        notes=[*notes_of(source, model, stage.market), *span.notes],
    )
    result = outcome(stage, log, about, ending)
    result.journal = getattr(journal, "records", ())
    return result
