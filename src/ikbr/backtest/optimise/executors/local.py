"""Running trials in processes of this machine, with the workers of joblib (loky)."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from ikbr.backtest.optimise.engine_job import Job
from ikbr.backtest.optimise.executors.executor import Done, Lost, broken_run, pack, run_packed
from ikbr.backtest.optimise.trial import Outcome, Trial

DIED = "its process died: it was killed, ran out of memory or crashed"

LOOK_EVERY_S = 0.5
"""Seconds between two looks of a worker at whether its parent lives."""


class LocalExecutor:
    """Keep a pool of processes; a pool of which one died is replaced.

    Source: joblib's documentation of loky: when a worker dies unexpectedly, the whole pool is
    broken and every future of it raises.
    """

    def __init__(self, job: Job, jobs: int) -> None:
        """Prepare; processes start with the first trial.

        Args:
            job: What runs a trial.
            jobs: Number of processes.
        """
        self._packed = pack(job)
        self.workers = jobs
        # One more waits in line, so that no process idles until the next is chosen.
        self.at_once = jobs + 1
        self._pool: Any = None
        self._running: dict[Future[Outcome], Trial] = {}

    @property
    def name(self) -> str:
        """Say where."""
        return f"{self.workers} processes"

    def submit(self, trial: Trial) -> None:
        """Hand over a trial."""
        if self._pool is None:
            self._pool = self._new_pool()
        try:
            with out_of_reach_of_the_keyboard():
                future = self._pool.submit(run_packed, self._packed, trial)
        except (BrokenProcessPool, RuntimeError):
            # A process died between two waits: what ran there is reported by its futures.
            future = Future()
            future.set_exception(BrokenProcessPool(DIED))
        self._running[future] = trial

    def wait(self) -> Sequence[Done]:
        """Wait for trials."""
        finished, _ = wait(self._running, return_when=FIRST_COMPLETED)
        found: list[Done] = []
        broken = False
        for future in [one for one in self._running if one in finished]:
            error = future.exception()
            trial = self._running.pop(future)
            if error is None:
                found.append((trial, future.result()))
            elif isinstance(error, BrokenProcessPool):
                broken = True
                found.append((trial, Lost(DIED)))
            else:
                raise broken_run(trial, error)
        return found + (self._clear() if broken else [])

    def close(self) -> None:
        """End the processes."""
        self._running.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None

    def _clear(self) -> list[Done]:
        """Replace a broken pool; what it had in hand is lost or just done."""
        wait(self._running)
        found: list[Done] = []
        for future, trial in self._running.items():
            lost = future.exception() is not None
            found.append((trial, Lost(DIED) if lost else future.result()))
        self.close()
        return found

    def _new_pool(self) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor
        from joblib.externals.loky.backend import resource_tracker

        # It lets the keyboard through again when it begins, so it must begin before the workers.
        resource_tracker.ensure_running()
        # Each process is one worker: threads inside it would fight for the same cores.
        single = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS",
                  "POLARS_MAX_THREADS")  # fmt: skip
        return ProcessPoolExecutor(
            max_workers=self.workers,
            env=dict.fromkeys(single, "1"),
            initializer=leave_with_parent,
            initargs=(os.getpid(),),
        )


@contextmanager
def out_of_reach_of_the_keyboard() -> Iterator[None]:
    """Let processes that begin here not hear Ctrl-C, which a terminal sends to all of them.

    Their parent hears it and ends them; each would otherwise print where it was.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Source: POSIX, fork and exec: a new process inherits the mask of blocked signals.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_with_parent(parent: int) -> None:
    """End this process soon after its parent, however that one ends.

    A killed parent cannot tell its workers, and they would wait for its next word forever.

    Args:
        parent: Its process id. Where the system gives orphans no new parent, they stay.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, name="leave with parent", daemon=True).start()


def usual_jobs() -> int:
    """Count the processors that this process may use."""
    from joblib import cpu_count

    return int(cpu_count() or os.cpu_count() or 1)
