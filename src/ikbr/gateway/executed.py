"""Executed: the executions of today and their commissions, as they are told and asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ikbr.domain.order import Fill
from ikbr.domain.timers import TimerHeap
from ikbr.gateway import times
from ikbr.gateway.fields import Values
from ikbr.gateway.wire_order import WireOrder

MOST_EXECUTIONS = 10_000
"""Executions that are remembered; a real gateway forgets them at midnight."""

NEW_YORK = "US/Eastern"
_SIDES = {"BUY": "BOT", "SELL": "SLD"}
_FILTERS = ("account", "symbol", "secType", "exchange")


class Executed:
    """Remember executions.

    Attributes:
        on_new: Told every one, with its time and its commission.
        on_fill: Told every fill, before it is written as an execution.

    Source: IBKR, "Executions and commissions": those since midnight are given; corrections have
    the same id but for what stands behind its last dot.
    """

    def __init__(self, clock: TimerHeap) -> None:
        """Start without executions."""
        self._clock = clock
        self.on_new: Callable[[int, Values, Values], None] = lambda *_what: None
        self.on_fill: Callable[[Fill], None] = lambda _fill: None
        self._all: deque[tuple[int, Values, Values]] = deque(maxlen=MOST_EXECUTIONS)

    def add(self, wo: WireOrder, fill: Fill, realised: float | None) -> tuple[Values, Values]:
        """Remember a fill.

        Args:
            wo: Whose, with the fill booked.
            fill: The fill.
            realised: The profit it realised; None when it closed nothing.

        Returns:
            The fields of the execution (but for its request) and of its commission report.
        """
        self.on_fill(fill)
        instrument = wo.order.instrument
        exec_id = f"0000e0d5.{wo.perm_id:08x}.{fill.exec_id:08x}.01"
        venue = wo.wire["primaryExchange"] or wo.wire["exchange"]
        execution = (
            wo.wire
            | wo.names
            | {
                "exchange": venue,
                "execId": exec_id,
                "time": times.write_local(fill.ts_ns, times.zone_of(instrument.calendar)),
                "account": wo.account,
                "executionExchange": venue,
                "side": "BOT" if fill.side > 0 else "SLD",
                "shares": fill.quantity,
                "price": fill.price,
                "permId": wo.perm_id,
                "cumQty": wo.filled,
                "avgPrice": wo.average_price(),
                "orderRef": wo.values["orderRef"],
                "lastLiquidity": 1 if fill.liquidity == "make" else 2,
            }
        )
        commission = {
            "orderId": wo.names["orderId"],
            "symbol": wo.wire["symbol"],
            "execId": exec_id,
            "commission": fill.commission,
            "currency": instrument.currency,
            "realizedPNL": realised,
        }
        self.remember(fill.ts_ns, execution, commission)
        return execution, commission

    def remember(self, ts_ns: int, execution: Values, commission: Values) -> None:
        """Keep an execution and its commission, of a time."""
        self.on_new(ts_ns, execution, commission)
        self._all.append((ts_ns, execution, commission))

    def latest(self, execution: Values, commission: Values) -> tuple[Values, Values]:
        """Give the latest word about an execution, with its commission.

        Args:
            execution: As it was told once.
            commission: As it was told then.
        """
        stem = execution["execId"].rpartition(".")[0]
        for _, one, charged in reversed(self._all):
            if one["execId"].rpartition(".")[0] == stem:
                return one, charged
        return execution, commission

    def has(self, symbol: str, sec_type: str, since_ns: int) -> bool:
        """Say whether anything was executed in a symbol since a time."""
        return any(
            ts_ns >= since_ns and one["symbol"] == symbol and sec_type in {"", one["secType"]}
            for ts_ns, one, _ in self._all
        )

    def find(self, wanted: Mapping[str, Any]) -> Iterator[tuple[Values, Values]]:
        """Give the executions since midnight that pass a filter, with their commissions.

        Args:
            wanted: The fields of a `reqExecutions`.

        Raises:
            ValueError: When the time of the filter cannot be read.
        """
        since = times.midnight_ns(self._clock.now_ns, NEW_YORK)
        if wanted["time"]:
            since = max(since, times.read_time(wanted["time"], NEW_YORK))
        side = _SIDES.get(wanted["side"], wanted["side"])
        for ts_ns, execution, commission in list(self._all):
            if (
                ts_ns >= since
                and wanted["clientId"] in {0, execution["clientId"]}
                and all(wanted[name] in {"", execution[name]} for name in _FILTERS)
                and side in {"", execution["side"]}
            ):
                yield execution, commission
