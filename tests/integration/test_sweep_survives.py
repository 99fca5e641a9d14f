"""Sweeps in processes and on real clusters of this machine, killed in the middle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ikbr.data.synthetic import make_synthetic

STRATEGY = """
import os, signal, time
from pathlib import Path
from ikbr.strategies.examples.momentum import MomentumStrategy

class Slow(MomentumStrategy):
    '''Momentum that takes its time, and under which a process dies once.'''

    def __init__(self, lookback: int = 20, deadly: int = 0):
        super().__init__(lookback, 0.0005)
        self.deadly = deadly

    def on_start(self, *args):
        mark = Path(__file__).with_name("died")
        if self.lookback == self.deadly and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.1)
"""

SWEEP = ("--strategy", "slow.py:Slow", "--symbols", "SPY", "--objective", "net_pnl")
GRID = ("--grid", "lookback=5:16:1")
IKBR = (sys.executable, "-c", "from ikbr.cli.main import run; run()", "optimise")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market") / "catalog"
    make_synthetic(folder, symbols=("SPY",), days=2, rows_per_day=4_000)
    return folder


@pytest.fixture
def place(tmp_path: Path, market: Path) -> Path:
    (tmp_path / "catalog").symlink_to(market)
    (tmp_path / "slow.py").write_text(STRATEGY)
    return tmp_path


def start(place: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*IKBR, *SWEEP, *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sweep(place: Path, *words: str, code: int = 0) -> tuple[dict[str, Any], str]:
    process = start(place, *words, "--json", "-")
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return (json.loads(out) if out else {}), err


def runs(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**run, "seconds": 0} for run in told["runs"]]


def kept(folder: Path) -> list[str]:
    path = folder / "outcomes.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def wait_until(true: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def undisturbed(market: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "catalog").symlink_to(market)
    (folder / "slow.py").write_text(STRATEGY)
    (folder / "died").touch()
    told, _ = sweep(folder, *GRID, "--param", "deadly=10", "--jobs", "1")
    return runs(told)


@pytest.mark.parametrize("sampler", [(), ("--sampler", "tpe", "--trials", "14")])
def test_a_killed_sweep_goes_on_where_it_was(place: Path, sampler: tuple[str, ...]) -> None:
    words = (*GRID, *sampler, "--jobs", "2")
    process = start(place, *words, "--results", "r")
    workers = []
    try:
        wait_until(lambda: len(kept(place / "r")) >= 3)
        workers = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.communicate()
    before = kept(place / "r")
    assert 3 <= len(before) < 12
    # The processes of a killed sweep do not stay.
    wait_until(lambda: not any(one.is_running() for one in workers))
    told, err = sweep(place, *words, "--results", "r")
    assert f"{told['resumed']} kept from before" in err
    after = kept(place / "r")
    assert after[: len(before) - 1] == before[:-1]
    numbers = sorted(json.loads(line)["number"] for line in after)
    assert numbers == list(range(14 if sampler else 12))
    assert not list((place / "r").glob(".tape-*"))
    whole, _ = sweep(place, *words, "--results", "whole")
    assert runs(told) == runs(whole)


def test_a_killed_worker_process_costs_nothing(
    place: Path, undisturbed: list[dict[str, Any]]
) -> None:
    told, _ = sweep(place, *GRID, "--param", "deadly=10", "--jobs", "2")
    assert (place / "died").exists()
    assert runs(told) == undisturbed


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as one:
        return not one.connect_ex(("127.0.0.1", port))


def ended(processes: list[subprocess.Popen[bytes]]) -> None:
    """End processes and whatever they started."""
    for process in processes:
        family = [process]
        try:
            family += psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            continue
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        for child in family[1:]:
            if child.is_running():
                child.kill()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("distributed")
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    command = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
               "--port", str(port), "--no-dashboard")  # fmt: skip
    worker = (sys.executable, "-m", "distributed.cli.dask_worker", address, "--host", "127.0.0.1",
              "--nworkers", "2", "--nthreads", "1", "--no-dashboard")  # fmt: skip
    quiet: dict[str, Any] = {"cwd": tmp_path, "stderr": subprocess.DEVNULL}
    processes = [subprocess.Popen(command, **quiet), subprocess.Popen(worker, **quiet)]
    try:
        wait_until(lambda: listens(port))
        yield address
    finally:
        ended(processes)


@pytest.mark.slow
def test_dask_loses_and_doubles_nothing_when_a_worker_is_killed(
    place: Path, dask: str, undisturbed: list[dict[str, Any]]
) -> None:
    words = (*GRID, "--param", "deadly=10", "--executor", "dask", "--address", dask)
    told, err = sweep(place, *words)
    assert (place / "died").exists()
    assert "engine, Dask" in err
    assert runs(told) == undisturbed


@pytest.fixture
def ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    pytest.importorskip("ray")
    port = free_port()
    # Sockets in the folder have paths of at most 107 characters.
    folder = Path("/tmp") / f"ray-{os.getpid()}-{port}"
    program = Path(sys.executable).with_name("ray")
    command = (program, "start", "--head", "--block", "--node-ip-address", "127.0.0.1", "--port",
               str(port), "--num-cpus", "2", "--include-dashboard", "false", "--temp-dir",
               folder, "--disable-usage-stats", "--object-store-memory", "100000000")  # fmt: skip
    token = tmp_path / "token"
    token.write_text("0123456789abcdef" * 4)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
    log = (tmp_path / "ray.log").open("wb")
    env = os.environ | {"RAY_AUTH_MODE": "token"}
    process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
    try:
        wait_until(lambda: listens(port))
        yield f"127.0.0.1:{port}"
    finally:
        ended([process])
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_ray_loses_and_doubles_nothing_when_a_worker_is_killed(
    place: Path, ray: str, undisturbed: list[dict[str, Any]]
) -> None:
    words = (*GRID, "--param", "deadly=10", "--executor", "ray", "--address", ray)
    told, err = sweep(place, *words)
    assert (place / "died").exists()
    assert "engine, Ray" in err
    assert runs(told) == undisturbed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--executor", "dask", "--address", "tcp://127.0.0.1:9"), "cannot be reached"),
        (("--executor", "ray", "--address", "127.0.0.1:9"), "cannot be reached"),
    ],
)
def test_a_cluster_that_is_not_there_is_named(
    place: Path, words: tuple[str, ...], said: str
) -> None:
    pytest.importorskip("distributed" if "dask" in words else "ray")
    _, err = sweep(place, *GRID, *words, code=1)
    assert said in err
    assert words[-1] in err


@pytest.mark.parametrize("extra", ["dask", "ray", "optuna"])
def test_what_is_not_installed_is_named_with_its_extra(place: Path, extra: str) -> None:
    module = "distributed" if extra == "dask" else extra
    hidden = place / "hidden"
    hidden.mkdir()
    (hidden / f"{module}.py").write_text("raise ImportError('not installed')")
    words = {
        "dask": ("--executor", "dask", "--address", "tcp://127.0.0.1:9"),
        "ray": ("--executor", "ray"),
        "optuna": ("--sampler", "tpe"),
    }[extra]
    done = subprocess.run(
        [*IKBR, *SWEEP, *GRID, *words],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(hidden)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"pip install 'ikbr[{extra}]'" in done.stderr


def test_workers_map_one_tape_instead_of_copying_it(place: Path) -> None:
    """Read from the system which pages of the tape a worker holds for itself alone."""
    if not Path("/proc/self/smaps").exists():
        pytest.skip("only Linux tells")
    process = start(place, *GRID, "--jobs", "2", "--results", "r")
    private: list[int] = []
    seen = 0
    try:
        wait_until(lambda: len(kept(place / "r")) >= 3)
        end = time.monotonic() + 10
        while time.monotonic() < end and process.poll() is None and seen < 5:
            for child in psutil.Process(process.pid).children(recursive=True):
                mapped = tape_pages(child.pid)
                seen += mapped is not None
                private += [mapped] if mapped is not None else []
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert seen
    assert max(private) == 0


def tape_pages(pid: int) -> int | None:
    """Count the bytes of mapped tape columns that a process has copied; None without any."""
    try:
        lines = Path(f"/proc/{pid}/smaps").read_text().splitlines()
    except OSError:
        return None
    found, ours = None, False
    for line in lines:
        if "-" in line.partition(" ")[0]:
            ours = "/.tape-" in line
        elif ours and line.startswith("Anonymous:"):
            found = (found or 0) + int(line.split()[1]) * 1024
    return found
