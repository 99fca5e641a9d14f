"""How the run was made: settings, parameters and what tells it from others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ikbr.backtest.as_json import plain
from ikbr.backtest.explain.facts import count
from ikbr.backtest.report.header import Fact
from ikbr.backtest.report.wording import Words

if TYPE_CHECKING:
    from ikbr.backtest.result import BacktestResult

LOG_LINES = 200
"""Lines of the strategies' log and alerts that are shown."""


def grouped(values: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Show nested settings as groups of names and values.

    Args:
        values: Settings, possibly nested.

    Returns:
        Groups in order of their names, those without a group first under "".

    >>> grouped({"seed": 7, "sim": {"fill": "quote", "fees": None}})
    [('', [('seed', '7')]), ('sim', [('fill', 'quote'), ('fees', '–')])]
    """
    loose: list[tuple[str, str]] = []
    groups: list[tuple[str, list[tuple[str, str]]]] = []
    for name, value in plain(values).items():
        if isinstance(value, dict):
            if value:
                groups.append((name, _flat(value)))
        else:
            loose.append((name, said(value)))
    return ([("", loose)] if loose else []) + groups


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, dict) and value:
            lines += _flat(value, f"{prefix}{name}.")
        else:
            lines.append((prefix + name, said(value)))
    return lines


def said(value: Any) -> str:
    """Write a plain value of a setting.

    >>> said(True), said(None), said([1, "a"]), said(0.1), said(250000)
    ('yes', '–', '1, a', '0.1', '250,000')
    """
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and abs(value) >= 100_000:
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.10g}"
    if isinstance(value, list):
        return ", ".join(said(part) for part in value) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{name} {said(part)}" for name, part in value.items()) or "–"
    return str(value)


def identity(result: BacktestResult) -> list[Fact]:
    """Say what tells this run from others.

    Args:
        result: What a backtest gave.

    Returns:
        Fingerprint and counts.
    """
    held = ", ".join(f"{quantity:,} {symbol}" for symbol, quantity in result.positions.items())
    facts = [
        Fact("Fill hash", result.fill_hash, "equal runs have equal ones"),
        Fact("Orders", f"{len(result.orders):,}"),
        Fact("Held at the end", held or "nothing"),
    ]
    if result.journal:
        facts.insert(1, Fact("Journal", count(len(result.journal), "record")))
    return facts


def log_lines(result: BacktestResult, words: Words) -> list[tuple[str, str, str]]:
    """Show alerts and what the strategies logged, in order of time.

    Args:
        result: What a backtest gave.
        words: For times.

    Returns:
        Time, who and what, the first `LOG_LINES`.
    """
    lines = [(ts, who, text) for ts, who, text in result.logs[:LOG_LINES]]
    lines += [
        (alert.ts_ns, f"{alert.source} ({alert.severity})", alert.message)
        for alert in result.alerts[:LOG_LINES]
    ]
    lines.sort(key=lambda line: line[0])
    return [(words.moment(ts), who, text) for ts, who, text in lines[:LOG_LINES]]
