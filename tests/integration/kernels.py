"""Kernels that do everything a kernel may do, for holding the shapes together."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from tapes import Restless

from ikbr.domain.ticker import Ticker
from ikbr.strategies.context import StrategyContext
from ikbr.strategies.kernel import KernelStrategy, cells
from ikbr.strategies.kernel_bars import BarKernelStrategy
from ikbr.strategies.kernel_legs import LegsStrategy
from ikbr.strategies.kernel_orders import (
    OrdersStrategy,
    fill_record,
    grid_down,
    grid_up,
    step_at,
)

MODULUS = 1_000_003


def mix(seed: int, tick: Any) -> int:
    """Stir every whole number of a tick into one."""
    mixed = seed * 31 + tick.ts_ns + tick.bid_size + 3 * tick.ask_size + 7 * tick.last_size
    return (mixed + 11 * tick.is_print + 13 * tick.number) % MODULUS


def known(price: float) -> float:
    """Give a price, or 0 while it is unknown."""
    return price if price == price else 0.0


class Plain(KernelStrategy):
    """Signal at random moments that depend on the data alone."""

    state: Mapping[str, Any] = {
        "ring": cells("length", 1),
        "flags": cells(3, False),
        "past": cells("length", float("nan")),
        "place": 0,
        "mixed": 1,
        "seen": 0,
        "total": 0.0,
        "odd": False,
    }

    def __init__(
        self, seed: int = 0, every: int = 7, length: int = 4, breaks: int = 0, spread: int = 2
    ) -> None:
        """Take a seed."""
        self.seed = seed
        self.allow_short = bool(seed % 2)
        self.stop_loss_pct = 0.01 if seed % 3 == 0 else 0.0
        self.inner = Restless(seed, every)
        self.bars = self.inner.bars

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Stir everything seen; signal, or break, where the stirred number says so."""
        state.seen += 1
        state.mixed = mix(state.mixed, tick)
        state.total += known(tick.last) - 0.5 * known(tick.bid) + 0.25 * known(tick.ask)
        state.ring[state.place] = state.mixed
        state.past[state.place] = tick.last
        state.flags[state.mixed % 3] = tick.is_print
        state.place = (state.place + 1) % params.length
        state.odd = state.mixed % 2 == 1
        total = 0
        for value in state.ring:
            total += value
        if params.breaks and state.mixed % params.breaks == 0:
            if state.odd:
                state.ring[params.length + 3] = 0
            elif state.mixed % 4 == 0:
                return 7
            else:
                return 1 // (state.mixed - state.mixed)
        if total % params.every:
            return 0
        if params.spread == 1 or state.flags[0]:
            return 1
        return 1 if total % params.spread else -1

    def reason(self, value: int, state: Any, ticker: Ticker) -> str:
        """Show all of the state, so that the journal does."""
        return f"{value} {state} {state.ring.tolist()} {state.past.tolist()} {ticker.volume}"

    def bind(self, context: StrategyContext) -> None:
        """Bind the restless one too, whose hooks are used."""
        super().bind(context)
        self.inner.bind(context)

    @property
    def notes(self) -> list[Any]:
        """What it heard, and its states now."""
        return [*self.inner.notes, *map(repr, self.states.values())]

    def on_start(self) -> None:
        """Start a timer."""
        self.inner.on_start()

    def on_bar(self, bar: Any) -> Any:
        """Note bars."""
        return self.inner.on_bar(bar)

    def on_fill(self, fill: Any) -> Any:
        """Note fills."""
        return self.inner.on_fill(fill)

    def on_timer(self, name: str) -> Any:
        """Act on timers."""
        return self.inner.on_timer(name)


class Acting(Plain):
    """Do in Python everything that a strategy may do, where the kernel signals."""

    def signal(self, value: int, state: Any, ticker: Ticker) -> Any:
        """Act; sometimes break."""
        draw = random.Random(self.seed * 1_000_003 + state.mixed)
        if draw.random() < 0.01:
            raise RuntimeError("a strategy may break at any time")
        return self.inner._act(draw, ticker)


class Holding(Plain):
    """Let the kernel see what is held and what is under way."""

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Decide by the holdings too."""
        state.seen += 1
        state.mixed = (mix(state.mixed, tick) + 17 * tick.position + 19 * tick.pending) % MODULUS
        if params.breaks and state.mixed % params.breaks == 0:
            return 2
        if state.mixed % params.every:
            return 0
        return -1 if tick.position + tick.pending > 0 else 1


class Legs(LegsStrategy, Acting):
    """See all legs at once, with what is held in each."""

    @staticmethod
    def on_legs(state: Any, params: Any, tick: Any, legs: Any) -> int:
        """Stir everything seen of every leg."""
        state.seen += 1
        state.mixed = mix(state.mixed, tick)
        for leg in range(len(legs.bid)):
            state.total += known(legs.last[leg]) - 0.5 * known(legs.bid[leg])
            state.total += known(legs.ask[leg])
            state.mixed += (17 * legs.position[leg] + 19 * legs.pending[leg]) * (leg + 1)
        state.mixed %= MODULUS
        if params.breaks and state.mixed % params.breaks == 0:
            return 1 // (state.mixed - state.mixed)
        if state.mixed % params.every:
            return 0
        return 1 if state.mixed % 2 else -1


class Bars(BarKernelStrategy, Plain):
    """Decide at bars."""

    bars = ("1min",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ask for bars whatever the seed."""
        super().__init__(*args, **kwargs)
        self.bars = ("1min",)

    @staticmethod
    def on_close(state: Any, params: Any, bar: Any) -> int:
        """Stir the bar."""
        state.seen += 1
        state.mixed = (state.mixed * 31 + bar.end_ns // 1000 + bar.volume + bar.count) % MODULUS
        state.total += bar.high - bar.low + known(bar.vwap) + bar.close
        if params.breaks and state.mixed % params.breaks == 0:
            return 3
        return state.mixed % 3 - 1


class Resting(OrdersStrategy, Plain):
    """Place, move and cancel resting orders."""

    @staticmethod
    def on_orders(state: Any, params: Any, tick: Any, orders: Any) -> int:
        """Fill one to three records by what was seen."""
        state.seen += 1
        state.mixed = (mix(state.mixed, tick) + 17 * tick.position + 19 * tick.pending) % MODULUS
        if params.breaks and state.mixed % params.breaks == 0:
            if state.odd:
                return 9
            state.odd = True
            fill_record(orders, 0, 1 + state.mixed % 5, 1 - state.mixed % 3, 1_000_000, 1)
            return 1
        if state.mixed % params.every or orders.halted or not 0 < tick.bid < tick.ask:
            return 0
        many = 1 + state.mixed % 3
        for record in range(many):
            stirred = state.mixed // (record + 7)
            units = round((tick.bid if stirred % 2 else tick.ask) * orders.scale)
            units += (stirred % 5 - 2) * step_at(orders, units)
            units = grid_down(orders, units) if stirred % 2 else grid_up(orders, units)
            fill_record(orders, record, 1 + stirred % 4, 1 if stirred % 2 else -1, units, 50)
        return many

    def on_fill(self, fill: Any) -> Any:
        """Note fills, and run the kernel at them too."""
        self.inner.on_fill(fill)
        return self.on_market_data(self.ticker(fill.symbol)) if self.seed % 2 else None


KERNELS = (Plain, Acting, Holding, Legs, Bars, Resting)
