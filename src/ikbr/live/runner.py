"""The runner: one session of paper or live trading, from the first connection to the last word.

connect → check mode and account → contracts, account, books → past bars → subscribe → trade
→ (link lost: hold entries; back: ask, subscribe again, go on) → end in an orderly way
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from ikbr.broker.account_watch import AccountWatch
from ikbr.broker.accounts import WrongAccountError
from ikbr.broker.client import Client
from ikbr.broker.connection import Connection, LinkState
from ikbr.broker.decode_errors import DecodeErrors
from ikbr.broker.greeting import Greeting
from ikbr.broker.ib_broker import IBBroker
from ikbr.broker.market_feed import MarketFeed
from ikbr.broker.market_time import MarketTime
from ikbr.broker.request_errors import LinkLostError, RequestTimeoutError
from ikbr.core.event_bus import EventBus
from ikbr.core.ports import Clock, History, Journal
from ikbr.core.warm_up import warm_up
from ikbr.domain.errors import BrokerError, ConfigError, IkbrError
from ikbr.domain.session_events import SessionStop
from ikbr.domain.timers import NEVER
from ikbr.journal.replay import State
from ikbr.live.alignment import Alignment
from ikbr.live.background import in_background, stops
from ikbr.live.clock import MarketClock, WallClock
from ikbr.live.collector import Collector
from ikbr.live.ending import End, Ending
from ikbr.live.hours import HoursAhead, end_of
from ikbr.live.latch import refuse_if_killed, until_killed
from ikbr.live.link_watch import LinkWatch
from ikbr.live.logs import log_code
from ikbr.live.modes import Meant, check_account
from ikbr.live.pipeline import LivePipeline
from ikbr.live.plan import Outside, SessionPlan
from ikbr.live.preparation import World, look_around, past_bars, widened
from ikbr.live.rehearsals import begin_rehearsals
from ikbr.live.shadow import wire_pipeline
from ikbr.live.start_record import record_start
from ikbr.live.status import Recent, Status, status_of
from ikbr.live.supervision import Supervision

log = logging.getLogger("ikbr.live")

UNPACED = 1_000_000
"""Messages a second to a gateway whose time stands still meanwhile."""
MINUTE_NS = 60_000_000_000


class Runner:
    """Run a session.

    Attributes:
        pipeline: None before the account is known.
        supervision: Watches the session; there with the pipeline.
        notes: What a reader of the report must know.
        started_ns: When trading began, ns UTC.
        opening_micro: What the account was worth then, millionths.
        stopwatch: Stamps the way of orders.
        errors: What could not be read.
        on_status: Told every minute how the session stands.
        on_begin: Told that trading begins.
        on_ending: Told, once, why an end is wanted.
    """

    def __init__(
        self, client: Client, plan: SessionPlan, meant: Meant, outside: Outside, bus: EventBus
    ) -> None:
        """Prepare; `run` connects.

        Args:
            client: Not connected yet.
            plan: What is to be done.
            meant: Which account is meant; checked again when it is known.
            outside: What is needed of the world outside.
            bus: Tells the observers.
        """
        self._plan = plan
        self._meant = meant
        self._outside = outside
        self._bus = bus
        self._client = client
        self.stopwatch = client.serve_pipeline(outside.stopwatch_ns)
        self._market_clock = MarketClock()
        self._wall_clock: WallClock | None = None
        self._market_time: MarketTime | None = None
        self._clock: Clock | None = None
        self._recent = Recent(bus)
        self._stopping, self._hurry = asyncio.Event(), asyncio.Event()
        self._link: LinkWatch | None = None
        self._flatten = plan.flatten
        self._alignment: Alignment
        self._built: tuple[LivePipeline, World]
        self._reason = "the session was over"
        self._journal: Journal | None = None
        self.connection = Connection(
            client, plan.connection, draw=outside.draw, wall_s=lambda: self.now_ns() / 1e9
        )
        self.errors = DecodeErrors(client)
        self._greeting = Greeting(client) if plan.clock == "wall" else None
        client.errorEvent.connect(log_code, keep_ref=True)
        self.connection.on_ready = self._on_ready
        self.connection.on_state = self._on_state
        self.pipeline: LivePipeline | None = None
        self.supervision: Supervision
        self.notes: list[str] = []
        self.started_ns = 0
        self.opening_micro = 0
        self.on_status: Callable[[Status], None] = lambda _status: None
        self.on_begin: Callable[[], None] = lambda: None
        self.on_ending: Callable[[str], None] = lambda _reason: None

    async def run(self) -> End:
        """Trade until `stop`, or until the time that the plan names.

        Returns:
            How it ended.

        Raises:
            ConfigError: When the account is of another kind than meant; nothing was sent.
            IkbrError: When the session cannot be prepared.
        """
        loop = asyncio.get_running_loop()
        self._collector = Collector(loop, lambda: self.pipeline.events if self.pipeline else 0)
        self._wall_clock = WallClock(loop, self._outside.wall_ns, self._on_fault)
        if self._plan.clock != "wall":
            self._market_time = MarketTime(self._client, self._market_clock, self._on_fault)
            self._market_clock.end_turn = self._market_time.end_turn
        link = asyncio.create_task(self.connection.run())
        watch = in_background(self._watch_latch(), self._on_fault)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((link, stopping), return_when=asyncio.FIRST_COMPLETED)
            if link.done():
                self._raise_from(link)
            return await self._end()
        finally:
            stopping.cancel()
            watch.cancel()
            link.cancel()
            with suppress(asyncio.CancelledError, IkbrError):
                await link
            self._wall_clock.close()
            self._collector.end()

    def _raise_from(self, link: asyncio.Task[None]) -> None:
        try:
            link.result()
        except WrongAccountError as error:
            check_account(self._meant, error.account)
            raise

    async def _watch_latch(self) -> None:
        """Stop when a person says so from outside."""
        killed = await until_killed(lambda: self._outside.killed() if self.pipeline else None)
        assert self.pipeline is not None
        self._flatten = self._plan.flatten or killed.flatten
        self.pipeline.trader.halt(killed.reason or killed.source)
        self.stop(f"killed ({killed.source}: {killed.reason or 'no reason given'})")

    def stop(self, reason: str) -> None:
        """End the session in an orderly way; called again, end it at once."""
        if self._stopping.is_set():
            self._hurry.set()
        else:
            self._reason = reason
            self._stopping.set()
            self.on_ending(reason)

    @property
    def is_simulated(self) -> bool:
        """Whether the gateway says that it is a simulated one."""
        return self._market_time is not None and self._market_time.simulated

    def status(self) -> Status | None:
        """Say how the session stands; None before it has begun."""
        if self.pipeline is None:
            return None
        link = self.connection.state.value
        return status_of(self.pipeline, self._watch, self._recent, link, self.opening_micro)

    # --- time ----------------------------------------------------------------------------------

    def now_ns(self) -> int:
        """Tell the session's time, ns UTC."""
        if self._clock is not None:
            return self._clock.now_ns
        return self._market_clock.now_ns if self.is_simulated else self._outside.wall_ns()

    def _choose_clock(self) -> Clock:
        """Take the time of a simulated gateway, or that of the machine.

        Raises:
            ConfigError: When the gateway's time is asked for, and it is a real one.
        """
        if self.is_simulated:
            self.connection.pacer.rate = UNPACED
            return self._market_clock
        if self._plan.clock == "gateway":
            raise ConfigError(
                "broker.clock is 'gateway', but the gateway does not say that it is simulated; "
                "use 'auto' or 'wall'."
            )
        assert self._wall_clock is not None
        return self._wall_clock

    # --- the connection ------------------------------------------------------------------------

    async def _on_ready(self) -> None:
        """Prepare the session, or take it up again."""
        if self._link is None:
            await self._prepare()
        elif self.is_simulated is not (self._clock is self._market_clock):
            raise ConfigError(
                "another kind of gateway answers than before (one is simulated); end this session."
            )
        elif self.pipeline is None:
            # The link was lost in the middle of the preparation.
            self._broker.start()
        try:
            if self.pipeline is None:
                await self._begin()
            elif self._link is not None:
                await self._link.look_again()
        except BrokerError as error:
            raise ConnectionError(str(error)) from error

    async def _prepare(self) -> None:
        plan, connection = self._plan, self.connection
        self._clock = clock = self._choose_clock()
        if self._meant.real_money and not plan.shadow:
            self._outside.confirm(connection.account)
        if not plan.shadow:
            refuse_if_killed(self._outside.killed())
        try:
            world = await look_around(connection, plan, clock.now_ns)
        except (LinkLostError, RequestTimeoutError) as error:
            # A gateway that has just logged in may need another moment.
            raise ConnectionError(str(error)) from error
        account = connection.account
        journal, past = self._outside.open_journal(account, clock.now_ns, self.is_simulated)
        self._journal = journal
        if past is not None and (plan.shadow or self._is_of_another_market(past)):
            past = None
        if past is not None:
            world = widened(world, past)
        pipeline = self._build(clock, world, journal, past)
        self._feed = MarketFeed(
            self._client,
            world.contracts,
            pipeline,
            self._on_fault,
            delayed=plan.market_data == "delayed",
        )
        self._market_clock.before_turn_ends = self._feed.flush
        self._watch = AccountWatch(self._client, connection.account)
        self._alignment = Alignment(pipeline, self._broker, connection, world, past, self.notes)
        self.supervision = watch = Supervision(
            pipeline, connection, plan, self.errors, self._alignment.again
        )
        link = LinkWatch(connection, self._alignment, pipeline, journal, self._market_clock, watch)
        pipeline.trader.keeps_risk, pipeline.trader.desk.watch = True, self.stopwatch
        self.notes += record_start(
            journal, pipeline, world, plan, account, continues=past is not None
        )
        self._built, self._link = (pipeline, world), link

    def _is_of_another_market(self, past: State) -> bool:
        """Say whether a simulated market has begun anew since; its accounts have, too."""
        anew = self.is_simulated and self._market_clock.now_ns < past.last_ns
        if anew:
            self.notes.append("The simulated market has begun anew, and our books with it.")
        return anew

    def _build(
        self, clock: Clock, world: World, journal: Journal, past: State | None
    ) -> LivePipeline:
        """Wire the pipeline over the broker; in a shadow session, over one that sends nothing."""
        plan = self._plan
        self._broker = IBBroker(
            self._client,
            clock,
            world.contracts,
            on_fault=self._on_fault,
            account=self.connection.account,
        )
        return wire_pipeline(
            plan, world, past, clock=clock, broker=self._broker, journal=journal, bus=self._bus
        )

    async def _begin(self) -> None:
        """Bring the books in line and let the strategies see the past; now the clock moves them.

        Raises:
            BrokerError: When the broker does not answer; then it may be tried again.
        """
        plan, (pipeline, world) = self._plan, self._built
        trader = pipeline.trader
        if plan.shadow:
            trader.risk.clearance.reconciled = True
        else:
            await self._alignment.begin()
        history: History = await past_bars(self.connection, plan, world, self.notes.append)
        self._bus.start()
        if self._outside.recorder is not None:
            history = self._outside.recorder.begin(
                pipeline, plan, world.sessions, history, simulated=self.is_simulated
            )
        self.started_ns = now = pipeline.clock.now_ns
        self.opening_micro = pipeline.valuation.equity_micro
        pipeline.agenda.start(now)
        trader.start()
        self.notes += warm_up(trader, history, now)
        self._ahead = HoursAhead(self.connection, plan, pipeline)
        pipeline.sample()
        pipeline.clock.call_at(now + MINUTE_NS, self._tell_status, now + MINUTE_NS)
        until = end_of(plan.until, world.sessions[0], world.traded[0].calendar, now)
        if until < NEVER:
            pipeline.clock.call_at(until, self.stop, "the time to end has come")

        def ask() -> None:
            self._feed.subscribe(world.instruments)
            self._watch.subscribe()
            self._market_clock.release()

        self.connection.subscribe("market data", ask)
        simulated = self._greeting.simulated if self._greeting else self.is_simulated
        self.supervision.begin(simulated=simulated)
        self.pipeline = pipeline
        self.on_begin()
        if self._clock is self._wall_clock:
            if self._outside.collects:
                self._collector.begin()
                if not plan.shadow:
                    begin_rehearsals(self._client, self._broker, pipeline, self._on_fault)
            pipeline.keep_latency(self.stopwatch)

    def _on_state(self, state: LinkState) -> None:
        if self._link is not None:
            self._link.on_state(state)

    def _on_fault(self, fault: BaseException) -> None:
        """Stop entries for good, or the session where it has not begun."""
        if self.pipeline is not None:
            stops(self.pipeline.trader)(fault)
            return
        log.error("a fault before the start: %s", fault, exc_info=fault)
        self.stop(f"a fault before the start ({type(fault).__name__}: {fault})")

    # --- while it runs, and at its end ---------------------------------------------------------

    def _tell_status(self, due_ns: int) -> None:
        pipeline = self.pipeline
        if pipeline is None or self._stopping.is_set():
            return
        now = pipeline.clock.now_ns
        due_ns += MINUTE_NS * max(1, -((due_ns - now) // MINUTE_NS))
        pipeline.clock.call_at(due_ns, self._tell_status, due_ns)
        status = self.status()
        if not self._plan.shadow and self.connection.state is LinkState.READY:
            self._alignment.check_drift()
        if status is not None:
            log.info("%s", status.line())
            self.on_status(status)

    async def _end(self) -> End:
        pipeline = self.pipeline
        if pipeline is None:
            return End(self._reason, True, [], {})
        self._alignment.stop()
        self._ahead.stop()
        ending = Ending(
            pipeline,
            flatten=self._flatten,
            grace_s=self._plan.grace_s,
            connected=lambda: self.connection.state is LinkState.READY,
        )
        if self._outside.recorder is not None:
            self._outside.recorder.on_stopping(self._reason, self._flatten)
        ending.begin(self._reason)
        end = await ending.finish(self._reason, self._hurry)
        if self.connection.state is LinkState.READY:
            self._feed.cancel()
        pipeline.sample()
        now = pipeline.clock.now_ns
        stop = SessionStop(end.reason, len(end.working), end.positions)
        if self._journal is not None:
            self._journal.append("stop", now, stop)
        if self._link is not None:
            self._link.close()
        for line in end.lines():
            log.info("%s", line)
        return end
