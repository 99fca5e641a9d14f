"""Executions: joined with their commissions into fills, each once, corrections recognised.

Source: IBKR, TWS API, "Execution": a corrected execution comes with the same id but for the
digits after its last full stop; the commission comes by itself, before or long after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from ib_async import CommissionReport, Execution

from ikbr.broker.orders import whole
from ikbr.core.ports import Clock
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Order, Side
from ikbr.domain.timers import Timer
from ikbr.sim.recent import Recent

LIQUIDITY = {1: "make", 2: "take", 3: "take"}
"""Source: IBKR, "Execution.LastLiquidity": 1 added, 2 removed, 3 routed out."""

SIDES = {"BOT": Side.BUY, "SLD": Side.SELL}

UNSET = 1e300
"""IB writes the largest float for an amount that it does not know yet."""

Estimate = Callable[[Instrument, Side, int, int], int]
"""Expect the commission of a quantity at a price in units, in millionths."""


def micro(amount: float) -> int:
    """Count an amount in millionths; exact for what IB writes with up to six decimals.

    >>> micro(1.000035)
    1000035
    """
    return round(amount * MICRO)


def exec_stem(exec_id: str) -> tuple[str, str]:
    """Split the id of an execution into what stays and what a correction changes.

    >>> exec_stem("0000e0d5.6576fe38.01.02")
    ('0000e0d5.6576fe38.01', '02')
    """
    stem, _, revision = exec_id.rpartition(".")
    return (stem, revision) if stem else (exec_id, "")


def exec_number(exec_id: str) -> int:
    """Number an execution: the same number for its corrections, and after a restart.

    >>> exec_number("0000e0d5.6576fe38.01.01") == exec_number("0000e0d5.6576fe38.01.02")
    True
    """
    stem, _ = exec_stem(exec_id)
    return int.from_bytes(blake2b(stem.encode(), digest_size=8).digest(), "big") >> 1


@dataclass(slots=True)
class _Waiting:
    order: Order
    execution: Execution
    ts_ns: int
    timer: Timer


class ExecutionDesk:
    """Turn executions and commission reports into fills.

    A fill waits for its commission, but not for long: a position that is not known is worse than
    a fee that is expected. When the report comes after all, the difference is reported.

    Attributes:
        on_fill: Told of each fill, once.
        on_late_commission: Told of the commission that a reported fill lacked (or had too much),
            in millionths.
        on_correction: Told of a fill as it was reported and as it should have been.
        on_odd: Told, in words, of what should not be.
        wait_ns: How long a fill waits for its commission.
    """

    def __init__(
        self,
        clock: Clock,
        on_fill: Callable[[Fill], None],
        *,
        estimate: Estimate,
        wait_ns: int,
        on_odd: Callable[[int, str], None],
    ) -> None:
        """Start with nothing seen."""
        self._clock = clock
        self._estimate = estimate
        self.on_fill = on_fill
        self.on_late_commission: Callable[[Fill, int], None] = lambda _fill, _amount: None
        self.on_correction: Callable[[Fill, Fill], None] = lambda _old, _new: None
        self.on_odd = on_odd
        self.wait_ns = wait_ns
        self._waiting: dict[str, _Waiting] = {}
        self._early: Recent[str, CommissionReport] = Recent()
        self._seen: Recent[str, str] = Recent()
        self._booked: Recent[str, Fill] = Recent()
        self._charged: Recent[str, bool] = Recent()

    def on_execution(self, order: Order, execution: Execution, ts_ns: int) -> int:
        """Take an execution of an order of ours.

        Args:
            order: Whose it is.
            execution: IB's word.
            ts_ns: When it is held to have happened.

        Returns:
            The quantity, or 0 when it was known already.
        """
        exec_id = execution.execId
        stem, revision = exec_stem(exec_id)
        before = self._seen.get(stem)
        if before is not None:
            if revision > before:
                self._correct(stem, revision, order, execution)
            return 0
        self._seen.put(stem, revision)
        report = self._early.get(exec_id)
        timer = self._clock.call_at(self._clock.now_ns + self.wait_ns, self._lapse, exec_id)
        self._waiting[exec_id] = _Waiting(order, execution, ts_ns, timer)
        if report is not None:
            self.on_commission(report)
        return whole(execution.shares)

    def on_commission(self, report: CommissionReport) -> None:
        """Take a commission report; one that precedes its execution is kept for it."""
        exec_id = report.execId
        if report.commission > UNSET:
            return
        waiting = self._waiting.get(exec_id)
        if waiting is not None:
            currency = waiting.order.instrument.currency
            if report.currency and report.currency != currency:
                self.on_odd(
                    waiting.order.order_id,
                    f"the commission of {exec_id} is in {report.currency}, not in {currency}; "
                    "the fill carries the expected one",
                )
                return
            self._charged.put(exec_id, True)
            self._book(exec_id, micro(report.commission))
            return
        fill = self._booked.get(exec_id)
        if fill is None:
            self._early.put(exec_id, report)
        elif not self._charged.get(exec_id):
            self._charged.put(exec_id, True)
            self.on_late_commission(fill, micro(report.commission) - fill.commission_micro)

    def flush(self) -> None:
        """Report every fill that still waits, with the expected commission."""
        for exec_id in tuple(self._waiting):
            self._lapse(exec_id)

    def _lapse(self, exec_id: str) -> None:
        waiting = self._waiting.get(exec_id)
        if waiting is not None:
            self._book(exec_id, None)

    def _book(self, exec_id: str, commission_micro: int | None) -> None:
        waiting = self._waiting.pop(exec_id)
        waiting.timer.cancel()
        fill = self._fill(waiting.order, waiting.execution, waiting.ts_ns, commission_micro)
        self._booked.put(exec_id, fill)
        self.on_fill(fill)

    def _fill(
        self, order: Order, execution: Execution, ts_ns: int, commission_micro: int | None
    ) -> Fill:
        instrument = order.instrument
        quantity, units = whole(execution.shares), instrument.to_units(execution.price)
        side = SIDES[execution.side]
        if side is not order.side:
            self.on_odd(order.order_id, f"execution {execution.execId} is on the other side")
        if abs(execution.price * instrument.price_scale - units) > 0.01:
            self.on_odd(
                order.order_id,
                f"the price {execution.price} of {execution.execId} lies between price units",
            )
        if commission_micro is None:
            commission_micro = self._estimate(instrument, side, quantity, units)
        return Fill(
            exec_number(execution.execId),
            order.order_id,
            order.strategy,
            order.symbol,
            side,
            quantity,
            units,
            ts_ns,
            commission_micro,
            instrument.to_price(units),
            LIQUIDITY.get(execution.lastLiquidity, "take"),
            order.decision_mid,
            order.decision_price,
        )

    def _correct(self, stem: str, revision: str, order: Order, execution: Execution) -> None:
        old_id = f"{stem}.{self._seen.get(stem)}"
        self._seen.put(stem, revision)
        waiting = self._waiting.pop(old_id, None)
        if waiting is not None:
            # Nobody knows of the old one yet: the new one takes its place.
            waiting.execution = execution
            self._waiting[execution.execId] = waiting
            waiting.timer.cancel()
            waiting.timer = self._clock.call_at(
                self._clock.now_ns + self.wait_ns, self._lapse, execution.execId
            )
            return
        old = self._booked.get(old_id)
        if old is None:
            self.on_odd(order.order_id, f"{execution.execId} corrects an unknown execution")
            return
        new = self._fill(order, execution, old.ts_ns, old.commission_micro)
        self._booked.put(execution.execId, new)
        self._charged.put(execution.execId, bool(self._charged.get(old_id)))
        self.on_correction(old, new)
