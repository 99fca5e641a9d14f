"""What the dashboard's page does when it loses somebody: the server, the session, a bot."""

from __future__ import annotations

from collections.abc import Iterator

import played_bot as played
import pytest
from browsers import a_browser, a_page, without_errors
from dash_rig import PlayedFeed
from playwright.sync_api import Browser, expect
from stage import NO_BARS, a_stage

MARKS = """
globalThis.marked = [];
let library;
Object.defineProperty(window, "LightweightCharts", {
  get: () => library,
  set: (given) => {
    library = { ...given, createSeriesMarkers: (series, first) => {
      const made = given.createSeriesMarkers(series, first);
      return { setMarkers: (all) => { globalThis.marked = all; made.setMarkers(all); } };
    } };
  },
});
"""
"""Notes what the chart library is told to mark."""


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


def test_fills_are_marked_at_the_candle_of_their_minute_or_not_at_all(browser: Browser) -> None:
    now = played.NOW // played.SECOND
    starts = [now - 60 * ago for ago in (6, 5, 3, 2, 1)]
    bars = [[start, 585.0, 585.5, 584.5, 585.1] for start in starts]
    with a_page(browser) as page, a_stage(browser) as stage, without_errors(page):
        page.add_init_script(MARKS)
        page.route("**/bars?**", lambda route: route.fulfill(json={"bars": bars}))
        stage.say(played.fill(-4, id=2_000))  # of a minute that has no candle yet
        stage.let_in(page, "ann")
        expect(page.locator("#price-legend")).to_contain_text("Bid")
        while not (times := page.evaluate("globalThis.marked.map((one) => one.time)")):
            page.wait_for_timeout(50)
        shift = page.evaluate("import('/static/js/chart.js').then((chart) => chart.local(0))")
        marked = {time - shift for time in times}
    # Each minute has fills; that of four minutes ago, and the first ones, have no candle.
    assert marked == {*starts, now}
