"""The dashboard's pages in a real Chromium, over bots that the tests play."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import played_bot as played
import pytest
from browsers import DESKTOP, PHONE, a_browser, a_page, keep_screenshot, overflow, without_errors
from dash_rig import SECRET, served
from looks import flaws
from playwright.sync_api import Browser, Page, expect
from stage import NO_BARS, Stage, a_stage

VIEWS = ("now", "risk", "strategies", "health", "reports", "journal")
HOSTILE = "<img src=x onerror=alert(1)><b>evil</b>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Stage]:
    with a_stage(browser) as stage:
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    shared.begin_anew()
    return shared


def test_who_logs_in_sees_at_a_glance_whether_it_is_healthy_and_what_it_earns(
    stage: Stage,
) -> None:
    with a_page(stage.browser) as page, without_errors(page, "401", NO_BARS):
        page.goto(stage.address)
        page.get_by_label("User").fill("ann")
        page.get_by_label("Password").fill("wrong horse battery")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_have_text("user or password is wrong.")
        keep_screenshot(page, "login", whole=False)
        page.get_by_label("Password").fill(SECRET)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#word")).to_have_text("TRADING")
        expect(page.locator("#earned")).to_have_text("+294.15")
        expect(page.locator("#equity-now")).to_have_text("250,294.15")
        expect(page.locator("#badge")).to_have_text("PAPER")
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("User")).to_be_visible()


def test_the_link_that_was_printed_lets_in_once(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path) as dashboard, a_page(browser) as page, without_errors(page, "401"):
        link = f"http://127.0.0.1:{dashboard.options.port}/login#token="
        link += dashboard.dashboard.sessions.new_link()
        page.goto(link)
        expect(page.locator("#who")).to_have_text("local, may trade")
        assert "token" not in page.url
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("User")).to_be_visible()
        page.goto("about:blank")
        page.goto(link)
        expect(page.get_by_role("alert")).to_have_text("the link is used up or too old.")


WORDS = [
    ({}, {}, "TRADING", "good", "Gateway ready"),
    ({"halted": "news", "holds": [{"name": "pause", "why": "ann: news"}]}, {}, "HALTED", "bad",
     "ann: news."),
    ({"holds": [{"name": "drawdown", "why": "10 % less"}, {"name": "kill", "why": "ann"}]},
     {}, "KILLED", "bad", "ann."),
    ({"halted": "x", "holds": [{"name": "reset", "why": "the gateway restarts"}]}, {}, "HOLDING",
     "warning", "the gateway restarts."),
    ({"link": played.state()["link"] | {"state": "down", "why": "nobody listens on port 4002"}}, {},
     "DOWN", "bad", "nobody listens on port 4002."),
    ({"link": played.state()["link"] | {"state": "cut off"}}, {}, "CUT OFF", "bad",
     "The gateway has lost Interactive Brokers."),
    ({"data_age_s": {"SPY": 200.0, "KO": None}}, {}, "QUIET", "warning", "3 min 20 s"),
    ({}, {"strategies": [played.bot()["strategies"][0] | {"enabled": False}]}, "IMPAIRED",
     "warning", "Disabled: momentum."),
]  # fmt: skip


def test_the_word_of_health_its_colour_and_its_reason_follow_the_bot(stage: Stage) -> None:
    with stage.look() as page:
        for changes, about, word, tone, why in WORDS:
            stage.say(played.bot(**about), played.state(**changes))
            expect(page.locator("#word")).to_have_text(word)
            expect(page.locator("#glance")).to_have_attribute("data-tone", tone)
            expect(page.locator("#why")).to_contain_text(why)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"mode": "live", "account": "U7654321"}, "REAL MONEY"),
        ({"mode": "live", "simulated": True}, "SIMULATED"),
        ({}, "PAPER"),
    ],
)
def test_the_badge_says_whose_money_it_is(stage: Stage, about: dict[str, Any], words: str) -> None:
    stage.say(played.bot(**about))
    with stage.look() as page:
        expect(page.locator("#badge")).to_have_text(words)


CANCEL = 'button[aria-label="Cancel order 1040"]'
ACTIONS = [
    ("#do-halt", "halt", {"action": "halt", "reason": "a test"}),
    ("#do-resume", "resume", {"action": "resume", "reason": "a test"}),
    ("#do-cancel-all", "cancel-all",
     {"action": "cancel-all", "reason": "a test", "strategy": "", "symbol": ""}),
    ("#do-flatten", "flatten",
     {"action": "flatten", "reason": "a test", "strategy": "", "symbol": ""}),
    (CANCEL, "cancel", {"action": "cancel", "reason": "a test", "order_id": 1040}),
]  # fmt: skip


def confirm(page: Page, word: str) -> None:
    page.locator("dialog [name=reason]").fill("a test")
    page.locator("dialog [name=confirm]").fill(word)
    page.locator("dialog [name=confirm]").press("Enter")


def test_each_action_wants_its_word_and_shows_what_came_of_it(stage: Stage) -> None:
    with stage.look(allowed="400") as page:
        for button, word, asked in ACTIONS:
            page.locator(button).click()
            confirm(page, "yes")
            answer = page.locator("#confirm-answer")
            expect(answer).to_have_text(f"Refused: not confirmed: type {word}.")
            assert stage.served.bots.asked == []
            confirm(page, word)
            expect(answer).to_contain_text("Done: ")
            [(_, user, told)] = stage.served.bots.asked
            assert (user, told) == ("ann", asked)
            page.get_by_role("button", name="Close").click()
            stage.served.bots.asked.clear()
            stage.served.clock[0] += 5


def test_kill_reaches_a_bot_from_outside(stage: Stage) -> None:
    with stage.look() as page:
        page.locator("#do-kill").click()
        expect(page.locator("dialog li")).to_have_count(3)
        confirm(page, "kill")
        expect(page.locator("#confirm-answer")).to_have_text("Done: stopped")
        [(_, user, reason)] = stage.served.bots.killed
        assert (user, reason) == ("ann", "a test")


def test_real_money_wants_the_account_typed(stage: Stage) -> None:
    stage.say(played.bot(mode="live", account="U7654321"))
    with stage.look(allowed="400") as page:
        page.locator("#do-halt").click()
        expect(page.locator("#confirm-word")).to_contain_text("U7654321")
        confirm(page, "halt")
        expect(page.locator("#confirm-answer")).to_contain_text("type U7654321")
        confirm(page, "U7654321")
        expect(page.locator("#confirm-answer")).to_contain_text("Done")


def test_what_open_positions_have_gained_is_told_in_the_base_currency(stage: Stage) -> None:
    with stage.look("now") as page:
        expect(page.locator("#tiles")).to_contain_text("Unrealised, USD\u22125.41")


def test_a_strategy_tells_its_profit_and_what_it_paid_in_fees(stage: Stage) -> None:
    with stage.look("strategies") as page:
        facts = page.locator("#strategies .facts")
        for words in (
            "Realised+312.40 USD",
            "Unrealised−18.25 USD",
            "Fees12.50 USD",
            "HoldsSPY 120",
        ):
            expect(facts).to_contain_text(words)


def test_amounts_and_shares_of_limits_have_two_places_and_counts_none(stage: Stage) -> None:
    with stage.look("risk") as page:
        rows = page.locator("#limits tbody tr")
        expect(rows.first).to_contain_text("24.10 %25.00 %0.90 %")
        expect(rows.last).to_contain_text("44 orders500 orders456 orders")


def test_a_parameter_is_changed_within_its_range_only(stage: Stage) -> None:
    with stage.look("strategies") as page:
        expect(page.get_by_text("fixed while it runs")).to_be_visible()
        value = page.get_by_label("New value of lookback")
        value.fill("7000")
        page.get_by_role("button", name="Change").click()
        expect(page.locator("dialog")).to_be_hidden()
        value.fill("200")
        page.get_by_role("button", name="Change").click()
        expect(page.locator("dialog li")).to_have_text("momentum: lookback from 120 to 200")
        confirm(page, "set-parameter")
        expect(page.locator("#confirm-answer")).to_contain_text("Done")
        [(_, _, told)] = stage.served.bots.asked
        assert (told["strategy"], told["name"], told["value"]) == ("momentum", "lookback", 200)


def test_a_small_profit_shows_the_digits_that_say_something(stage: Stage) -> None:
    with stage.look() as page:
        for equity, profit, drawdown, share in (
            (249_997.0, -3.0, 0.0, "−0.0012 %"),
            (250_000.0, 0.0, 0.000_012, "0.00 %"),
        ):
            stage.say(played.state(equity=equity, daily_pnl=profit, drawdown=drawdown))
            expect(page.locator("#earned-share")).to_have_text(share)
            expect(page.locator("#equity-legend")).to_contain_text(f"{equity:,.2f} USD")
        expect(page.locator("#tiles")).to_contain_text("0.0012 %")


def test_the_button_that_kills_stays_red_under_the_mouse(stage: Stage) -> None:
    with stage.look() as page:
        kill, red = page.locator("#do-kill"), "rgb(179, 38, 30)"
        expect(kill).to_have_css("background-color", red)
        kill.hover()
        expect(kill).to_have_css("background-color", red)


def test_what_the_bot_refuses_is_shown(stage: Stage) -> None:
    stage.served.bots.refuse = "entries were not stopped by a person."
    with stage.look(allowed="409") as page:
        page.locator("#do-resume").click()
        confirm(page, "resume")
        expect(page.locator("#confirm-answer")).to_contain_text("entries were not stopped")


def test_a_reader_has_no_controls_and_is_refused_beside_the_page(stage: Stage) -> None:
    with stage.page("bob", allowed="403") as page:
        expect(page.get_by_text("You may only read")).to_be_visible()
        for name in ("Halt entries", "Flatten", "Kill", "Cancel order 1040"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        page.goto(f"{stage.address}/#strategies")
        expect(page.get_by_text("lookback")).to_be_visible()
        expect(page.get_by_role("button", name="Change")).to_have_count(0)
        status = page.evaluate(
            """async () => {
              const { post, keepToken, ask } = await import("/static/js/api.js");
              keepToken((await ask("/api/me")).csrf);
              return post("/api/bots/127.0.0.1-4002-7/halt", { confirm: "halt" })
                .then(() => "done", (refusal) => refusal.message);
            }"""
        )
        assert status == "bob may look, and not act."
        assert stage.served.bots.asked == []


def test_the_page_keeps_the_last_two_hundred_rows(stage: Stage) -> None:
    with stage.look() as page:
        stage.say(*(played.fill(number) for number in range(500)))
        rows = page.locator("#fills tbody tr")
        expect(rows.first).to_contain_text("590.09")
        expect(rows).to_have_count(200)


def test_everything_can_be_reached_and_left_by_keyboard(stage: Stage) -> None:
    with stage.look() as page:
        expect(page.locator("#do-halt")).to_be_enabled()
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "do-halt":
                break
        page.keyboard.press("Enter")
        expect(page.locator("dialog [name=confirm]")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_be_hidden()
        expect(page.locator("#do-halt")).to_be_focused()
        nameless = page.evaluate(
            """[...document.querySelectorAll("button, input, select, a, iframe")].filter((one) =>
              one.checkVisibility() && !(one.ariaLabel || one.textContent.trim() || one.title ||
              one.labels?.length)).map((one) => one.outerHTML)"""
        )
        assert nameless == []


LOOKS = [("desktop", DESKTOP, "light"), ("dark", DESKTOP, "dark"), ("phone", PHONE, "light")]


@pytest.mark.parametrize(("look", "size", "scheme"), LOOKS, ids=[one[0] for one in LOOKS])
def test_nothing_overlaps_is_cut_off_or_is_empty(
    stage: Stage, look: str, size: tuple[int, int], scheme: str
) -> None:
    with stage.look() as page:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
        for view in VIEWS if scheme == "light" else ("risk", "now"):
            page.evaluate("(view) => { location.hash = view; }", view)
            expect(page.locator(f"#view-{view}")).to_be_visible()
            page.wait_for_timeout(100)
            keep_screenshot(page, f"{look}-{view}")
            assert flaws(page) == [], view
        page.evaluate("location.hash = 'now'")
        page.locator("#do-kill").click()
        assert overflow(page) == 0
        keep_screenshot(page, f"{look}-kill", whole=False)
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        page.emulate_media(color_scheme="light")


def test_a_report_is_shown_with_its_figures_in_a_frame_that_reaches_nothing(stage: Stage) -> None:
    with stage.look("reports") as page:
        row = page.locator("#reports tbody tr")
        for words in ("backtest", "momentum", "SPY", "2026-03-03", "−12.50 USD", "1.23 %", "7"):
            expect(row).to_contain_text(words)
        page.get_by_role("button", name="try").click()
        report = page.frame_locator("#report-frame")
        expect(report.get_by_role("heading")).to_have_text("A backtest")
        expect(report.locator("#reached")).to_have_text("refused")
        assert "reached" not in page.title()


def test_numbers_stand_right_and_their_digits_are_equally_wide(stage: Stage) -> None:
    with stage.look() as page:
        cells = page.locator("#positions td:nth-child(4)")
        expect(cells.first).to_have_css("text-align", "end")
        expect(cells.first).to_have_css("font-variant-numeric", "tabular-nums")


def points_of(page: Page, box: str, column: str) -> set[int]:
    """Say where the points of a column stand, pixels; numbers without one end there."""
    found = page.locator(f"{box} td[data-label='{column}'] .fraction")
    return {round(float(left)) for left in found.evaluate_all(
        "(all) => all.filter((one) => one.parentElement.textContent !== '–')"
        ".map((one) => one.getBoundingClientRect().left)"
    )}  # fmt: skip


def test_points_stand_below_each_other_and_a_shared_unit_stands_in_the_head(stage: Stage) -> None:
    tables = [("#positions", "Average"), ("#positions", "Stop"), ("#orders", "Limit"),
              ("#fills", "Price"), ("#fills", "Commission"), ("#signals", "Price")]  # fmt: skip
    stage.say(*(played.fill(number, price=price) for number, price in enumerate(PRICES)))
    with stage.look() as page:
        for box, column in tables:
            head = page.locator(f"{box} th", has_text=column)
            expect(head).to_have_text(f"{column} USD")
            cell = page.locator(f"{box} td[data-label='{column}'] .unit").first
            expect(cell).to_be_hidden()
            assert len(points_of(page, box, column)) == 1, (box, column)


PRICES = (585.1, 1_585.12345, 1.084)


def test_prices_in_several_currencies_each_carry_theirs(stage: Stage) -> None:
    stage.say(*(played.fill(number, price=price, currency=currency) for number, (price, currency)
                in enumerate(zip(PRICES, ("EUR", "JPY", "USD"), strict=True))))  # fmt: skip
    with stage.look() as page:
        expect(page.locator("#fills th", has_text="Price")).to_have_text("Price")
        prices = page.locator("#fills td[data-label='Price']")
        for place, words in enumerate(("1.084 USD", "1,585.12345 JPY", "585.10 EUR")):
            expect(prices.nth(place)).to_have_text(words)
            expect(prices.nth(place).locator(".unit")).to_be_visible()
        assert len(points_of(page, "#fills", "Price")) == 1
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert overflow(page) == 0
        assert flaws(page) == []
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


def test_what_was_refused_carries_the_unit_of_its_rule(stage: Stage) -> None:
    told = {"Limit": ("62,500.00 USD", "3.00 % of price", "45 messages in a second",
                      "0.5 seconds", "–"),
            "Actual": ("77,593.50 USD", "12.50 % of price", "46 messages in a second",
                       "0.1234 seconds", "–")}  # fmt: skip
    with stage.look("risk") as page:
        for column, cells in told.items():
            found = page.locator(f"#refusals td[data-label='{column}']")
            expect(found).to_have_text(cells[::-1])
            assert len(points_of(page, "#refusals", column)) == 1


def test_colours_follow_the_choice_and_are_remembered(stage: Stage) -> None:
    with stage.look() as page:
        page.get_by_role("button", name="Colours: auto").click()
        page.get_by_role("button", name="Colours: light").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.get_by_role("button", name="Colours: dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_text_of_a_bot_never_becomes_markup(stage: Stage) -> None:
    strategy = played.bot()["strategies"][0] | {"name": HOSTILE, "class": HOSTILE}
    stage.say(played.bot(name=HOSTILE, account=HOSTILE, strategies=[strategy]))
    stage.say(*({**one, "strategy": HOSTILE, "reason": HOSTILE, "message": HOSTILE, "why": HOSTILE,
                 "state": HOSTILE, "action": HOSTILE} for one in played.happenings()))  # fmt: skip
    holds = [{"name": "pause", "why": HOSTILE}]
    stage.say(played.state(halted=HOSTILE, holds=holds))
    with stage.look() as page:
        expect(page.locator("#why")).to_have_text(f"{HOSTILE}.")
        for view in VIEWS:
            page.goto(f"{stage.address}/#{view}")
            page.wait_for_timeout(50)
            assert page.locator("main img, main b:text('evil'), header img").count() == 0
        page.goto(f"{stage.address}/#strategies")
        expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
        page.goto(f"{stage.address}/#now")
        page.locator("#do-resume").click()
        expect(page.locator("dialog")).to_contain_text(HOSTILE)
        assert page.locator("dialog img").count() == 0


FRAMES = """async (seconds) => {
  const gaps = [];
  let last = performance.now();
  const end = last + 1000 * seconds;
  await new Promise((done) => {
    const frame = (now) => {
      gaps.push(now - last);
      last = now;
      if (now < end) requestAnimationFrame(frame); else done();
    };
    requestAnimationFrame(frame);
  });
  return gaps.slice(1);
}"""
FRAME_MS = 1000 / 60


def first_paint(page: Page) -> float:
    """Give the quicker of two, ms: how busy the machine is counts, too."""
    entry = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"

    def told() -> float:
        expect(page.locator("#word")).to_have_text("TRADING")
        # The frame that shows the word may not be out yet.
        when: float = page.wait_for_function(entry).json_value()
        return when

    first = told()
    page.reload()
    return min(first, told())


@contextmanager
def work_of(page: Page) -> Iterator[Callable[[], float]]:
    """Give how long the page's thread has worked, seconds of the processor."""
    line = page.context.new_cdp_session(page)
    line.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        told = line.send("Performance.getMetrics")["metrics"]
        seconds: float = next(one["value"] for one in told if one["name"] == "TaskDuration")
        return seconds

    yield worked
    line.detach()


def test_it_paints_at_once_and_keeps_up_with_fifty_updates_a_second(stage: Stage) -> None:
    with stage.look() as page, work_of(page) as worked:
        paint = first_paint(page)
        assert paint < 1000
        before = worked()
        page.evaluate(f"globalThis.gaps = ({FRAMES})(2)")
        began = time.monotonic()
        for number in range(100):
            stage.say(played.prices(number), *([played.state()] if number % 5 == 0 else []))
            time.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
        gaps = page.evaluate("globalThis.gaps")
        busy = (worked() - before) / 2
        late = sum(gap > 1.5 * FRAME_MS for gap in gaps)
        print(f"first paint {paint:.0f} ms; {len(gaps)} frames, {late} late; {busy:.0%} busy")
        expect(page.locator("#price-legend")).to_contain_text("Bid")
        # Frames are late on a busy machine, too; what the page itself needs is not.
        assert 0 < busy < 0.6
        assert late <= 0.5 * len(gaps)
