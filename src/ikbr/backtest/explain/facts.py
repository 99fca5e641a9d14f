"""What is known of a run, and what is found about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec

from ikbr.backtest.analytics.summary import Summary
from ikbr.domain.order import Fill


class Severity(IntEnum):
    """Rank a finding."""

    NOTE = 1
    """Good to know."""
    WARNING = 2
    """The result may mislead."""
    PROBLEM = 3
    """The result means nothing, or the run did not do what was asked."""


class Finding(msgspec.Struct, frozen=True):
    """Say one thing about a run.

    Attributes:
        severity: How much it matters.
        rule: Which rule found it.
        text: What was found, one or two sentences.
        advice: What to do about it; "" if nothing.
    """

    severity: Severity
    rule: str
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Hold what the rules look at.

    Attributes:
        summary: The numbers of the run.
        events: Rows of market data processed.
        signals: Signals that asked for a position (repeated ones count).
        orders: Orders sent to the market.
        fills: All fills.
        refused: Refusals by rule.
        zero_quantity: Signals that sizing turned into no quantity at all.
        signal_name: What the strategy measures ("momentum").
        largest_signal: The largest value of it that was seen; None if not reported.
        signal_threshold: The value it had to reach; None if not reported.
        session_end_equity: Account value at the end of every session.
        parameters: Parameters of the strategy that were or could be tuned.
        trials: Variants that were tried to find this one (1 for a single run).
        latency_ms: Assumed time to the exchange, milliseconds.
        fill_rule: "quote", "next" or "last".
        fees: Name of the fee table, "none" for no fees.
        has_quotes: Whether the data has bids and asks.
        synthetic: Whether the data is made up.
        stale_after_s: Age from which a quote counts as stale, seconds.
        halted_ts_ns: When risk stopped entries first, ns UTC; None if never.
        halted_why: Its reason, as a sentence.
        disabled: Strategies that raised an error, with its message.
        currency: Of the account.
        script: Whether a script sent the orders, and no strategy.
        unnoticed: Errors in a script's handlers that ib_async told nobody, with their number.
    """

    summary: Summary
    events: int = 0
    signals: int = 0
    orders: int = 0
    fills: Sequence[Fill] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    zero_quantity: int = 0
    signal_name: str = "signal"
    largest_signal: float | None = None
    signal_threshold: float | None = None
    session_end_equity: Sequence[tuple[dt.date, float]] = ()
    parameters: int = 0
    trials: int = 1
    latency_ms: float = 0.0
    fill_rule: str = "quote"
    fees: str = "none"
    has_quotes: bool = True
    synthetic: bool = False
    stale_after_s: float = 60.0
    halted_ts_ns: int | None = None
    halted_why: str = ""
    disabled: Mapping[str, str] = field(default_factory=dict)
    currency: str = "USD"
    script: bool = False
    unnoticed: Mapping[str, int] = field(default_factory=dict)

    def money(self, amount: float) -> str:
        """Write an amount in the account's currency for people."""
        return money(amount, self.currency)


def money(amount: float, currency: str = "USD") -> str:
    """Write an amount of money for people.

    Args:
        amount: In currency units.
        currency: Its ISO code.

    Returns:
        The amount with thousands separators and cents.

    >>> money(-1234.5), money(99.999), money(5, "EUR"), money(-0.001)
    ('-$1,234.50', '$100.00', 'EUR 5.00', '$0.00')
    """
    sign = "-" if round(amount, 2) < 0 else ""
    label = "$" if currency == "USD" else f"{currency} "
    return f"{sign}{label}{abs(amount):,.2f}"


def percent(fraction: float, digits: int = 1) -> str:
    """Write a fraction as a percentage for people.

    Args:
        fraction: 0.05 for five percent.
        digits: Decimal places; more are shown where the number would read as zero.

    Returns:
        The percentage.

    >>> percent(0.1234), percent(-0.5, 0), percent(0.00012), percent(0.0)
    ('12.3 %', '-50 %', '0.012 %', '0.0 %')
    """
    value = fraction * 100.0
    if value and abs(value) < 0.5 * 10.0**-digits:
        return f"{value:.2g} %"
    return f"{value:.{digits}f} %"


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number of things for people.

    Args:
        number: How many.
        noun: Of what.
        plural: The plural, where an s does not make it.

    Returns:
        The number with its noun.

    >>> count(1, "fill"), count(1200, "fill"), count(2, "stop loss", "stop losses")
    ('1 fill', '1,200 fills', '2 stop losses')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def clock(ts_ns: int) -> str:
    """Write a time for people.

    Args:
        ts_ns: ns since 1970 UTC.

    Returns:
        The time to the second.

    >>> clock(1_700_000_000 * 10**9)
    '2023-11-14 22:13:20 UTC'
    """
    moment = dt.datetime.fromtimestamp(ts_ns // 1_000_000_000, tz=dt.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
