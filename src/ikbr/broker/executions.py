"""Executions: joined with their commissions into fills, each once, corrections recognised.

Source: IBKR, TWS API, "Execution": a corrected execution comes with the same id but for the
digits after its last full stop; the commission comes by itself, before or long after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from ib_async import CommissionReport, Execution
from msgspec.structs import replace

from ikbr.broker.orders import whole
from ikbr.core.ports import Clock
from ikbr.domain.amendment import Amendment
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


class _Told(NamedTuple):
    order: Order
    fill: Fill


class ExecutionDesk:
    """Turn executions and commission reports into fills.

    A fill waits for its commission, but not for long: a position that is not known is worse than
    a fee that is expected. When the report comes after all, the fill is amended, as it is when
    the execution is corrected or taken back.

    Attributes:
        on_fill: Told of each fill, once.
        on_amended: Told of a fill as it was told before, and as it should have been.
        on_odd: Told, in words, of what should not be.
        wait_ns: How long a fill waits for its commission.
    """

    def __init__(
        self,
        clock: Clock,
        on_fill: Callable[[Fill], None],
        on_amended: Callable[[Fill, Fill], None],
        *,
        estimate: Estimate,
        wait_ns: int,
        on_odd: Callable[[int, str], None],
    ) -> None:
        """Start with nothing seen."""
        self._clock = clock
        self._estimate = estimate
        self.on_fill = on_fill
        self.on_amended = on_amended
        self.on_odd = on_odd
        self.wait_ns = wait_ns
        self._waiting: dict[int, _Waiting] = {}
        self._early: Recent[str, CommissionReport] = Recent()
        self._revisions: Recent[int, str] = Recent()
        self._told: Recent[int, _Told] = Recent()
        self._charged: Recent[str, bool] = Recent()

    def know(self, order: Order, fill: Fill) -> None:
        """Take over a fill that an earlier session was told of; IB may list it again."""
        self._revisions.put(fill.exec_id, "")
        self._told.put(fill.exec_id, _Told(order, fill))

    def on_execution(self, order: Order, execution: Execution, ts_ns: int) -> int:
        """Take an execution of an order of ours.

        Args:
            order: Whose it is.
            execution: IB's word.
            ts_ns: When it is held to have happened.

        Returns:
            By how much more is to be told than before: the quantity of a new execution, the
            difference where one is corrected that was not told yet, else 0.
        """
        number = exec_number(execution.execId)
        revision, quantity = exec_stem(execution.execId)[1], whole(execution.shares)
        before = self._revisions.get(number)
        if before is not None and revision <= before:
            return 0
        self._revisions.put(number, revision)
        waits = self._waiting.get(number)
        if waits is not None and quantity < whole(waits.execution.shares):
            # What is taken back is not filled once more, so it counts that it was filled.
            self._tell(number, None)
        told = self._told.get(number)
        if told is not None:
            self._correct(told.fill, order, execution)
            return 0
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting.timer.cancel()
            ts_ns = waiting.ts_ns
        if quantity:
            self._wait(number, order, execution, ts_ns)
        elif waiting is None:
            # What was taken back is told even where the fill is not remembered here.
            never = self._fill(order, execution, ts_ns, 0)
            self.on_amended(never, never)
        return quantity - (whole(waiting.execution.shares) if waiting is not None else 0)

    def _wait(self, number: int, order: Order, execution: Execution, ts_ns: int) -> None:
        timer = self._clock.call_at(self._clock.now_ns + self.wait_ns, self._lapse, number)
        self._waiting[number] = _Waiting(order, execution, ts_ns, timer)
        report = self._early.get(execution.execId)
        if report is not None:
            self.on_commission(report)

    def on_commission(self, report: CommissionReport) -> None:
        """Take a commission report; one that precedes its execution is kept for it."""
        exec_id = report.execId
        if report.commission > UNSET or self._charged.get(exec_id):
            return
        number, revision = exec_number(exec_id), exec_stem(exec_id)[1]
        latest = self._revisions.get(number)
        if latest is None or revision > latest != "":
            self._early.put(exec_id, report)
            return
        if revision < latest:
            return
        waiting, told = self._waiting.get(number), self._told.get(number)
        what = waiting or told
        if what is None or not self._can_be_booked(what.order, report):
            return
        self._charged.put(exec_id, True)
        if waiting is not None:
            self._tell(number, micro(report.commission))
        elif told is not None:
            amended = replace(told.fill, commission_micro=micro(report.commission))
            self._amend(told.order, told.fill, amended)

    def _can_be_booked(self, order: Order, report: CommissionReport) -> bool:
        currency = order.instrument.currency
        if report.currency and report.currency != currency:
            self.on_odd(
                order.order_id,
                f"the commission of {report.execId} is in {report.currency}, not in {currency}; "
                "the fill carries the expected one",
            )
            return False
        return True

    def flush(self) -> None:
        """Report every fill that still waits, with the expected commission."""
        for number in tuple(self._waiting):
            self._lapse(number)

    def _lapse(self, number: int) -> None:
        if number in self._waiting:
            self._tell(number, None)

    def _tell(self, number: int, commission_micro: int | None) -> None:
        waiting = self._waiting.pop(number)
        waiting.timer.cancel()
        fill = self._fill(waiting.order, waiting.execution, waiting.ts_ns, commission_micro)
        self._told.put(number, _Told(waiting.order, fill))
        self.on_fill(fill)

    def _correct(self, told: Fill, order: Order, execution: Execution) -> None:
        """Report what an execution has become; its fees stay until their own report comes."""
        amended = self._fill(order, execution, told.ts_ns, told.commission_micro)
        self._amend(order, told, amended)
        report = self._early.get(execution.execId)
        if report is not None:
            self.on_commission(report)

    def _amend(self, order: Order, told: Fill, amended: Fill) -> None:
        self._told.put(told.exec_id, _Told(order, amended))
        if not Amendment(0, told, amended).says_nothing:
            self.on_amended(told, amended)

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
