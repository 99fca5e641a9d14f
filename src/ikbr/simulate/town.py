"""The town: a gateway, a bot, the network between them, and whoever starts them again."""

from __future__ import annotations

import random
from collections.abc import Callable

from ikbr.domain.events import Alert
from ikbr.gateway.world import World
from ikbr.journal.session_journal import SessionJournal
from ikbr.live.latch import Killed
from ikbr.simulate.bot_process import BotProcess
from ikbr.simulate.disk import AFTER, BEFORE, MIDST, Disk, ProcessDied, Where
from ikbr.simulate.gateway_process import GatewayProcess
from ikbr.simulate.kill_process import KillProcess
from ikbr.simulate.market import DAYS, make_source
from ikbr.simulate.network import Carry, Network
from ikbr.simulate.node import Node
from ikbr.simulate.universe import SECOND, Universe

TAPE_S = 240
SUPERVISE_S = 0.5
DIES = "the bot dies"
BEFORE_OPEN_NS = 2 * SECOND
BIRTH_S = 1.5
"""How long a process manager takes to start the bot again."""


class Town:
    """Let a bot and a gateway live, die and be started again.

    Attributes:
        universe, network, disk, gateway: What there is.
        bot: The bot's present life.
        lives: How many lives it has had.
        killed: Whether a person has stopped trading.
        alerts: What a person was told, and when, ns since the start.
        events: What happened, for people, with when.
        on_birth: Told of every new life of the bot.
        on_journal: Told of every journal that is opened.
        on_pipeline: Told of a life of the bot as soon as it has a pipeline.
        on_midnight: Called when a night has passed.
        on_death: Called when it has died there.
        failpoint: Where the bot dies, and at the how-manieth time; None for nowhere.
        wall_offset_ns: How far the machine's clock is from the universe's.
        lost_power, lied: Whether the machine lost its power, or its disk has lied, at any time.
        killed_ns: When a person stopped trading.
        kill: The process with which a person does so; None for nobody does.
        on_stopped: Called when it says that nothing is open any more.
    """

    def __init__(self, seed: int, *, before_send: bool = False) -> None:
        """Build it; nothing runs before `start`.

        Args:
            seed: Decides everything.
            before_send: Whether intents are synced before their orders are sent.
        """
        self.universe = Universe(seed)
        self.gateway = GatewayProcess(self.universe, make_source(random.Random(seed), TAPE_S))
        self.network = Network(self.universe, self.gateway.epoch_ns)
        self.network.on_carry = self._carried
        self.disk = Disk()
        self.before_send = before_send
        self.killed: Killed | None = None
        self.alerts: list[tuple[int, Alert]] = []
        self.events: list[tuple[int, str]] = []
        self.lives = 0
        self.bot: BotProcess
        self.on_birth: Callable[[BotProcess], None] = lambda _bot: None
        self.on_journal: Callable[[SessionJournal], None] = lambda _journal: None
        self.on_pipeline: Callable[[BotProcess], None] = lambda _bot: None
        self._born_ns = 0
        self.on_midnight: Callable[[], None] = lambda: None
        self.on_death: Callable[[], None] = lambda: None
        self.failpoint: tuple[Where, int] | None = None
        self.wall_offset_ns = 0
        self.lost_power = self.lied = False
        self.killed_ns = 0
        self.kill: KillProcess | None = None
        self.on_stopped: Callable[[], None] = lambda: None
        self.disk.watch = self._dies

    @property
    def world(self) -> World:
        """The gateway's world."""
        return self.gateway.world

    def start(self) -> None:
        """Let the gateway and the bot begin."""
        self.gateway.start(self.network)
        self._bear()
        self.universe.call_in(SUPERVISE_S, self._supervise)

    def stop_trading(self) -> None:
        """Let a person stop the bot from outside."""
        if self.killed is None:
            self.killed_ns = self.universe.now_ns
            self.killed = Killed(self.killed_ns, "simulation", "a person says so")
            self.kill = KillProcess(self, self.on_stopped)

    def pass_night(self) -> None:
        """Let it be just before the open of the next day at once, if there is one.

        The gateway restarts itself overnight, as it does every day; nobody hears of the evening.
        """
        now_ns = self.gateway.epoch_ns + self.universe.now_ns + self.gateway.slept_ns
        ahead = [day.open_ns for day in DAYS if day.open_ns > now_ns]
        if not ahead:
            return
        self.gateway.crash()
        night_ns = ahead[0] - BEFORE_OPEN_NS - now_ns
        self.gateway.slept_ns += night_ns
        self.wall_offset_ns += night_ns
        self.bot.node.wall_offset_ns = self.wall_offset_ns
        self.gateway.restart()
        self.on_midnight()

    def say(self, words: str) -> None:
        """Note what happened."""
        self.events.append((self.universe.now_ns, words))

    @property
    def faults(self) -> list[str]:
        """Errors that no process has handled, in words."""
        return [f"{node.name}: {words}" for node in self._nodes for words in node.faults]

    @property
    def has_faults(self) -> bool:
        """Whether there is any such error."""
        return any(node.faults for node in self._nodes)

    @property
    def _nodes(self) -> list[Node]:
        nodes = [self.bot.node, self.gateway.node]
        return nodes if self.kill is None else [*nodes, self.kill.node]

    def bot_looks(self) -> None:
        """Have the bot tell of its pipeline; called after every turn."""
        self.bot.look()

    def _bear(self) -> None:
        self.lives += 1
        self.say(f"the bot begins life {self.lives}")
        self.bot = BotProcess(
            self.universe,
            self.network,
            self.disk,
            before_send=self.before_send,
            killed=lambda: self.killed,
            on_alert=self._on_alert,
            on_journal=self.on_journal,
            on_pipeline=self.on_pipeline,
        )
        self.bot.node.wall_offset_ns = self.wall_offset_ns
        self.on_birth(self.bot)

    def _dies(self, where: Where) -> bool:
        """Say whether the bot dies at a place; it is dead then."""
        if not self._is_time_to_die(where):
            return False
        self._die(where)
        return True

    def _is_time_to_die(self, where: Where) -> bool:
        failpoint = self.failpoint
        if failpoint is None or failpoint[0] != where or not self.bot.node.alive:
            return False
        if failpoint[1] > 1:
            self.failpoint = (where, failpoint[1] - 1)
            return False
        self.failpoint = None
        return True

    def _die(self, where: Where) -> None:
        self.say(f"{DIES} {where[1]} a {where[0]}")
        self.bot.die()
        self.universe.call_at(self.universe.now_ns, self.on_death)

    def _carried(self, node: Node, name: str, data: bytes, carry: Carry) -> None:
        """Carry bytes from or to a process, unless it dies at it."""
        if node is not self.bot.node:
            carry(data)
            return
        if self._dies((name, BEFORE)):
            raise ProcessDied
        midst = (name, MIDST)
        if len(data) > 1 and self._is_time_to_die(midst):
            carry(data[: len(data) // 2])
            self._die(midst)
            raise ProcessDied
        carry(data)
        if self._dies((name, AFTER)):
            raise ProcessDied

    def _on_alert(self, alert: Alert) -> None:
        self.alerts.append((self.universe.now_ns, alert))
        self.say(f"alert: {alert.severity} {alert.source}: {alert.message}")

    def _supervise(self) -> None:
        """Start the bot again when it has ended, unless a person wants it stopped."""
        self.universe.call_in(SUPERVISE_S, self._supervise)
        bot = self.bot
        if bot.ended and bot.node.alive:
            self.say(f"the bot has {bot.failure or 'ended'}")
            bot.die()
        if bot.node.alive:
            self._born_ns = self.universe.now_ns + round(BIRTH_S * SECOND)
        elif self.killed is None and self.universe.now_ns >= self._born_ns:
            self._bear()
