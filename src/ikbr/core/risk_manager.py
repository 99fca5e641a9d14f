"""The risk manager: every order passes it, or is told why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ikbr.core.clearance import Clearance
from ikbr.core.correlation import ReturnHistory
from ikbr.core.halts import Halts
from ikbr.core.risk_case import Case
from ikbr.core.risk_checks import RULES, Rule
from ikbr.core.risk_judge import Judge
from ikbr.core.risk_ledger import RiskLedger
from ikbr.core.sizing import position_size, touch_price
from ikbr.core.slot import SlotTable
from ikbr.core.traffic import Traffic
from ikbr.domain.errors import ConfigError
from ikbr.domain.events import Refused
from ikbr.domain.instrument import Instrument
from ikbr.domain.limit_table import check_tightening, is_counted
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import NAN, Fill, Order, OrderRequest, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.domain.timers import NEVER


class RiskManager:
    """Judge order requests by the table of rules, and watch the equity.

    Attributes:
        limits: What is allowed.
        history: Returns for the correlation rule; feed it once a minute.
        ledger: Open orders per symbol and side.
        halts: The latches and floors.
        traffic: What was sent, as the last hop counts it.
        clearance: Whether orders may go at all, and in which symbols.
        withheld: Orders that were stopped on our side after risk let them through; that is no
            rejection by the broker, and nothing that hangs on them may leave.
        resumed_day: The trading day that an earlier run was in, YYYY-MM-DD; "" for none.
        on_trip: Told of whatever stops orders until a person or another session comes.
        judge: Asks the rules.
    """

    __slots__ = (
        "_portfolio",
        "clearance",
        "halts",
        "history",
        "judge",
        "ledger",
        "limits",
        "on_trip",
        "resumed_day",
        "traffic",
        "withheld",
    )

    def __init__(
        self,
        limits: RiskLimits,
        portfolio: Portfolio,
        instruments: Mapping[str, Instrument],
        *,
        history: ReturnHistory | None = None,
        rules: tuple[Rule, ...] = RULES,
    ) -> None:
        """Set the rules that the limits switch on.

        Args:
            limits: What is allowed.
            portfolio: The account's books; read, never written.
            instruments: What may be ordered, by symbol.
            history: Returns to start from.
            rules: The table, in the order in which rules are asked.
        """
        self.limits = limits
        self.history = history if history is not None else ReturnHistory()
        self.ledger = RiskLedger(instruments)
        self.halts = Halts(limits, portfolio.equity_micro())
        self.traffic = Traffic()
        self.clearance = Clearance()
        self.on_trip: Callable[[Refused], None] = _ignore
        self.resumed_day = ""
        self.withheld: set[int] = set()
        self._portfolio = portfolio
        case = Case(
            limits, portfolio, self.ledger, self.halts, self.history, self.traffic, self.clearance
        )
        self.judge = Judge(case, rules, several=len(instruments) > 1)

    def check(
        self,
        request: OrderRequest,
        strategy: str,
        ticker: Ticker,
        now_ns: int,
        replaces: Order | None = None,
    ) -> Refused | None:
        """Judge an order before it is sent; see `Judge.check`."""
        return self.judge.check(request, strategy, ticker, now_ns, replaces)

    @property
    def slots(self) -> SlotTable:
        """What each strategy holds, and which of its orders work."""
        return self.judge.case.slots

    @slots.setter
    def slots(self, slots: SlotTable) -> None:
        self.judge.case.slots = slots

    def calculate_position_size(
        self,
        signal: Signal,
        ticker: Ticker,
        equity_micro: int,
        share: float = 1.0,
        reach: float = 0.0,
    ) -> int:
        """Turn a signal into the quantity of a full position, valued as `check` values it.

        Args:
            signal: What is wanted; its strength scales the size.
            ticker: The market of its symbol.
            equity_micro: Equity of the account, millionths of the base currency.
            share: Part of the equity that the strategy may use.
            reach: How far beyond the touch a limit of the order may lie, as a fraction of it.

        Returns:
            Unsigned quantity in whole lots; 0 without a price, and for "FLAT".
        """
        if signal.action == "FLAT":
            return 0
        book = self.ledger.book(signal.symbol)
        buys = signal.action == "BUY"
        price = touch_price(Side.BUY if buys else Side.SELL, ticker) * (1 + reach * buys)
        rate = self._portfolio.fx_micro.get(book.currency, NAN)
        unit = abs(price) * book.multiplier * rate
        return position_size(
            self.limits, equity_micro, unit, share=share, strength=signal.strength, lot=book.lot
        )

    def reserve(self, order: Order) -> None:
        """Count an order as open for the checks that follow, although it may never be sent."""
        self.ledger.add(order)

    def release(self, order: Order) -> None:
        """Take back `reserve`."""
        self.ledger.remove(order.order_id)

    def on_sent(self, order: Order, now_ns: int) -> None:
        """Count an order as open; call it again after a modification.

        Args:
            order: The order, as sent.
            now_ns: The present, ns UTC.
        """
        request, ledger = order.request, self.ledger
        known = order.order_id in ledger.orders
        if not known:
            ledger.sent_today += 1
        if order.parent_id or request.reduce_only:
            order.closes = True
        elif not known:
            symbol = request.symbol
            book = ledger.books.get(symbol) or ledger.book(symbol)
            position = self._portfolio.positions.get(symbol)
            held = position.quantity if position is not None else 0
            opposes = held != 0 and (held > 0) is not (request.side > 0)
            if not opposes or request.quantity > book.free_to_reduce(held, request.oca_group):
                book.entered[order.strategy] = now_ns
            else:
                order.closes = True
        ledger.add(order)

    def on_fill(self, fill: Fill) -> None:
        """Take a filled quantity out of the open orders (the portfolio books it)."""
        self.ledger.fill(fill.order_id, fill.quantity)

    def on_done(self, order: Order) -> None:
        """Count an order as open no longer: filled, cancelled or rejected."""
        self.ledger.remove(order.order_id)

    def on_equity(self, equity_micro: int, now_ns: int) -> Refused | None:
        """Watch the equity; latch a halt when a floor is reached.

        Args:
            equity_micro: Equity of the account, millionths of the base currency.
            now_ns: The present, ns UTC.

        Returns:
            The halt, the first time; None otherwise.
        """
        halts = self.halts
        if halts.barrier_micro < equity_micro <= halts.peak_micro:
            return None
        return halts.on_equity(equity_micro)

    def on_sample(self, ts_ns: int, marks: Mapping[str, float]) -> None:
        """Take one price per symbol for the correlations; call it once a minute."""
        self.history.on_sample(ts_ns, marks)

    def start_session(self, session: Session, equity_micro: int) -> None:
        """Begin a session: the loss of the day and the counts of orders start anew.

        A session that an earlier run was in already goes on instead.
        """
        self.clearance.session = session
        if self.resumed_day == session.date.isoformat():
            return
        self.halts.start_day(equity_micro)
        self.ledger.sent_today = 0
        self.traffic.start_day(self.limits.max_runs)

    def tighten(self, limits: RiskLimits) -> None:
        """Judge by tighter limits from now on, while orders may be on their way.

        Args:
            limits: What is allowed from now on.

        Raises:
            ConfigError: When a field would loosen, with its name and both values; nothing
                was changed.
        """
        check_tightening(self.limits, limits)
        counted = "" if self.traffic.is_counted else is_counted(limits)
        if limits.preview_notional and not self.limits.preview_notional:
            counted = "preview_notional"
        if counted:
            raise ConfigError(
                f"risk.{counted} cannot be switched on in a run that began without it; stop and "
                f"start again."
            )
        self.limits = limits
        self.halts.set_limits(limits)
        self.judge.set_limits(limits)

    def on_rejected(self, order: Order, now_ns: int) -> None:
        """Count a rejection by the broker; too many block their symbol."""
        limits, symbol = self.limits, order.symbol
        known = symbol in self.clearance.blocked or order.order_id in self.withheld
        if known or not limits.max_rejections:
            return
        window_ns = round(limits.rejection_window_s * 1e9)
        count = self.clearance.on_rejected(symbol, now_ns, window_ns)
        if count >= limits.max_rejections:
            self.block(
                symbol,
                f"{count} orders were rejected within {limits.rejection_window_s:g} s, the last "
                f"because: {order.message.rstrip('.') or 'no reason was given'}",
            )

    def on_stopped(self, order: Order, words: str) -> None:
        """Hear that the last hop stopped what should never have come there."""
        self.on_trip(Refused("last-hop", 0.0, 1.0, f"{order.symbol}: {words}.", NEVER))

    def block(self, symbol: str, reason: str) -> None:
        """Let nothing be entered in a symbol until `unblock`."""
        self.clearance.blocked[symbol] = reason
        self.judge.choose_rules()
        self.on_trip(Refused("blocked", 0.0, 1.0, f"{symbol}: it is blocked: {reason}.", NEVER))

    def restore_blocks(self, blocked: Mapping[str, str]) -> None:
        """Block again what was blocked before a restart; nobody is told once more."""
        self.clearance.blocked.update(blocked)
        self.judge.choose_rules()

    def unblock(self, symbol: str) -> None:
        """Let a symbol be entered again."""
        self.clearance.unblock(symbol)
        self.judge.choose_rules()

    def enable(self, strategy: str) -> None:
        """Let a strategy that ordered too often enter again; its orders count from 0."""
        self.traffic.runs.pop(strategy, None)

    def halt(self, reason: str) -> Refused:
        """Stop entries until `arm`; orders that only reduce still pass."""
        return self.halts.kill(reason)

    def arm(self) -> None:
        """Release every halt; losses are counted from the present equity."""
        self.halts.clear(self._portfolio.equity_micro())

    @property
    def halted(self) -> Refused | None:
        """The most serious halt in force; None while entries are allowed."""
        return self.halts.current

    @property
    def peak_micro(self) -> int:
        """The high-water mark of the equity."""
        return self.halts.peak_micro

    @property
    def floor_micro(self) -> int:
        """Equity at or below which the drawdown halt trips; NO_FLOOR when it cannot."""
        return self.halts.floor_micro

    @property
    def barrier_micro(self) -> int:
        """Equity at or below which any halt trips: the higher of all floors."""
        return self.halts.barrier_micro


def _ignore(_refused: Refused) -> None:
    pass
