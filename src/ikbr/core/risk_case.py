"""A case before the risk manager: one order request with all that the rules want to know."""

from __future__ import annotations

from ikbr.core.clearance import Clearance
from ikbr.core.correlation import ReturnHistory
from ikbr.core.halts import Halts
from ikbr.core.risk_ledger import Book, RiskLedger
from ikbr.core.slot import SlotTable
from ikbr.core.traffic import Traffic
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO
from ikbr.domain.limits import RiskLimits, sector_of
from ikbr.domain.order import Order, OrderRequest
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.ticker import Ticker

SLACK_MICRO = 1.0
"""A millionth of the base currency: no order is refused for the rounding of a float."""


class Case:
    """Hold one request and the state it is judged by; reused from request to request.

    Attributes:
        limits, portfolio, ledger, halts, history, traffic, clearance: The state of the account.
        slots: What each strategy holds, and which of its orders work.
        sector_of: The sector of each symbol that has one.
        request, strategy, ticker, now_ns: What is asked, by whom, in which market, when.
        book: The open orders of its symbol.
        held: The signed position in its symbol.
        modifies: Whether it changes an order that already works.
        replaced: That order.
        executed: What that order has filled by now.
        price: At which it is valued; NaN if unknown. From stage PRICED on.
        unit_micro: Value of a quantity of 1 at that price, millionths of the base currency.
        after: The position if this order and all open ones of its side fill. At stage VALUED.
        equity_micro: Equity of the account. At stage VALUED.
        others: What every other symbol may come to hold, valued, once a rule has asked.
    """

    __slots__ = (
        "after",
        "book",
        "clearance",
        "equity_micro",
        "executed",
        "halts",
        "held",
        "history",
        "ledger",
        "limits",
        "modifies",
        "now_ns",
        "others",
        "portfolio",
        "price",
        "replaced",
        "request",
        "retry_after_ns",
        "sector_of",
        "slots",
        "strategy",
        "ticker",
        "traffic",
        "unit_micro",
    )

    request: OrderRequest
    strategy: str
    ticker: Ticker
    book: Book

    def __init__(
        self,
        limits: RiskLimits,
        portfolio: Portfolio,
        ledger: RiskLedger,
        halts: Halts,
        history: ReturnHistory,
        traffic: Traffic,
        clearance: Clearance,
    ) -> None:
        """Join the state of the account."""
        self.portfolio = portfolio
        self.ledger = ledger
        self.halts = halts
        self.history = history
        self.traffic = traffic
        self.clearance = clearance
        self.slots = SlotTable((), {})
        self.replaced: Order | None = None
        self.set_limits(limits)
        self.now_ns = self.held = self.after = self.equity_micro = self.executed = 0
        self.modifies = False
        self.price = self.unit_micro = 0.0
        self.others: dict[str, float] | None = None

    def set_limits(self, limits: RiskLimits) -> None:
        """Judge by other limits from now on."""
        self.limits = limits
        self.retry_after_ns = round(limits.refusal_retry_s * 1e9)
        self.sector_of = sector_of(limits.sectors)

    def tick_at(self, price: float) -> float:
        """Give the smallest step of the price grid at a price."""
        instrument = self.ticker.instrument
        return instrument.to_price(instrument.increment(instrument.to_units(price)))

    def refuse(
        self, rule: str, limit: float, actual: float, reason: str, retry_ns: int | None = None
    ) -> Refused:
        """Make the refusal of this case.

        Args:
            rule: Name of the rule.
            limit: What is allowed, in the rule's unit.
            actual: What the order would have made of it.
            reason: What happened, without the symbol.
            retry_ns: When it is worth asking again; None for the usual pause.
        """
        if retry_ns is None:
            retry_ns = self.now_ns + self.retry_after_ns
        return Refused(rule, limit, actual, f"{self.request.symbol}: {reason}", retry_ns)

    def money(self, micro: float) -> str:
        """Write an amount for people."""
        return f"{micro / MICRO:,.2f} {self.portfolio.base}"
