"""Client ids belong to one process, lines are counted before they are asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ikbr.broker.client_lock import ClientIdLock
from ikbr.broker.connection import ConnectionSettings
from ikbr.broker.line_budget import LineBudget
from ikbr.broker.pool import PoolSettings
from ikbr.broker.request_errors import NoLineError
from ikbr.domain.errors import ConfigError

HOLDER = """
import sys
from pathlib import Path
from ikbr.broker.client_lock import ClientIdLock
lock = ClientIdLock(Path(sys.argv[1]), "127.0.0.1", 4002, 7)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_client_id_is_free_again_when_its_process_is_killed(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(ConfigError, match=rf"client_id = 7: process {holder.pid} uses it"):
        ClientIdLock(tmp_path, "127.0.0.1", 4002, 7)
    others = [ClientIdLock(tmp_path, *where) for where in (("127.0.0.1", 4002, 8), ("h", 4001, 7))]
    holder.kill()
    holder.communicate()
    mine = ClientIdLock(tmp_path, "127.0.0.1", 4002, 7)
    with pytest.raises(ConfigError):
        ClientIdLock(tmp_path, "127.0.0.1", 4002, 7)
    mine.release()
    ClientIdLock(tmp_path, "127.0.0.1", 4002, 7).release()
    for one in others:
        one.release()


def test_lines_run_out_with_a_clear_word_before_ib_is_asked() -> None:
    budget = LineBudget(2)
    budget.take("SPY")
    budget.take("KO", tick_by_tick=True)
    budget.take("SPY", tick_by_tick=True)
    with pytest.raises(NoLineError, match="market data of IBM: all 2 market data lines are in use"):
        budget.take("IBM")
    assert (budget.used, budget.free) == (2, 0)
    budget.release("KO")
    budget.take("IBM")


@pytest.mark.parametrize(("lines", "allowed"), [(20, 3), (100, 5), (200, 10)])
def test_one_line_in_twenty_may_be_tick_by_tick(lines: int, allowed: int) -> None:
    budget = LineBudget(lines)
    for number in range(allowed):
        budget.take(f"{number}", tick_by_tick=True)
    with pytest.raises(NoLineError, match="tick-by-tick"):
        budget.take("one more", tick_by_tick=True)
    budget.take("one more")
    budget.release("0")
    budget.take("one more", tick_by_tick=True)


@pytest.mark.parametrize(
    "options", [{"orders": 2}, {"data": -1}, {"orders": 0, "data": 0, "history": 0}, {"lines": 0}]
)
def test_a_pool_that_makes_no_sense_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options)) if len(options) == 1 else "data = 0"):
        PoolSettings(base=ConnectionSettings(), **options)
