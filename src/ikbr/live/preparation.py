"""The preparation of a session: contracts, hours, account, books, past bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ikbr.broker.account_state import AccountState, read_account
from ikbr.broker.connection import Connection
from ikbr.broker.contract_details import describe
from ikbr.broker.contracts import ContractTable
from ikbr.broker.past_bars import PastBars
from ikbr.core.bars import BarSpec
from ikbr.core.event_bus import EventBus
from ikbr.core.pipeline import Plan
from ikbr.core.ports import Broker, Clock, Journal
from ikbr.domain.contracts import parse_contract
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.journal.replay import State
from ikbr.live.hours import coming_sessions
from ikbr.live.opening import all_instruments, open_books
from ikbr.live.pipeline import LivePipeline
from ikbr.live.plan import SessionPlan
from ikbr.live.recovery import left_instruments, reopen_books


class World(NamedTuple):
    """Hold what IB says of what is to be traded, and of the account.

    Attributes:
        traded: The instruments that strategies run on.
        instruments: Those, and behind them what is only held.
        contracts: How IB calls them.
        numbers: IB's numbers of what is traded.
        sessions: When they are traded.
        state: What is in the account.
    """

    traded: list[Instrument]
    instruments: list[Instrument]
    contracts: ContractTable
    numbers: dict[str, int]
    sessions: list[Session]
    state: AccountState


async def look_around(connection: Connection, plan: SessionPlan, now_ns: int) -> World:
    """Ask IB about everything that the plan needs.

    Args:
        connection: Connected, the account chosen.
        plan: What is to be traded.
        now_ns: The present, ns UTC.

    Raises:
        ContractError: When IB knows none or several of a description.
        DataError: When no session is known.
        AccountError: When the account is not told.
    """
    symbols = dict.fromkeys(s for one in plan.instances for s in one.symbols)
    found = [await describe(connection.requests, parse_contract(s)) for s in symbols]
    traded = [one.instrument for one in found]
    numbers = {one.instrument.symbol: one.con_id for one in found}
    sessions = coming_sessions(found, now_ns, all_hours=plan.all_hours)
    state = read_account(connection.ib, connection.account, _table(traded, numbers))
    held = {one.instrument.symbol: one.con_id for one in state.holdings}
    everything = all_instruments(traded, state)
    table = _table(everything, held | numbers)
    return World(traded, everything, table, numbers, sessions, state)


def _table(instruments: Sequence[Instrument], numbers: dict[str, int]) -> ContractTable:
    table = ContractTable(instruments)
    for symbol, number in numbers.items():
        table.learn(symbol, number)
    return table


def widened(world: World, past: State) -> World:
    """Add what earlier sessions have left."""
    everything = all_instruments(world.traded, world.state, left_instruments(past))
    numbers = {one.instrument.symbol: one.con_id for one in world.state.holdings}
    numbers |= world.numbers
    return world._replace(instruments=everything, contracts=_table(everything, numbers))


def build_pipeline(
    plan: SessionPlan, world: World, past: State | None, *, clock: Clock, broker: Broker,
    journal: Journal, bus: EventBus,
) -> LivePipeline:  # fmt: skip
    """Wire the pipeline over the account's books.

    They go on where earlier sessions have left them, else begin with what the account holds.
    """
    books = (
        open_books(world.state, world.instruments)
        if past is None
        else reopen_books(past, world.state, world.instruments)
    )
    instruments = world.instruments
    pipeline = LivePipeline(
        Plan(
            instruments=instruments,
            sessions=world.sessions,
            instances=plan.instances,
            limits=plan.limits,
            routing=plan.routing,
            quantity=plan.quantity,
            all_hours=plan.all_hours,
        ),
        books,
        clock=clock,
        broker=broker,
        journal=journal,
        bus=bus,
    )
    pipeline.prepare()
    return pipeline


async def past_bars(
    connection: Connection, plan: SessionPlan, world: World, tell: Callable[[str], None]
) -> PastBars:
    """Fetch the past that the strategies ask for with `warmup`.

    Args:
        connection: Where to ask.
        plan: The strategies.
        world: The instruments.
        tell: Told what could not be had.
    """
    history = PastBars(connection.requests, world.contracts, regular=not plan.all_hours)
    wanted: dict[tuple[str, str], int] = {}
    for one in plan.instances:
        strategy = one.strategy
        if strategy.warmup > 0 and strategy.bars and BarSpec(strategy.bars[0]).by_time:
            for symbol in one.symbols:
                key = (symbol, strategy.bars[0])
                wanted[key] = max(strategy.warmup, wanted.get(key, 0))
    by_symbol = {i.symbol: i for i in world.traded}
    for (symbol, text), count in wanted.items():
        await history.fetch(by_symbol[symbol], text, count)
    for note in history.notes:
        tell(note)
    return history
