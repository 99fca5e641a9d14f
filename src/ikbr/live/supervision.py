"""Supervision: everything that a session watches about its surroundings, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ikbr.broker.connection import Connection, LinkState
from ikbr.broker.decode_errors import DecodeErrors
from ikbr.live.decode_watch import DecodeWatch
from ikbr.live.link_alarm import LinkAlarm
from ikbr.live.pipeline import EntryHolds, LivePipeline
from ikbr.live.plan import SessionPlan
from ikbr.live.protection_watch import ProtectionWatch
from ikbr.live.quiet_watch import QuietWatch
from ikbr.live.reset_watch import ResetWatch
from ikbr.live.skew_watch import SkewWatch


class Supervision:
    """Watch resets, the link, stops, the data, the clocks, and what could not be read.

    Attributes:
        holds: Holds entries for what is found.
    """

    def __init__(
        self,
        pipeline: LivePipeline,
        connection: Connection,
        plan: SessionPlan,
        errors: DecodeErrors,
        compare: Callable[[], Awaitable[None]],
    ) -> None:
        """Wait for `begin`.

        Args:
            pipeline: Of the session.
            connection: Of the session.
            plan: Says what is watched.
            errors: Counts what could not be read.
            compare: Brings the books in line with the broker's.
        """
        rules = plan.supervision
        self.holds = EntryHolds(pipeline, pipeline.clock)
        self._connection = connection
        real_money = connection.settings.mode == "live"
        self._resets = ResetWatch(pipeline, self.holds, rules, real_money=real_money)
        self._alarm = LinkAlarm(pipeline, self._resets.under_way)
        self._protection = ProtectionWatch(pipeline)
        self._quiet = QuietWatch(pipeline, rules.quiet_s)
        self._skew = SkewWatch(pipeline, self.holds, rules, lambda: connection.skew_s)
        self._decode = DecodeWatch(pipeline, self.holds, errors, compare)

    def begin(self, *, simulated: bool) -> None:
        """Watch from now on.

        Args:
            simulated: Whether the gateway is a simulated one, whose clock is that of its market.
        """
        self._resets.begin()
        self._quiet.begin()
        self._protection.begin()
        if not simulated:
            self._skew.begin()

    def severity_of(self, state: LinkState) -> str:
        """Say how serious it is that the link is in a state: during a reset it is no surprise."""
        return "warning" if state is LinkState.READY or self._resets.under_way() is None else "info"

    def explains(self, state: LinkState) -> bool:
        """Say whether trading goes on in a state of the link, or a reset explains that it waits."""
        return state is LinkState.READY or self._resets.under_way() is not None

    def on_state(self, state: LinkState, why: str) -> None:
        """Hear how the link is from now on, and why."""
        self._alarm.on_state(state, why)

    def stop(self) -> None:
        """Watch no more: the session is over."""
        watches = (
            self._resets, self._alarm, self._protection, self._quiet, self._skew, self._decode,
        )  # fmt: skip
        for one in watches:
            one.stop()
