"""`ikbr gateway sim`: what it reads, and that it starts, serves and ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ikbr.cli.main import execute


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--speed", "x"], "speed 'x' must be"),
        (["--speed", "0"], "speed '0' must be"),
        (["--speed", "inf"], "speed 'inf' must be"),
        (["--speed", "60", "--step"], "--step and --speed 60 contradict"),
        (["--port", "99999"], "'99999' for '--port'"),
        (["--control-port", "-1"], "'-1' for '--control-port'"),
        (["--port", "4010", "--control-port", "4010"], "are both 4010; choose two"),
        (["--account", "DU1"], "NAME=VALUE"),
        (["--account", "DU1=many"], "the cash is no number"),
        (["--account", "D-1=5"], "letters and digits"),
        (["--data", "nowhere"], "does not exist"),
        (["--date", "someday"], "someday"),
        (["--latency-ms", "-1"], "latency_ms"),
        (["--fees", "low"], "fees"),
        (["--fx", "EUR=x"], "--fx EUR=x: the rate is no number"),
        (["--fx", "EUR=0"], "fx EUR=0 cannot be"),
        (["--state", "/dev/null/x"], "--state /dev/null/x cannot be used"),
        (["--auto-restart", "24:00"], "auto_restart = '24:00' must be a time"),
        (["--faults", "nowhere.toml"], "the fault plan nowhere.toml cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    options: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["gateway", "sim", *options]) == 2
    told = capsys.readouterr().err
    assert why in told
    assert told.count("\n") == 1


def test_it_serves_a_catalog_until_it_is_told_to_stop(tmp_path: Path) -> None:
    from ikbr.data.synthetic import make_synthetic

    make_synthetic(tmp_path / "c", symbols=["SPY"], days=1, rows_per_day=1000)
    program = "from ikbr.cli.main import run; run()"
    options = ["--data", str(tmp_path / "c"), "--port", "0", "--control-port", "0", "--step"]
    with subprocess.Popen(
        [sys.executable, "-c", program, "gateway", "sim", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert "SYNTHETIC data: SPY; 2026-03-02" in first
        assert process.stdout.readline() == "accounts: DU1000001\n"
        port = int(first.split("127.0.0.1:")[1].split(",")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"API\0\0\0\0\x09v157..178")
            assert b"178\0" in client.recv(100)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert process.returncode == 0, err


def test_a_port_that_is_taken_is_told_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ikbr.data.synthetic import make_synthetic

    make_synthetic(tmp_path / "c", symbols=["SPY"], days=1, rows_per_day=1000)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code = execute(["gateway", "sim", "--data", str(tmp_path / "c"), "--port", port])
    assert code == 2
    assert f"port {port}" in capsys.readouterr().err
