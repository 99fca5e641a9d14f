"""A case before the risk manager: one order request with all that the rules want to know."""

from __future__ import annotations

from ikbr.core.correlation import ReturnHistory
from ikbr.core.halts import Halts
from ikbr.core.risk_ledger import Book, RiskLedger
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderRequest
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.ticker import Ticker


class Case:
    """Hold one request and the state it is judged by; reused from request to request.

    Attributes:
        limits, portfolio, ledger, halts, history: The state of the account.
        request, strategy, ticker, now_ns: What is asked, by whom, in which market, when.
        book: The open orders of its symbol.
        held: The signed position in its symbol.
        reduces: Whether it can only shrink the position.
        modifies: Whether it changes an order that already works.
        price: At which it is valued; NaN if unknown. From stage PRICED on.
        unit_micro: Value of a quantity of 1 at that price, millionths of the base currency.
        after: The position if this order and all open ones of its side fill. At stage VALUED.
        equity_micro: Equity of the account. At stage VALUED.
        others: What every other symbol may come to hold, valued, once a rule has asked.
    """

    __slots__ = (
        "after",
        "book",
        "equity_micro",
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
        "reduces",
        "request",
        "retry_after_ns",
        "strategy",
        "ticker",
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
    ) -> None:
        """Join the state of the account."""
        self.limits = limits
        self.portfolio = portfolio
        self.ledger = ledger
        self.halts = halts
        self.history = history
        self.retry_after_ns = round(limits.refusal_retry_s * 1e9)
        self.now_ns = self.held = self.after = self.equity_micro = 0
        self.reduces = self.modifies = False
        self.price = self.unit_micro = 0.0
        self.others: dict[str, float] | None = None

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
