"""A link: what the market's side needs of a client that is connected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ikbr.gateway.books import Books
from ikbr.gateway.tables import Table
from ikbr.sim.refusals import Refusal


class Link(Protocol):
    """Carry messages to one client."""

    @property
    def client_id(self) -> int:
        """What the client calls itself."""

    def send(self, table: Table, values: Mapping[str, Any]) -> None:
        """Send a message."""

    def on_books(self, books: Books, number: int) -> None:
        """Hear that a fill changed an account's position in an instrument."""

    def refuse(self, request_id: int, refusal: Refusal) -> None:
        """Send an error about a request or an order (-1 for none)."""
