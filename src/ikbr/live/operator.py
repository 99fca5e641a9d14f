"""The operator: what a person may do to a bot that runs, through whatever door.

Nothing here loosens a limit: they tighten, entries stop and go on again, a symbol or a strategy
that was stopped is let go on, orders are cancelled, positions closed, parameters changed that are
declared changeable. Every action is in the journal with who and when.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ikbr.core.ports import Journal
from ikbr.core.protection import is_protective
from ikbr.core.risk_usage import risk_usage
from ikbr.core.trader import Trader
from ikbr.domain.errors import ConfigError, UsageError, nearest
from ikbr.domain.events import Alert
from ikbr.domain.histogram import Histogram
from ikbr.domain.limit_changes import PREFIX, changed_limits, tightened_limits
from ikbr.domain.limits import RiskLimits
from ikbr.domain.session_events import TIGHTEN, OperatorAction
from ikbr.domain.vitals import Durations
from ikbr.live.operator_flatten import Flattening
from ikbr.live.operator_orders import Orders, cancel_all, order_to_cancel
from ikbr.live.pipeline import LivePipeline
from ikbr.live.status import Status
from ikbr.strategies.changes import change_parameter
from ikbr.strategies.running import Running

log = logging.getLogger("ikbr.operator")


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say what a person asks.

    Attributes:
        action: One of `Operator.actions`.
        reason: Why, in their words.
        subject: Which strategy or symbol is meant.
        limits: New values by name.
        order_id: Which order is meant.
        strategy, symbol: What is meant; "" for all.
        name, value: Of a parameter.
        person: Who asks, where whoever stands at the door asks for somebody.
    """

    action: str
    reason: str = ""
    subject: str = ""
    limits: dict[str, str | int | float | bool | list[str]] = {}
    order_id: int = 0
    strategy: str = ""
    symbol: str = ""
    name: str = ""
    value: str | int | float | bool = ""
    person: str = ""


