"""The simulated exchange: takes orders, follows the tape, and trades one against the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import NAN, Fill, OrderRequest, OrderType, TimeInForce
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.domain.timers import TimerHeap
from ikbr.sim import refusals
from ikbr.sim.arrivals import MODES, Arrivals
from ikbr.sim.book import LIMIT, MARKET, STOP, Book, Ledger, Seat, SimOrder
from ikbr.sim.executions import Executions
from ikbr.sim.market import HIGHEST, LOWEST, Hours, StandingMarket, Watch
from ikbr.sim.matching import Matching
from ikbr.sim.sessions import Sessions
from ikbr.sim.taking import Taking

_AUCTION, _HALT = int(Kind.AUCTION), int(Kind.HALT)
_MARKET, _DAY = OrderType.MARKET, TimeInForce.DAY


class Exchange:
    """Match the orders of one or more accounts against a tape and each other.

    Attributes:
        market: The standing state of every symbol.
        hours: Whether regular trading goes on. Set `hours.regular` to False before a tape that
            starts outside the hours of its first session.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        model: ExecutionModel,
        timers: TimerHeap,
        market: StandingMarket,
    ) -> None:
        """Open an exchange.

        Args:
            instruments: What is traded, in the order of the tape's symbols.
            model: How orders are treated.
            timers: Where the present comes from.
            market: The standing state, kept up to date through `on_row`.
        """
        self.market = market
        self.hours = Hours()
        self._timers = timers
        self._index = {one.symbol: number for number, one in enumerate(instruments)}
        self._seats: list[Seat] = []
        self._book = Book(
            len(instruments),
            market_waits_for_quotes=model.fill == "quote",
        )
        self._working = self._book.working
        self._executions = Executions(self._book, timers)
        self._executions.families.activate = self._admit
        self._taking = Taking(model, self._book, self._executions, self.hours)
        self._matching = Matching(model, self._book, self._executions, self._taking, self.hours)
        self._arrivals = Arrivals(
            model, market, timers, self._book, self._executions, self._taking, self.hours
        )
        self._enter = self._arrivals.enter
        self._sessions = Sessions(
            self._seats, market, timers, self._executions, self._taking, self.hours
        )

    @property
    def exec_id(self) -> int:
        """Number of the latest execution."""
        return self._executions.exec_id

    @exec_id.setter
    def exec_id(self, number: int) -> None:
        self._executions.exec_id = number

    def open_account(
        self,
        account: Ledger,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
    ) -> int:
        """Let an account trade here.

        Args:
            account: Its books.
            on_update: Told what becomes of its orders, except fills.
            on_fill: Told its fills.

        Returns:
            The account's number.
        """
        self._seats.append(Seat(account, on_update, on_fill))
        self._taking.several = len(self._seats) > 1
        return len(self._seats) - 1

    def on_row(  # noqa: PLR0913, PLR0917 - a row has nine columns
        self,
        sym: int,
        ts_ns: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
    ) -> None:
        """Follow a row of the tape: bring the market up to date, match working orders.

        Everything due at or before the row must have run.
        """
        market = self.market
        market.bid[sym] = bid
        market.ask[sym] = ask
        market.last[sym] = last
        market.bid_size[sym] = bid_size
        market.ask_size[sym] = ask_size
        market.ts[sym] = ts_ns
        if kind >= _AUCTION:
            if kind == _AUCTION:
                self.hours.auctioned.add(sym)
            else:
                market.halted[sym] = kind == _HALT
        if not self._working[sym] or market.halted[sym]:
            return
        self._matching.on_row(sym, ts_ns, kind, bid, ask, last, bid_size, ask_size, size)

    def arrive(self, so: SimOrder) -> None:
        """Take an order that has reached the exchange; what it meets, it trades with."""
        order = so.order
        request = so.request
        seat = so.seat = self._seats[so.account]
        so.sym = self._index.get(request.symbol, -1)
        so.sign = 1 if request.side > 0 else -1
        so.remaining = request.quantity
        refused = self._read(so, request)
        if refused is not None:
            self._executions.say(so, OrderEvent.REJECT, *refused)
            return
        seat.orders[order.order_id] = so
        if order.parent_id or request.oca_group:
            reason = self._executions.families.join(so)
            if reason:
                words = f"Order rejected - reason: {reason}."
                self._executions.end(so, OrderEvent.REJECT, 201, words)
                return
            if so.family is not None and so.family.left < 0:
                self._executions.say(so, OrderEvent.ACK_PRE)
                return
        self._admit(so)

    def resume(self, so: SimOrder, filled: int, left: int, *, met: bool, triggered: bool) -> None:
        """Put an order that was accepted before the exchange was closed back into the market.

        Args:
            so: The order.
            filled: What of it was filled.
            left: What the children of its parent may still fill together, if that has ended.
            met: Whether it had arrived.
            triggered: Whether its stop was reached.
        """
        order, request = so.order, so.request
        seat = so.seat = self._seats[so.account]
        so.sym = self._index[request.symbol]
        so.sign = 1 if request.side > 0 else -1
        self._read(so, request)
        so.filled, so.remaining = filled, request.quantity - filled
        if triggered:
            so.triggered = True
            so.mode = LIMIT if LOWEST < so.limit < HIGHEST else MARKET
        seat.orders[order.order_id] = so
        parent = order.parent_id
        if parent and parent not in seat.orders and parent not in seat.families:
            seat.ended.put(parent, left)
        if (parent or request.oca_group) and self._executions.families.join(so):
            self._executions.cancel(so, "what it belongs to has ended")
        elif so.family is not None and so.family.left < 0:
            self._executions.say(so, OrderEvent.ACK_PRE)
        elif met:
            self._arrivals.resume(so)
        else:
            self._enter(so)

    def cancel(self, account: int, order_id: int) -> None:
        """Cancel an order, or say why that cannot be."""
        seat = self._seats[account]
        so = seat.orders.get(order_id)
        if so is not None:
            self._executions.cancel(so, "")
            return
        known = seat.ended.get(order_id) is not None
        refusal = refusals.NOT_CANCELLABLE if known else refusals.NO_SUCH_ORDER
        self._refuse_change(seat, order_id, refusal)

    def replace(self, account: int, order_id: int, request: OrderRequest) -> None:
        """Change the quantity or prices of an order, or say why that cannot be.

        It keeps its place only when nothing but its quantity changes, and that downwards.
        """
        seat = self._seats[account]
        so = seat.orders.get(order_id)
        if so is None:
            known = seat.ended.get(order_id) is not None
            refusal = refusals.NOT_MODIFIABLE if known else refusals.NO_SUCH_ORDER
            self._refuse_change(seat, order_id, refusal)
            return
        old = so.request
        remaining = request.quantity - so.filled
        fresh = SimOrder(so.order, account, request, seat, so.sym, so.sign, remaining)
        same = (old.symbol, old.side, old.order_type) == (
            request.symbol,
            request.side,
            request.order_type,
        )
        refused = self._read(fresh, request) if same else refusals.NOT_MATCHING
        if refused is None and remaining < 1:
            refused = refusals.NOT_MATCHING
        if refused is None and (so.family is None or so.family.left >= 0):
            words = self._check(fresh)
            refused = refusals.Refusal(201, words) if words else None
        if refused is not None:
            self._refuse_change(seat, order_id, refused)
            return
        self._change(so, fresh)

    def split(self, symbol: str, new: int, old: int) -> None:
        """Cancel every order in a stock that is split, and move its standing prices.

        Args:
            symbol: Which one.
            new: So many new shares
            old: for so many old ones.

        Source: IBKR, "Time in Force": a split, forward or reverse, cancels good-till-cancelled
        orders.
        """
        market, sym = self.market, self._index[symbol]
        if market.refresh is not None:
            market.refresh(sym)
        # Whoever arrives before the first row of the day must not meet yesterday's prices.
        for prices in (market.bid, market.ask, market.last):
            if prices[sym] != NO_PRICE:
                prices[sym] = prices[sym] * old // new
        for seat in self._seats:
            # Children before their parents, so that no cancelled parent lets them work.
            gone = [so for so in reversed(seat.orders.values()) if so.request.symbol == symbol]
            for so in gone:
                self._executions.cancel(so, "the stock was split")
            for parent_id in {so.order.parent_id or so.order.order_id for so in gone}:
                left = seat.ended.get(parent_id)
                if left:
                    seat.ended.put(parent_id, left * new // old)

    def open_session(self, session: Session) -> None:
        """Begin regular trading: what was held works now."""
        self._sessions.open(session)

    def close_session(self, session: Session) -> None:
        """End regular trading: closing orders trade, day orders end."""
        refresh = self.market.refresh
        if refresh is not None:
            for sym in range(len(self._working)):
                refresh(sym)
        self._sessions.close(session)

    def watch(self, sym: int) -> Watch:
        """Give what a symbol's orders watch for; the object stays up to date."""
        return self._book.watches[sym]

    def _read(self, so: SimOrder, request: OrderRequest) -> refusals.Refusal | None:
        """Read a request into an order; say why it cannot be."""
        if so.sym < 0:
            return refusals.UNKNOWN_CONTRACT
        quantity = request.quantity
        if quantity < 1:
            return refusals.ZERO_SIZE
        if quantity < so.order.instrument.lot:
            return refusals.Refusal(388, "Order size is smaller than the minimum requirement.")
        kind = request.order_type
        so.outside_rth = request.outside_rth
        tif = request.tif
        if tif is not _DAY and (tif == "IOC" or tif == "FOK"):  # noqa: PLR1714 - faster than a set
            so.immediate = str(tif)
        if kind == _MARKET:
            so.mode = MARKET
            so.limit = HIGHEST if so.sign > 0 else LOWEST
            return None
        so.mode = MODES[kind]
        return refusals.prepare(so, request)

    def _admit(self, so: SimOrder) -> None:
        """Let the account have its say, then let the order meet the market."""
        words = self._check(so)
        if words:
            self._executions.end(so, OrderEvent.REJECT, 201, words)
        else:
            self._enter(so)

    def _check(self, so: SimOrder) -> str:
        """Ask the account whether it can carry an order at the price it may expect.

        Notes the touch on the way.
        """
        market = self.market
        refresh = market.refresh
        if refresh is not None:
            refresh(so.sym)
        sym, instrument = so.sym, so.order.instrument
        touch = market.ask[sym] if so.sign > 0 else market.bid[sym]
        if touch == NO_PRICE:
            touch = market.last[sym]
        so.arrival = touch / instrument.price_scale if touch != NO_PRICE else NAN
        if LOWEST < so.limit < HIGHEST:
            price = so.limit
        elif so.mode == STOP:
            price = so.stop
        else:
            price = touch if touch != NO_PRICE else 0
        account: Ledger = so.seat.account
        return account.check(instrument, so.request.side, so.remaining, price)

    def touch(self, symbol: str, sign: int) -> int:
        """Give the price that a taker would meet, price units, or NO_PRICE."""
        sym, refresh = self._index[symbol], self.market.refresh
        if refresh is not None:
            refresh(sym)
        return self.market.touch(sym, sign)

    def _refuse_change(self, seat: Seat, order_id: int, refusal: refusals.Refusal) -> None:
        seat.on_update(
            OrderUpdate(order_id, OrderEvent.CANCEL_REFUSED, self._timers.now_ns, *refusal)
        )

    def _change(self, so: SimOrder, fresh: SimOrder) -> None:
        """Put a modification into effect."""
        keeps_place = fresh.remaining <= so.remaining and (
            (so.limit, fresh.trail, fresh.trail_percent)
            == (fresh.limit, so.trail, so.trail_percent)
            and so.request.stop_price == fresh.request.stop_price
        )
        so.request = fresh.request
        so.remaining = fresh.remaining
        so.outside_rth = fresh.outside_rth
        so.immediate = fresh.immediate
        so.cut = False
        if so.family is not None and 0 <= so.family.left < so.remaining:
            so.remaining = so.family.left
            so.cut = True
        self._executions.say(so, OrderEvent.MODIFY)
        if keeps_place or not so.live:
            return
        so.limit = fresh.limit
        so.stop = fresh.stop
        so.trail = fresh.trail
        so.trail_percent = fresh.trail_percent
        if so.resting:
            self._book.drop(so)
            if not so.triggered:
                so.mode = fresh.mode
            self._arrivals.enter(so, told=True)
