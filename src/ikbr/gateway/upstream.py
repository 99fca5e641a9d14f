"""Upstream: what the gateway itself is connected to, and what clients feel when that breaks.

Source: IBKR, "TWS API message codes" (162, 1100, 1101, 1102, 2103 to 2106, 2110, 2157, 2158,
10197). While the link is down orders wait in the gateway and go on by themselves afterwards, as
code 10328 says of a real one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from ikbr.domain.timers import Timer
from ikbr.gateway.faults.message import TICK, Message
from ikbr.gateway.fields import Values

if TYPE_CHECKING:
    from ikbr.gateway.lines import Line
    from ikbr.gateway.session import Session
    from ikbr.gateway.world import World

MOST_POSTPONED = 10_000
"""Requests that wait for the link; later ones are lost."""
MOST_NEWS = 10_000
"""Messages about orders that wait for the link, per client; later ones are lost."""

FARMS = {
    "market": (2104, 2103, "Market data farm connection is {}:usfarm"),
    "history": (2106, 2105, "HMDS data farm connection is {}:ushmds"),
    "contracts": (2158, 2157, "Sec-def data farm connection is {}:secdefil"),
}
"""Code when it works, code when it is broken, words."""
LOST = (1100, "Connectivity between IB and Trader Workstation has been lost.")
BACK_LOST = (1101, "Connectivity between IB and Trader Workstation has been restored - data lost.")
BACK_KEPT = (
    1102, "Connectivity between IB and Trader Workstation has been restored - data maintained.",
)  # fmt: skip
BROKEN = (
    2110, "Connectivity between Trader Workstation and server is broken. It will be restored "
    "automatically.",
)  # fmt: skip
COMPETING = (10197, "No market data during competing live session")
NO_HISTORY = (
    162, "Historical Market Data Service error message:HMDS server disconnect occurred.  "
    "Attempting reconnection...",
)  # fmt: skip

_MARKET = frozenset({
    TICK, "tickByTick", "marketDepth", "marketDepthL2", "realTimeBar", "historicalDataUpdate",
})  # fmt: skip
_NEWS = frozenset({"openOrder", "orderStatus", "execDetails", "commissionReport", "error"})
_ORDERS = frozenset({"placeOrder", "cancelOrder", "reqGlobalCancel"})
_HISTORY = frozenset({
    "reqHistoricalData", "reqHistoricalTicks", "reqHeadTimestamp", "reqRealTimeBars",
})  # fmt: skip
LISTS = frozenset({
    "reqOpenOrders", "reqAllOpenOrders", "reqAutoOpenOrders", "reqCompletedOrders",
    "reqExecutions", "reqPositions", "reqAccountUpdates", "reqContractDetails",
})  # fmt: skip
_STREAMS = ("lines", "ticks", "depth", "bars", "history")


class Upstream:
    """Follow what the gateway is connected to.

    Attributes:
        broken: Whether anything is; only then has it to be asked.
        asked: Whether what is told now is the answer to a request.
        lists: Whether it is a list that ends with a message of its own.
        down_until_ns: Until when the gateway itself is away.
        accepts: Whether connections are taken, and closed at once, while it is away.
        deaf_until_ns: Until when those who connect hear nothing.
    """

    def __init__(self, world: World) -> None:
        """Start with everything connected."""
        self._world = world
        self.broken = False
        self.asked = self.lists = self.accepts = False
        self.down_until_ns = self.deaf_until_ns = 0
        self._linked = True
        self._farms: set[str] = set()
        self._competing: dict[int, int] = {}
        self._postponed: deque[tuple[Session, Callable[[], None]]] = deque(maxlen=MOST_POSTPONED)
        self._timers: dict[str, Timer] = {}

    @property
    def is_down(self) -> bool:
        """Whether the gateway itself is away; it is back when the tape is over."""
        return self._world.now_ns < self.down_until_ns and not self._world.ended

    @property
    def is_deaf(self) -> bool:
        """Whether those who connect now hear nothing."""
        return self._world.now_ns < self.deaf_until_ns

    def greeting(self) -> Iterator[tuple[int, str]]:
        """Give the notices for a client that has connected."""
        if not self._linked:
            yield BROKEN
        for farm in FARMS:
            yield self.farm(farm)

    def farm(self, farm: str) -> tuple[int, str]:
        """Give the notice that says how a data farm is: its code and its words."""
        works, broken, words = FARMS[farm]
        if self._linked and farm not in self._farms:
            return works, words.format("OK")
        return broken, words.format("broken")

    # --- what breaks ----------------------------------------------------------------------------

    def restart(self, for_ns: int, *, accepts: bool = False) -> None:
        """Close all connections and take no new ones for a time, ns, or close those at once."""
        self.accepts = accepts
        self.down_until_ns = self._world.now_ns + for_ns
        self._postponed.clear()
        for session in self._sessions():
            session.drop("the gateway restarts.")

    def link_down(self, for_ns: int, *, kept: bool) -> None:
        """Lose the link to the servers; it comes back by itself after a time, ns, unless 0."""
        if self._linked:
            self._linked = False
            self._look()
            self._tell(LOST, *(self.farm(farm) for farm in FARMS))
        self._later("link", for_ns, lambda: self.link_up(kept=kept))

    def link_up(self, *, kept: bool) -> None:
        """Have the link again; market data has to be asked for anew unless it was kept."""
        if self._linked:
            return
        self._linked = True
        self._look()
        self._tell(BACK_KEPT if kept else BACK_LOST, *(self.farm(farm) for farm in FARMS))
        for session in self._sessions():
            self._catch_up(session)
            if not kept:
                _end_streams(session)
        self._refresh()
        while self._postponed:
            session, handle = self._postponed.popleft()
            handle()

    def farm_down(self, farm: str, for_ns: int) -> None:
        """Lose a data farm; it comes back by itself after a time, ns, unless 0."""
        if farm not in self._farms:
            self._farms.add(farm)
            self._look()
            self._tell(self.farm(farm))
        self._later(farm, for_ns, lambda: self.farm_up(farm))

    def farm_up(self, farm: str) -> None:
        """Have a data farm again."""
        if farm in self._farms:
            self._farms.discard(farm)
            self._look()
            self._tell(self.farm(farm))
            self._refresh()

    def compete(self, session: Session, for_ns: int) -> None:
        """Let the same user be logged in elsewhere for a time, ns: no market data here."""
        client_id = session.client_id
        for request_id in session.state.get("lines", ()):
            session.error(request_id, *COMPETING)
        self._competing[client_id] = self._world.now_ns + for_ns
        self._look()
        self._later(f"competing {client_id}", for_ns, lambda: self._stop_competing(client_id))

    # --- what it is asked -----------------------------------------------------------------------

    def takes(
        self, session: Session, name: str, values: Values, handle: Callable[[], None]
    ) -> bool:
        """Say whether a request cannot be served now; then it was answered or waits."""
        if not self._linked and name in _ORDERS:
            self._postponed.append((session, handle))
            return True
        if name in _HISTORY and (not self._linked or "history" in self._farms):
            session.error(values["reqId"], *NO_HISTORY)
            return True
        return False

    def withholds(self, session: Session, message: Message) -> bool:
        """Say whether a client cannot be told something now; news of orders waits."""
        if message.name in _MARKET:
            return (
                not self._linked or "market" in self._farms or session.client_id in self._competing
            )
        if self._linked or self.asked or message.name not in _NEWS:
            return False
        if message.name == "error" and message.values["id"] < 0:
            return False
        news: list[bytes] = session.state.setdefault("news", [])
        if len(news) < MOST_NEWS:
            news.append(message.framed)
        return True

    # --- inside ---------------------------------------------------------------------------------

    def _sessions(self) -> list[Session]:
        return [cast("Session", link) for link in self._world.links.values()]

    def _tell(self, *notices: tuple[int, str]) -> None:
        for session in self._sessions():
            for code, text in notices:
                session.error(-1, code, text)

    def _later(self, name: str, after_ns: int, act: Callable[[], None]) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        if after_ns:
            clock = self._world.clock
            self._timers[name] = clock.call_at(clock.now_ns + after_ns, act)

    def _stop_competing(self, client_id: int) -> None:
        self._competing.pop(client_id, None)
        self._look()
        self._refresh()

    def _refresh(self) -> None:
        """Let lines tell where the market stands by now."""
        for session in self._sessions():
            lines: dict[int, Line] = session.state.get("lines", {})
            for line in lines.values():
                line.refresh()

    def _look(self) -> None:
        self.broken = bool(not self._linked or self._farms or self._competing)

    @staticmethod
    def _catch_up(session: Session) -> None:
        for framed in session.state.pop("news", ()):
            session.pass_on(framed)


def _end_streams(session: Session) -> None:
    for topic in _STREAMS:
        streams = session.state.get(topic, {})
        for stream in streams.values():
            stream.close()
        streams.clear()
