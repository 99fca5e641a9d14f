"""The operator's door: every line is carried out or refused; limits never loosen."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
from tests.fuzz.allowed import check_plain
from tests.unit.core.rig import FREE, Rig

from ikbr.domain.limit_table import check_tightening
from ikbr.live.operator import Operator
from ikbr.live.operator_door import OperatorDoor

LIMITS = msgspec.structs.replace(FREE, max_order_quantity=1_000, max_drawdown_pct=0.2)


def feed(data: bytes) -> None:
    """Take each line as a request."""
    rig = Rig(limits=LIMITS)
    pipeline: Any = SimpleNamespace(trader=rig.trader, clock=rig.clock, journal=rig.journal)
    door = OperatorDoor(Path("unused"), Operator(pipeline, rig.journal, lambda: None))
    for line in data.split(b"\n")[:8]:
        before = rig.risk.limits
        answer = door.answer(line, {"source": "fuzz"})
        assert answer["ok"] or answer["error"]
        json.dumps(msgspec.to_builtins(answer), allow_nan=False)
        check_tightening(before, rig.risk.limits)
        check_plain(msgspec.structs.asdict(rig.risk.limits))


def seeds() -> list[bytes]:
    """Give each action once."""
    return [
        b'{"action": "status"}\n{"action": "latency"}\n{"action": "resume"}',
        b'{"action": "tighten", "limits": {"max_order_quantity": 100}}\n{"action": "halt"}',
        b'{"action": "tighten", "limits": {"max_drawdown_pct": "0.1"}, "reason": "\\u00e9"}',
        b'{"action": "unblock", "subject": "SPY"}\n{"action": "enable", "subject": "s0"}',
        b'{"action": "cancel", "order_id": 1}\n{"action": "cancel-all"}\n{"action": "flatten"}',
        b'{"action": "set-parameter", "strategy": "s0", "name": "x", "value": 1}',
    ]
