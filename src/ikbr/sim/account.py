"""The broker's account: what it accepts, charges, books, lends and takes back."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO, Instrument, SecType
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Fill, OrderRequest, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session
from ikbr.domain.tape import CorporateAction
from ikbr.sim.account_state import AccountState, PositionState
from ikbr.sim.actions import apply_action
from ikbr.sim.day_trades import MINIMUM_EQUITY_MICRO, DayTrades
from ikbr.sim.fees import FeeSchedule, new_york_day
from ikbr.sim.liquidation import liquidation_orders
from ikbr.sim.margin import MarginBook
from ikbr.sim.settlement import Settlement

MINIMUM_MARGIN_EQUITY_MICRO = 2_000 * MICRO
"""Source: FINRA Rule 4210(b): 2,000 dollars to borrow or sell short."""

_MOST_FEES_MICRO = 5 * MICRO
"""More than any list charges per share, contract or order, beside two per cent of the value."""

_DAY_TRADED = (SecType.STOCK, SecType.OPTION)


class Account:
    """Keep one account at the simulated broker.

    Attributes:
        portfolio: Its books.
        fees: Its price list.
        charge: Charges a fill; see `FeeSchedule.charge`.
        release: Forgets an order that ended before it was filled whole.
        safe_move: Bounds the move of all marks that cannot lead to a liquidation; see
            `MarginBook.safe_move`.
    """

    __slots__ = (
        "_actions_until_ns",
        "_date",
        "_day_traded",
        "_day_trades",
        "_equity_at_close",
        "_instruments",
        "_margin",
        "_model",
        "_settlement",
        "charge",
        "fees",
        "portfolio",
        "release",
        "safe_move",
    )

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        capital: float,
        model: ExecutionModel,
        *,
        base: str = "USD",
        fx: Mapping[str, float] | None = None,
    ) -> None:
        """Open the account.

        Args:
            instruments: What may be held, by symbol.
            capital: Opening cash, base currency.
            model: The settings of the simulated market.
            base: The base currency.
            fx: Value of one unit of other currencies in the base currency.

        Raises:
            FeeTableError: When `fees_as_of` is before the fee table's first row.
        """
        self._instruments = instruments
        self._model = model
        self.portfolio = Portfolio(instruments, round(capital * MICRO), base, fx)
        self.fees = FeeSchedule(model, self.portfolio.rate_micro)
        self.charge = self.fees.charge
        self.release = self.fees.release
        self._margin = MarginBook(instruments, self.portfolio, model.account)
        self.safe_move = self._margin.safe_move
        self._settlement = Settlement() if model.account == "cash" else None
        limited = model.account == "reg-t" and model.pattern_day_rule
        self._day_trades = DayTrades() if limited else None
        self._day_traded = frozenset(
            symbol for symbol, one in instruments.items() if limited and one.sec_type in _DAY_TRADED
        )
        self._date: dt.date | None = None
        self._equity_at_close: int | None = None
        self._actions_until_ns = -(2**63)

    # --- orders ---------------------------------------------------------------------------------

    def check(self, instrument: Instrument, side: Side, quantity: int, price_units: int) -> str:
        """Say whether the broker accepts an order.

        Args:
            instrument: What it would trade.
            side: Which way.
            quantity: How much.
            price_units: The price it is expected to fill at.

        Returns:
            "" when it is accepted, which an order that only reduces a position always is; else
            the words of the rejection.

        Source: IBKR, TWS API message code 201 ("Order rejected - reason: …").
        """
        symbol = instrument.symbol
        position = self.portfolio.positions.get(symbol)
        held = position.quantity if position is not None else 0
        change = side * quantity
        after = held + change
        shrinks = held and (held > 0) != (change > 0) and abs(change) <= abs(held)
        if shrinks or self._model.account == "simple":
            return ""
        if after < 0 and (words := self._short_refusal(instrument, after)):
            return words
        if after > 0 and self._pays_in_full(instrument, quantity, price_units):
            return ""
        equity, before, needed = self._margin.initial_before_and_after(symbol, after, price_units)
        if self._settlement is not None:
            fees = self._estimate(instrument, side, quantity, price_units)
            unsettled = self._settlement.unsettled_micro()
            return self._settled_refusal(equity - before, unsettled, needed - before + fees)
        if self._is_day_trading(instrument, equity):
            return (
                "Order rejected - reason: pattern day trading rule: three day trades were made in "
                "five sessions and the previous day's equity is below 25,000 USD."
            )
        if needed > before and not self._affords(
            equity - needed, instrument, side, quantity, price_units
        ):
            return (
                "Order rejected - reason: available funds are insufficient: equity with loan "
                f"value {equity / MICRO:,.2f}, initial margin {needed / MICRO:,.2f}."
            )
        if equity < MINIMUM_MARGIN_EQUITY_MICRO and self._borrows(instrument, change, price_units):
            return (
                "Order rejected - reason: minimum of 2,000 USD (or equivalent) equity required to "
                "purchase on margin, sell short, or trade currencies or futures."
            )
        return ""

    def whatif(
        self, instrument: Instrument, side: Side, quantity: int, price_units: int
    ) -> MarginPreview:
        """Say what an order would do to margin and equity.

        Args:
            instrument: What it would trade.
            side: Which way.
            quantity: How much.
            price_units: The price it is expected to fill at.
        """
        portfolio, margin = self.portfolio, self._margin
        position = portfolio.position(instrument.symbol)
        after = position.quantity + side * quantity
        equity, before, needed = margin.initial_before_and_after(
            instrument.symbol, after, price_units
        )
        maintenance = margin.maintenance_micro()
        commission = self.fees.estimate(instrument, side, quantity, price_units)
        mark = position.mark_units
        if not mark:
            position.mark_units = price_units
        quantities = {s: p.quantity for s, p in portfolio.positions.items()}
        quantities[instrument.symbol] = after
        maintenance_after = margin.maintenance_micro(quantities)
        gained = side * quantity * (position.mark_units - price_units)
        position.mark_units = mark
        change = gained * instrument.unit_value_micro - commission
        return MarginPreview(
            initial_before_micro=before,
            initial_after_micro=needed,
            maintenance_before_micro=maintenance,
            maintenance_after_micro=maintenance_after,
            equity_before_micro=equity,
            equity_after_micro=equity + portfolio.to_base(change, instrument.currency),
            commission_micro=commission,
        )

    def book(self, fill: Fill) -> None:
        """Book a fill.

        Args:
            fill: What happened, with its fees.
        """
        portfolio, symbol = self.portfolio, fill.symbol
        if self._day_trades is not None and symbol in self._day_traded:
            self._day_trades.book(symbol, portfolio.quantity(symbol), fill.side * fill.quantity)
        portfolio.apply_fill(fill)
        if self._settlement is not None and fill.side < 0:
            self._hold_proceeds(fill, self._settlement)

    # --- sessions -------------------------------------------------------------------------------

    def open_session(
        self, session: Session, actions: Sequence[CorporateAction] = ()
    ) -> dict[str, int]:
        """Begin a trading day: settle, charge the nights, book corporate actions.

        Args:
            session: The day.
            actions: Splits and dividends in order of time; those due by the open and after the
                open before are booked.

        Returns:
            The borrow fees that were charged, by symbol, millionths of its currency.

        Raises:
            FeeTableError: When no fees are known for the day.
        """
        self.fees.start_day(session.open_ns)
        charges: dict[str, int] = {}
        if self._date is not None and session.date > self._date:
            charges = self._charge_borrow((session.date - self._date).days)
            if self._settlement is not None:
                self._settlement.open_session(session.date)
            if self._day_trades is not None:
                self._day_trades.next_session()
        if self._model.corporate_actions:
            for action in actions:
                if self._actions_until_ns < action.ts_ns <= session.open_ns:
                    apply_action(self.portfolio, action)
        self._actions_until_ns = session.open_ns
        self._date = session.date
        return charges

    def close_session(self, session: Session) -> None:
        """End a trading day: note its equity, by which the day trading rule goes."""
        self._equity_at_close = self.portfolio.equity_micro()

    # --- written down ---------------------------------------------------------------------------

    def state(self) -> AccountState:
        """Write down what it is."""
        portfolio, settlement, day_trades = self.portfolio, self._settlement, self._day_trades
        return AccountState(
            cash_micro=dict(portfolio.cash_micro),
            positions={s: PositionState.of(one) for s, one in portfolio.positions.items()},
            fees=self.fees.state(),
            sales=settlement.state() if settlement is not None else [],
            day_trades=day_trades.state() if day_trades is not None else None,
            date=self._date,
            equity_at_close=self._equity_at_close,
            actions_until_ns=self._actions_until_ns,
        )

    def resume(self, state: AccountState) -> None:
        """Be what was written down."""
        state.fill(self.portfolio, dict(self._instruments))
        self.fees.resume(state.fees)
        if self._settlement is not None:
            self._settlement.resume(state.sales)
        if self._day_trades is not None and state.day_trades is not None:
            self._day_trades.resume(state.day_trades)
        self._date = state.date
        self._equity_at_close = state.equity_at_close
        self._actions_until_ns = state.actions_until_ns

    # --- margin ---------------------------------------------------------------------------------

    def maintenance_excess_micro(self) -> int:
        """Subtract the maintenance margin from the equity, at the marks."""
        return self.portfolio.equity_micro() - self._margin.maintenance_micro()

    def liquidation_orders(self) -> list[OrderRequest]:
        """Choose what to close when the excess is negative; see `liquidation`."""
        if self._model.account == "simple":
            return []
        return liquidation_orders(self.portfolio, self._margin)

    # --- inside ---------------------------------------------------------------------------------

    def _pays_in_full(self, instrument: Instrument, quantity: int, price_units: int) -> bool:
        """Say whether free cash so clearly pays for a purchase that nothing else need be asked.

        All that is held is long and paid for, so that equity and available funds are at least
        the cash that is left; with 25,000 of it, and of equity the evening before, no rule about
        small accounts applies.
        """
        portfolio, evening = self.portfolio, self._equity_at_close
        if self._settlement is not None or instrument.currency != portfolio.base:
            return False
        if evening is not None and evening < MINIMUM_EQUITY_MICRO:
            return False
        value = quantity * price_units * instrument.unit_value_micro
        fees = value // 50 + quantity * _MOST_FEES_MICRO + _MOST_FEES_MICRO
        left = portfolio.cash_micro[portfolio.base] - value - fees
        return left >= MINIMUM_EQUITY_MICRO and value >= 0 and self._margin.is_paid_for()

    def _short_refusal(self, instrument: Instrument, after: int) -> str:
        kind = instrument.sec_type
        if kind == SecType.OPTION:
            if -after > self._margin.covered(instrument):
                return (
                    "Order rejected - reason: uncovered short options are not allowed; "
                    f"{instrument.symbol} can be short only as calls on shares that are held."
                )
            return ""
        if kind == SecType.FUTURE:
            return ""
        if self._settlement is not None:
            return "Order rejected - reason: short sales are not allowed in a cash account."
        shortable = self._model.shortable
        if kind == SecType.STOCK and shortable is not None and instrument.symbol not in shortable:
            return f"Order rejected - reason: {instrument.symbol} is not available for short sale."
        return ""

    def _settled_refusal(self, funds: int, unsettled: Mapping[str, int], needed: int) -> str:
        for currency, amount in unsettled.items():
            funds -= self.portfolio.to_base(amount, currency)
        if needed <= funds or needed <= 0:
            return ""
        return (
            f"Order rejected - reason: settled cash {funds / MICRO:,.2f} is insufficient for "
            f"{needed / MICRO:,.2f}."
        )

    def _affords(
        self, spare: int, instrument: Instrument, side: Side, quantity: int, price_units: int
    ) -> bool:
        # Estimating fees is slow; far from the limit a generous bound on them does.
        value = quantity * price_units * instrument.unit_value_micro
        if spare > value // 50 + quantity * _MOST_FEES_MICRO + _MOST_FEES_MICRO:
            return True
        return spare >= self._estimate(instrument, side, quantity, price_units)

    def _estimate(self, instrument: Instrument, side: Side, quantity: int, price_units: int) -> int:
        fees = self.fees.estimate(instrument, side, quantity, price_units)
        return self.portfolio.to_base(fees, instrument.currency)

    def _is_day_trading(self, instrument: Instrument, equity: int) -> bool:
        day_trades = self._day_trades
        if day_trades is None or instrument.symbol not in self._day_traded:
            return False
        at_close = self._equity_at_close
        if at_close is not None and at_close < equity:
            equity = at_close
        return equity < MINIMUM_EQUITY_MICRO and day_trades.forbids(self._date, equity)

    def _borrows(self, instrument: Instrument, change: int, price_units: int) -> bool:
        if change < 0 or instrument.sec_type in (SecType.FUTURE, SecType.FOREX):
            return True
        portfolio = self.portfolio
        cost = portfolio.to_base(
            change * price_units * instrument.unit_value_micro, instrument.currency
        )
        cash = sum(portfolio.to_base(a, c) for c, a in portfolio.cash_micro.items())
        return cash < cost

    def _hold_proceeds(self, fill: Fill, settlement: Settlement) -> None:
        instrument = self._instruments[fill.symbol]
        value = fill.quantity * fill.price_units * instrument.unit_value_micro
        date = self._date or new_york_day(fill.ts_ns)[0]
        settlement.add(
            value - fill.commission_micro, instrument.currency, instrument.sec_type, date
        )

    def _charge_borrow(self, nights: int) -> dict[str, int]:
        """Charge the borrow fee of short stock.

        Source: IBKR, "Short sale cost": 102 % of the price, rounded up to the dollar, times the
        shares, at the yearly rate over 360 days, for every night.
        """
        rate = self._model.borrow_rate
        charges: dict[str, int] = {}
        if not rate:
            return charges
        for position in self.portfolio.positions.values():
            instrument = position.instrument
            if position.quantity >= 0 or instrument.sec_type != SecType.STOCK:
                continue
            price = position.mark_units / instrument.price_scale
            collateral = math.ceil(price * 1.02) * -position.quantity
            fee = round(collateral * rate / 360 * nights * MICRO)
            self.portfolio.add_cash(-fee, instrument.currency)
            charges[instrument.symbol] = fee
        return charges
