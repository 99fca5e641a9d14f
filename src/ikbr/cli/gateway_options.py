"""Options of commands that take data from a gateway: where it is, and who we are there."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ikbr.broker.connection import ConnectionSettings

HostOption = Annotated[str, typer.Option(help="Where the gateway is. [default: the settings']")]
PortOption = Annotated[
    int,
    typer.Option(
        help="Its port; 0 for that of the settings (4002, live: 4001).", min=0, max=65_535
    ),
]
ClientOption = Annotated[
    int, typer.Option("--client-id", help="Client id; -1 for one beside the bot's.", min=-1)
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", help="Seconds that connecting may take.", min=0.1)
]


def gateway_settings(
    host: str, port: int, client_id: int, timeout_s: float, *, beside: int
) -> ConnectionSettings:
    """Join options with the settings; nothing is traded over such a connection.

    Args:
        host: "" for that of the settings.
        port: 0 for that of the settings.
        client_id: -1 for one beside the bot's.
        timeout_s: How long connecting may take.
        beside: How far from the bot's client id ours is.
    """
    from ikbr.broker.connection import ConnectionSettings
    from ikbr.settings import load_settings

    broker = load_settings("paper").broker
    return ConnectionSettings(
        host=host or broker.host,
        port=port or broker.port,
        client_id=broker.client_id + beside if client_id < 0 else client_id,
        mode="data",
        timeout_s=timeout_s,
    )


@contextlib.contextmanager
def hushed(*names: str) -> Iterator[None]:
    """Let loggers say nothing but what is critical while the block runs."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
