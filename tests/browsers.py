"""A real Chromium for tests: the one that the machine has."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SCREENSHOTS = Path(__file__).parents[1] / "build" / "screenshots"
"""Where pictures of pages are kept for people to look at."""

DESKTOP, PHONE = (1440, 900), (390, 844)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Start Chromium; a machine without one skips the test.

    While it runs, this thread has an event loop: `asyncio.run` has to wait until it has ended.
    """
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no Chromium is installed (looked for {', '.join(NAMES)})")
    with sync_playwright() as playwright:
        # Within a container Chromium's own sandbox cannot be made; all pages are our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def a_page(browser: Browser, size: tuple[int, int] = DESKTOP, **options: Any) -> Iterator[Page]:
    """Open a page.

    Args:
        browser: Where.
        size: Width and height, pixels.
        options: Of its context, such as `color_scheme`.
    """
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    try:
        page = context.new_page()
        page.set_default_timeout(10_000)
        yield page
    finally:
        context.close()


@contextmanager
def without_errors(page: Page, *allowed: str) -> Iterator[None]:
    """Fail when a page has errors, or its policy is broken.

    Args:
        page: Which.
        allowed: Complaints of the browser with one of these words in them are expected.
    """
    complaints: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(f"{said.text} {said.location.get('url', '')}")

    def fail(error: Error) -> None:
        complaints.append(str(error))

    page.on("console", hear)
    page.on("pageerror", fail)
    yield
    page.remove_listener("console", hear)
    page.remove_listener("pageerror", fail)
    unexpected = [one for one in complaints if not any(word in one for word in allowed)]
    assert not unexpected, unexpected


def keep_screenshot(page: Page, name: str, *, whole: bool = True) -> Path:
    """Keep a picture of the whole page, or of its window; nothing may stick out sideways."""
    assert overflow(page) == 0, f"{name} is wider than its window"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=whole)
    return path


def overflow(page: Page) -> int:
    """Say how many pixels the page is wider than its window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, wide)
