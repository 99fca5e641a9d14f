"""The table of metrics: name, kind, labels, meaning, and where each is read from the vitals.

Labels are names that the settings or the code bound: strategies, symbols, limits, rules, stages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ikbr.domain.vitals import BookVitals, Durations, LimitVitals, StrategyVitals, Vitals

GAUGE, COUNTER = "gauge", "counter"

Sample = tuple[tuple[str, ...], float]
"""The values of the labels, and the value."""


class Family(NamedTuple):
    """Describe one metric.

    Attributes:
        name: As Prometheus knows it; that of a counter ends in _total.
        kind: GAUGE or COUNTER.
        labels: Their names.
        what: The help text.
        read: Gives the samples.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    what: str
    read: Callable[[Vitals], Iterable[Sample]]


class Timing(NamedTuple):
    """Describe one histogram of durations, in seconds.

    Attributes:
        name, labels, what: As of `Family`.
        read: Gives what was counted, by the values of the labels.
    """

    name: str
    labels: tuple[str, ...]
    what: str
    read: Callable[[Vitals], Mapping[tuple[str, ...], Durations]]


def _value(kind: str, name: str, what: str, read: Callable[[Vitals], float]) -> Family:
    """Describe one number."""
    return Family(name, kind, (), what, lambda vitals: [((), float(read(vitals)))])


def _by(
    kind: str, label: str, name: str, what: str, read: Callable[[Vitals], Mapping[str, float]]
) -> Family:
    """Describe a number for each value of a label."""

    def samples(vitals: Vitals) -> list[Sample]:
        return [((value,), float(number)) for value, number in read(vitals).items()]

    return Family(name, kind, (label,), what, samples)


def _by_two(
    labels: tuple[str, str],
    name: str,
    what: str,
    read: Callable[[Vitals], Mapping[str, Mapping[str, int]]],
) -> Family:
    """Describe a count for each pair of values of two labels."""

    def samples(vitals: Vitals) -> list[Sample]:
        return [
            ((first, second), float(number))
            for first, numbers in read(vitals).items()
            for second, number in numbers.items()
        ]

    return Family(name, COUNTER, labels, what, samples)


def _of_books(
    label: str, name: str, what: str, read: Callable[[BookVitals], Mapping[str, float]]
) -> Family:
    """Describe something of the books; nothing before they are known."""
    return _by(GAUGE, label, name, what, lambda v: read(v.books) if v.books is not None else {})


def _money(name: str, what: str, read: Callable[[BookVitals], float | None]) -> Family:
    """Describe an amount in the base currency; None is unknown and not told."""

    def known(books: BookVitals) -> dict[str, float]:
        amount = read(books)
        return {books.base: amount} if amount is not None else {}

    return _of_books("currency", name, what, known)


def _of_strategies(name: str, what: str, read: Callable[[StrategyVitals], float]) -> Family:
    """Describe something of each strategy."""

    def read_each(books: BookVitals) -> dict[str, float]:
        return {strategy: read(one) for strategy, one in books.strategies.items()}

    return _of_books("strategy", name, what, read_each)


def _of_limits(name: str, what: str, read: Callable[[LimitVitals], float]) -> Family:
    """Describe something of each limit."""

    def read_each(books: BookVitals) -> dict[str, float]:
        return {limit: read(one) for limit, one in books.limits.items()}

    return _of_books("limit", name, what, read_each)


def _info(vitals: Vitals) -> list[Sample]:
    return [((vitals.version, vitals.mode, "yes" if vitals.simulated else "no"), 1.0)]


