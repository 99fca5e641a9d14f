"""The second half of the demo: a morning on paper, over TCP to a simulated gateway."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ikbr.domain.errors import BrokerError

if TYPE_CHECKING:
    from ikbr.api.trade import Prepared

SYMBOLS = ("SPY", "AAPL", "KO")
PARAMETERS = {"lookback": 120, "threshold": 0.001}
"""Chosen so that something is to be seen; they are no advice."""
UNTIL = "11:30"
REPORT = "demo-paper.html"
PATIENCE_S = 60.0
"""How long the gateway may take to start; the synthetic market may have to be made first."""

GATEWAY = (sys.executable, "-c", "from ikbr.cli.main import run; run()", "gateway", "sim")


def trade_a_morning(folder: Path, *, until: str = UNTIL, aside: bool = False) -> Path:
    """Start a gateway, trade against it until the end of the morning, end both.

    Args:
        folder: Where the report goes.
        until: When the morning ends.
        aside: Whether stdout is for something else.

    Returns:
        The report.
    """
    from rich.console import Console

    from ikbr.cli.trading import present, run_shown

    console = Console(stderr=aside, highlight=False)
    console.print(f"\nTrading on paper: a simulated gateway, {', '.join(SYMBOLS)}, until {until}.")
    report = folder.resolve() / REPORT
    with tempfile.TemporaryDirectory() as scratch, gateway(Path(scratch)) as port:
        prepared = morning(Path(scratch), port, report, until)
        end, result = asyncio.run(run_shown(prepared, "", console, console.is_terminal))
        present(end, result, prepared, console)
    return report


def morning(scratch: Path, port: int, report: Path, until: str) -> Prepared:
    """Prepare the session from nothing but what stands in this file.

    Args:
        scratch: Where the journal goes.
        port: Of the gateway.
        report: Where the report goes, and the log beside it.
        until: When it ends.
    """
    from ikbr.api.outputs import Outputs
    from ikbr.api.trade import Prepared
    from ikbr.broker.connection import ConnectionSettings
    from ikbr.core.pipeline import Instance
    from ikbr.domain.limits import PROFILES
    from ikbr.live.modes import Meant
    from ikbr.live.plan import SessionPlan
    from ikbr.settings import JournalSettings
    from ikbr.strategies.registry import create

    strategy = create("momentum", PARAMETERS)
    plan = SessionPlan(
        mode="paper",
        connection=ConnectionSettings(port=port),
        instances=[Instance(strategy, "momentum", SYMBOLS)],
        limits=PROFILES["paper"],
        clock="gateway",
        until=until,
        flatten=True,
    )
    meant = Meant("paper", "paper", port)
    outputs = Outputs(report=report)
    log = report.with_suffix(".log")
    journal = JournalSettings(dir=scratch / "journals")
    return Prepared(plan, meant, journal, outputs, log, scratch / "session")


@contextmanager
def gateway(scratch: Path, speed: str = "max") -> Iterator[int]:
    """Start a simulated gateway in a process of its own, and end it.

    Args:
        scratch: Where its output goes.
        speed: How quickly its market goes.

    Yields:
        Its port.

    Raises:
        BrokerError: When it does not start.
    """
    from ikbr.api.embedded import SEED

    told = scratch / "gateway.txt"
    words = [*GATEWAY, "--port", "0", "--control-port", "0", "--speed", speed]
    words += ["--seed", str(SEED), "--symbols", ",".join(SYMBOLS)]
    # Neither settings of the folder nor those of the environment are to change the demo.
    kept = {k: v for k, v in os.environ.items() if k == "IKBR_CACHE" or not k.startswith("IKBR_")}
    with told.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file, cwd=scratch, env=kept)
    try:
        yield asyncio.run(_port(process, told))
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _port(process: subprocess.Popen[bytes], told: Path) -> int:
    """Wait until the gateway says where it listens."""
    text = ""
    for _ in range(round(PATIENCE_S / 0.05)):
        text = told.read_text(encoding="utf-8")
        found = re.search(r"gateway on [\d.]+:(\d+)", text)
        if found is not None:
            return int(found[1])
        if process.poll() is not None:
            break
        await asyncio.sleep(0.05)
    raise BrokerError(f"the simulated gateway did not start: {text.strip() or 'it says nothing'}")
