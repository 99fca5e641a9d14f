"""The gateway's control port: every line gets one line of JSON, and the market goes on."""

from __future__ import annotations

import json

from tests.unit.gateway.rig import OPEN, a_world

from ikbr.gateway.control import Control
from ikbr.gateway.runner import Runner


def feed(data: bytes) -> None:
    """Take each line as a request."""
    control = Control(Runner(a_world()))
    for line in data.split(b"\n")[:8]:
        answer = control.answer(line, OPEN)
        found = json.loads(answer)
        assert answer.endswith(b"\n")
        assert answer.count(b"\n") == 1
        assert found["ok"] or found["error"]
    last = json.loads(control.answer(b'{"do": "status"}', OPEN))
    assert last["ok"]


def seeds() -> list[bytes]:
    """Give each request once."""
    return [
        b'{"do": "status"}\n{"do": "step", "rows": 3}\n{"do": "advance", "seconds": 2.5}',
        b'{"do": "speed", "speed": 60}\n{"do": "advance", "to_ns": 1772461805000000000}',
        b'{"do": "fault", "what": "drop", "client": 1, "after_s": 2}\n{"do": "step"}',
        b'{"do": "order", "symbol": "SPY", "side": "BUY", "quantity": 10, "limit_price": 99.5}',
        b'{"do": "speed", "speed": 1e999}\n{"do": "advance", "seconds": 1e300}',
        b'{"do": "speed", "speed": 1e300}\n{"do": "step"}',
        b'{"do": ' + b"[" * 3_000,
    ]
