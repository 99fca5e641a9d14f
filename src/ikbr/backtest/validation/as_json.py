"""A walk-forward as plain values that JSON can hold."""

from __future__ import annotations

from typing import Any

import msgspec

from ikbr.backtest.as_json import plain
from ikbr.backtest.optimise.trial import Outcome
from ikbr.backtest.validation.judgement import Judgement
from ikbr.backtest.validation.walked import Walked


def walk_to_json(walked: Walked) -> dict[str, Any]:
    """Show a walk-forward as plain values.

    Args:
        walked: What it gave.

    Returns:
        Strings, numbers, lists and dicts only; undefined numbers are None.
    """
    told = {
        "strategy": walked.strategy,
        "symbols": walked.symbols,
        "resolution": walked.resolution,
        "synthetic": walked.synthetic,
        "capital": walked.capital,
        "objective": walked.objective.name,
        "direction": "max" if walked.objective.maximise else "min",
        "sampler": walked.sampler,
        "grid": {
            one.name: [one.low, one.high] if one.continuous else one.values
            for one in walked.grid.dimensions
        },
        "scheme": walked.scheme,
        "in_sample": walked.in_sample,
        "out_of_sample": walked.out_of_sample,
        "purge": walked.purge,
        "embargo": walked.embargo,
        "windows": walked.windows,
        "stitched": walked.stitched,
        "drift": walked.drift,
        "judgement": _judgement(walked.judgement),
        "runs": len(walked.outcomes),
        "resumed": walked.resumed,
        "made": walked.made,
        "seconds": walked.seconds,
        "folder": str(walked.folder),
        "settings": walked.settings,
    }
    shown: dict[str, Any] = plain(told)
    return shown


def _judgement(judgement: Judgement | None) -> dict[str, Any] | None:
    """Leave the thousands of numbers of single splits to the report."""
    if judgement is None:
        return None
    told = msgspec.structs.asdict(judgement)
    told["best"] = _run(judgement.best) if judgement.best is not None else None
    for name in ("overfitting", "cross_validated"):
        whole = told[name]
        if whole is not None:
            told[name] = {
                key: value
                for key, value in msgspec.structs.asdict(whole).items()
                if key not in ("logits", "in_sample", "out_of_sample")
            }
    return told


def _run(outcome: Outcome) -> dict[str, Any]:
    return {
        "number": outcome.number,
        "parameters": outcome.parameters,
        "metrics": outcome.metrics,
        "fill_hash": outcome.fill_hash,
    }