FAMILIES = (
    Family("ikbr_info", GAUGE, ("version", "mode", "simulated"),
        "Always 1; which bot this is.", _info),
    _value(GAUGE, "ikbr_snapshot_timestamp_seconds",
        "When the bot last told how it is.", lambda v: v.time_s),
    # Whether it trades
    _value(GAUGE, "ikbr_ready", "1 while it trades.", lambda v: not v.not_ready),
    _value(GAUGE, "ikbr_link_ready",
        "1 while the gateway answers and has IB behind it.", lambda v: v.link_ready),
    _by(GAUGE, "reason", "ikbr_entries_held",
        "1 for each reason that entries wait for.", lambda v: dict.fromkeys(v.holds, 1)),
    _value(COUNTER, "ikbr_connection_attempts_total",
        "How often connecting was tried.", lambda v: v.attempts),
    _value(COUNTER, "ikbr_reconnects_total",
        "How often the gateway was connected again.", lambda v: v.reconnects),
    # What waits
    _by(GAUGE, "queue", "ikbr_queue_depth",
        "Messages behind IB's limit (pacer), events of the bus, records not on disk (journal).",
        lambda v: v.queues),
    _value(COUNTER, "ikbr_messages_sent_total", "Messages to the gateway.", lambda v: v.sent),
    _value(COUNTER, "ikbr_messages_given_up_total",
        "Messages that were not sent as the connection ended.", lambda v: v.given_up),
    _value(GAUGE, "ikbr_journal_lag_seconds",
        "How far the disk is behind.", lambda v: v.journal_lag_s),
    _value(GAUGE, "ikbr_journal_failed", "1 while the disk refuses.", lambda v: v.journal_failed),
    _value(COUNTER, "ikbr_journal_lost_records_total",
        "Records that neither disk nor memory had room for.", lambda v: v.lost_records),
    _value(COUNTER, "ikbr_observer_failures_total",
        "How often observers raised.", lambda v: v.observer_failures),
    _value(COUNTER, "ikbr_unread_messages_total",
        "Messages of IB that could not be read.", lambda v: v.unread),
    # What was done
    _by(COUNTER, "strategy", "ikbr_signals_total",
        "Signals that led to a request.", lambda v: v.counts.signals),
    _by_two(("strategy", "state"), "ikbr_orders_total",
        "How often orders came to a state.", lambda v: v.counts.orders),
    _by(COUNTER, "strategy", "ikbr_fills_total", "Fills.", lambda v: v.counts.fills),
    _by(COUNTER, "rule", "ikbr_refusals_total",
        "Requests that risk refused.", lambda v: v.counts.refusals),
    _by_two(("severity", "source"), "ikbr_alerts_total", "Alerts.", lambda v: v.counts.alerts),
    _value(COUNTER, "ikbr_market_data_events_total",
        "Quotes and prints.", lambda v: v.books.events if v.books is not None else 0),
    _of_books("symbol", "ikbr_data_age_seconds",
        "Since when nothing has come of a symbol.", lambda b: b.data_age_s),
    # The books
    _money("ikbr_equity", "What the account is worth.", lambda b: b.equity),
    _money("ikbr_opening_equity",
        "What it was worth when the session began.", lambda b: b.opening),
    _money("ikbr_peak_equity", "What it was worth at the most.", lambda b: b.peak),
    _money("ikbr_daily_pnl",
        "Profit of the day by IB; absent while unknown.", lambda b: b.daily_pnl),
    _money("ikbr_cash", "Cash of all currencies, in the base currency.", lambda b: b.cash),
    _money("ikbr_exposure_gross",
        "The values of all positions, longs and shorts added.", lambda b: b.gross),
    _money("ikbr_exposure_net", "Longs less shorts.", lambda b: b.net),
    _of_books("symbol", "ikbr_position_quantity",
        "Signed; what is flat is absent.", lambda b: b.positions),
    _value(GAUGE, "ikbr_working_orders",
        "Orders that work.", lambda v: v.books.working if v.books is not None else 0),
    _of_strategies("ikbr_strategy_enabled",
        "0 for a strategy that was disabled.", lambda s: s.enabled),
    _of_strategies("ikbr_strategy_realised_pnl",
        "Profit of what was closed, without fees, in the base currency.", lambda s: s.realised),
    _of_strategies("ikbr_strategy_unrealised_pnl",
        "Profit of what is open, in the base currency.", lambda s: s.unrealised),
    _of_strategies("ikbr_strategy_fees",
        "Fees paid, in the base currency.", lambda s: s.fees),
    # Risk
    _of_limits("ikbr_limit",
        "The limits of risk that are set and can be used up, in their units.",
        lambda one: one.value),
    _of_limits("ikbr_limit_used",
        "How much of a limit is used, every open order taken as filled.", lambda one: one.used),
    _of_limits("ikbr_limit_headroom_ratio",
        "How much of a limit is left: 1 all, 0 nothing, negative beyond it.",
        lambda one: 1 - one.used / one.value),
)  # fmt: skip

TIMINGS = (
    Timing("ikbr_order_stage_seconds", ("stage",),
        "From the bytes of a tick to each stage of the order that answered it.",
        lambda v: {(stage,): one for stage, one in v.stages.items()}),
    Timing("ikbr_gateway_round_trip_seconds", (),
        "How long the gateway took to say the time.", lambda v: {(): v.round_trip}),
    Timing("ikbr_loop_lag_seconds", (),
        "How late the event loop turned, ten times a second.", lambda v: {(): v.loop_lag}),
)  # fmt: skip
