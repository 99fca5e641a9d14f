"""Decode errors: what ib_async could not read or handle, which it only writes into its log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ikbr.broker.client import Client


class DecodeErrors:
    """Count what the client of a session could not decode.

    Attributes:
        count: So far.
        latest: The latest, in ib_async's words, cut short.
        on_error: Told of each.
    """

    def __init__(self, ib: Client) -> None:
        """Listen to a client.

        Args:
            ib: The client.
        """
        self.count = 0
        self.latest = ""
        self.on_error: Callable[[], None] = _nothing
        client: Any = ib.client
        client.on_unread = self._on_exception
        client.decoder.logger = _Listening(client.decoder.logger, self._on_exception)

    def _on_exception(self, words: str) -> None:
        self.count += 1
        self.latest = words[:200]
        self.on_error()


class _Listening(logging.LoggerAdapter[logging.Logger]):
    """Pass everything on to a logger, and tell of exceptions."""

    def __init__(self, logger: logging.Logger, tell: Callable[[str], None]) -> None:
        super().__init__(logger, {})
        self._tell = tell

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        super().exception(msg, *args, **kwargs)
        self._tell(str(msg))


def _nothing() -> None:
    pass
