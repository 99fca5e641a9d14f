"""The execution model: the settings of the simulated market."""

from __future__ import annotations

import datetime as dt
from typing import Literal, get_args

import msgspec

from ikbr.domain.errors import ConfigError, nearest

FillRule = Literal["quote", "next", "last"]
FeeModel = Literal["none", "ibkr-fixed", "ibkr-tiered"]
SlippageModel = Literal["none", "ticks", "bps", "volume-share"]
QueueModel = Literal["none", "behind-displayed"]
AccountType = Literal["simple", "cash", "reg-t"]


class ExecutionModel(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the simulated market treats orders.

    Attributes:
        fill: What a market order trades against: the standing quote, the next print, or
            (for comparison with other engines only) the last price.
        latency_ms: From our send to the exchange's book, milliseconds.
        response_latency_ms: From the exchange back to us.
        slippage: Extra cost of taking liquidity; "ticks" and "bps" use `slippage_value`,
            "volume-share" charges `slippage_value` × (quantity / printed size)².
        slippage_value: Parameter of the slippage model.
        volume_cap: Share of a displayed or printed size that one order may take; the rest
            waits; 0 switches the cap off.
        queue: Whether resting limit orders wait behind the size displayed when they came.
        fees: Which fee table.
        fees_as_of: Take the fees of this day whatever the date of the data.
        account: "simple" checks nothing, "cash" needs settled cash and forbids shorts,
            "reg-t" is a margin account.
        pattern_day_rule: Whether a margin account under 25,000 dollars is limited to three
            day trades in five sessions.
        shortable: Symbols that can be borrowed; None for all.
        borrow_rate: Yearly borrow fee of short stock, as a fraction.
        corporate_actions: Whether splits and dividends are booked.
    """

    fill: FillRule = "quote"
    latency_ms: float = 0.0
    response_latency_ms: float = 0.0
    slippage: SlippageModel = "none"
    slippage_value: float = 0.0
    volume_cap: float = 0.0
    queue: QueueModel = "behind-displayed"
    fees: FeeModel = "ibkr-fixed"
    fees_as_of: dt.date | None = None
    account: AccountType = "reg-t"
    pattern_day_rule: bool = True
    shortable: tuple[str, ...] | None = None
    borrow_rate: float = 0.0
    corporate_actions: bool = True

    def __post_init__(self) -> None:
        """Refuse settings that make no sense."""
        for name, kind in (
            ("fill", FillRule),
            ("fees", FeeModel),
            ("slippage", SlippageModel),
            ("queue", QueueModel),
            ("account", AccountType),
        ):
            value = getattr(self, name)
            if value not in get_args(kind):
                raise ConfigError(f"sim.{name} = {value!r}: {nearest(str(value), get_args(kind))}.")
        for name in (
            "latency_ms",
            "response_latency_ms",
            "slippage_value",
            "volume_cap",
            "borrow_rate",
        ):
            value = getattr(self, name)
            if not 0 <= value < 3_600_000:
                raise ConfigError(f"sim.{name} = {value}: it must be 0 or more (and finite).")

    @property
    def entry_ns(self) -> int:
        """Latency of an order to the exchange, ns."""
        return round(self.latency_ms * 1e6)

    @property
    def response_ns(self) -> int:
        """Latency of the exchange's word to us, ns."""
        return round(self.response_latency_ms * 1e6)
