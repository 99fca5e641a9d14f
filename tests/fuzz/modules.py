"""Which modules of a target are instrumented: those that read what comes from outside.

They are named here, and not by the targets: a module that was imported before is instrumented no
more.
"""

from __future__ import annotations

MODULES: dict[str, tuple[str, ...]] = {
    "wire-client": (
        "ikbr.broker.client",
        "ikbr.broker.hot_messages",
    ),
    "gateway-session": (
        "ikbr.gateway.session",
        "ikbr.gateway.tables",
        "ikbr.gateway.fields",
        "ikbr.gateway.framing",
        "ikbr.gateway.handlers.every",
    ),
    "settings": (
        "ikbr.settings.load",
        "ikbr.settings.sections",
    ),
    "strategy-file": ("ikbr.strategies.instances",),
    "fault-plan": (
        "ikbr.gateway.faults.plan",
        "ikbr.gateway.faults.fault",
        "ikbr.gateway.faults.injector",
    ),
    "journal": (
        "ikbr.journal.reader",
        "ikbr.journal.chain_check",
        "ikbr.journal.session_reader",
        "ikbr.journal.segment_scan",
        "ikbr.journal.repair",
        "ikbr.journal.anchor",
        "ikbr.journal.records",
    ),
    "csv-import": (
        "ikbr.data.csv_map",
        "ikbr.data.csv_times",
        "ikbr.data.import_csv",
    ),
    "lean-zip": (
        "ikbr.data.lean_files",
        "ikbr.data.lean_parse",
    ),
    "control-port": (
        "ikbr.gateway.control",
        "ikbr.gateway.faults.fault",
        "ikbr.gateway.manual",
        "ikbr.gateway.runner",
    ),
    "operator-door": (
        "ikbr.live.operator",
        "ikbr.live.operator_door",
        "ikbr.live.operator_orders",
        "ikbr.domain.limit_changes",
        "ikbr.domain.limit_table",
    ),
    "contract-text": (
        "ikbr.domain.contracts",
        "ikbr.domain.instrument",
    ),
}
