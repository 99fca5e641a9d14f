"""What the commands that speak to a running bot share: where it is, and how it is asked."""

from __future__ import annotations

from typing import Any

from ikbr.cli.kill import ClientId, Config, Host, Mode, Port, Reason, places_from

__all__ = ["ClientId", "Config", "Host", "Mode", "Port", "Reason", "ask_bot"]


def ask_bot(where: tuple[Any, ...], action: str, **asked: Any) -> dict[str, Any]:
    """Ask the running bot that the options mean.

    Args:
        where: Mode, host, port, client id and settings file.
        action: What is asked.
        asked: The rest of the request (`live.operator.Asked`).

    Raises:
        UsageError: When no bot runs there, or it refuses.
    """
    from ikbr.live.operator import Asked
    from ikbr.live.operator_client import ask

    return ask(places_from(*where).door, Asked(action, **asked))
