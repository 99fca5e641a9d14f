r"""The handshake: whether what listens on a port speaks the TWS API.

An open port says little: socat and docker's proxy accept connections for a gateway that is not
there. The greeting says it all, and costs nothing: it does not log in.

Source: IBKR's API clients: `API\0`, then the range of versions, length first; a gateway answers
with its version and the time.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

VERSIONS = b"v100..178"
PREAMBLE = b"API\0" + struct.pack(">I", len(VERSIONS)) + VERSIONS


class Reply(StrEnum):
    """Say what came of a greeting."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """Nothing listens."""
    CLOSED = "closed"
    """Accepted and closed at once: a proxy without a gateway, or an untrusted address."""
    SILENT = "silent"
    """Accepted, and nothing was said."""
    FOREIGN = "foreign"
    """Something else listens there."""
    UNREACHABLE = "unreachable"
    """No connection came about in time, or there is no way there."""


class Greeted(NamedTuple):
    """Hold what came of a greeting.

    Attributes:
        reply: What happened.
        words: The gateway's version and time, or the reason.
    """

    reply: Reply
    words: str


async def greet(host: str, port: int, timeout_s: float) -> Greeted:
    """Greet a port.

    Args:
        host: Of whom.
        port: Where.
        timeout_s: How long connecting, and the answer, may take.
    """
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return Greeted(Reply.REFUSED, "nothing listens there")
    except TimeoutError:
        return Greeted(Reply.UNREACHABLE, f"no connection within {timeout_s:g} s")
    except OSError as error:
        return Greeted(Reply.UNREACHABLE, error.strerror or str(error))
    try:
        writer.write(PREAMBLE)
        async with asyncio.timeout(timeout_s):
            size = struct.unpack(">I", await reader.readexactly(4))[0]
            if not 2 <= size <= 200:
                return Greeted(Reply.FOREIGN, "what it says is not the TWS API")
            text = (await reader.readexactly(size)).decode(errors="replace")
    except TimeoutError:
        return Greeted(Reply.SILENT, f"no answer within {timeout_s:g} s")
    except (asyncio.IncompleteReadError, ConnectionError):
        return Greeted(Reply.CLOSED, "accepted and closed at once")
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    version = text.split("\0")[0]
    if not version.isdigit():
        return Greeted(Reply.FOREIGN, "what it says is not the TWS API")
    return Greeted(Reply.ANSWERED, f"version {version}")
