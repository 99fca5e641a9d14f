"""The targets: what is fed with bytes, by name. Each is imported only when it is wanted."""

from __future__ import annotations

import importlib
from typing import Protocol, cast

FILES = {
    "wire-client": "wire_client",
    "gateway-session": "gateway_session",
    "settings": "settings_file",
    "strategy-file": "strategy_file",
    "fault-plan": "fault_plan",
    "journal": "journal",
    "csv-import": "csv_import",
    "lean-zip": "lean_zip",
    "control-port": "control_port",
    "operator-door": "operator_door",
    "contract-text": "contract_text",
}


class Target(Protocol):
    """Take bytes."""

    def feed(self, data: bytes) -> None:
        """Take any bytes; raise when something is not as it must be."""

    def seeds(self) -> list[bytes]:
        """Give inputs from which others are made."""


def target(name: str) -> Target:
    """Give a target by its name."""
    return cast("Target", importlib.import_module(f"tests.fuzz.{FILES[name]}"))
