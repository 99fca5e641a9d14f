"""What the dashboard's page does when it loses somebody: the server, the session, a bot."""

from __future__ import annotations

from collections.abc import Iterator

import played_bot as played
import pytest
from browsers import a_browser, a_page, without_errors
from dash_rig import PlayedFeed
from playwright.sync_api import Browser, expect
from stage import NO_BARS, a_stage


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


def test_a_lost_line_is_told_and_what_is_old_turns_grey(browser: Browser) -> None:
    with a_page(browser) as page, without_errors(page, "WebSocket connection", NO_BARS):
        with a_stage(browser) as stage:
            stage.let_in(page, "ann")
            expect(page.locator("#word")).to_have_text("TRADING")
        expect(page.locator("#word")).to_have_text("NO CONTACT")
        expect(page.locator("#lost")).to_contain_text("What you see is old")
        expect(page.locator("main")).to_have_css("filter", "grayscale(1)")
        expect(page.locator("#do-halt")).to_be_disabled()


def test_who_logs_out_elsewhere_is_asked_who_they_are(browser: Browser) -> None:
    with a_stage(browser) as stage, a_page(browser) as page, without_errors(page, NO_BARS):
        person = stage.served.browser("ann")
        name, _, value = person.cookie.partition("=")
        page.context.add_cookies([{"name": name, "value": value, "url": stage.address}])
        page.goto(stage.address)
        expect(page.locator("#word")).to_have_text("TRADING")
        assert person.ask("POST", "/logout")[0] == 200
        expect(page.get_by_label("User")).to_be_visible()


def test_a_bot_that_ends_and_comes_back_is_shown_anew_and_can_be_killed_meanwhile(
    browser: Browser,
) -> None:
    with a_stage(browser) as stage, without_errors(stage.main, NO_BARS):
        page, fills = stage.main, stage.main.locator("#fills tbody tr")
        expect(fills).to_have_count(41)
        with stage.lock:
            stage.feed.__exit__()
            expect(page.locator("#word")).to_have_text("NOT RUNNING")
            expect(page.locator("#why")).to_have_text("It has ended.")
            expect(page.locator("#do-halt")).to_be_disabled()
            expect(page.locator("#do-kill")).to_be_enabled()
            stage.served.bots.feed.unlink()
            stage.feed = PlayedFeed(stage.served.bots.feed).__enter__()
        stage.say(played.bot(), played.state())
        expect(page.locator("#word")).to_have_text("TRADING")
        expect(page.locator("#do-halt")).to_be_enabled()
        expect(fills).to_have_count(0)
