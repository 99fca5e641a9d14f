"""The hub: what bots say goes to every page that is open; nobody waits for a slow one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

MOST_WAITING = 4_000
"""Messages that may wait for a page; it is dropped when there are more, and comes again."""
MOST_PAGES = 32


class Page:
    """Hold what waits for one page.

    Attributes:
        waiting: Messages; None ends it.
        dropped: Whether it was too slow.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING)
        self.dropped = False

    def put(self, line: bytes) -> None:
        """Add a message; drop the page when there is no room."""
        if self.dropped:
            return
        try:
            self.waiting.put_nowait(line)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """Let nothing follow."""
        self.dropped = True
        while not self.waiting.empty():
            self.waiting.get_nowait()
        self.waiting.put_nowait(None)


class Hub:
    """Know the pages that are open."""

    def __init__(self) -> None:
        """Start without pages."""
        self._pages: set[Page] = set()

    def join(self) -> Page | None:
        """Add a page; None when there are too many."""
        if len(self._pages) >= MOST_PAGES:
            return None
        page = Page()
        self._pages.add(page)
        return page

    def leave(self, page: Page) -> None:
        """Forget a page."""
        self._pages.discard(page)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Tell every page."""
        if not self._pages:
            return
        line = msgspec.json.encode(message)
        for page in self._pages:
            page.put(line)

    def close(self) -> None:
        """End all pages."""
        for page in self._pages:
            page.end()
