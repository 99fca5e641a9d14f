"""Fees: what IBKR charges for a fill, exactly, order by order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO, Instrument, SecType
from ikbr.domain.order import Side
from ikbr.sim import fee_tables as table
from ikbr.sim.account_state import BillState, FeesState

_NEW_YORK = ZoneInfo("America/New_York")
_NS = 1_000_000_000
_STOCK = SecType.STOCK
SMART = "SMART"
"""Where IBKR routes orders itself."""


def new_york_day(ts_ns: int) -> tuple[dt.date, int, int]:
    """Find the day that a moment belongs to in New York.

    Args:
        ts_ns: The moment, ns UTC.

    Returns:
        The date, and the first ns of that day and of the next.

    >>> new_york_day(1_748_736_000 * 1_000_000_000)[0]  # midnight UTC of 1 June
    datetime.date(2025, 5, 31)
    """
    date = dt.datetime.fromtimestamp(ts_ns // _NS, _NEW_YORK).date()
    first, last = (
        dt.datetime.combine(day, dt.time(), _NEW_YORK)
        for day in (date, date + dt.timedelta(days=1))
    )
    return date, int(first.timestamp()) * _NS, int(last.timestamp()) * _NS


def tiered_micro(before: int, shares: int) -> int:
    """Add up the tiered commission of shares, each at the rate of its place in the month.

    Args:
        before: Shares of the month so far.
        shares: Shares that come now.

    Source: IBKR, "Commissions: stocks": volume tiers are marginal.

    >>> tiered_micro(299_999, 2)
    5500
    """
    total = 0
    at = before
    left = shares
    for limit, rate in table.STOCK_TIERS:
        if at < limit:
            part = min(left, limit - at)
            total += part * rate
            at += part
            left -= part
            if not left:
                return total
    return total + left * table.STOCK_LAST_TIER_MICRO


class _Bill:
    """What one order has run up on one day, and what of it was charged."""

    __slots__ = ("charged", "day", "raw", "shares", "value", "venue")

    def __init__(self, day: int) -> None:
        self.day = day
        self.shares = 0
        self.value = 0
        self.raw = 0
        self.venue = 0
        self.charged = 0


class FeeSchedule:
    """Charge fills by one of IBKR's price lists.

    What an order costs is worked out on all its fills of a day together and charged as the
    difference to what was charged before, so that minimum and maximum hold per order however it is
    filled. An order that works overnight starts a new bill.

    Source: IBKR, "Commissions: stocks", "options", "futures", "spot currencies". The numbers stand
    in `fee_tables`. The lists are those of the United States; an instrument in another currency
    pays the same numbers in its own currency.
    """

    __slots__ = (
        "_bills",
        "_charge_stock",
        "_fixed",
        "_free",
        "_from_ns",
        "_month",
        "_month_shares",
        "_rate_micro",
        "_row",
        "_row_fixed",
        "_until_ns",
    )

    def __init__(
        self, model: ExecutionModel, rate_micro: Callable[[str], int] | None = None
    ) -> None:
        """Choose the list.

        Args:
            model: Says which list, and of which day if not of the data's own.
            rate_micro: Gives the value of a currency in a common one, to convert the dollar minimum
                of currencies; None takes all to be worth the same.

        Raises:
            FeeTableError: When `fees_as_of` is before the first row.
        """
        self._free = model.fees == "none"
        self._fixed = model.fees == "ibkr-fixed"
        self._rate_micro = rate_micro
        self._bills: dict[int, _Bill] = {}
        self._from_ns = 0
        self._until_ns = 0
        self._month = (0, 0)
        self._month_shares = 0
        self._row_fixed = None
        if model.fees_as_of is not None and not self._free:
            self._row_fixed = table.regulatory_row(model.fees_as_of)
        self._row = self._row_fixed or table.REGULATORY[0]

    def charge(
        self,
        order_id: int,
        instrument: Instrument,
        side: Side,
        quantity: int,
        price_units: int,
        ts_ns: int,
        maker: bool,
        ends: bool = False,
    ) -> int:
        """Charge a fill.

        Args:
            order_id: Whose fill it is.
            instrument: What was traded.
            side: Which way.
            quantity: How much.
            price_units: At which price.
            ts_ns: When, ns UTC.
            maker: Whether it added liquidity.
            ends: Whether it is the last fill of its order, which is then forgotten.

        Returns:
            The fees in millionths of the instrument's currency; negative for a rebate.

        Raises:
            FeeTableError: When the day is before the first row of the table.
        """
        if self._free:
            return 0
        if not self._from_ns <= ts_ns < self._until_ns:
            self._enter_day(ts_ns)
        value = quantity * price_units * instrument.unit_value_micro
        if value < 0:
            value = -value
        bills = self._bills
        bill = bills.pop(order_id, None) if bills else None
        if bill is None or bill.day != self._from_ns:
            if ends and self._fixed and instrument.sec_type is _STOCK:
                return self._fixed_total(quantity, value, side, instrument.exchange)
            bill = _Bill(self._from_ns)
        if not ends:
            bills[order_id] = bill
        bill.shares += quantity
        bill.value += value
        if instrument.sec_type is not _STOCK:
            total = self._other_total(bill, instrument, quantity, price_units)
        elif self._fixed or instrument.exchange != SMART:
            total = self._fixed_total(bill.shares, bill.value, side, instrument.exchange)
        else:
            bill.raw += tiered_micro(self._month_shares, quantity)
            bill.venue += quantity * (
                table.EXCHANGE_MAKE_MICRO if maker else table.EXCHANGE_TAKE_MICRO
            )
            self._month_shares += quantity
            total = self._tiered_total(bill, side)
        fee = total - bill.charged
        bill.charged = total
        return fee

    def state(self) -> FeesState:
        """Write down the bills that go on."""
        names = BillState.__struct_fields__
        bills = {
            order_id: BillState(*(getattr(bill, name) for name in names))
            for order_id, bill in self._bills.items()
        }
        return FeesState(bills, self._month, self._month_shares)

    def resume(self, state: FeesState) -> None:
        """Go on with the bills that were written down."""
        self._bills.clear()
        for order_id, one in state.bills.items():
            bill = self._bills[order_id] = _Bill(one.day)
            for name in BillState.__struct_fields__:
                setattr(bill, name, getattr(one, name))
        self._month = state.month
        self._month_shares = state.month_shares

    def estimate(self, instrument: Instrument, side: Side, quantity: int, price_units: int) -> int:
        """Say what an order filled at once would cost on the day of the latest fill or session.

        Args:
            instrument: What would be traded.
            side: Which way.
            quantity: How much.
            price_units: At which price.

        Returns:
            Millionths of the instrument's currency; 0 before the first day is known.
        """
        if self._free or not self._until_ns:
            return 0
        month_shares = self._month_shares
        fee = self.charge(
            -1, instrument, side, quantity, price_units, self._from_ns, maker=False, ends=True
        )
        self._month_shares = month_shares
        return fee

    def release(self, order_id: int) -> None:
        """Forget an order that has ended."""
        self._bills.pop(order_id, None)

    def start_day(self, ts_ns: int) -> None:
        """Take note of the day, so that estimates can be given.

        Raises:
            FeeTableError: When the day is before the first row of the table.
        """
        if not self._free and not self._from_ns <= ts_ns < self._until_ns:
            self._enter_day(ts_ns)

    def _enter_day(self, ts_ns: int) -> None:
        date, first, last = new_york_day(ts_ns)
        self._row = self._row_fixed or table.regulatory_row(date)
        self._from_ns = first
        self._until_ns = last
        month = (date.year, date.month)
        if month != self._month:
            self._month = month
            self._month_shares = 0

    def _fixed_total(self, shares: int, value: int, side: Side, exchange: str) -> int:
        rate = table.STOCK_FIXED_MICRO if exchange == SMART else table.STOCK_DIRECTED_MICRO
        commission = shares * rate
        if commission < table.STOCK_FIXED_MINIMUM_MICRO:
            commission = table.STOCK_FIXED_MINIMUM_MICRO
        cap = (value + 50) // 100
        if commission > cap:
            commission = cap
        return commission + self._regulatory(shares, value, side)

    def _tiered_total(self, bill: _Bill, side: Side) -> int:
        cap = (bill.value + 50) // 100
        commission = min(cap, max(table.STOCK_TIERED_MINIMUM_MICRO, bill.raw))
        passed_on = table.NYSE_PASS_THROUGH, table.FINRA_PASS_THROUGH
        extra = sum((commission * rate + MICRO // 2) // MICRO for rate in passed_on)
        clearing = bill.shares * table.CLEARING_MICRO
        passed_on_per_share = clearing + bill.venue
        regulatory = self._regulatory(bill.shares, bill.value, side)
        return commission + extra + passed_on_per_share + regulatory

    def _regulatory(self, shares: int, value: int, side: Side) -> int:
        row = self._row
        fee = shares * row.cat_micro
        if side < 0:
            taf = shares * row.taf_micro
            fee += taf if taf < row.taf_cap_micro else row.taf_cap_micro
            fee += (value * row.sec_per_billion + 500_000_000) // 1_000_000_000
        return fee

    def _other_total(
        self, bill: _Bill, instrument: Instrument, quantity: int, price_units: int
    ) -> int:
        kind = instrument.sec_type
        if kind == SecType.OPTION:
            premium = price_units * MICRO // instrument.price_scale
            rate = table.OPTION_MICRO
            for below, cheaper in reversed(table.OPTION_TIERS):
                if premium < below:
                    rate = cheaper
            bill.raw += quantity * rate
            return max(table.OPTION_MINIMUM_MICRO, bill.raw)
        if kind == SecType.FUTURE:
            root = instrument.symbol.partition(" ")[0]
            ours = table.FUTURE_MICRO
            if root in table.MICRO_FUTURES:
                ours = table.MICRO_FUTURE_MICRO
            venue = table.FUTURE_EXCHANGE_MICRO.get(root, table.OTHER_FUTURE_EXCHANGE_MICRO)
            return bill.shares * (ours + venue + table.FUTURE_REGULATORY_MICRO)
        least = table.FOREX_MINIMUM_MICRO
        if self._rate_micro is not None and instrument.currency != "USD":
            least = least * self._rate_micro("USD") // self._rate_micro(instrument.currency)
        return max(least, (bill.value * table.FOREX_PER_MILLION + MICRO // 2) // MICRO)
