"""Running trials on a Ray cluster."""

from __future__ import annotations

import importlib
import os
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ikbr.backtest.optimise.engine_job import Job
from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.executors.executor import Done, Lost, broken_run, pack, run_packed
from ikbr.backtest.optimise.trial import Trial
from ikbr.domain.errors import UsageError

CONNECT_S = 5.0
LOOK_EVERY_S = 2.0
PATIENCE_S = 60.0
"""Seconds without any processor after which a cluster is given up."""

DIED = "its worker died: it was killed, ran out of memory or crashed"


class RayExecutor:
    """Hand trials to a Ray cluster, one processor each.

    Source: Ray, "Task fault tolerance": a task whose worker dies fails with a
    `WorkerCrashedError`, or `NodeDiedError` for its whole machine, when it is not to be retried.
    Ray from 2.59 on talks to a cluster only with its token, which it finds by itself with
    address "auto" on a machine of the cluster, or through RAY_AUTH_MODE and RAY_AUTH_TOKEN.
    """

    def __init__(self, job: Job, address: str = "auto", patience_s: float = PATIENCE_S) -> None:
        """Connect.

        Args:
            job: What runs a trial.
            address: HOST:PORT of the head, ray://HOST:PORT, or auto.
            patience_s: Seconds to wait for machines when all are gone.

        Raises:
            UsageError: When Ray is not installed.
            SweepError: When the cluster cannot be reached.
        """
        # Ray must not report from other people's machines.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        if has_token(os.environ):
            os.environ.setdefault("RAY_AUTH_MODE", "token")
        try:
            ray: Any = importlib.import_module("ray")
        except ImportError:
            raise UsageError(
                "--executor ray needs Ray, which is not installed; install it with "
                "pip install 'ikbr[ray]' here and on every machine of the cluster."
            ) from None
        self._ray = ray
        self._address, self._patience_s = address, patience_s
        self._running: dict[Any, Trial] = {}
        self._alone_since: float | None = None
        packed = pack(job)
        _check_reachable(address)
        self._own = not ray.is_initialized()
        try:
            ray.init(
                address=address,
                ignore_reinit_error=True,
                log_to_driver=False,
                logging_level="ERROR",
            )
            self.workers = int(ray.cluster_resources().get("CPU", 0))
        except Exception as error:
            raise SweepError(
                f"the Ray cluster at {address!r} cannot be reached ({_words(error)}); start one "
                f"with `ray start --head`, or give the right --address; elsewhere than where the "
                f"cluster was started also its token (RAY_AUTH_TOKEN, or the file "
                f"~/.ray/auth_token)."
            ) from error
        if not self.workers:
            self.close()
            raise SweepError(
                f"the Ray cluster at {address!r} has no processors; add machines with "
                f"`ray start --address={address}`."
            )
        self.at_once = 2 * self.workers
        self._packed = ray.put(packed)
        # A dead worker is reported at once: the driver decides what is run again.
        self._run: Any = ray.remote(num_cpus=1, max_retries=0)(run_packed)

    @property
    def name(self) -> str:
        """Say where."""
        return f"Ray, {self.workers} processors"

    def submit(self, trial: Trial) -> None:
        """Hand over a trial."""
        self._running[self._run.remote(self._packed, trial)] = trial

    def wait(self) -> Sequence[Done]:
        """Wait for trials."""
        while True:
            try:
                ready, _ = self._ray.wait(list(self._running), timeout=LOOK_EVERY_S)
            except Exception as error:
                raise self._gone(error) from error
            if ready:
                self._alone_since = None
                return [self._done(one) for one in ready]
            self._check_alive()

    def close(self) -> None:
        """Disconnect; the cluster stays."""
        for running in self._running:
            self._ray.cancel(running, force=True)
        self._running.clear()
        if self._own:
            self._ray.shutdown()

    def _done(self, reference: Any) -> Done:
        errors = self._ray.exceptions
        trial = self._running.pop(reference)
        try:
            return trial, self._ray.get(reference)
        except (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.OutOfMemoryError,
            errors.ObjectLostError,
        ):
            return trial, Lost(DIED)
        except errors.RayTaskError as error:
            raise broken_run(trial, error.cause) from error
        except errors.RayError as error:
            raise self._gone(error) from error

    def _check_alive(self) -> None:
        try:
            alive = self._ray.cluster_resources().get("CPU", 0) > 0
        except Exception as error:
            raise self._gone(error) from error
        now = time.monotonic()
        if alive:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > self._patience_s:
            raise SweepError(
                f"the Ray cluster at {self._address!r} has had no processors for "
                f"{self._patience_s:g} s; add machines and repeat the command: the results so "
                f"far are kept."
            )

    def _gone(self, error: BaseException) -> SweepError:
        return SweepError(
            f"the Ray cluster at {self._address!r} went away ({_words(error)}); start it and "
            f"repeat the command: the results so far are kept."
        )


def has_token(env: Mapping[str, str]) -> bool:
    """Say whether there is a token to show to a cluster; those that want none ignore it.

    Args:
        env: Environment variables.

    Source: Ray, "Token authentication": RAY_AUTH_TOKEN, else the file RAY_AUTH_TOKEN_PATH, else
    ~/.ray/auth_token, which `ray start --head` makes.
    """
    if env.get("RAY_AUTH_TOKEN"):
        return True
    path = env.get("RAY_AUTH_TOKEN_PATH")
    return (Path(path) if path else Path.home() / ".ray" / "auth_token").is_file()


def _check_reachable(address: str) -> None:
    """Fail at once where nobody listens; Ray itself would try for a minute.

    Raises:
        SweepError: When nobody does.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except OSError as error:
        raise SweepError(
            f"the Ray cluster at {address!r} cannot be reached ({_words(error)}); start one with "
            f"`ray start --head`, or give the right --address."
        ) from error


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
