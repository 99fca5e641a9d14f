"""The opening: a run that begins with what an account held, and takes only a part of a day.

A backtest opens with cash alone and runs to the end of its data; the replay of a session begins
and ends when the session did.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ikbr.core.memory import Memory, Own, recall
from ikbr.core.ports import Journal
from ikbr.core.risk_memory import restore_risk
from ikbr.core.trader import Trader
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session_events import Baseline, RiskState


class Held(msgspec.Struct, frozen=True):
    """Hold one position that was there before.

    Attributes:
        symbol: What is held.
        quantity: Signed.
        cost_micro: What it cost, millionths of its currency.
        mark_units: Its mark, price units; 0 if unknown.
        strategy: Whose it is; "" for the account's own entry.
    """

    symbol: str
    quantity: int
    cost_micro: int
    mark_units: int = 0
    strategy: str = ""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the books began with.

    Attributes:
        cash_micro: Cash by currency, millionths.
        held: What the account held, what strategies held included.
        owned: The parts of it that strategies held.
        risk: What risk knew from before; None for nothing.
    """

    cash_micro: Mapping[str, int]
    held: tuple[Held, ...] = ()
    owned: tuple[Held, ...] = ()
    risk: RiskState | None = None

    def open(self, books: Portfolio) -> Portfolio:
        """Put the account's cash and positions into books, instead of what is there."""
        books.cash_micro.clear()
        books.cash_micro[books.base] = 0
        for currency, micro in self.cash_micro.items():
            books.add_cash(micro, currency)
        for one in self.held:
            books.adopt(one.symbol, one.quantity, one.cost_micro)
            books.mark(one.symbol, one.mark_units)
        return books

    def give_back(self, trader: Trader) -> None:
        """Give strategies what they held, and risk what it knew; before the start."""
        held = {(one.strategy, one.symbol): Own(one.quantity, one.cost_micro) for one in self.owned}
        recall(trader, Memory(held=held))
        if self.risk is not None:
            restore_risk(trader.risk, self.risk)

    def record(self, journal: Journal, ts_ns: int) -> None:
        """Write it into a journal, behind the settings."""
        for currency, micro in self.cash_micro.items():
            body = {"currency": currency, "amount_micro": micro, "why": "opening"}
            journal.append("cash", ts_ns, body)
        for one in self.held:
            words = "held when the run began"
            journal.append(
                "baseline", ts_ns, Baseline(one.symbol, one.quantity, one.cost_micro, words)
            )
            if one.mark_units:
                journal.append("mark", ts_ns, (one.symbol, one.mark_units))

    @property
    def symbols(self) -> set[str]:
        """Name what is held."""
        return {one.symbol for one in self.held}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Say which part of its sessions a run takes.

    Attributes:
        begin_ns: When it begins, ns UTC.
        end_ns: The last moment of it, ns UTC.
        stop_ns: When it is wound down: nothing is entered any more, orders are cancelled; 0 when
            it just breaks off.
        flatten: Whether what the strategies hold is then closed.
        reason: Why, for the orders that close it.
    """

    begin_ns: int
    end_ns: int
    stop_ns: int = 0
    flatten: bool = False
    reason: str = ""
