"""The door for Python programs and notebooks: `ikbr.backtest(...)`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ikbr.api.outputs import Outputs
from ikbr.api.request import Request, as_date
from ikbr.api.run import execute, prepare
from ikbr.backtest.engine import Progress
from ikbr.backtest.result import BacktestResult
from ikbr.domain.errors import UsageError


def backtest(
    strategy: Any = "momentum",
    symbols: str | Sequence[str] = (),
    *,
    params: Mapping[str, Any] | None = None,
    data: Any = None,
    days: int | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    resolution: str | None = None,
    feed: str = "both",
    session: str = "regular",
    capital: float = 100_000.0,
    quantity: int = 0,
    fees: str | None = None,
    fees_as_of: str | dt.date | None = None,
    latency_ms: float | None = None,
    fill: str | None = None,
    profile: str = "backtest",
    config: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    fx: Mapping[str, float] | None = None,
    seed: int | None = None,
    shape: str = "auto",
    compile: bool = True,  # noqa: A002 - named as the option
    json: str | Path | None = None,
    report: str | Path | None = None,
    journal: str | Path | None = None,
    progress: Progress | None = None,
) -> BacktestResult:
    """Run strategies over market data.

    Args:
        strategy: A name ("momentum"), "path.py:Class", a TOML file of an instance, a class or
            an object; several in a list.
        symbols: What to run on: "SPY", "SPY,BAC" or a list; default: what the instances' files
            say, or all there is in frames and tapes.
        params: Values for the strategy's parameters.
        data: Folder of a catalog, a `Tape`, or frames of pandas or polars (one for a single
            symbol, else by symbol). Default: `catalog/` here, else the embedded synthetic
            market.
        days: The last N sessions. Without it, start and end: all of them.
        start: First day, a date or "2013-10-07".
        end: Last day.
        resolution: tick, second, minute or daily; default tick, or what the frames hold.
        feed: both, trades or quotes.
        session: "regular" hours or "all".
        capital: Opening cash in dollars.
        quantity: Size of every entry; 0 for sizing by strategy and risk manager.
        fees: none, ibkr-fixed or ibkr-tiered.
        fees_as_of: Take the fees of this day, whatever the date of the data.
        latency_ms: From our send to the exchange, milliseconds.
        fill: What market orders trade against: quote, next or last.
        profile: Risk limits: backtest, paper or live.
        config: A settings file; default: config/settings.toml, if there is one.
        settings: Single settings, as `{"risk.max_position_pct": 0.2}`.
        fx: Value of one unit of other currencies in dollars, as `{"EUR": 1.1}`.
        seed: Which embedded synthetic market.
        shape: "kernel" (strategies that are kernels, compiled), "python", "reference" (the plain
            replay that checks every row), or "auto" for the fastest.
        compile: Whether kernels may be compiled; else they run as Python.
        json: File for the result as JSON.
        report: File for the HTML report.
        journal: File for the journal; it must not exist.
        progress: Told how many rows are done and the time of the last one, ns UTC.

    Returns:
        What happened, with `fills_frame()`, `equity_frame()`, `summary` and `findings`.

    Raises:
        IkbrError: When something is not there or makes no sense; one sentence says what to do.
    """
    request = Request(
        strategy=strategy,
        symbols=as_symbols(symbols),
        params={} if params is None else params,
        data=data,
        days=days,
        start=as_date(start, "start"),
        end=as_date(end, "end"),
        resolution=resolution,
        feed=feed,
        session=session,
        capital=capital,
        quantity=quantity,
        fees=fees,
        fees_as_of=as_date(fees_as_of, "fees_as_of"),
        latency_ms=latency_ms,
        fill=fill,
        profile=profile,
        config=as_path(config),
        settings={} if settings is None else settings,
        fx={} if fx is None else fx,
        seed=seed,
        shape=shape,
        compile=compile,
    )
    outputs = Outputs(json=as_path(json), report=as_path(report), journal=as_path(journal))
    request.check()
    outputs.check()
    with ExitStack() as stack:
        return execute(prepare(request, stack), outputs, progress)


def as_symbols(symbols: str | Sequence[str] | None) -> Sequence[str]:
    """Read symbols as Python programs give them.

    Args:
        symbols: "SPY", "SPY,BAC", a list of such texts or None.

    Raises:
        UsageError: When they are none of these.
    """
    if isinstance(symbols, str):
        return [one.strip() for one in symbols.split(",") if one.strip()]
    if symbols is None:
        return ()
    if not isinstance(symbols, Iterable) or not all(isinstance(one, str) for one in symbols):
        raise UsageError(f"symbols {symbols!r} are no texts; give 'SPY', 'SPY,BAC' or a list.")
    return tuple(symbols)


def as_path(name: str | Path | None) -> Path | None:
    """Make a path of a name, if there is one."""
    return None if name is None else Path(name)
