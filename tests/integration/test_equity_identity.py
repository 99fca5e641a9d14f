"""Equity = cash + Σ position × multiplier × mark × fx, after every event and on both sides."""

from __future__ import annotations

import datetime as dt
import random
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scripts import replay
from tapes import HOUR_NS, OPEN_NS, Restless

from ikbr.backtest.engine import Instance, Setup
from ikbr.backtest.stage import Stage
from ikbr.core.event_bus import EventBus
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import EventType
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import Order
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.journal.memory_journal import MemoryJournal

MENU = {
    "SPY": (parse_contract("SPY"), 6_000_000),
    "EUR.USD": (parse_contract("EUR.USD"), 110_000),
    "USD.JPY": (parse_contract("USD.JPY"), 150_000),
    "SAP": (Instrument(symbol="SAP", currency="EUR", exchange="IBIS"), 2_000_000),
    "7203": (Instrument(symbol="TOYO", currency="JPY", price_scale=1, tick_bands=((0, 1),)), 2_500),
    "ES": (parse_contract("ES 202612 CME"), 600_000),
    "OPT": (parse_contract("SPY   261218C00600000"), 500),
}
SESSIONS = [
    Session(dt.date(2026, 3, 2), OPEN_NS, OPEN_NS + 6 * HOUR_NS),
    Session(dt.date(2026, 3, 3), OPEN_NS + 24 * HOUR_NS, OPEN_NS + 30 * HOUR_NS),
]


def world_tape(names: list[str], seed: int, rows: int) -> Tape:
    """Make quotes and prints of instruments of all kinds; currencies have quotes only."""
    rng = random.Random(seed)
    instruments = tuple(MENU[name][0] for name in names)
    state = [[NO_PRICE, NO_PRICE, NO_PRICE] for _ in names]
    price = [MENU[name][1] for name in names]
    columns: list[tuple[int, ...]] = []
    ts = OPEN_NS
    for row in range(rows):
        ts += rng.choice([0, 1, 50_000_000, 2_000_000_000, 20_000_000_000])
        if row == rows // 2:
            ts = OPEN_NS + 24 * HOUR_NS + 1
        sym = rng.randrange(len(names))
        step = instruments[sym].increment(price[sym])
        price[sym] = max(20 * step, price[sym] + rng.randrange(-6, 7) * step)
        kind, size, own = Kind.QUOTE, 0, state[sym]
        if rng.random() < 0.4 and "." not in names[sym]:
            kind, size = Kind.PRINT, rng.choice([1, 100])
            own[2] = price[sym] + rng.randrange(-2, 3) * step
        else:
            own[0] = price[sym] - rng.randrange(0, 3) * step
            own[1] = price[sym] + rng.randrange(0, 3) * step
        columns.append((ts, sym, int(kind), *own, size))
    ts_, sym_, kind_, bid, ask, last, size_ = (list(c) for c in zip(*columns, strict=True))
    return Tape(
        instruments,
        np.array(ts_, np.int64),
        np.array(sym_, np.int16),
        np.array(kind_, np.uint8),
        *(np.array(side, np.int32) for side in (bid, ask, last)),
        np.full(rows, 300, np.int32),
        np.full(rows, 300, np.int32),
        np.array(size_, np.int64),
    )


def expected_micro(books: Portfolio, marks: dict[str, int]) -> tuple[Fraction, int]:
    """Value books anew; also say how many amounts may have been rounded down."""
    total, rounded = Fraction(0), 0
    parts = [(Fraction(amount), c) for c, amount in books.cash_micro.items()]
    for symbol, held in books.positions.items():
        if held.quantity:
            one = held.instrument
            price = Fraction(marks[symbol], one.price_scale)
            parts.append((held.quantity * one.multiplier * price * MICRO, one.currency))
    for amount, currency in parts:
        rounded += currency != books.base
        total += amount * Fraction(books.fx_micro.get(currency, 0), MICRO)
    return total, rounded


