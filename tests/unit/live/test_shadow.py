"""The shadow broker answers what the pipeline asks of a broker, and sends nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ikbr.broker.account_state import AccountState
from ikbr.core.pipeline import guarded
from ikbr.core.risk_manager import RiskManager
from ikbr.domain.contracts import parse_contract
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO
from ikbr.domain.limits import PROFILES
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Order, OrderRequest, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session
from ikbr.domain.ticker import Ticker
from ikbr.domain.timers import TimerHeap
from ikbr.live.shadow import ShadowBroker

SPY = parse_contract("SPY")
NOW = 1_772_461_800_000_000_000


def test_large_orders_can_be_previewed_in_shadow_with_the_limits_of_paper_and_live() -> None:
    clock = TimerHeap(NOW)
    state = AccountState(
        account="DU1", base="USD", net_liquidation=100_000.0, cash_micro={"USD": 10**11}, fx={}
    )
    broker = ShadowBroker([SPY], clock, state, ExecutionModel(fees="none", account="reg-t"))
    broker.attach(*([lambda _word: None] * 3))
    broker.open_session(Session(dt.date(2026, 3, 2), NOW, NOW + 10**12))
    ticker = Ticker(SPY)
    ticker.bid, ticker.ask = 99.99, 100.01
    broker.on_row(ticker, 0)
    answers: list[Any] = []
    broker.preview(Order(1, OrderRequest("SPY", Side.BUY, 100), SPY, "m"), answers.append)
    [preview] = answers
    assert isinstance(preview, MarginPreview)
    assert preview.initial_after_micro == 5_000_500_000
    books = Portfolio({"SPY": SPY}, 100_000 * MICRO)
    for profile in ("paper", "live"):
        guarded(broker, RiskManager(PROFILES[profile], books, {"SPY": SPY}), clock)
