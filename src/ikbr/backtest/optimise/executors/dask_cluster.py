"""Running trials on a Dask cluster."""

from __future__ import annotations

import importlib
import queue
import time
from collections.abc import Sequence
from typing import Any

from ikbr.backtest.optimise.engine_job import Job
from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.executors.executor import Done, Lost, broken_run, pack, run_packed
from ikbr.backtest.optimise.trial import Trial
from ikbr.domain.errors import UsageError

CONNECT_S = 10
LOOK_EVERY_S = 2.0
PATIENCE_S = 60.0
"""Seconds without any worker after which a cluster is given up."""


class DaskExecutor:
    """Hand trials to a Dask scheduler.

    Source: Dask.distributed, "Resilience": the scheduler gives the tasks of a worker that died
    to others, and gives a task up (`KilledWorker`) under which several workers died.
    """

    def __init__(self, job: Job, address: str, patience_s: float = PATIENCE_S) -> None:
        """Connect.

        Args:
            job: What runs a trial.
            address: Of the scheduler, as tcp://HOST:8786.
            patience_s: Seconds to wait for workers when all are gone.

        Raises:
            UsageError: When Dask is not installed.
            SweepError: When the scheduler cannot be reached, or nobody works for it.
        """
        try:
            self._distributed: Any = importlib.import_module("distributed")
        except ImportError:
            raise UsageError(
                "--executor dask needs Dask, which is not installed; install it with "
                "pip install 'ikbr[dask]' here and on every worker."
            ) from None
        self._packed = pack(job)
        self._address, self._patience_s = address, patience_s
        self._running: dict[Any, Trial] = {}
        self._finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._alone_since: float | None = None
        try:
            self._client: Any = self._distributed.Client(
                address, timeout=CONNECT_S, set_as_default=False
            )
        except (OSError, ValueError, TimeoutError) as error:
            raise SweepError(
                f"the Dask scheduler at {address!r} cannot be reached ({_words(error)}); start one "
                f"with `dask scheduler` and workers with `dask worker {address}`, or give the "
                f"right --address."
            ) from error
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError:
            self.close()
            raise SweepError(
                f"the Dask scheduler at {address!r} has no workers; start some with "
                f"`dask worker {address}`."
            ) from None
        self.workers = sum(self._client.nthreads().values())
        self.at_once = 2 * self.workers

    @property
    def name(self) -> str:
        """Say where."""
        return f"Dask, {self.workers} worker threads"

    def submit(self, trial: Trial) -> None:
        """Hand over a trial."""
        # pure=False: equal trials of different sweeps are different tasks.
        future = self._client.submit(run_packed, self._packed, trial, pure=False)
        self._running[future] = trial
        future.add_done_callback(self._finished.put)

    def wait(self) -> Sequence[Done]:
        """Wait for trials."""
        found: list[Done] = []
        while not found:
            try:
                finished = [self._finished.get(timeout=LOOK_EVERY_S)]
            except queue.Empty:
                self._check_alive()
                continue
            while not self._finished.empty():
                finished.append(self._finished.get())
            found = [self._done(one) for one in finished if one in self._running]
        self._alone_since = None
        return found

    def close(self) -> None:
        """Disconnect; the cluster stays."""
        for future in self._running:
            future.cancel()
        self._running.clear()
        self._client.close(timeout=2)

    def _done(self, future: Any) -> Done:
        trial = self._running.pop(future)
        if future.status == "finished":
            return trial, future.result()
        if future.status == "error":
            error = future.exception()
            if isinstance(error, self._distributed.KilledWorker):
                return trial, Lost("its worker died: it was killed, ran out of memory or crashed")
            raise broken_run(trial, error)
        raise self._gone(None)

    def _check_alive(self) -> None:
        """Give up when scheduler or workers are gone for good."""
        if self._client.status != "running":
            raise self._gone(None)
        try:
            alive = bool(self._client.nthreads())
        except (OSError, TimeoutError) as error:
            raise self._gone(error) from error
        now = time.monotonic()
        if alive:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > self._patience_s:
            raise SweepError(
                f"the Dask scheduler at {self._address!r} has had no workers for "
                f"{self._patience_s:g} s; start some and repeat the command: the results so far "
                f"are kept."
            )

    def _gone(self, error: BaseException | None) -> SweepError:
        why = f" ({_words(error)})" if error is not None else ""
        return SweepError(
            f"the Dask scheduler at {self._address!r} went away{why}; start it and repeat the "
            f"command: the results so far are kept."
        )


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
