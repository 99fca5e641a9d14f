"""The other side of the operator's door: ask a running bot, from another process."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import msgspec

from ikbr.domain.errors import BrokerError, UsageError
from ikbr.live.operator import Asked
from ikbr.live.own_socket import shortest

PATIENCE_S = 10.0


def ask(path: Path, asked: Asked, patience_s: float = PATIENCE_S) -> dict[str, Any]:
    """Ask a bot to do something, and wait for its answer.

    Args:
        path: Of its door.
        asked: What is asked.
        patience_s: How long it may take.

    Returns:
        Its answer, plain values.

    Raises:
        UsageError: When no bot runs there, or it refuses; nothing was changed.
        BrokerError: When it does not answer.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(patience_s)
            door.connect(str(shortest(path)))
            door.sendall(msgspec.json.encode(asked) + b"\n")
            with door.makefile("rb") as answers:
                line = answers.readline()
        answer: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
    except (FileNotFoundError, ConnectionRefusedError):
        raise UsageError(
            f"no bot runs at {path}; check --mode, --host, --port, --client-id and the folder."
        ) from None
    except TimeoutError:
        raise BrokerError(
            f"the bot at {path} does not answer within {patience_s:g} s; if it hangs, use "
            "`ikbr kill`."
        ) from None
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BrokerError(f"the bot at {path} gave no answer ({error}).") from None
    if not answer.pop("ok", False):
        raise UsageError(str(answer.get("error", "the bot refused without a reason.")))
    return answer
