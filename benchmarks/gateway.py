"""How fast the simulated gateway is, beside a bare asyncio echo server in the same run.

    venv/bin/python benchmarks/gateway.py [--seconds 3] [--json FILE|-]

Server and clients share this machine and the loopback; each side is a process of its own. The
sink reads and counts messages and does nothing with them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SYMBOLS = (b"SPY", b"QQQ", b"IWM", b"AAPL", b"KO", b"PEP")
HOST = "127.0.0.1"
READ = 1 << 18
REPORT = b"59\x001\x000000e0d5"
"""How the report of a commission begins, the last message about a market order."""

ACK = b"\0Submitted\x000\x001\0"
"""What is said when a limit order works: the last thing, none filled, one to go."""


# --- servers, in processes of their own ---------------------------------------------------------


async def echo() -> None:
    """Send back what comes, and on demand as many messages as the socket takes."""

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(data)

    server = await asyncio.get_running_loop().create_server(Echo, HOST, 0)
    print(server.sockets[0].getsockname()[1], 0, flush=True)
    await server.serve_forever()


async def flood() -> None:
    """Send prepared tick messages as fast as the client reads: the bound of one process."""
    body = b"1\x006\x0010\x001\x00238.25\x00300\x001\x00"
    burst = (struct.pack(">I", len(body)) + body) * 256

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(burst)
                await writer.drain()
        except ConnectionError:
            pass

    server = await asyncio.start_server(serve, HOST, 0)
    print(server.sockets[0].getsockname()[1], 0, flush=True)
    await server.serve_forever()


async def gateway(speed: float) -> None:
    """Serve the embedded synthetic market."""
    from ikbr.api.embedded import embedded_catalog
    from ikbr.data.catalog import Catalog
    from ikbr.data.tape_source import CatalogSource, select_days
    from ikbr.domain.execution import ExecutionModel
    from ikbr.gateway.looped import LoopedSource
    from ikbr.gateway.options import GatewayOptions
    from ikbr.gateway.server import GatewayServer
    from ikbr.gateway.world import World

    catalog = Catalog(embedded_catalog())
    symbols = [one.decode() for one in SYMBOLS]
    source = LoopedSource(CatalogSource(catalog, symbols, select_days(catalog, symbols)), 50)
    model = ExecutionModel(account="simple", queue="none")
    # Over a weekend the servers' reset would end all lines.
    options = GatewayOptions(model=model, request_rate=0, nightly=False)
    server = GatewayServer(World(source, options), speed=speed)
    server.counts_messages = False
    await server.start()
    if not speed:
        server.world.step(5000)
    print(server.port, server.control_port, flush=True)
    await asyncio.Event().wait()


# --- clients ------------------------------------------------------------------------------------


class Server:
    """Run one of the servers above while it is needed."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, __file__, "--serve", kind]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port, self.control = (int(word) for word in self._process.stdout.readline().split())

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def frame(*fields: object) -> bytes:
    body = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(body)) + body


