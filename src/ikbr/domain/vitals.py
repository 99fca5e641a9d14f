"""Vitals: what a session says of itself once a second, for those who watch it from outside."""

from __future__ import annotations

import msgspec

from ikbr.domain.histogram import Histogram


class Durations(msgspec.Struct, frozen=True):
    """Carry a histogram of durations, ns.

    Attributes:
        count, total, most: How many there are, their sum, and the largest.
        buckets: How many in each bucket; see `Histogram`.
    """

    count: int = 0
    total: int = 0
    most: int = 0
    buckets: dict[int, int] = {}

    @classmethod
    def of(cls, histogram: Histogram) -> Durations:
        """Take what a histogram holds; it may go on counting."""
        return cls(histogram.count, histogram.total, histogram.most, dict(histogram.buckets))

    def histogram(self) -> Histogram:
        """Make the histogram again."""
        made = Histogram()
        made.count, made.total, made.most = self.count, self.total, self.most
        made.buckets.update(self.buckets)
        return made


class LimitVitals(msgspec.Struct, frozen=True):
    """Say how far a limit is used up.

    Attributes:
        value: The limit.
        used: How much of it is used, in the same unit.
    """

    value: float
    used: float


class StrategyVitals(msgspec.Struct, frozen=True):
    """Say how a strategy stands.

    Attributes:
        enabled: Whether it trades.
        realised, unrealised, fees: In the base currency.
    """

    enabled: bool
    realised: float
    unrealised: float
    fees: float


class BookVitals(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the books stand, in the base currency.

    Attributes:
        base: The currency.
        equity, opening, peak: Now, when the session began, and at the most.
        daily_pnl: Profit of the day by IB; None while unknown.
        cash: All currencies.
        gross, net: Exposure.
        positions: Signed quantity by symbol; what is flat is left out.
        working: Orders that work.
        limits: What is used of each limit that is set, by name.
        strategies: By name.
        data_age_s: Since when nothing has come of a symbol; those never heard of are left out.
        events: Quotes and prints so far.
    """

    base: str
    equity: float
    opening: float
    peak: float
    daily_pnl: float | None
    cash: float
    gross: float
    net: float
    positions: dict[str, int]
    working: int
    limits: dict[str, LimitVitals]
    strategies: dict[str, StrategyVitals]
    data_age_s: dict[str, float]
    events: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Say what has been counted since the session began.

    Attributes:
        orders: By strategy and the state that they came to.
        fills: By strategy.
        refusals: By rule.
        alerts: By severity and source.
        signals: Those that led to a request, by strategy.
    """

    orders: dict[str, dict[str, int]]
    fills: dict[str, int]
    refusals: dict[str, int]
    alerts: dict[str, dict[str, int]]
    signals: dict[str, int]


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a session is.

    Attributes:
        time_s: When this was said, seconds since 1970.
        pid: Its process.
        version: Of ikbr.
        mode: paper, live or shadow.
        simulated: Whether the gateway is a simulated one.
        not_ready: Why it does not trade, in words; none when it does.
        holds: What entries wait for.
        link_ready: Whether the gateway answers and has IB behind it.
        attempts, reconnects: How often connecting was tried, and how often it succeeded again.
        stages: How long orders took to each stage, from the bytes of their tick.
        round_trip: How long the gateway took to answer, at each heartbeat.
        loop_lag: How late the event loop turned, at each beat.
        queues: How many wait, by queue.
        sent, given_up: Messages to the gateway, and those that the end of a connection took.
        journal_lag_s: How far the disk is behind.
        journal_failed: Whether the disk refuses.
        lost_records: Records that neither disk nor memory had room for.
        observer_failures: How often observers raised.
        unread: Messages of IB that could not be read.
        counts: What has been counted.
        books: None before the account is known.
    """

    time_s: float
    pid: int
    version: str
    mode: str
    simulated: bool
    not_ready: list[str]
    holds: list[str]
    link_ready: bool
    attempts: int
    reconnects: int
    stages: dict[str, Durations]
    round_trip: Durations
    loop_lag: Durations
    queues: dict[str, int]
    sent: int
    given_up: int
    journal_lag_s: float
    journal_failed: bool
    lost_records: int
    observer_failures: int
    unread: int
    counts: Counts
    books: BookVitals | None
