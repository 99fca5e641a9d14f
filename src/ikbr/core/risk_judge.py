"""The judge of the risk manager: puts an order request through the rules that the limits set."""

from __future__ import annotations

from ikbr.core.risk_case import Case
from ikbr.core.risk_chain import active_rules, in_stages
from ikbr.core.risk_checks import SEVERAL, Rule
from ikbr.core.sizing import order_price
from ikbr.domain.events import Refused
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import NAN, Order, OrderRequest
from ikbr.domain.ticker import Ticker


class Judge:
    """Choose the rules once, then ask them of every order.

    An order with quantity ≤ |position| − working reducing quantity passes the rules about
    exposure, drawdown and intervals: what shrinks risk must never be held up by it.

    Attributes:
        case: What the rules look at.
        correlates: Whether any rule asks how symbols move together.
    """

    __slots__ = (
        "_clearance",
        "_entering",
        "_ledger",
        "_portfolio",
        "_reducing",
        "_rules",
        "_several",
        "case",
        "correlates",
    )

    def __init__(self, case: Case, rules: tuple[Rule, ...], *, several: bool) -> None:
        """Choose the rules that the limits of the case switch on.

        Args:
            case: The state of the account; it is filled anew for every order.
            rules: The table, in the order in which rules are asked.
            several: Whether several symbols may be ordered.
        """
        self.case = case
        self._clearance = case.clearance
        self._ledger = case.ledger
        self._portfolio = case.portfolio
        self._rules = rules
        self._several = several
        self.choose_rules()

    def set_limits(self, limits: RiskLimits) -> None:
        """Judge by other limits from now on."""
        self.case.set_limits(limits)
        self.choose_rules()

    def choose_rules(self) -> None:
        """Put the rules that are set into the chains; no other is ever asked."""
        blocked = bool(self._clearance.blocked)
        active = active_rules(self._rules, self.case.limits, blocked=blocked, several=self._several)
        self.correlates = any(rule.scope == SEVERAL for rule in active)
        self._entering = in_stages(active)
        self._reducing = in_stages([rule for rule in active if rule.binds_reducing])

    def check(
        self,
        request: OrderRequest,
        strategy: str,
        ticker: Ticker,
        now_ns: int,
        replaces: Order | None = None,
    ) -> Refused | None:
        """Judge an order before it is sent.

        Args:
            request: What is asked.
            strategy: By whom.
            ticker: The market of its symbol.
            now_ns: The present, ns UTC.
            replaces: The working order that it modifies; its own open quantity does not count.

        Returns:
            None when it may be sent, else the first rule that forbids it.
        """
        if replaces is not None:
            return self._check_modification(request, strategy, ticker, now_ns, replaces)
        case, symbol = self.case, request.symbol
        book = self._ledger.books.get(symbol)
        if book is None:
            book = self._ledger.book(symbol)
        portfolio = self._portfolio
        position = portfolio.positions.get(symbol)
        held = position.quantity if position is not None else 0
        # What a changed order has filled by now is part of what is held.
        more = request.quantity - case.executed
        reduces = (
            held != 0
            and (held > 0) is not (request.side > 0)
            and more <= book.free_to_reduce(held, request.oca_group, gives_way=request.reduce_only)
        )
        asked, priced, valued = self._reducing if reduces else self._entering
        case.request = request
        case.strategy = strategy
        case.ticker = ticker
        case.now_ns = now_ns
        case.book = book
        case.held = held
        for test in asked:
            if (refused := test(case)) is not None:
                return refused
        if priced or valued:
            case.price = price = order_price(request, ticker)
            rate = portfolio.fx_micro.get(book.currency, NAN)
            case.unit_micro = abs(price) * book.multiplier * rate
            for test in priced:
                if (refused := test(case)) is not None:
                    return refused
            if price == price:
                book.price = price
        if valued:
            case.after = (
                book.highest(held, request.oca_group) + more
                if request.side > 0
                else book.lowest(held, request.oca_group) - more
            )
            case.equity_micro = portfolio.equity_micro()
            case.others = None
            for test in valued:
                if (refused := test(case)) is not None:
                    return refused
        return None

    def _check_modification(
        self, request: OrderRequest, strategy: str, ticker: Ticker, now_ns: int, order: Order
    ) -> Refused | None:
        case, ledger = self.case, self._ledger
        entry = ledger.remove(order.order_id)
        case.modifies = True
        case.replaced = order
        case.executed = order.executed
        try:
            return self.check(request, strategy, ticker, now_ns)
        finally:
            case.modifies = False
            case.replaced = None
            case.executed = 0
            if entry is not None:
                ledger.put_back(entry)

    def reduces(self, request: OrderRequest) -> bool:
        """Say whether an order can only shrink the position, whatever else works."""
        position = self._portfolio.positions.get(request.symbol)
        held = position.quantity if position is not None else 0
        book = self._ledger.book(request.symbol)
        free = book.free_to_reduce(held, request.oca_group, gives_way=request.reduce_only)
        return held * request.side < 0 and request.quantity <= free

    def only_reduces(self, order: Order) -> bool:
        """Say whether an order that is counted as open can only shrink its position."""
        request, entry = order.request, self._ledger.remove(order.order_id)
        held = self._portfolio.quantity(request.symbol)
        book = self._ledger.book(request.symbol)
        free = book.free_to_reduce(held, request.oca_group, gives_way=request.reduce_only)
        if entry is not None:
            self._ledger.put_back(entry)
        return held * request.side < 0 and request.quantity <= free

    def unit_micro(self, request: OrderRequest) -> float:
        """Value a quantity of 1 of an order that was checked, millionths of the base currency.

        Returns:
            The value at its own price, or at which its symbol was valued last; NaN if unknown.
        """
        book = self._ledger.book(request.symbol)
        price = request.limit_price or request.stop_price or book.price
        rate = self._portfolio.fx_micro.get(book.currency, NAN)
        return abs(price) * book.multiplier * rate if price else NAN
