"""A sweep as plain values that JSON can hold."""

from __future__ import annotations

from typing import Any

from ikbr.backtest.as_json import plain
from ikbr.backtest.optimise.swept import Swept
from ikbr.backtest.optimise.trial import Outcome


def sweep_to_json(swept: Swept) -> dict[str, Any]:
    """Show a sweep as plain values.

    Args:
        swept: The sweep.

    Returns:
        Strings, numbers, lists and dicts only; undefined numbers are None. `runs` has every
        run, the best first.
    """
    told = {
        "strategy": swept.strategy,
        "symbols": swept.symbols,
        "start": swept.dates[0],
        "end": swept.dates[1],
        "resolution": swept.resolution,
        "synthetic": swept.synthetic,
        "capital": swept.capital,
        "objective": swept.objective.name,
        "direction": "max" if swept.objective.maximise else "min",
        "sampler": swept.sampler,
        "grid": {
            one.name: [one.low, one.high] if one.continuous else one.values
            for one in swept.grid.dimensions
        },
        "paths": swept.paths,
        "why_engine": swept.why_engine,
        "resumed": swept.resumed,
        "made": swept.made,
        "failed": len(swept.failed),
        "seconds": swept.seconds,
        "folder": str(swept.folder),
        "best": None if swept.best is None else _run(swept.best),
        "unreached": swept.unreached,
        "settings": swept.settings,
        "runs": [_run(one) for one in swept.ranked],
    }
    shown: dict[str, Any] = plain(told)
    return shown


def _run(one: Outcome) -> dict[str, Any]:
    return {
        "number": one.number,
        "parameters": one.parameters,
        "metrics": one.metrics,
        "fill_hash": one.fill_hash,
        "session_equity": one.session_equity,
        "seconds": one.seconds,
        "path": one.path,
        "error": one.error,
    }
