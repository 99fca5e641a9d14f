"""The table of metrics: name, kind, labels, meaning, and where each is read from the vitals.

Labels are names that the settings or the code bound: strategies, symbols, limits, rules, stages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ikbr.domain.vitals import BookVitals, Durations, StrategyVitals, Vitals

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


def _one(read: Callable[[Vitals], float]) -> Callable[[Vitals], list[Sample]]:
    return lambda vitals: [((), float(read(vitals)))]


def _named(read: Callable[[Vitals], Mapping[str, float]]) -> Callable[[Vitals], list[Sample]]:
    return lambda vitals: [((name,), float(value)) for name, value in read(vitals).items()]


def _paired(
    read: Callable[[Vitals], Mapping[str, Mapping[str, int]]],
) -> Callable[[Vitals], list[Sample]]:
    return lambda vitals: [
        ((first, second), float(value))
        for first, values in read(vitals).items()
        for second, value in values.items()
    ]


def _books(
    read: Callable[[BookVitals], Mapping[str, float]],
) -> Callable[[Vitals], list[Sample]]:
    return _named(lambda vitals: read(vitals.books) if vitals.books is not None else {})


def _money(read: Callable[[BookVitals], float | None]) -> Callable[[Vitals], list[Sample]]:
    def samples(vitals: Vitals) -> list[Sample]:
        books = vitals.books
        value = read(books) if books is not None else None
        return [((books.base,), value)] if books is not None and value is not None else []

    return samples


def _strategies(read: Callable[[StrategyVitals], float]) -> Callable[[Vitals], list[Sample]]:
    return _books(lambda books: {name: read(one) for name, one in books.strategies.items()})


def _info(vitals: Vitals) -> list[Sample]:
    return [((vitals.version, vitals.mode, "yes" if vitals.simulated else "no"), 1.0)]


FAMILIES = (
    Family("ikbr_info", GAUGE, ("version", "mode", "simulated"),
        "Always 1; which bot this is.", _info),
    Family("ikbr_snapshot_timestamp_seconds", GAUGE, (),
        "When the bot last told how it is.", _one(lambda v: v.time_s)),
    # Whether it trades
    Family("ikbr_ready", GAUGE, (), "1 while it trades.", _one(lambda v: not v.not_ready)),
    Family("ikbr_link_ready", GAUGE, (),
        "1 while the gateway answers and has IB behind it.", _one(lambda v: v.link_ready)),
    Family("ikbr_entries_held", GAUGE, ("reason",),
        "1 for each reason that entries wait for.", _named(lambda v: dict.fromkeys(v.holds, 1))),
    Family("ikbr_connection_attempts_total", COUNTER, (),
        "How often connecting was tried.", _one(lambda v: v.attempts)),
    Family("ikbr_reconnects_total", COUNTER, (),
        "How often the gateway was connected again.", _one(lambda v: v.reconnects)),
    # What waits
    Family("ikbr_queue_depth", GAUGE, ("queue",),
        "Messages behind IB's limit (pacer), events of the bus, records not on disk (journal).",
        _named(lambda v: v.queues)),
    Family("ikbr_messages_sent_total", COUNTER, (),
        "Messages to the gateway.", _one(lambda v: v.sent)),
    Family("ikbr_messages_given_up_total", COUNTER, (),
        "Messages that were not sent as the connection ended.", _one(lambda v: v.given_up)),
    Family("ikbr_journal_lag_seconds", GAUGE, (),
        "How far the disk is behind.", _one(lambda v: v.journal_lag_s)),
    Family("ikbr_journal_failed", GAUGE, (),
        "1 while the disk refuses.", _one(lambda v: v.journal_failed)),
    Family("ikbr_journal_lost_records_total", COUNTER, (),
        "Records that neither disk nor memory had room for.", _one(lambda v: v.lost_records)),
    Family("ikbr_observer_failures_total", COUNTER, (),
        "How often observers raised.", _one(lambda v: v.observer_failures)),
    Family("ikbr_unread_messages_total", COUNTER, (),
        "Messages of IB that could not be read.", _one(lambda v: v.unread)),
    # What was done
    Family("ikbr_signals_total", COUNTER, ("strategy",),
        "Signals that led to a request.", _named(lambda v: v.counts.signals)),
    Family("ikbr_orders_total", COUNTER, ("strategy", "state"),
        "How often orders came to a state.", _paired(lambda v: v.counts.orders)),
    Family("ikbr_fills_total", COUNTER, ("strategy",),
        "Fills.", _named(lambda v: v.counts.fills)),
    Family("ikbr_refusals_total", COUNTER, ("rule",),
        "Requests that risk refused.", _named(lambda v: v.counts.refusals)),
    Family("ikbr_alerts_total", COUNTER, ("severity", "source"),
        "Alerts.", _paired(lambda v: v.counts.alerts)),
    Family("ikbr_market_data_events_total", COUNTER, (),
        "Quotes and prints.", _one(lambda v: v.books.events if v.books is not None else 0)),
    Family("ikbr_data_age_seconds", GAUGE, ("symbol",),
        "Since when nothing has come of a symbol.", _books(lambda b: b.data_age_s)),
    # The books
    Family("ikbr_equity", GAUGE, ("currency",),
        "What the account is worth.", _money(lambda b: b.equity)),
    Family("ikbr_opening_equity", GAUGE, ("currency",),
        "What it was worth when the session began.", _money(lambda b: b.opening)),
    Family("ikbr_peak_equity", GAUGE, ("currency",),
        "What it was worth at the most.", _money(lambda b: b.peak)),
    Family("ikbr_daily_pnl", GAUGE, ("currency",),
        "Profit of the day by IB; absent while unknown.", _money(lambda b: b.daily_pnl)),
    Family("ikbr_cash", GAUGE, ("currency",),
        "Cash of all currencies, in the base currency.", _money(lambda b: b.cash)),
    Family("ikbr_exposure_gross", GAUGE, ("currency",),
        "The values of all positions, longs and shorts added.", _money(lambda b: b.gross)),
    Family("ikbr_exposure_net", GAUGE, ("currency",),
        "Longs less shorts.", _money(lambda b: b.net)),
    Family("ikbr_position_quantity", GAUGE, ("symbol",),
        "Signed; what is flat is absent.", _books(lambda b: b.positions)),
    Family("ikbr_working_orders", GAUGE, (),
        "Orders that work.", _one(lambda v: v.books.working if v.books is not None else 0)),
    Family("ikbr_strategy_enabled", GAUGE, ("strategy",),
        "0 for a strategy that was disabled.", _strategies(lambda s: s.enabled)),
    Family("ikbr_strategy_realised_pnl", GAUGE, ("strategy",),
        "Profit of what was closed, without fees, in the base currency.",
        _strategies(lambda s: s.realised)),
    Family("ikbr_strategy_unrealised_pnl", GAUGE, ("strategy",),
        "Profit of what is open, in the base currency.", _strategies(lambda s: s.unrealised)),
    Family("ikbr_strategy_fees", GAUGE, ("strategy",),
        "Fees paid, in the base currency.", _strategies(lambda s: s.fees)),
    # Risk
    Family("ikbr_limit", GAUGE, ("limit",),
        "The limits of risk that are set and can be used up, in their units.",
        _books(lambda b: {name: one.value for name, one in b.limits.items()})),
    Family("ikbr_limit_used", GAUGE, ("limit",),
        "How much of a limit is used, every open order taken as filled.",
        _books(lambda b: {name: one.used for name, one in b.limits.items()})),
    Family("ikbr_limit_headroom_ratio", GAUGE, ("limit",),
        "How much of a limit is left: 1 all, 0 nothing, negative beyond it.",
        _books(lambda b: {name: 1 - one.used / one.value for name, one in b.limits.items()})),
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
