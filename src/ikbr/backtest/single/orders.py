"""What must be kept of an order that compiled code decided: made of its record, as it comes."""

from __future__ import annotations

from collections.abc import Sequence

from ikbr.backtest.stage import Stage
from ikbr.backtest.tape_ticker import TapeTicker
from ikbr.core.routing.choose import MARKET
from ikbr.core.slot import Slot
from ikbr.domain.events import Decision
from ikbr.domain.lifecycle import OrderEvent, OrderState, OrderUpdate
from ikbr.domain.order import NAN, Fill, Order, OrderRequest, Side, TimeInForce
from ikbr.domain.signal import Signal
from ikbr.domain.tape import NO_PRICE
from ikbr.domain.ticker import Freshness
from ikbr.strategies.kernel import KernelStrategy
from ikbr.strategies.running import FAULTS

_BUY, _SELL = Side.BUY, Side.SELL
_TYPE, _ALGO, _DAY = MARKET.order_type, MARKET.algo, TimeInForce.DAY
_ACK, _FILLED, _FRESH = OrderEvent.ACK, OrderState.FILLED, Freshness.FRESH

Record = tuple[str, int, object]


class OrderMaker:
    """Make orders, fills and records that say what the engine's would say.

    Attributes:
        orders, fills: Those that were made, in order.
        records: Of the journal: kind, time (ns UTC) and body.
    """

    def __init__(self, stage: Stage, slot: Slot, ticker: TapeTicker) -> None:
        """Make them for one strategy in one symbol.

        Args:
            stage: Whose clock and settings count.
            slot: The strategy in the symbol.
            ticker: Shows the row of a decision.
        """
        strategy = slot.running.strategy
        assert isinstance(strategy, KernelStrategy)
        self.orders: list[Order] = []
        self.fills: list[Fill] = []
        self.records: list[Record] = []
        self._clock = stage.clock
        self._stale_ns = stage.trader.market_data.stale_after_ns
        self._outside = stage.setup.all_hours
        self._slot, self._ticker, self._strategy = slot, ticker, strategy
        self._name, self._instrument = slot.running.name, slot.instrument
        self._symbol, self._scale = self._instrument.symbol, self._instrument.price_scale
        self._state = strategy.states[self._symbol]
        self._own_signal = type(strategy).signal is not KernelStrategy.signal

    def make(self, value: int, row: int, record: Sequence[int]) -> bool:
        """Make all that one filled order leaves.

        Args:
            value: What the kernel returned.
            row: The row of the piece of tape at which it did.
            record: Its fill, with the columns of `grid.layout`.

        Returns:
            Whether the strategy's own answer is what was carried out.
        """
        _, order_id, ts, change, price_units, fee, _, _, displayed, bid, ask, last, number = record
        slot, ticker, name, symbol = self._slot, self._ticker, self._name, self._symbol
        self._clock.now_ns = ts
        ticker.row = row
        held = slot.position
        after, quantity = held + change, abs(change)
        try:
            words = self._words(value, change, held, last)
        except FAULTS:  # a person's code may raise anything; the engine says what and where
            return False
        if words is None:
            return False
        price, reason, group = words
        side, action = (_BUY, "BUY") if change > 0 else (_SELL, "SELL")
        mid, touch, arrival = self._touch(change > 0, bid, ask, last)
        freshness = _FRESH
        if bid == NO_PRICE or not bid < ask:
            freshness = ticker.freshness(ts, self._stale_ns)
        # By place: naming the fields of a struct takes as long again.
        decision = Decision(ts, name, symbol, action, price, reason, change, freshness)
        protects = abs(after) if held * after < 0 else 0
        request = OrderRequest(
            symbol, side, quantity, _TYPE, None, None, None, None, _DAY, self._outside, "",
            None, None, reason, group, False, protects, _ALGO,
        )  # fmt: skip
        order = Order(
            order_id, request, self._instrument, name, ts, 0, slot, mid, touch, _FILLED, quantity,
            quantity * price_units, ts, "", False, 0, held * change < 0 and quantity <= abs(held),
        )  # fmt: skip
        fill = Fill(
            number, order_id, name, symbol, side, quantity, price_units, ts, fee,
            price_units / self._scale, "take", mid, touch, arrival, displayed,
        )  # fmt: skip
        self.orders.append(order)
        self.fills.append(fill)
        self.records += (
            ("decision", ts, decision),
            ("intent", ts, (order_id, name, request, 0)),
            ("update", ts, OrderUpdate(order_id, _ACK, ts)),
            ("fill", ts, fill),
        )
        slot.position = after
        return True

    def _words(
        self, value: int, change: int, held: int, last: int
    ) -> tuple[float, str, str] | None:
        """Give price, reason and group of the signal; None where it means something else."""
        strategy, state, ticker = self._strategy, self._state, self._ticker
        if self._own_signal:
            answer = strategy.signal(value, state, ticker)
            if type(answer) is Signal and _is_meant(answer, change, held, self._slot.allow_short):
                return answer.price, answer.reason, answer.group
            return None
        price = last / self._scale if last != NO_PRICE else ticker.market_price()
        return price, strategy.reason(value, state, ticker), ""

    def _touch(self, buys: bool, bid: int, ask: int, last: int) -> tuple[float, float, float]:
        """Give the mid, the price that a market order would meet, and the touch as it arrived."""
        scale = self._scale
        both = NO_PRICE not in (bid, ask)
        mid = (bid / scale + ask / scale) * 0.5 if both else NAN
        quote = ask if buys else bid
        if quote != NO_PRICE:
            return mid, quote / scale, quote / scale
        return mid, self._ticker.market_price(), last / scale if last != NO_PRICE else NAN


def _is_meant(signal: Signal, change: int, held: int, short: bool) -> bool:
    """Say whether a signal amounts to the change that compiled code carried out."""
    if signal.target is not None or signal.strength != 1.0:
        return False
    if signal.action == "FLAT" or (signal.action == "SELL" and not short):
        return change == -held
    return signal.action == ("BUY" if change > 0 else "SELL") and abs(held + change) > 0
