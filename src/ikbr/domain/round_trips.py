"""Round trips: what a strategy did in one instrument from flat to flat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ikbr.domain.errors import InvariantError
from ikbr.domain.order import Fill


class Split(msgspec.Struct, frozen=True):
    """Record that the shares of a symbol were exchanged for others.

    Attributes:
        ts_ns: When; fills from then on are of new shares, ns UTC.
        symbol: Which.
        new: So many new shares
        old: for so many old ones.
    """

    ts_ns: int
    symbol: str
    new: int
    old: int


class RoundTrip(msgspec.Struct, frozen=True):
    """Record a closed position, from flat to flat.

    Attributes:
        strategy: Whose.
        symbol: In what.
        direction: +1 long, -1 short.
        entry_ts_ns: Time of the first fill, ns UTC.
        exit_ts_ns: Time of the fill that made it flat, ns UTC.
        max_quantity: Largest quantity held.
        entry_price: Average price of the fills that opened or added.
        exit_price: Average price of the fills that reduced or closed.
        gross_pnl: Profit before commissions, in the instrument's currency.
        commission: All fees of its fills.
        fills: How many fills took part; one that crosses zero counts in both trips.
        turnover: Notional of its entries.

    Quantities and prices are those of the shares at its end, whatever was split before.
    """

    strategy: str
    symbol: str
    direction: int
    entry_ts_ns: int
    exit_ts_ns: int
    max_quantity: int
    entry_price: float
    exit_price: float
    gross_pnl: float
    commission: float
    fills: int
    turnover: float

    @property
    def net_pnl(self) -> float:
        """Profit after commissions."""
        return self.gross_pnl - self.commission

    @property
    def held_ns(self) -> int:
        """Time from the first to the last fill, ns."""
        return self.exit_ts_ns - self.entry_ts_ns

    @property
    def return_fraction(self) -> float | None:
        """Net profit per entry notional; None without notional."""
        return self.net_pnl / self.turnover if self.turnover > 0 else None

    def bars_held(self, bar_ns: int) -> int:
        """Count the whole bars that the time held covers.

        Args:
            bar_ns: Length of a bar, ns.

        Returns:
            The number of whole bars.
        """
        return self.held_ns // bar_ns


class OpenTrip(msgspec.Struct, frozen=True):
    """Record a position that is not flat yet.

    Attributes:
        strategy: Whose.
        symbol: In what.
        position: Signed quantity still held.
        entry_ts_ns: Time of the first fill, ns UTC.
        max_quantity: Largest quantity held.
        entry_price: Average price of the fills that opened or added.
        cost_price: Average cost of what is still held.
        realised_pnl: Gross profit of the parts already closed.
        commission: All fees so far.
        fills: How many fills took part.
        multiplier: Units of the underlying per contract.
    """

    strategy: str
    symbol: str
    position: int
    entry_ts_ns: int
    max_quantity: int
    entry_price: float
    cost_price: float
    realised_pnl: float
    commission: float
    fills: int
    multiplier: float

    @property
    def direction(self) -> int:
        """+1 long, -1 short."""
        return 1 if self.position > 0 else -1

    def unrealised_pnl(self, mark: float) -> float:
        """Value what is still held against its cost.

        Args:
            mark: Current price.

        Returns:
            Gross profit in the instrument's currency.
        """
        return (mark - self.cost_price) * self.position * self.multiplier

    def net_pnl(self, mark: float) -> float:
        """Give the profit after commissions if it were closed free of charge at a mark.

        Args:
            mark: Current price.

        Returns:
            Realised and unrealised profit less the fees so far.
        """
        return self.realised_pnl + self.unrealised_pnl(mark) - self.commission


class RoundTrips(msgspec.Struct, frozen=True):
    """Hold the round trips of a run.

    Attributes:
        closed: In order of their ends.
        open: Positions left, in order of their beginnings.
    """

    closed: tuple[RoundTrip, ...]
    open: tuple[OpenTrip, ...]


class _Running:
    """Add up one position while it is not flat."""

    __slots__ = (
        "commission",
        "cost_price",
        "direction",
        "entry_quantity",
        "entry_ts_ns",
        "entry_value",
        "exit_quantity",
        "exit_value",
        "fills",
        "max_quantity",
        "quantity",
        "realised",
    )

    def __init__(self, direction: int, ts_ns: int) -> None:
        self.direction = direction
        self.entry_ts_ns = ts_ns
        self.quantity = self.max_quantity = self.fills = 0
        self.entry_quantity = self.exit_quantity = 0.0
        self.entry_value = self.exit_value = self.cost_price = 0.0
        self.realised = self.commission = 0.0

    def add(self, quantity: int, price: float, commission: float) -> None:
        held = self.quantity
        self.quantity = total = held + quantity
        self.cost_price = (
            price if not held else self.cost_price + (price - self.cost_price) * (quantity / total)
        )
        self.entry_quantity += quantity
        self.entry_value += quantity * price
        self.max_quantity = max(self.max_quantity, total)
        self._count(commission)

    def reduce(self, quantity: int, price: float, commission: float, multiplier: float) -> None:
        self.quantity -= quantity
        self.exit_quantity += quantity
        self.exit_value += quantity * price
        self.realised += self.direction * (price - self.cost_price) * quantity * multiplier
        self._count(commission)

    def split(self, new: int, old: int) -> None:
        """Count in new shares; a fraction that is paid out leaves at its cost."""
        self.quantity, left = divmod(self.quantity * new, old)
        self.max_quantity = max(1, self.max_quantity * new // old)
        self.entry_quantity *= new / old
        self.exit_quantity = self.exit_quantity * new / old + left / old
        self.cost_price *= old / new
        self.exit_value += left / old * self.cost_price

    def _count(self, commission: float) -> None:
        self.commission += commission
        self.fills += 1


class RoundTripTracker:
    """Turn a stream of fills into round trips, one fill at a time.

    A fill that crosses zero is split: the part that makes the position flat ends one trip, the
    rest begins the next, and the commission is shared by quantity.

    Source: flat-to-flat accounting per strategy and instrument; cost of what is left by the
    average-cost method, as IB's `avgCost`
    (https://www.interactivebrokers.com/campus/ibkr-api-page/twsapi-doc/, Position).
    """

    __slots__ = ("_multipliers", "_running")

    def __init__(self, multipliers: Mapping[str, float]) -> None:
        """Start flat.

        Args:
            multipliers: Units of the underlying per contract by symbol; 1 where missing.
        """
        self._multipliers = multipliers
        self._running: dict[tuple[str, str], _Running] = {}

    def apply(self, fill: Fill) -> RoundTrip | None:
        """Take the next fill in time order.

        Args:
            fill: An execution.

        Returns:
            The round trip that the fill closed, or None.

        Raises:
            InvariantError: If the quantity is not positive or the side not +1 or -1.
        """
        side, quantity = int(fill.side), fill.quantity
        if quantity < 1 or side not in (1, -1):
            raise InvariantError(
                f"{fill.symbol}: a fill of {quantity} with side {side} cannot happen; "
                f"quantity is 1 or more and side +1 or -1."
            )
        key = (fill.strategy, fill.symbol)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = _Running(side, fill.ts_ns)
        if running.direction == side:
            running.add(quantity, fill.price, fill.commission)
            return None
        multiplier = self._multipliers.get(fill.symbol, 1)
        closing = min(quantity, running.quantity)
        share = fill.commission * closing / quantity
        running.reduce(closing, fill.price, share, multiplier)
        if running.quantity:
            return None
        del self._running[key]
        rest = quantity - closing
        if rest:
            following = self._running[key] = _Running(side, fill.ts_ns)
            following.add(rest, fill.price, fill.commission - share)
        return _closed(key, fill.ts_ns, running, multiplier)

    def split(self, split: Split) -> list[RoundTrip]:
        """Count what is held in new shares.

        The cash for a fraction of a share is not known here; it is taken to leave at its cost.

        Args:
            split: What happened, after the fills given so far.

        Returns:
            Round trips that ended because less than one share would be left.
        """
        ended = []
        for key, running in list(self._running.items()):
            if key[1] != split.symbol:
                continue
            running.split(split.new, split.old)
            if not running.quantity:
                del self._running[key]
                multiplier = self._multipliers.get(split.symbol, 1)
                ended.append(_closed(key, split.ts_ns, running, multiplier))
        return ended

    def open_trips(self) -> tuple[OpenTrip, ...]:
        """List the positions that are not flat.

        Returns:
            One per strategy and symbol, in order of their beginnings.
        """
        trips = [
            OpenTrip(
                strategy=strategy,
                symbol=symbol,
                position=run.direction * run.quantity,
                entry_ts_ns=run.entry_ts_ns,
                max_quantity=run.max_quantity,
                entry_price=run.entry_value / run.entry_quantity,
                cost_price=run.cost_price,
                realised_pnl=run.realised,
                commission=run.commission,
                fills=run.fills,
                multiplier=self._multipliers.get(symbol, 1),
            )
            for (strategy, symbol), run in self._running.items()
        ]
        return tuple(sorted(trips, key=lambda trip: trip.entry_ts_ns))


def round_trips(
    fills: Iterable[Fill], multipliers: Mapping[str, float], splits: Iterable[Split] = ()
) -> RoundTrips:
    """Build the flat-to-flat round trips of each strategy and symbol.

    Args:
        fills: Executions in time order.
        multipliers: Units of the underlying per contract by symbol; 1 where missing.
        splits: Splits in time order.

    Returns:
        The closed trips and what is still open. The net profit of all closed trips plus that of
        the open ones at any mark equals cash flow plus the marked value of the positions.

    >>> class F(msgspec.Struct):
    ...     side: int
    ...     quantity: int
    ...     price: float
    ...     ts_ns: int
    ...     commission: float = 1.0
    ...     strategy: str = "momentum"
    ...     symbol: str = "SPY"
    >>> trips = round_trips([F(1, 100, 10.0, 0), F(-1, 150, 10.5, 60)], {"SPY": 1})
    >>> trips.closed[0].gross_pnl, round(trips.closed[0].commission, 4), trips.closed[0].held_ns
    (50.0, 1.6667, 60)
    >>> trips.open[0].position, trips.open[0].unrealised_pnl(10.0)
    (-50, 25.0)
    """
    tracker = RoundTripTracker(multipliers)
    closed: list[RoundTrip] = []
    due = list(splits)[::-1]
    for fill in fills:
        while due and due[-1].ts_ns <= fill.ts_ns:
            closed += tracker.split(due.pop())
        trip = tracker.apply(fill)
        if trip is not None:
            closed.append(trip)
    for split in reversed(due):
        closed += tracker.split(split)
    return RoundTrips(tuple(closed), tracker.open_trips())


def _closed(key: tuple[str, str], ts_ns: int, run: _Running, multiplier: float) -> RoundTrip:
    strategy, symbol = key
    return RoundTrip(
        strategy=strategy,
        symbol=symbol,
        direction=run.direction,
        entry_ts_ns=run.entry_ts_ns,
        exit_ts_ns=ts_ns,
        max_quantity=run.max_quantity,
        entry_price=run.entry_value / run.entry_quantity,
        exit_price=run.exit_value / run.exit_quantity,
        gross_pnl=run.direction * (run.exit_value - run.entry_value) * multiplier,
        commission=run.commission,
        fills=run.fills,
        turnover=run.entry_value * multiplier,
    )
