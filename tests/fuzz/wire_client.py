"""What a gateway sends: our client hears what ib_async's own hears, and nothing ends it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ib_async.client import Client as IbClient
from tests.fuzz.allowed import accepted
from tests.unit.broker.test_client import Recording

from ikbr.broker.client import WireClient
from ikbr.gateway.framing import frame

READY = (b"9\x001\x005\0", b"15\x001\0DU1\0")
MOST_HELD = 1 << 24
"""A client keeps no more than the longest message that a gateway may send."""


def _client(kind: type[IbClient]) -> tuple[Any, Recording]:
    recording = Recording()
    client: Any = kind(recording)  # type: ignore[no-untyped-call]
    client.connState, client._serverVersion = client.CONNECTED, 178
    client.decoder.serverVersion = 178
    client._apiReady = True
    return client, recording


def feed(data: bytes) -> None:
    """Take the first byte as where to cut, the rest as messages parted by line ends."""
    logging.getLogger("ib_async").setLevel(logging.CRITICAL + 1)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        _feed(data)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _feed(data: bytes) -> None:
    cut, raw = (data[0] if data else 0), data[1:]
    if cut & 1:
        ours, _ = _client(WireClient)
        half = len(raw) * cut // 256
        for piece in (raw[:half], raw[half:]):
            accepted(lambda piece=piece: ours._onSocketHasData(piece))
        assert len(ours._rest) <= len(raw) + 4
        return
    stream = b"".join(frame(one) for one in raw.split(b"\n") if one)
    heard = []
    for kind in (WireClient, IbClient):
        client, recording = _client(kind)
        at = len(stream) * cut // 256
        try:
            client._onSocketHasData(stream[:at])
            client._onSocketHasData(stream[at:])
        except Exception as error:  # noqa: BLE001 - what ib_async does, ours does
            recording.heard.append(("raised", type(error).__name__))
        heard.append(recording.heard)
    assert heard[0] == heard[1], heard


def seeds() -> list[bytes]:
    """Give one message of each kind."""
    lines = [
        b"1\x006\x007\x001\x00100.25\x00300\x001\0",
        b"2\x006\x007\x000\x00300\0",
        b"3\x0017\0Submitted\x0040\x0060\x00100.25\x009\x000\x00100.25\x005\0\x000\0",
        b"46\x006\x007\x0048\x00100.5;3;1772461800;2;3;true\0",
        b"99\x007\x001\x001772461800\x00100.5\x003\x000\0ISLAND\0\0",
        b"4\x002\x0017\x00201\0refused\0\0",
    ]
    return [b"\x00" + b"\n".join(lines), b"\x80" + lines[2], b"\x81\x7f\xff\xff\xff1\x006\0"]
