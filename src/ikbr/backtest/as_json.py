"""The result of a backtest as plain values that JSON can hold."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from ikbr.backtest.result import BacktestResult

EXAMPLES = 20
"""Refusals and lines of the log that are given in full; the rest is counted."""
ALERTS = 1_000
"""The same of alerts: what a session held or warned of is to be read there."""


def to_json(result: BacktestResult) -> dict[str, Any]:
    """Show a result as plain values.

    Args:
        result: What a backtest gave.

    Returns:
        Strings, numbers, lists and dicts only; no NaN and no infinity (None stands for them).
        `start` and `end` are ISO times in UTC, money is in the account's currency, fractions
        are fractions (0.05 is five percent), and `max_drawdown` is positive.
    """
    from ikbr.backtest.analytics.drawdown import max_drawdown
    from ikbr.backtest.result import fill_row

    summary = result.summary
    deepest = summary.max_drawdown if summary else max_drawdown(np.asarray(result.equity))
    told: dict[str, Any] = {
        "mode": result.mode,
        "strategy": result.strategy,
        "symbols": result.symbols,
        "start": iso_utc(result.start_ns),
        "end": iso_utc(result.end_ns),
        "resolution": result.resolution,
        "feed": result.feed,
        "synthetic": result.synthetic,
        "capital": result.capital,
        "events": result.events,
        "orders": len(result.orders),
        "order_states": Counter(order.state.value for order in result.orders),
        "refused": result.refused,
        "net_pnl": result.net_pnl,
        "gross_pnl": result.gross_pnl,
        "commission": result.commission,
        "final_equity": result.final_equity,
        "max_drawdown": deepest,
        "sharpe": summary.sharpe if summary else None,
        "fill_hash": result.fill_hash,
        "shape": result.shape,
        "path": result.path,
        "engine_seconds": result.engine_seconds,
        "events_per_second": result.events_per_second,
        "params": result.params,
        "settings": result.settings,
        "positions": result.positions,
        "session_equity": [[day, equity] for day, equity in result.session_equity],
        "findings": result.findings,
        "summary": summary,
        "refusals": result.refusals[:EXAMPLES],
        "alerts": result.alerts[:ALERTS],
        "described": result.described,
        "logs": [list(line) for line in result.logs[:EXAMPLES]],
        "notes": list(result.notes),
        "fills": [fill_row(fill) for fill in result.fills],
    }
    shown: dict[str, Any] = plain(told)
    return shown


def iso_utc(ts_ns: int) -> str:
    """Write a time as ISO 8601 in UTC, to the nanosecond where it needs it.

    Args:
        ts_ns: ns since 1970 UTC.

    Returns:
        The time with a Z at its end.

    >>> iso_utc(1_700_000_000 * 10**9), iso_utc(1_700_000_000 * 10**9 + 1_500_000)
    ('2023-11-14T22:13:20Z', '2023-11-14T22:13:20.0015Z')
    """
    seconds, rest = divmod(int(ts_ns), 1_000_000_000)
    moment = dt.datetime.fromtimestamp(seconds, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return moment + (f".{rest:09d}".rstrip("0") if rest else "") + "Z"


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold.

    Args:
        value: Any value: structs and dataclasses become dicts, enums their names (their text
            where they have one), dates ISO text, arrays lists, NaN and infinities None.

    Returns:
        Strings, numbers, booleans, None, lists and dicts only; what is nothing of these is
        shown as text.

    >>> plain({1: (float("nan"), np.float64(0.5))}), plain(dt.date(2013, 10, 7))
    ({'1': [None, 0.5]}, '2013-10-07')
    """
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return _plain_whole(value)


def _plain_whole(value: Any) -> Any:
    """Turn what has parts into dicts and lists."""
    if isinstance(value, Mapping):
        return {str(plain(name)): plain(part) for name, part in value.items()}
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Set):
        return sorted((plain(part) for part in value), key=str)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(part) for part in value]
    return str(value)
