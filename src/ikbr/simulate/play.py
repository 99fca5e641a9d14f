"""Playing a seed: the storm, the calm after it, and what of the invariants did not hold."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from ikbr.domain.lifecycle import OrderState
from ikbr.simulate.blows import Storm
from ikbr.simulate.coverage import Coverage
from ikbr.simulate.invariants import ALWAYS, AT_REST, STOPPED, Found
from ikbr.simulate.kill_process import KillProcess
from ikbr.simulate.storm import CALM_S, Blow, make_storm
from ikbr.simulate.town import Town
from ikbr.simulate.unheard import listening
from ikbr.simulate.universe import SECOND, SpinsError
from ikbr.simulate.witness import Witness

READY_S = 60.0
"""How long after the storm the bot may take to be ready, or to tell a person."""
PATIENCE_S = (6.0, 75.0, 680.0)
"""After how long all must be well at last, seconds since it was ready: what is under way has
ended; the minute's comparison has happened; corrections were asked for."""
KILLED_S = 2.0
"""How long is looked on after it."""


class Violation(msgspec.Struct, frozen=True):
    """Say what did not hold.

    Attributes:
        invariant: Its name.
        at_s: When, seconds since the start.
        words: What was wrong.
    """

    invariant: str
    at_s: float
    words: str


class Outcome(msgspec.Struct, frozen=True):
    """Say what came of a seed.

    Attributes:
        seed: Which.
        storm: What went wrong.
        violations: What did not hold.
        coverage: How often a kind of blow met an order in a state, by "kind | state".
        orders, executions: How many there were at the broker.
        lives: How many lives the bot had.
        trace_hash: Over all bytes that travelled, when, and the journal.
        story: What happened, line by line.
    """

    seed: int
    storm: list[Blow]
    violations: list[Violation]
    coverage: dict[str, int]
    orders: int
    executions: int
    lives: int
    trace_hash: str
    story: list[str]


class Played:
    """Play one seed.

    Attributes:
        town: Where.
        witness: Sees what happens.
        violations: What did not hold.
        coverage: Counts which blows meet orders in which states.
    """

    def __init__(self, seed: int, storm: Sequence[Blow]) -> None:
        """Build the town; `run` lets the storm loose."""
        self.storm = list(storm)
        # Not of the universe's own chances: a storm that is shrunk stays in the same world.
        before_send = random.Random(f"options {seed}").random() < 0.3
        self.town = Town(seed, before_send=before_send)
        self.town.on_stopped = lambda: self._hold(STOPPED)
        self.witness = Witness(self.town)
        self.violations: list[Violation] = []
        self.coverage = Coverage()

    def run(self) -> None:
        """Let the storm loose, and look at what is left."""
        try:
            self._run()
        except SpinsError as error:
            self._violated("nothing_spins", str(error))

    def _run(self) -> None:
        town = self.town
        town.start()
        town.universe.after_turn = self._after_turn
        self._storm = Storm(town, self.storm, self._on_blow)
        self._until(CALM_S + 0.1)
        if town.kill is not None:
            self._see_kill_through(town.kill)
        elif self._wait_until_ready():
            self._rest()

    @property
    def _now_s(self) -> float:
        return self.town.universe.now_ns / SECOND

    def _until(self, at_s: float) -> None:
        """Let time pass, but not beyond a violation."""
        while not self.violations and self._now_s < at_s:
            self.town.universe.run_for(min(1.0, at_s - self._now_s))

    # --- what always holds ---------------------------------------------------------------------

    def _after_turn(self) -> None:
        witness, town = self.witness, self.town
        town.bot_looks()
        if witness.states:
            self._storm.on_states(witness.states)
            self.coverage.on_states(self._now_s, witness.states)
            witness.states.clear()
        if witness.has_news or town.has_faults:
            self._hold(ALWAYS)
            witness.forget_news()

    def _hold(self, invariants: Sequence[Callable[[Witness], Found]]) -> None:
        for invariant in invariants:
            for words in invariant(self.witness):
                self._violated(invariant.__name__, words)

    def _violated(self, name: str, words: str) -> None:
        if len(self.violations) < 5:
            self.violations.append(Violation(name, round(self._now_s, 6), words))
            self.town.say(f"VIOLATION of {name}: {words}")

    def _on_blow(self, blow: Blow, until_s: float) -> None:
        pipeline = self.town.bot.pipeline
        working = pipeline.trader.orders.working.values() if pipeline is not None else ()
        states = [order.state for order in working]
        if blow.on and OrderState(blow.on) not in states:
            states.append(OrderState(blow.on))
        self.coverage.on_blow(blow.kind, until_s, states)

    # --- what holds in the end -----------------------------------------------------------------

    def _wait_until_ready(self) -> bool:
        """Wait for the bot to be ready; a person must have been told when it is not."""
        town, until_s = self.town, CALM_S + READY_S
        while not self.violations and not town.bot.is_ready and self._now_s < until_s:
            self._until(self._now_s + 1.0)
        if town.bot.is_ready or self.violations:
            return not self.violations
        told = any(at_ns > CALM_S * SECOND for at_ns, _ in town.alerts)
        if not told and not (town.lied and town.lost_power):
            why = town.bot.failure or (town.bot.runner.connection.why if town.bot.runner else "")
            self._violated("ready_or_alert", f"the bot is not ready, and nobody was told ({why})")
        return False

    def _rest(self) -> None:
        """Let what is under way end; what does not hold must hold a little later at last."""
        self.town.bot.strategy.resting = True
        since_s = self._now_s
        for patience_s in PATIENCE_S:
            self._until(since_s + patience_s)
            if self.violations or not any(w for one in AT_REST for w in one(self.witness)):
                break
            self.town.bot.strategy.resting = True
        if not self.violations:
            self._hold(ALWAYS)
            self._hold(AT_REST)

    def _see_kill_through(self, kill: KillProcess) -> None:
        """Nothing is open when a person who stopped the bot is told so, nor later."""
        while not self.violations and not kill.complete_ns and self._now_s < CALM_S + READY_S:
            self._until(self._now_s + 1.0)
        self._until(max(self._now_s, CALM_S) + KILLED_S)
        if not self.violations:
            self._hold(ALWAYS)
            self._hold(STOPPED)

    # --- the outcome ---------------------------------------------------------------------------

    def outcome(self, seed: int) -> Outcome:
        """Say what came of it, and end everything."""
        town, witness = self.town, self.witness
        digest = sha256()
        for words in (town.universe.now_ns, town.universe.turns, town.network.trace):
            digest.update(f"{words};".encode())
        digest.update(town.disk.content_hash().encode())
        digest.update("\n".join(words for _, words in town.events).encode())
        found = Outcome(
            seed,
            self.storm,
            self.violations,
            dict(sorted(self.coverage.counts.items())),
            len(witness.seen),
            len(witness.executions),
            town.lives,
            digest.hexdigest(),
            [f"{at_ns / SECOND:9.3f}  {words}" for at_ns, words in town.events],
        )
        town.universe.close()
        return found


def play(seed: int, storm: Sequence[Blow] | None = None) -> Outcome:
    """Play a seed.

    Args:
        seed: Decides everything.
        storm: What goes wrong; as the seed decides, unless given.
    """
    one = Played(seed, make_storm(seed) if storm is None else storm)
    with listening() as unheard:
        one.witness.unheard = unheard.errors
        one.run()
        return one.outcome(seed)
