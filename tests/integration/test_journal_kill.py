"""A process that appends is killed at random moments: nothing it had appended is missing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from ikbr.domain.order import OrderRequest, Side
from ikbr.journal.reader import read_records
from ikbr.journal.session_opening import open_session
from ikbr.journal.session_reader import verify_session

RUNS = 6
APPENDER = """
import os, sys
from ikbr.domain.order import OrderRequest, Side
from ikbr.journal.session_opening import open_session

journal = open_session(sys.argv[1], "killed", commit_s=0.001)
order_id = int(sys.argv[2])
while True:
    order_id += 1
    journal.append("intent", order_id, (order_id, "m", OrderRequest("SPY", Side.BUY, 1), 0))
    os.write(1, b"%d\\n" % order_id)
    if order_id % 500 == 0:
        journal.rotate("killed")
"""


def killed(folder: Path, first: int, after_s: float) -> int:
    """Let a process append from an id on and kill it; give the last id it told us."""
    command = [sys.executable, "-c", APPENDER, str(folder), str(first)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = os.read(process.stdout.fileno(), 1 << 20)  # it has begun
    until = time.monotonic() + after_s
    while time.monotonic() < until:
        told += os.read(process.stdout.fileno(), 1 << 20)
    process.send_signal(signal.SIGKILL)
    told += process.stdout.read()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return int(told[: told.rindex(b"\n")].rsplit(b"\n", 1)[-1])


def test_every_intent_whose_append_returned_survives_kill_9(tmp_path) -> None:
    rng = random.Random(11)
    ids: list[int] = []
    for _ in range(RUNS):
        last = killed(tmp_path, ids[-1] if ids else 0, rng.random() * 0.15)
        assert not verify_session(str(tmp_path)).tampered
        with open_session(tmp_path, "looked-at") as journal:
            assert journal.repair is None or journal.repair.kept_in in ("", *os.listdir(tmp_path))
        ids = [record.body[0] for record in read_records(tmp_path) if record.kind == "intent"]
        # One more may be there: it was appended, but the process could not tell us any more.
        assert ids == list(range(1, ids[-1] + 1))
        assert ids[-1] in (last, last + 1)
    assert len(ids) > RUNS
    with open_session(tmp_path, "end") as journal:
        journal.append("intent", 1, (ids[-1] + 1, "m", OrderRequest("SPY", Side.BUY, 1), 0))
    assert verify_session(str(tmp_path)).closed
