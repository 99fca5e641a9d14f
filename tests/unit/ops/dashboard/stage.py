"""A stage for the dashboard's pages: the dashboard, a bot that a test plays, a browser."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import played_bot as played
from browsers import DESKTOP, a_page, without_errors
from dash_rig import PlayedFeed, Served, people, served
from playwright.sync_api import Browser, Page

NO_BARS = "/bars?"
"""A played bot records no tape of which bars could be made."""

REPORT = """<html><head><meta name="generator" content="ikbr"><title>Backtest</title></head>
<body><h1>A backtest</h1><p id="reached">nothing</p><script>
try { parent.document.title = "reached"; document.getElementById("reached").textContent = "page"; }
catch { document.getElementById("reached").textContent = "refused"; }
</script></body></html>"""
RESULT = (
    '{"mode": "backtest", "strategy": "momentum", "symbols": ["SPY"], "net_pnl": -12.5, '
    '"start": "2026-03-02T14:30:00Z", "end": "2026-03-03T21:00:00Z", "max_drawdown": 0.0123, '
    '"sharpe": 1.234, "fills": 7, "settings": {"base": "USD"}}'
)


@dataclass
class Stage:
    """Hold what a test plays with.

    Attributes:
        served: The dashboard.
        feed: The bot's voice.
        browser: To look with.
        main: A page that stays open, of somebody who may act.
    """

    served: Served
    feed: PlayedFeed
    browser: Browser
    main: Page
    said: dict[str, Any] = field(default_factory=played.state)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.served.options.port}"

    def say(self, *messages: dict[str, Any]) -> None:
        with self.lock:
            for message in messages:
                self.feed.say(**message)
                self.said = message if message["type"] == "state" else self.said

    def say_again(self, ended: threading.Event) -> None:
        """Say how it stands again and again, as bots do: one that falls silent is given up."""
        while not ended.wait(0.5):
            self.say(self.said)

    def begin_anew(self) -> None:
        """Let everything be as when the curtain rose."""
        self.say(played.bot(), played.state())
        self.served.bots.asked.clear()
        self.served.bots.killed.clear()
        self.served.bots.refuse = ""
        self.served.clock[0] += 60

    def let_in(self, page: Page, user: str) -> None:
        """Log in without the form."""
        name, _, value = self.served.browser(user).cookie.partition("=")
        page.context.add_cookies([{"name": name, "value": value, "url": self.address}])
        page.goto(self.address)

    @contextmanager
    def look(self, view: str = "now", *, allowed: str = NO_BARS) -> Iterator[Page]:
        """Look at a view of the page that stays open."""
        page = self.main
        page.locator("dialog").evaluate("(one) => one.close()")
        page.evaluate("(view) => { location.hash = view; }", view)
        with without_errors(page, allowed, NO_BARS):
            yield page

    @contextmanager
    def page(self, user: str = "ann", *, allowed: str = NO_BARS, **options: Any) -> Iterator[Page]:
        """Open another page."""
        with (
            a_page(self.browser, **options) as page,
            without_errors(page, allowed, NO_BARS),
        ):
            self.let_in(page, user)
            yield page


@contextmanager
def a_stage(browser: Browser) -> Iterator[Stage]:
    """Serve a dashboard and begin to play."""
    with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
        feed = PlayedFeed(Path(folder) / "bot.feed")
        reports = Path(folder) / "reports"
        reports.mkdir()
        (reports / "try.html").write_text(REPORT, encoding="utf-8")
        (reports / "try.json").write_text(RESULT, encoding="utf-8")
        with (
            served(Path(folder), passwords=people(), reports=(reports,)) as dashboard,
            feed,
            a_page(browser, DESKTOP) as main,
        ):
            stage = Stage(dashboard, feed, browser, main)
            stage.say(*played.everything())
            stage.let_in(main, "ann")
            ended = threading.Event()
            beat = threading.Thread(target=stage.say_again, args=[ended])
            beat.start()
            try:
                yield stage
            finally:
                ended.set()
                beat.join()
                stage.feed.__exit__()  # a test may have let another bot speak
