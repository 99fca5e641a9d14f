"""Serving the dashboard until it is told to end."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress

import uvicorn

from ikbr.domain.errors import UsageError
from ikbr.ops.dashboard.app import Dashboard
from ikbr.ops.dashboard.options import DashboardOptions
from ikbr.ops.dashboard.page_socket import PageSocket

NICER = 5
"""The dashboard gives way: on a busy machine the bot comes first."""
MOST_CONNECTIONS = 128


def listening_socket(options: DashboardOptions) -> socket.socket:
    """Take the port before anything else is done.

    Raises:
        UsageError: When it is taken, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((options.host, options.port))
        made.listen(MOST_CONNECTIONS)  # who comes before it is served waits
    except OSError as error:
        made.close()
        raise UsageError(
            f"--host {options.host} --port {options.port} cannot be listened at "
            f"({error.strerror or error}); choose another port."
        ) from None
    return made


def server_of(dashboard: Dashboard, options: DashboardOptions) -> uvicorn.Server:
    """Make the server; it neither says what it is nor believes what proxies say."""
    config = uvicorn.Config(
        dashboard.app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        ws=PageSocket,
        ws_max_size=1_024,
        ws_per_message_deflate=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=16_384,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
    )
    return uvicorn.Server(config)


def serve(dashboard: Dashboard, options: DashboardOptions, listening: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    with suppress(OSError):
        os.nice(NICER)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("ikbr.dashboard").setLevel(logging.INFO)
    with listening:
        server_of(dashboard, options).run(sockets=[listening])