class Operator:
    """Carry out what a person asks of a session.

    Attributes:
        actions: What may be asked, by name.
        on_action: Told of what was done.
        timings: How long things take, by name.
    """

    def __init__(
        self,
        pipeline: LivePipeline,
        journal: Journal,
        status: Callable[[], Status | None],
    ) -> None:
        """Serve one session.

        Args:
            pipeline: Whose.
            journal: Gets a record of each action.
            status: Says how the session stands.
        """
        self._trader: Trader = pipeline.trader
        self._clock = pipeline.clock
        self._journal = journal
        self._status = status
        self._flattening = Flattening(self._trader, self._clock)
        self.on_action: Callable[[OperatorAction], None] = lambda _action: None
        self.timings: Mapping[str, Histogram] = {}
        self.actions: dict[str, Callable[[Asked, Mapping[str, Any]], dict[str, Any]]] = {
            "status": self._say_status,
            "latency": self._say_latency,
            "tighten": self._tighten,
            "enable": self._enable,
            "unblock": self._unblock,
            "halt": self._halt,
            "resume": self._resume,
            "cancel": self._cancel,
            "cancel-all": self._cancel_all,
            "flatten": self._flatten,
            "set-parameter": self._set_parameter,
        }

    def perform(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out an action.

        Args:
            asked: What is asked.
            who: Who asks, plain values; with "source", the door.

        Returns:
            The answer, plain values.

        Raises:
            UsageError: When it cannot be done; nothing was changed.
        """
        act = self.actions.get(asked.action)
        if act is None:
            raise UsageError(
                f"action {asked.action!r} is unknown; {nearest(asked.action, self.actions)}"
            )
        return act(asked, {**who, "person": asked.person} if asked.person else who)

    def take_limits(self, wanted: RiskLimits, names: list[str], source: str) -> list[str]:
        """Tighten by what was changed elsewhere, and say loudly what would loosen.

        Args:
            wanted: The limits there.
            names: Which of them were changed.
            source: Where, in words.

        Returns:
            Why some were refused.
        """
        risk = self._trader.risk
        limits, refused = tightened_limits(risk.limits, wanted, names)
        taken = _differences(risk.limits, limits)
        if taken:
            try:
                risk.tighten(limits)
            except ConfigError as error:
                taken, refused = {}, [*refused, str(error)]
            else:
                self._record(TIGHTEN, "", {"limits": taken}, {"source": source})
        for words in refused:
            self._alert("warning", f"{source}: {words}")
        return refused

    # --- actions -------------------------------------------------------------------------------

    def _say_status(self, _asked: Asked, _who: Mapping[str, Any]) -> dict[str, Any]:
        status = self._status()
        trader = self._trader
        risk, halts = trader.risk, trader.risk.halts
        usage = risk_usage(risk, trader.portfolio)
        return {
            "session": status.plain() if status is not None else None,
            "holds": {halt.rule: halt.reason for halt in halts.held},
            "latches": {halt.rule: halt.reason for halt in halts.latched},
            "blocked": dict(risk.clearance.blocked),
            "reconciled": risk.clearance.reconciled,
            "strategies": {one.name: one.enabled for one in trader.manager.running},
            "limits": {
                name: {
                    "value": getattr(risk.limits, name),
                    "used": usage[name].used if name in usage else None,
                }
                for name in RiskLimits.__struct_fields__
            },
        }

    def _say_latency(self, _asked: Asked, _who: Mapping[str, Any]) -> dict[str, Any]:
        return {"timings": {name: Durations.of(one) for name, one in self.timings.items()}}

    def _tighten(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        if not asked.limits:
            raise UsageError("no limit is named; write it as risk.max_position_pct=0.05.")
        risk = self._trader.risk
        before = risk.limits
        limits = changed_limits(before, asked.limits)
        risk.tighten(limits)
        taken = _differences(before, limits)
        if taken:
            self._record(TIGHTEN, asked.reason, {"limits": taken}, who)
        return {"limits": {PREFIX + name: value for name, value in taken.items()}}

    def _enable(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        trader, name = self._trader, asked.subject
        running = self._running(name)
        if not running.enabled:
            raise UsageError(
                f"strategy {name!r} was disabled by an error in it; mend it and start again."
            )
        trader.risk.enable(name)
        trader.unmute()
        self._record("enable", asked.reason, {"strategy": name}, who)
        return {"strategy": name}

    def _unblock(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        risk, symbol = self._trader.risk, asked.subject
        why = risk.clearance.blocked.get(symbol)
        if why is None:
            raise UsageError(
                f"symbol {symbol!r} is not blocked; {nearest(symbol, risk.clearance.blocked)}"
            )
        risk.unblock(symbol)
        self._trader.unmute()
        self._record("unblock", asked.reason, {"symbol": symbol, "was": why}, who)
        return {"symbol": symbol, "was": why}

    def _halt(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        words = asked.reason or "no reason given"
        self._record("halt", asked.reason, {}, who)
        self._trader.pause(words)
        return {"halted": words}

    def _resume(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        trader = self._trader
        if not trader.resume():
            raise UsageError("entries were not stopped by `ikbr halt`; `ikbr status` says by what.")
        self._record("resume", asked.reason, {}, who)
        left = trader.risk.halted
        return {"halted": left.reason if left is not None else ""}

    def _cancel(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        order = order_to_cancel(self._trader, asked.order_id)
        fields = {"order_id": order.order_id, "symbol": order.symbol, "strategy": order.strategy}
        self._record("cancel", asked.reason, fields, who)
        self._trader.orders.cancel(order.order_id)
        held = " It protected what is held." if is_protective(order) else ""
        return {"message": f"The cancellation of order {order.order_id} is on its way.{held}"}

    def _cancel_all(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        orders = Orders(asked.strategy, asked.symbol)
        orders.check(self._trader)
        self._record("cancel-all", asked.reason, orders.fields(), who)
        return {"message": cancel_all(self._trader, orders)}

    def _flatten(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        """Stop entries first: what was just closed would be entered again by the next signal."""
        orders, trader = Orders(asked.strategy, asked.symbol), self._trader
        orders.check(trader)
        if trader.desk.closed:
            raise UsageError("the session is ending; `ikbr kill --flatten` closes what is held.")
        self._record("flatten", asked.reason, orders.fields(), who)
        words = f"flattened: {asked.reason or 'no reason given'}"
        trader.pause(words)
        return self._flattening.begin(orders, words)._asdict()

    def _set_parameter(self, asked: Asked, who: Mapping[str, Any]) -> dict[str, Any]:
        running = self._running(asked.strategy)
        before, after = change_parameter(running.strategy, asked.name, asked.value)
        fields = {"strategy": running.name, "name": asked.name, "from": before, "to": after}
        self._record("set-parameter", asked.reason, fields, who)
        return {"message": f"{running.name}.{asked.name} is {after}, and was {before}."}

    def _running(self, name: str) -> Running:
        running = next((one for one in self._trader.manager.running if one.name == name), None)
        if running is None:
            names = [one.name for one in self._trader.manager.running]
            raise UsageError(f"strategy {name!r} does not run here; {nearest(name, names)}")
        return running

    def _record(
        self, action: str, reason: str, fields: dict[str, Any], who: Mapping[str, Any]
    ) -> None:
        """Write down what was done, and remember over a restart what risk must."""
        source = str(who.get("source", ""))
        person = {name: value for name, value in who.items() if name != "source"}
        record = OperatorAction(action, source, reason, fields | person)
        self._journal.append("operator", self._clock.now_ns, record)
        self.on_action(record)
        self._trader.keep_risk()
        words = f"{action} by {person.get('person') or person.get('user', source)}"
        if fields:
            words += ": " + ", ".join(f"{name} {value}" for name, value in fields.items())
        self._alert("info", f"{words} ({reason})" if reason else words)

    def _alert(self, severity: str, words: str) -> None:
        self._trader.alert(Alert(self._clock.now_ns, severity, "operator", words))


def _differences(before: RiskLimits, after: RiskLimits) -> dict[str, Any]:
    return {
        name: getattr(after, name)
        for name in RiskLimits.__struct_fields__
        if getattr(before, name) != getattr(after, name)
    }
