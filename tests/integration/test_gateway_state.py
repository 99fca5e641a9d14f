"""A gateway that is killed outright has lost nothing that it had told."""

from __future__ import annotations

import json
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ikbr.data.synthetic import make_synthetic
from ikbr.gateway.framing import FrameReader, frame
from ikbr.gateway.messages import requests
from ikbr.gateway.messages.place_order import PLACE_ORDER

PROGRAM = "from ikbr.cli.main import run; run()"
HELLO = b"API\0" + struct.pack(">I", 9) + b"v157..178"
BUY = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD", "action": "BUY",
       "totalQuantity": 10, "orderType": "MKT", "transmit": True}  # fmt: skip


class Gateway:
    """A gateway in a process of its own."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "gateway", "sim", "--port", "0", "--step", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline() for _ in range(3)]
        assert "control port" in lines[-1], lines
        self.port = int(lines[0].split("127.0.0.1:")[1].split(",")[0])
        self.control = int(lines[-1].rsplit(":", 1)[1])

    def do(self, **fields: Any) -> Any:
        with socket.create_connection(("127.0.0.1", self.control), 5) as line:
            line.sendall(json.dumps(fields).encode() + b"\n")
            return json.loads(line.makefile().readline())

    def ask(self, *payloads: bytes) -> list[list[str]]:
        """Connect, send messages, and give the answers up to the time."""
        reader, found = FrameReader(longest=1 << 24), []
        with socket.create_connection(("127.0.0.1", self.port), 5) as client:
            client.sendall(HELLO)
            client.recv(100)
            for payload in (b"71\x002\x001\0\0", *payloads, b"49\x001\0"):
                client.sendall(frame(payload))
            while not any(words[0] == "49" for words in found):
                found += [one.decode().split("\0") for one in reader.feed(client.recv(1 << 16))]
        return found

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.communicate(timeout=10)


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    make_synthetic(tmp_path / "c", symbols=["SPY"], days=1, rows_per_day=1000)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        control = str(one.getsockname()[1])
    data, state = str(tmp_path / "c"), str(tmp_path / "s")
    return ["--data", data, "--control-port", control, "--state", state]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_orders_positions_and_executions_survive(how: signal.Signals, options: list[str]) -> None:
    first = Gateway(*options)
    first.do(do="step", rows=50)
    told = first.ask(
        PLACE_ORDER.encode(BUY | {"orderId": 7}, 178),
        PLACE_ORDER.encode(BUY | {"orderId": 8, "orderType": "LMT", "lmtPrice": 1.0}, 178),
    )
    fills = [words for words in told if words[0] == "11"]
    assert fills
    stood = first.do(do="status")
    first.end(how)
    second = Gateway(*options)
    assert second.do(do="status")["now_ns"] == stood["now_ns"]
    heard = second.ask(
        requests.REQ_OPEN_ORDERS.encode({}, 178),
        requests.REQ_EXECUTIONS.encode({"reqId": 5}, 178),
        requests.REQ_POSITIONS.encode({}, 178),
    )
    assert [words[1] for words in heard if words[0] == "5"] == ["8"]
    assert [words[14] for words in heard if words[0] == "11"] == [words[14] for words in fills]
    assert [words[2] for words in heard if words[0] == "9"] == ["9"]
    assert any(words[0] == "61" and "10" in words for words in heard)
    second.end(signal.SIGTERM)