def connect(port: int, client_id: int) -> socket.socket:
    """Open a session and wait for the next valid id."""
    client = socket.create_connection((HOST, port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(b"API\0" + struct.pack(">I", 9) + b"v157..178")
    client.recv(1024)
    client.sendall(frame(71, 2, client_id, ""))
    data = b""
    while b"2158" not in data:
        data += client.recv(1 << 16)
    return client


def subscribe(client: socket.socket) -> None:
    for number, symbol in enumerate(SYMBOLS):
        contract = (0, symbol.decode(), "STK", "", 0, "", "", "SMART", "", "USD", "", "")
        client.sendall(frame(1, 11, number + 10, *contract, 0, "", 0, 0, ""))


def count(data: bytearray) -> int:
    """Count and remove the whole messages."""
    at, found, end = 0, 0, len(data)
    while end - at >= 4:
        length = int.from_bytes(data[at : at + 4], "big")
        if end - at - 4 < length:
            break
        at += 4 + length
        found += 1
    del data[:at]
    return found


def messages_per_second(clients: list[socket.socket], seconds: float) -> float:
    """Read from all clients in turn and count what comes."""
    buffers = [bytearray() for _ in clients]
    total, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        for client, buffer in zip(clients, buffers, strict=True):
            buffer.extend(client.recv(READ))
            total += count(buffer)
    return total / passed


def round_trips(
    send: Callable[[int], None], receive: Callable[[], None], number: int
) -> list[float]:
    """Time single questions, one after the other, in microseconds."""
    times = []
    for one in range(number):
        began = time.perf_counter()
        send(one)
        receive()
        times.append((time.perf_counter() - began) * 1e6)
    return times


def place(order_id: int, limit: float = 0.0) -> bytes:
    """Write a market order, or one with a limit; what is not named is empty."""
    fields: list[object] = [""] * 114
    fields[0:14] = [3, order_id, 0, "SPY", "STK", "", 0, "", "", "SMART", "", "USD", "", ""]
    fields[16], fields[17], fields[18], fields[21], fields[27] = "BUY", 1, "MKT", "DAY", 1
    if order_id % 2:
        fields[16] = "SELL"
    if limit:
        fields[16], fields[18], fields[19] = "BUY", "LMT", limit
    return frame(*fields)


def order_figures(number: int) -> dict[str, float]:
    """Place market orders, one by one and then many at once."""
    with Server("gateway-step") as server:
        client = connect(server.port, 1)
        buffer = bytearray()

        def until(word: bytes, times: int = 1) -> None:
            while buffer.count(word) < times:
                buffer.extend(client.recv(READ))
            buffer.clear()

        singles = round_trips(lambda n: client.sendall(place(n + 1)), lambda: until(REPORT), number)
        began = time.perf_counter()
        client.sendall(b"".join(place(number + n + 1) for n in range(number)))
        until(REPORT, number)
        many = number / (time.perf_counter() - began)
        acks = round_trips(
            lambda n: client.sendall(place(2 * number + n + 1, 1.0)), lambda: until(ACK), number
        )
        client.close()
    return {
        **quantiles(singles, "order"), **quantiles(acks, "ack"), "orders_per_second": many,
    }  # fmt: skip


def quantiles(times: list[float], name: str) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100)
    return {f"{name}_p50_us": cuts[49], f"{name}_p99_us": cuts[98]}


def measure(seconds: float, number: int) -> dict[str, float]:
    """Measure everything, the reference beside it."""
    found: dict[str, float] = {}
    with Server("flood") as server, socket.create_connection((HOST, server.port)) as client:
        found["bare_messages_per_second"] = messages_per_second([client], seconds)
    with Server("echo") as server, socket.create_connection((HOST, server.port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        times = round_trips(
            lambda _: client.sendall(b"x" * 330), lambda: _read(client, 330), number
        )
        found |= quantiles(times, "echo")
    for clients in (1, 10):
        with Server("gateway-max") as server:
            sinks = [connect(server.port, n + 1) for n in range(clients)]
            for sink in sinks:
                subscribe(sink)
            found[f"messages_per_second_to_{clients}"] = messages_per_second(sinks, seconds)
            for sink in sinks:
                sink.close()
    return found | order_figures(number)


def _read(client: socket.socket, size: int) -> None:
    while size > 0:
        size -= len(client.recv(READ))


def show(found: dict[str, float]) -> None:
    bare = found["bare_messages_per_second"]
    for clients in (1, 10):
        rate = found[f"messages_per_second_to_{clients}"]
        print(f"messages/s to {clients:>2} client(s)  {rate:>12,.0f}  {rate / bare:6.1%} of bare")
    print(f"messages/s, bare asyncio     {bare:>12,.0f}")
    print(f"market orders/s, many        {found['orders_per_second']:>12,.0f}")
    for name, text in (
        ("ack", "order to its acknowledgement"),
        ("order", "order to its commission"),
        ("echo", "bare echo"),
    ):
        half, most = found[f"{name}_p50_us"], found[f"{name}_p99_us"]
        print(f"{text:<28} p50 {half:,.0f} µs, p99 {most:,.0f} µs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--json", metavar="FILE|-")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    servers: dict[str, Callable[[], Any]] = {
        "echo": echo,
        "flood": flood,
        "gateway-max": lambda: gateway(float("inf")),
        "gateway-step": lambda: gateway(0.0),
    }
    if options.serve:
        asyncio.run(servers[options.serve]())
        return
    found = measure(options.seconds, options.orders)
    if options.json == "-":
        print(json.dumps(found, indent=1))
        return
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1), encoding="utf-8")
    show(found)


if __name__ == "__main__":
    main()
