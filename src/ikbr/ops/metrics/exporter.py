"""The exporter: a process of its own that serves what a bot tells it, and ends with the bot.

Whoever asks it, and however often, takes nothing from the process that trades: no thread there
competes for the interpreter's lock. It reads vitals as lines of JSON from its standard input.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import suppress

import msgspec

from ikbr.domain.vitals import Vitals
from ikbr.ops.metrics.server import MetricsServer

LONGEST_LINE = 4_000_000
NICENESS = 10
"""Trading goes first where processors are few."""


async def export(listening: socket.socket) -> None:
    """Serve until the bot has ended.

    Args:
        listening: A socket that listens.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    server = MetricsServer(loop.time)
    decoder = msgspec.json.Decoder(Vitals)
    serving = await server.serve(listening)
    while line := await reader.readline():
        server.take(decoder.decode(line))
    serving.close()


def main() -> None:
    """Serve from the socket whose number is the first argument."""
    with suppress(OSError):
        os.nice(NICENESS)
    with suppress(KeyboardInterrupt):
        asyncio.run(export(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