class Auditor:
    """Look at all books after every event."""

    def __init__(self, stage: Stage, bus: EventBus, *, in_step: bool) -> None:
        """Listen to everything."""
        self.stage = stage
        self.in_step = in_step
        self.events = self.most_held = 0
        for topic in EventType:
            bus.subscribe(topic, self.audit, name=f"audit {topic}", priority=0)
        bus.subscribe(EventType.TICK, self.audit_row, name="audit rows")

    def audit(self, event: object) -> None:
        """Check the identity on our side."""
        stage = self.stage
        self.events += 1
        books = stage.trader.portfolio
        marks = {i.symbol: stage.standing_mark(n) for n, i in enumerate(stage.instruments)}
        if isinstance(event, Order):
            # It may be moved by a row that has not been taken into the marks yet.
            marks = {symbol: held.mark_units for symbol, held in books.positions.items()}
        total, rounded = expected_micro(books, marks)
        assert stage.valuation.equity_micro == books.equity_micro()
        assert 0 <= total - books.equity_micro() <= rounded

    def audit_row(self, _event: object) -> None:
        """Check that all books agree, once a row is wholly done."""
        stage = self.stage
        ours, theirs = stage.trader.portfolio, stage.account.portfolio
        running = stage.trader.manager.running
        if self.in_step:
            assert shown(ours) == shown(theirs)
            assert ours.equity_micro() == theirs.equity_micro()
        held = {s: p.quantity for s, p in ours.positions.items() if p.quantity}
        assert stage.trader.manager.net_positions() == held
        self.most_held = max(self.most_held, len(held))
        for currency, amount in ours.cash_micro.items():
            start = round(stage.setup.capital * MICRO) if currency == ours.base else 0
            own = sum(r.books.cash_micro.get(currency, 0) for r in running)
            shares = sum(round(start * r.share) for r in running)
            assert amount - start == own - shares, currency


def shown(books: Portfolio) -> dict[str, Any]:
    """Show everything that must be equal between two sides."""
    positions = {
        symbol: (p.quantity, p.cost_micro, p.realised_micro, p.fees_micro, p.mark_units)
        for symbol, p in books.positions.items()
        if p.quantity
    }
    return {"cash": books.cash_micro, "fx": books.fx_micro, "positions": positions}


def audited(case: dict[str, Any]) -> Auditor:
    """Run restless strategies over a tape with an auditor beside them."""
    names = case["names"]
    if {"SAP", "7203"} & set(names) and not case["given"]:
        names = ["EUR.USD", "USD.JPY", *[n for n in names if "." not in n]]
    tape = world_tape(names, case["seed"], case["rows"])
    symbols = tuple(i.symbol for i in tape.instruments)
    setup = Setup(
        capital=case["capital"],
        limits=RiskLimits(
            max_position_pct=0, max_gross_pct=0, max_drawdown_pct=0, min_order_interval_s=0
        ),
        model=ExecutionModel(
            fill=case["fill"],
            latency_ms=case["latency"],
            response_latency_ms=case["response"],
            fees="ibkr-fixed",
            volume_cap=case["cap"],
            account=case["account"],
        ),
        quantity=3,
        fx={"EUR": 1.1, "JPY": 0.0067} if case["given"] else {},
    )
    bus = EventBus()
    errors: list[Exception] = []
    bus.on_failure = lambda _, error: errors.append(error)
    stage = Stage(
        tape.instruments,
        SESSIONS,
        (),
        [
            Instance(Restless(case["seed"] + n, 4), f"restless-{n}", symbols[n:] or symbols, 0.5)
            for n in range(2)
        ],
        setup,
        bus=bus,
        journal=MemoryJournal(),
        intraday=True,
    )
    auditor = Auditor(stage, bus, in_step=case["response"] == 0)
    stage.agenda.subscribe_bars()
    bus.start()
    replay(stage, tape, SESSIONS)
    for error in errors:
        raise error
    return auditor


@given(
    st.fixed_dictionaries(
        {
            "seed": st.integers(0, 10_000),
            "rows": st.integers(2, 250),
            "names": st.lists(st.sampled_from(sorted(MENU)), min_size=1, max_size=5, unique=True),
            "given": st.booleans(),
            "capital": st.sampled_from([30_000.0, 3_000_000.0]),
            "fill": st.sampled_from(["quote", "next", "last"]),
            "latency": st.sampled_from([0.0, 60.0]),
            "response": st.sampled_from([0.0, 0.0, 60.0]),
            "cap": st.sampled_from([0.0, 0.5]),
            "account": st.sampled_from(["simple", "reg-t"]),
        }
    )
)
@settings(max_examples=80, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_equity_is_cash_and_positions_at_their_marks_after_every_event(
    case: dict[str, Any],
) -> None:
    audited(case)


def test_the_audit_sees_positions_of_every_kind() -> None:
    case = {
        "seed": 5, "rows": 900, "names": sorted(MENU), "given": False, "capital": 9_000_000.0,
        "fill": "quote", "latency": 0.0, "response": 0.0, "cap": 0.0, "account": "simple",
    }  # fmt: skip
    auditor = audited(case)
    assert auditor.most_held == len(MENU)
    assert auditor.events > 900
