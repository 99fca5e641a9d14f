"""Every rule fires on what it is about, and stays silent otherwise."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import msgspec
import numpy as np
import pytest

from ikbr.backtest.analytics import SummaryInputs, summarise
from ikbr.backtest.explain import RULES, RunFacts, Severity, explain

S = 1_000_000_000
MINUTE = 60 * S
FIRST = dt.date(2024, 1, 2)


class F(msgspec.Struct, frozen=True):
    side: int
    quantity: int
    price: float
    ts_ns: int
    commission: float = 0.0
    strategy: str = "momentum"
    symbol: str = "SPY"
    decision_mid: float = float("nan")
    decision_price: float = float("nan")
    arrival_price: float = float("nan")
    displayed: int = 0
    quote_age_ns: int = 0
    order_id: int = 1


def run_of(profits: list[float], symbols: tuple[str, ...] = ("SPY", "BAC"), **facts: Any):
    """Make facts of a run with one round trip of 10 shares per profit, 4 a session."""
    fills, equity, times, ends = [], [], [], []
    money, now = 10_000.0, 0
    for place, profit in enumerate(profits):
        symbol = symbols[place % len(symbols)]
        fills.append(F(1, 10, 100.0, now, symbol=symbol))
        fills.append(F(-1, 10, 100.0 + profit / 10, now + 30 * MINUTE, symbol=symbol))
        money += profit
        now += 60 * MINUTE
        equity.append(money)
        times.append(fills[-1].ts_ns)
        if place % 4 == 3:
            ends.append((FIRST + dt.timedelta(days=len(ends)), money))
    summary = summarise(
        SummaryInputs(
            capital=10_000.0,
            equity_ts=np.array(times, dtype=np.int64),
            equity=np.array(equity),
            session_end_equity=ends,
            fills=fills,
            multipliers={},
            first_ts=0,
            last_ts=now,
        )
    )
    given = {
        "summary": summary,
        "events": 100_000,
        "signals": len(profits),
        "orders": len(fills),
        "fills": fills,
        "session_end_equity": ends,
        "parameters": 2,
        "latency_ms": 20.0,
        "fees": "ibkr-fixed",
    }
    return RunFacts(**{**given, **facts})


GOOD = run_of([6.0, 5.0, 4.0, -1.0, -3.0, -4.0, -5.0, 3.0] * 40, symbols=("SPY", "BAC", "IBM"))
EMPTY = run_of([], events=5_000)


def but(facts: RunFacts, **changes: Any) -> RunFacts:
    return dataclasses.replace(facts, **changes)


def with_summary(facts: RunFacts, **changes: Any) -> RunFacts:
    return but(facts, summary=msgspec.structs.replace(facts.summary, **changes))


def with_risk(facts: RunFacts, **changes: Any) -> RunFacts:
    return with_summary(facts, risk=msgspec.structs.replace(facts.summary.risk, **changes))


def with_fill(facts: RunFacts, **changes: Any) -> RunFacts:
    changed = msgspec.structs.replace(facts.fills[0], **changes)
    return but(facts, fills=[changed, *facts.fills[1:]])


def only(facts: RunFacts, side: int) -> RunFacts:
    one = [fill for fill in facts.fills if fill.side == side]
    return with_summary(but(facts, fills=one), open_positions=2)


FIRING = {
    "no-data": (but(EMPTY, events=0), "No market data"),
    "strategy-disabled": (but(GOOD, disabled={"pairs": "division by zero"}), "division by zero"),
    "script-failed": (
        but(GOOD, script=True, disabled={"bot.py": "KeyError: 'SPY'"}),
        "Ended by an error: bot.py: KeyError: 'SPY'",
    ),
    "unnoticed-errors": (
        but(GOOD, script=True, unnoticed={"on_bar: ZeroDivisionError: division by zero": 1_200}),
        "division by zero 1,200×",
    ),
    "no-order": (but(EMPTY, script=True), "sent no order in 5,000 events"),
    "no-signal": (
        but(EMPTY, signal_name="momentum", largest_signal=0.0123, signal_threshold=0.02),
        "largest momentum was 0.0123, the threshold is 0.02",
    ),
    "all-refused": (
        but(EMPTY, signals=5, refused={"exposure": 1, "position": 4}),
        "position 4×, exposure 1×",
    ),
    "sized-to-zero": (but(EMPTY, signals=3, zero_quantity=3), "3 signals came to a quantity of 0"),
    "never-filled": (but(EMPTY, signals=2, orders=2), "2 orders reached the market"),
    "last-price-fills": (but(GOOD, fill_rule="last"), "--fill last"),
    "costs-above-edge": (
        with_summary(GOOD, gross_pnl=100.0, net_pnl=-20.5, commission=120.5),
        "$100.00 before fees became -$20.50 after $120.50",
    ),
    "synthetic-data": (but(GOOD, synthetic=True), "synthetic"),
    "risk-halt": (
        but(GOOD, halted_ts_ns=1_700_000_000 * S, halted_why="KO: it is blocked: by hand."),
        "Risk stopped entries at 2023-11-14 22:13:20 UTC: KO: it is blocked: by hand.",
    ),
    "implausible-sharpe": (with_risk(GOOD, sharpe=9.0), "9.0 is implausibly high"),
    "one-symbol": (run_of([20.0, -1.0] * 40), "SPY made $800.00 of the $760.00"),
    "one-day": (run_of([1.0, -1.0, 1.0, -1.0] * 9 + [50.0, 60.0, -1.0, 2.0]), "2024-01-11"),
    "one-round-trip": (run_of([1.0, -1.0] * 20 + [90.0, 1.0]), "SPY, $90.00"),
    "unproven-sharpe": (run_of([6.0, -4.0, 3.0, -2.0] * 3), "12 round trips"),
    "stale-quotes": (with_fill(GOOD, quote_age_ns=3600 * S), "1 of 640 fills (0.16 %)"),
    "beyond-displayed": (with_fill(GOOD, displayed=4), "10 SPY against 4"),
    "no-quotes": (but(GOOD, has_quotes=False), "filled at the next print"),
    "one-sided": (only(GOOD, 1), "only buys: 2 positions left open"),
    "left-open": (with_summary(GOOD, open_positions=1), "1 position left open"),
    "too-many-parameters": (but(GOOD, parameters=33), "33 parameters against 320 round trips"),
    "zero-latency": (but(GOOD, latency_ms=0.0), "in no time"),
    "no-fees": (but(GOOD, fees="none"), "No commissions"),
    "tiny-exposure": (with_summary(GOOD, exposure=0.002), "0.2 % of the time"),
}


@pytest.mark.parametrize("rule", FIRING)
def test_a_rule_fires_on_what_it_is_about(rule: str) -> None:
    facts, words = FIRING[rule]
    found = {finding.rule: finding for finding in explain(facts)}
    assert rule in found
    assert words in found[rule].text


@pytest.mark.parametrize("rule", FIRING)
def test_a_rule_stays_silent_on_a_sound_run(rule: str) -> None:
    assert rule not in {finding.rule for finding in explain(GOOD)}


def test_a_sound_run_has_no_findings_at_all() -> None:
    assert explain(GOOD) == []


NEARLY = {
    "no-signal": but(EMPTY, signals=1, orders=1),
    "all-refused": but(GOOD, refused={"position": 3}),
    "never-filled": EMPTY,
    "costs-above-edge": with_summary(GOOD, gross_pnl=-1.0, net_pnl=-20.0),
    "one-symbol": run_of([5.0, -1.0] * 40, symbols=("SPY",)),
    "one-day": run_of([50.0, 60.0, -1.0, 2.0]),
    "one-round-trip": run_of([90.0, 1.0]),
    "unproven-sharpe": with_risk(GOOD, sharpe=None),
    "stale-quotes": with_fill(GOOD, quote_age_ns=60 * S),
    "beyond-displayed": with_fill(GOOD, displayed=10),
    "no-quotes": but(GOOD, has_quotes=False, fill_rule="next"),
    "too-many-parameters": but(GOOD, parameters=32),
    "last-price-fills": but(EMPTY, fill_rule="last"),
    "zero-latency": but(EMPTY, latency_ms=0.0),
    "no-fees": but(EMPTY, fees="none"),
    "tiny-exposure": EMPTY,
    "left-open": only(GOOD, -1),
    "no-data": EMPTY,
    "implausible-sharpe": with_risk(GOOD, sharpe=4.0),
}


@pytest.mark.parametrize("rule", NEARLY)
def test_a_rule_stays_silent_on_a_near_miss(rule: str) -> None:
    assert rule not in {finding.rule for finding in explain(NEARLY[rule])}


def test_findings_are_ranked_gravest_first() -> None:
    facts = but(GOOD, latency_ms=0.0, synthetic=True, fill_rule="last", fees="none")
    ranks = [finding.severity for finding in explain(facts)]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] == Severity.PROBLEM
    assert [finding.rule for finding in explain(facts)][-2:] == ["zero-latency", "no-fees"]


def test_a_signal_without_a_threshold_is_reported_as_far_as_known() -> None:
    (found, *_) = explain(but(EMPTY, largest_signal=0.5))
    assert found.text.endswith("The largest signal was 0.5.")
    (found, *_) = explain(EMPTY)
    assert found.text == "No fills: the strategy gave no signal in 5,000 events."


def test_a_zero_quantity_weighs_less_when_other_signals_filled() -> None:
    rules = {finding.rule: finding.severity for finding in explain(but(GOOD, zero_quantity=1))}
    assert rules == {"sized-to-zero": Severity.WARNING}


def test_a_low_probability_doubts_a_sharpe_however_many_trips_there_are() -> None:
    (found,) = explain(with_risk(GOOD, sharpe=0.4, probabilistic_sharpe=0.6))
    assert "is above 0 is 60 %" in found.text


def test_sells_only_are_named_as_such() -> None:
    texts = [finding.text for finding in explain(only(GOOD, -1))]
    assert any("only sells" in text for text in texts)


def test_many_trials_make_many_parameters_weigh_more() -> None:
    (found,) = explain(but(GOOD, parameters=33, trials=500))
    assert found.severity == Severity.WARNING
    assert "after 500 trials" in found.text


def test_every_rule_is_in_the_table_once() -> None:
    assert len(set(RULES)) == len(RULES)
    assert len(FIRING) == len(RULES) + 3  # three rules find either of two things


def test_of_a_script_the_gateway_is_named_as_the_one_who_refused() -> None:
    (found, *_) = explain(but(EMPTY, script=True, signals=3, refused={"201": 1, "110": 2}))
    assert found.rule == "all-refused"
    assert "the gateway refused every order, by code: 110 2×, 201 1×" in found.text


def test_where_a_stop_is_asked_for_and_none_was_given_the_remedy_is_a_stop() -> None:
    (found, *_) = explain(but(EMPTY, signals=5, refused={"protection": 5}))
    assert (found.rule, "stop_loss_pct=0.01" in found.advice) == ("all-refused", True)
