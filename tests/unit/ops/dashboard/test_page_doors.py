"""The dashboard's page over TLS, where nobody may act, and with several bots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import played_bot as played
import pytest
from browsers import a_browser, a_page, without_errors
from dash_rig import BOT, SECRET, PlayedFeed, people, served
from playwright.sync_api import Browser, expect
from stage import NO_BARS, a_stage

OTHER = "127.0.0.1-4001-8"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


def test_over_tls_and_read_only_everybody_sees_and_nobody_acts(
    browser: Browser, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    options = {"tls_cert": cert, "tls_key": key, "read_only": True}
    with (
        served(tmp_path, passwords=people(), **options) as dashboard,
        PlayedFeed(tmp_path / "bot.feed") as feed,
        a_page(browser, ignore_https_errors=True) as page,
        without_errors(page, NO_BARS, "401"),
    ):
        feed.say(**played.bot())
        feed.say(**played.state())
        page.goto(f"https://127.0.0.1:{dashboard.options.port}")
        page.get_by_label("User").fill("ann")
        page.get_by_label("Password").fill(SECRET)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#word")).to_have_text("TRADING")
        expect(page.locator("#who")).to_have_text("ann, may only read")
        expect(page.get_by_text("You may only read")).to_be_visible()
        for name in ("Halt entries", "Flatten", "Kill", "Cancel order 1040"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        [cookie] = page.context.cookies()
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")


def test_several_bots_are_told_apart_and_the_one_that_is_chosen_is_asked(browser: Browser) -> None:
    with a_stage(browser) as stage, without_errors(stage.main, NO_BARS):
        page, chips = stage.main, stage.main.locator("#bots button")
        stage.served.bots.others[OTHER] = stage.served.bots.feed.with_name("other.feed")
        with PlayedFeed(stage.served.bots.others[OTHER]) as other:
            halted = {"halted": "news", "holds": [{"name": "pause", "why": "ann: news"}]}
            other.say(**played.bot(name="live 4001/8", mode="live", account="U7654321"))
            other.say(**played.state(**halted, equity=9_000.0, opening=10_000.0, daily_pnl=-1000.0))
            expect(chips).to_have_text(["paper 4002/7+294.15 USD", "live 4001/8HALTED"])
            expect(page.locator("#word")).to_have_text("TRADING")
            chips.nth(1).click()
            expect(page.locator("#word")).to_have_text("HALTED")
            expect(page.locator("#badge")).to_have_text("REAL MONEY")
            expect(page.locator("#earned")).to_have_text("\u22121,000.00")
            expect(page.locator("#account")).to_have_text("account U7654321")
            page.locator("#do-resume").click()
            page.locator("dialog [name=confirm]").fill("U7654321")
            page.locator("dialog [name=confirm]").press("Enter")
            expect(page.locator("#confirm-answer")).to_contain_text("Done")
            page.get_by_role("button", name="Close").click()
            [(asked, _, told)] = stage.served.bots.asked
            assert (asked, told["action"]) == (OTHER, "resume")
            chips.nth(0).click()
            expect(page.locator("#account")).to_have_text("account DU1234567")
        expect(chips.nth(1)).to_have_text("live 4001/8NOT RUNNING")
        expect(page.locator("#word")).to_have_text("TRADING")
        assert stage.served.dashboard.watch.replicas[BOT].alive
