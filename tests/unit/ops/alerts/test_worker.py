"""A worker goes on after what it was to do has failed inside."""

from __future__ import annotations

import time

from ikbr.ops.alerts.worker import Worker


def outcome(worker: Worker[str], task: str) -> str:
    worker.begin(task)
    until = time.monotonic() + 5.0
    while (why := worker.outcome()) is None and time.monotonic() < until:
        time.sleep(0.001)
    assert why is not None
    return why


def test_a_failure_inside_is_told_and_the_next_task_is_done() -> None:
    def work(task: str) -> str:
        if task == "bad":
            raise ValueError("a secret")
        return ""

    worker = Worker("test", work)
    assert outcome(worker, "bad") == "it failed inside (ValueError)"
    assert outcome(worker, "good") == ""
    assert not worker.busy
