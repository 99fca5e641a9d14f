"""The alerts of a session on their way out of it, with its summaries and its heartbeat."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from ikbr.core.event_bus import OBSERVER, EventBus
from ikbr.domain.alerts import HEARTBEAT
from ikbr.domain.events import Alert, EventType
from ikbr.domain.instrument import MICRO
from ikbr.domain.session import Session
from ikbr.live.pipeline import LivePipeline
from ikbr.live.runner import Runner
from ikbr.live.status import Status
from ikbr.ops.alerts.addresses import read_addresses, routes_of
from ikbr.ops.alerts.courier import Courier
from ikbr.ops.alerts.summary import DayBook, Figures, Holding
from ikbr.ops.alerts.transport import check_heartbeat
from ikbr.ops.alerts.words import Setup
from ikbr.settings import Settings, variables

BEAT_S = 1.0
AFTER_CLOSE_NS = 60_000_000_000
"""The summary waits for what the closing auction still fills."""
SUPERVISED = "IKBR_SUPERVISED"
"""Set where a supervisor tells of crashes."""


def alerts_setup(settings: Settings, kind: str, client_id: int) -> Setup | None:
    """Say who is told of alerts.

    Args:
        settings: With the rules.
        kind: "paper", "live" or "shadow", for the titles.
        client_id: Of the bot, for the titles.

    Returns:
        None when there is nobody to tell.

    Raises:
        ConfigError: When an address is missing, or cannot be read.
    """
    return setup_from(settings, kind, client_id, variables())


def setup_from(
    settings: Settings, kind: str, client_id: int, environment: Mapping[str, str]
) -> Setup | None:
    """Do as `alerts_setup`, with an environment of your own."""
    rules = settings.alerts
    addresses = read_addresses(rules, environment)
    if not addresses:
        return None
    heartbeat = addresses[HEARTBEAT].url if HEARTBEAT in addresses else ""
    if heartbeat:
        check_heartbeat(heartbeat)
    return Setup(
        label=f"ikbr {kind}, client {client_id} on {socket.gethostname()}",
        rules=rules,
        routes=routes_of(rules, addresses),
        urls={name: one.url for name, one in addresses.items() if name != HEARTBEAT},
        heartbeat=heartbeat,
        alone=not environment.get(SUPERVISED),
    )


class SessionAlerts:
    """Bring the alerts of a session to people."""

    def __init__(self, setup: Setup, bus: EventBus) -> None:
        """Listen; `start` begins to tell.

        Args:
            setup: Who is told.
            bus: Before its start.
        """
        self._courier = Courier(setup)
        self._alone = setup.alone
        self._book = DayBook(bus)
        self._runner: Runner | None = None
        self._timer: asyncio.TimerHandle | None = None
        bus.subscribe(EventType.ALERT, self._courier.tell, priority=OBSERVER, name="alerts")

    def start(self, runner: Runner) -> None:
        """Begin; needs a running event loop."""
        self._runner = runner
        self._then = runner.on_begin
        runner.on_begin = self._begin
        self._courier.start()
        self._turn()

    def _begin(self) -> None:
        """Take that trading begins."""
        self._then()
        pipeline, figures = self._parts()
        if pipeline is not None and figures is not None:
            self._book.begin(figures)
            pipeline.after_close.append(self._on_close)

    def close(self, error: Exception | None = None) -> None:
        """Tell how the session ended, and wait for that a little.

        Args:
            error: What ended it; None for an end on purpose.
        """
        if self._timer is not None:
            self._timer.cancel()
        pipeline, _ = self._parts()
        if pipeline is not None and self._book.is_due:
            begun = pipeline.agenda.begun
            self._sum_up(begun[-1].date if begun else _day_of(pipeline.clock.now_ns))
        if error is not None and self._alone:
            words = f"the session ended with an error ({type(error).__name__}): {error}"
            self._courier.tell(Alert(time.time_ns(), "critical", "bot", words))
        self._courier.close()

    def _turn(self) -> None:
        runner = self._runner
        assert runner is not None
        ready = runner.pipeline is not None and runner.supervision.explains(runner.connection.state)
        self._courier.beat(ready=ready)
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._turn)

    def _on_close(self, session: Session) -> None:
        pipeline, _ = self._parts()
        if pipeline is not None:
            at = session.close_ns + AFTER_CLOSE_NS
            pipeline.clock.call_at(at, self._sum_up, session.date)

    def _sum_up(self, day: dt.date) -> None:
        _, figures = self._parts()
        if figures is not None:
            self._courier.tell(self._book.close(day, figures))

    def _parts(self) -> tuple[LivePipeline | None, Figures | None]:
        runner = self._runner
        if runner is None or runner.pipeline is None:
            return None, None
        status = runner.status()
        return runner.pipeline, None if status is None else figures_of(runner.pipeline, status)


@contextmanager
def telling(alerts: SessionAlerts | None, runner: Runner) -> Iterator[None]:
    """Tell people of a session while the block runs, and how it ended."""
    if alerts is None:
        yield
        return
    alerts.start(runner)
    failure: Exception | None = None
    try:
        yield
    except Exception as error:
        failure = error
        raise
    finally:
        alerts.close(failure)


@contextmanager
def a_courier(setup: Setup | None) -> Iterator[Callable[[Alert], None]]:
    """Give whom to hand alerts to while the block runs; without anybody to tell, nobody."""
    if setup is None:
        yield lambda _alert: None
        return
    courier = Courier(msgspec.structs.replace(setup, who="supervisor", heartbeat="", alone=True))
    courier.start()

    def hand_over(alert: Alert) -> None:
        courier.tell(alert)
        courier.beat(ready=False)

    try:
        yield hand_over
    finally:
        courier.close()


def figures_of(pipeline: LivePipeline, status: Status) -> Figures:
    """Take from a session what its summary tells."""
    books = pipeline.trader.portfolio
    costs = sum(books.to_base(p.fees_micro, p.currency) for p in books.positions.values())
    return Figures(
        ts_ns=status.ts_ns,
        base=status.base,
        equity=status.equity,
        costs=costs / MICRO,
        day_pnl=status.daily_pnl,
        positions=[
            Holding(p.symbol, p.quantity, p.unrealised, books.positions[p.symbol].currency)
            for p in status.positions
        ],
        working=len(status.working),
        halted=status.halted,
    )


def _day_of(ts_ns: int) -> dt.date:
    return dt.datetime.fromtimestamp(ts_ns // 1_000_000_000, dt.UTC).date()
