"""A tape as hftbacktest reads it: events of a market by price."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
)
from hftbacktest.types import event_dtype
from numba import njit

NO_PRICE = -(2**31)
BOTH = EXCH_EVENT | LOCAL_EVENT
FEE = 1.0
"""Dollars an order: IBKR's least commission, which 10 shares always cost."""


def columns(job: dict[str, Any], limit: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the columns of a tape and what describes it."""
    place = Path(job["tape"])
    about = json.loads((place / "tape.json").read_text())
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    return about, {name: np.load(place / f"{name}.npy")[:limit] for name in names}


def events(about: dict[str, Any], column: dict[str, Any], number: int) -> Any:
    """Turn one symbol's rows into events; the first brings the standing quote with it.

    A quote is one event for each side whose price stays, and two where it moves (the old level
    goes, the new one comes). A print is one event, on the side that was hit.
    """
    own = np.flatnonzero(column["sym"] == number)
    out = np.zeros(len(own) * 4, event_dtype)
    return out[: _fill(out, own, about["price_scale"], *(column[n] for n in _USED))]


_USED = ("ts", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")


@njit
def _fill(  # noqa: PLR0913, PLR0917
    out: Any, own: Any, scale: Any, ts: Any, kind: Any, bid: Any, ask: Any, last: Any,
    bid_size: Any, ask_size: Any, size: Any,
) -> int:  # fmt: skip
    count = 0
    bid_was = ask_was = np.int64(NO_PRICE)
    for row in own:
        if kind[row] == 0 or (bid_was == ask_was == NO_PRICE):
            # The side that gives way goes first, so that the book is never crossed.
            for turn in range(2):
                is_bid = (turn == 0) == (bid[row] < bid_was)
                was, now, flag, shown = ask_was, np.int64(ask[row]), SELL_EVENT, ask_size[row]
                if is_bid:
                    was, now, flag, shown = bid_was, np.int64(bid[row]), BUY_EVENT, bid_size[row]
                if was != NO_PRICE and was != now:  # noqa: PLR1714
                    count = _put(out, count, DEPTH_EVENT | flag, ts[row], was / scale, 0.0)
                if now != NO_PRICE:
                    count = _put(out, count, DEPTH_EVENT | flag, ts[row], now / scale, shown)
            bid_was, ask_was = np.int64(bid[row]), np.int64(ask[row])
        if kind[row] == 1:
            flag = SELL_EVENT if last[row] <= bid[row] else BUY_EVENT
            count = _put(out, count, TRADE_EVENT | flag, ts[row], last[row] / scale, size[row])
    return count


@njit
def _put(out: Any, count: int, flags: int, ts: int, price: float, quantity: float) -> int:
    out[count].ev = flags | BOTH
    out[count].exch_ts = out[count].local_ts = ts
    out[count].px = price
    out[count].qty = quantity
    return count + 1


def asset(about: dict[str, Any], column: dict[str, Any], made: Any) -> Any:
    """Describe a market: no latency, one dollar an order, queue moved by what trades.

    The events are not copied: whoever made them must hold them.
    """
    bid = column["bid"][column["bid"] != NO_PRICE]
    tick = 10 ** -about["digits"]
    scale = about["price_scale"]
    return (
        BacktestAsset()
        .data(made)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .flat_per_trade_fee_model(FEE, FEE)
        .tick_size(tick)
        .lot_size(1.0)
        .last_trades_capacity(4)
        .roi_lb(bid.min() / scale * 0.9)
        .roi_ub(bid.max() / scale * 1.1)
    )
