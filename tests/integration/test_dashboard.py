"""The real dashboard over a paper session on the simulated gateway, in a real Chromium."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from browsers import DESKTOP, PHONE, a_browser, a_page, keep_screenshot, without_errors
from playwright.sync_api import Page, expect

from ikbr.ops.dashboard.passwords import set_password

IKBR = (sys.executable, "-c", "from ikbr.cli.main import run; run()")
SECRET = "correct horse battery"
PATIENCE_S = 40.0
GATEWAY = ("gateway", "sim", "--port", "0", "--control-port", "0", "--symbols", "KO",
           "--speed", "20", "--seed", "7")  # fmt: skip
BOT = ("paper", "--symbols", "KO", "--param", "lookback=30,threshold=0.0003")

expect.set_options(timeout=40_000)


@contextmanager
def running(
    folder: Path, words: tuple[str, ...], says: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a command until the block ends; give the place it says it serves, and the process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("IKBR_S", "TRADING"))}
    told = folder / f"{words[0]}.txt"
    with told.open("w") as out:
        process = subprocess.Popen(
            [*IKBR, *words], stdout=out, stderr=out, text=True, cwd=folder, env=environment
        )
    try:
        until = time.monotonic() + PATIENCE_S
        while not (found := re.search(says, told.read_text(encoding="utf-8"))):
            assert process.poll() is None, told.read_text(encoding="utf-8")
            assert time.monotonic() < until, told.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield found[1], process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


class Running(NamedTuple):
    """Where the dashboard is, and the bot that it shows."""

    address: str
    bot: subprocess.Popen[str]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Running]:
    """Start a gateway, a bot and a dashboard."""
    passwords = tmp_path / "passwords.json"
    set_password(passwords, "ann", "trader", SECRET)
    set_password(passwords, "bob", "reader", SECRET)
    dashboard = ("dashboard", "--port", "0", "--password-file", str(passwords))
    with ExitStack() as stack:

        def start(words: tuple[str, ...], says: str) -> tuple[str, subprocess.Popen[str]]:
            return stack.enter_context(running(tmp_path, words, says))

        port, _ = start(GATEWAY, r"gateway on 127\.0\.0\.1:(\d+)")
        _, bot = start((*BOT, "--port", port), r"(log in )")
        yield Running(start(dashboard, r"(http://127\.0\.0\.1:\d+)/")[0], bot)


def log_in(page: Page, address: str, user: str) -> None:
    page.goto(address)
    page.get_by_label("User").fill(user)
    page.get_by_label("Password").fill(SECRET)
    page.get_by_role("button", name="Log in").click()


def act(page: Page, button: str, word: str) -> None:
    """Press a button and type a word; the answer stays to be read."""
    page.locator("dialog").evaluate("(one) => one.close()")
    page.locator(button).click()
    page.locator("dialog [name=reason]").fill("the test says so")
    page.locator("dialog [name=confirm]").fill(word)
    page.locator("dialog [name=confirm]").press("Enter")


def keep_looks(page: Page) -> None:
    """Keep pictures of a session: desktop, dark, phone."""
    looks = ((DESKTOP, "light", "desktop"), (DESKTOP, "dark", "dark"), (PHONE, "light", "phone"))
    for (width, height), scheme, look in looks:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for view in ("health", "now"):
            page.evaluate("(view) => { location.hash = view; }", view)
            page.wait_for_timeout(300)
            keep_screenshot(page, f"session-{look}-{view}")
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


def check_reader(page: Page, address: str) -> None:
    """See that one who may only look is refused, with controls or without."""
    log_in(page, address, "bob")
    expect(page.get_by_text("You may only read")).to_be_visible()
    expect(page.get_by_role("button", name="Kill")).to_have_count(0)
    refusal = page.evaluate(
        """async () => {
          const { post, keepToken, ask } = await import("/static/js/api.js");
          keepToken((await ask("/api/me")).csrf);
          const asked = post("/api/bots/any/kill", { confirm: "kill" });
          return asked.then(() => "done", (refusal) => refusal.message);
        }"""
    )
    assert refusal == "bob may look, and not act."


@pytest.mark.slow
def test_a_person_watches_a_paper_session_halts_flattens_and_kills_it_though_it_hangs(
    session: Running,
) -> None:
    address, bot = session
    with a_browser() as browser, a_page(browser) as page, without_errors(page, "401", "400"):
        log_in(page, address, "ann")
        word, answer = page.locator("#word"), page.locator("#confirm-answer")
        expect(word).to_have_text("TRADING")
        expect(page.locator("#badge")).to_have_text("SIMULATED")
        expect(page.locator("#fills tbody tr").first).to_contain_text("KO")

        before = page.locator("#equity-now").inner_text()
        expect(page.locator("#equity-now")).not_to_have_text(before)
        keep_looks(page)

        act(page, "#do-halt", "stop")
        expect(answer).to_have_text("Refused: not confirmed: type halt.")
        expect(word).to_have_text("TRADING")
        act(page, "#do-halt", "halt")
        expect(answer).to_contain_text("Done")
        expect(word).to_have_text("HALTED")
        expect(page.locator("#why")).to_contain_text("the test says so")
        act(page, "#do-resume", "resume")
        expect(word).to_have_text("TRADING")

        expect(page.locator("#positions tbody tr")).to_have_count(1)
        act(page, "#do-flatten", "flatten")
        expect(answer).to_contain_text("Done")
        expect(page.locator("#positions .empty")).to_be_visible()
        expect(word).to_have_text("HALTED")

        with a_page(browser) as other, without_errors(other, "401", "403"):
            check_reader(other, address)

        bot.send_signal(signal.SIGSTOP)
        act(page, "#do-kill", "kill")
        expect(word).to_have_text("NOT RUNNING")
        expect(answer).to_contain_text(f"process {bot.pid} was ended by force")
        expect(answer).to_contain_text("Nothing is open any more")
        assert bot.wait(10) == -signal.SIGKILL
        expect(word).to_have_text("NOT RUNNING")
        expect(page.locator("#why")).to_contain_text("the test says so")
        keep_screenshot(page, "session-killed", whole=False)
        page.locator("dialog").evaluate("(one) => one.close()")

        page.evaluate("location.hash = 'journal'")
        page.get_by_label("Kind").and_(page.locator("#journal-search input")).fill("operator")
        page.get_by_role("button", name="Search").click()
        records = page.locator("#records")
        for done in ("halt", "resume", "flatten"):
            expect(records).to_contain_text(done)
        expect(records).to_contain_text("ann")
