"""The vitals of a session in which a bit of everything has happened."""

from __future__ import annotations

import os

import pytest

from ikbr.domain.histogram import Histogram
from ikbr.domain.vitals import (
    BookVitals,
    Counts,
    Durations,
    LimitVitals,
    StrategyVitals,
    Vitals,
)


def durations(*values_ns: int) -> Durations:
    histogram = Histogram()
    for value in values_ns:
        histogram.add(value)
    return Durations.of(histogram)


@pytest.fixture
def vitals() -> Vitals:
    return Vitals(
        time_s=1_772_461_800.5,
        pid=os.getpid(),
        version="0.1.0",
        mode="paper",
        simulated=True,
        not_ready=[],
        holds=["pace"],
        link_ready=True,
        attempts=3,
        reconnects=2,
        stages={"decoded": durations(4_000, 12_000), "written": durations(200_000, 3_000_000)},
        round_trip=durations(70_000_000),
        loop_lag=durations(1_000, 30_000_000_000),
        queues={"pacer": 4, "bus": 0, "journal": 2},
        sent=120,
        given_up=1,
        journal_lag_s=0.004,
        journal_failed=False,
        lost_records=0,
        observer_failures=0,
        unread=0,
        counts=Counts(
            orders={'mo"mentum\n': {"Submitted": 3, "Filled": 2}},
            fills={"momentum": 2},
            refusals={"position": 5},
            alerts={"warning": {"link": 1}},
            signals={"momentum": 3},
        ),
        books=BookVitals(
            base="USD",
            equity=1_000_010.5,
            opening=1_000_000.0,
            peak=1_000_020.0,
            daily_pnl=None,
            cash=900_000.0,
            gross=100_010.5,
            net=-100_010.5,
            positions={"KO": -100},
            working=1,
            limits={"max_gross_pct": LimitVitals(1.0, 0.25)},
            strategies={"momentum": StrategyVitals(True, 8.0, 2.5, 1.5)},
            data_age_s={"KO": 0.25},
            events=5_000,
        ),
    )
