"""The report: one file, offline, escaped, whole for strange runs too."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import time
from html.parser import HTMLParser

import pytest
from tests.unit.backtest.results import (
    CAPITAL,
    empty_result,
    make_result,
    one_sided_result,
    open_ns,
    order_of,
    refusal,
    summary_of,
)

from ikbr.backtest.explain import Finding, Severity
from ikbr.backtest.report import write_report
from ikbr.backtest.report.report import json_for_script, render_report
from ikbr.backtest.report.tables import ROWS
from ikbr.domain.errors import UsageError
from ikbr.domain.order import OrderRequest, Side

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
VOID = frozenset(("meta", "img", "br", "link", "input", "hr"))
LOADERS = ("src", "srcset", "data", "action", "formaction", "poster", "background")


class Page(HTMLParser):
    """Read a page: its scripts, its text, what it would load, and whether its tags pair up."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self.sections: dict[str, str] = {}
        self._section = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag == "section":
            self._section = dict(attrs).get("id") or "tiles"
            self.sections[self._section] = ""

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"
        if tag == "section":
            self._section = ""

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] == "script":
            attrs, text = self.scripts[-1]
            self.scripts[-1] = (attrs, text + data)
        elif self.open and self.open[-1] != "style":
            self.words.append(data)
            if self._section:
                self.sections[self._section] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def data(self) -> dict:
        return json.loads(self.scripts[0][1])


def runs():
    return {
        "one day": make_result(),
        "many days": make_result(days=40, step_s=60, strategies=("momentum", "pairs")),
        "nothing": empty_result(),
        "one tick, no summary": dataclasses.replace(empty_result(), summary=None),
        "only buys": one_sided_result(),
        "no prices": make_result(prices={}),
        "no fills": make_result(fills=0),
        "real data": make_result(synthetic=False),
    }


@pytest.fixture(scope="module", params=list(runs()))
def page(request) -> Page:
    return Page(render_report(runs()[request.param]))


def test_the_page_is_well_formed_and_every_section_says_something(page: Page) -> None:
    assert page.open == []
    names = ["tiles", "findings", "charts", "results", "trips", "fills", "refusals", "run"]
    assert list(page.sections) == names
    for name, text in page.sections.items():
        assert len(text.split()) >= 4, f"section {name} is as good as empty"
    for word in ("nan", "inf", "None", "Undefined"):
        assert not re.search(rf"(?<![\w.]){word}(?![\w])", page.text)


def test_the_page_loads_nothing_from_anywhere(page: Page) -> None:
    for tag, name, value in page.attributes:
        assert name not in LOADERS, f"<{tag} {name}={value!r}>"
        assert not name.startswith("on"), f"<{tag} {name}> runs code"
        assert tag != "link"
        if name == "href" and not value.startswith("#"):
            assert (tag, value) == ("a", "https://www.tradingview.com/")
    policy = next(value for tag, name, value in page.attributes if "default-src" in value)
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_only_the_fingerprinted_scripts_may_run(page: Page) -> None:
    policy = next(value for _, _, value in page.attributes if "default-src" in value)
    code = [text for attrs, text in page.scripts if "type" not in attrs]
    assert len(code) == 2
    for text in code:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]


def test_style_and_own_script_reach_for_no_network() -> None:
    text = render_report(empty_result())
    style = text[text.index("<style>") : text.index("</style>")]
    own = Page(text).scripts[-1][1]
    for word in ("http:", "https:", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket"):
        assert word not in style
        assert word not in own
    library = Page(text).scripts[1][1]
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|importScripts|sendBeacon", library)


def test_the_chart_library_is_attributed_and_licensed() -> None:
    page = Page(render_report(empty_result()))
    assert "TradingView Lightweight Charts" in page.text
    assert "Apache License" in page.text
    assert "attributionLogo: true" in page.scripts[-1][1]


def test_what_people_write_is_text_and_never_markup() -> None:
    base = make_result(fills=8)
    fills = [
        type(fill)(**{n: getattr(fill, n) for n in fill.__struct_fields__} | {"strategy": NASTY})
        for fill in base.fills
    ]
    orders = [order_of(fill, dict(base.instruments)) for fill in fills]
    for order in orders:
        order.request = OrderRequest(order.symbol, order.side, order.quantity, reason=NASTY)
    symbol = "</script><b>"
    noon = open_ns(base.session_equity[0][0])
    result = dataclasses.replace(
        base,
        strategy=NASTY,
        fills=fills,
        orders=orders,
        instruments=dict(base.instruments) | {symbol: base.instruments["SPY"]},
        prices=dict(base.prices) | {symbol: base.prices["SPY"]},
        refusals=[refusal(noon, symbol, NASTY, NASTY)],
        refused={NASTY: 3},
        params={NASTY: {NASTY: NASTY}},
        settings={NASTY: NASTY},
        described={NASTY: {NASTY: NASTY}},
        notes=[NASTY],
        logs=[(noon, NASTY, NASTY)],
        findings=(Finding(Severity.NOTE, "rule", NASTY, NASTY),),
        summary=summary_of(dataclasses.replace(base, fills=fills)),
    )
    text = render_report(result)
    page = Page(text)
    assert "<script>alert" not in text
    assert "<img" not in text
    assert len(page.scripts) == 3
    assert page.open == []
    assert page.data["prices"][-1]["symbol"] == symbol
    for section in ("findings", "results", "trips", "fills", "refusals", "run"):
        assert NASTY[:60] in page.sections[section], section


def test_json_in_a_script_element_cannot_end_it() -> None:
    value = {"a": "</ScRiPt><!--\u2028&"}
    text = json_for_script(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == value


def test_the_headline_numbers_are_those_of_the_result() -> None:
    result = make_result(fills=41, days=3)
    page = Page(render_report(result))
    tiles = " ".join(page.sections["tiles"].split())
    sign = "+" if result.net_pnl > 0 else "−"
    assert f"{sign}${abs(result.net_pnl):,.2f}" in tiles
    assert f"Round trips{result.summary.trips.count}" in tiles
    assert "returns of 3 sessions" in tiles
    assert f"${result.commission:,.2f}" in tiles
    for name in (
        "Return, Max drawdown, Sharpe ratio, Win rate, Profit factor, Commission, Exposure"
    ).split(", "):
        assert name in tiles
    for told in ("2013-10-07 – 2013-10-09", "$250,000.00", "25 ms", "ibkr-fixed", "quote"):
        assert told in page.text
    assert result.fill_hash in page.sections["run"]


def test_times_are_the_exchanges_and_dates_are_iso() -> None:
    result = make_result()
    page = Page(render_report(result))
    first = result.fills[0]
    seconds = (first.ts_ns - open_ns(result.session_equity[0][0])) // 1_000_000_000
    at = 9 * 3600 + 30 * 60 + seconds
    clock = f"2013-10-07 {at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}.123"
    assert clock in page.sections["fills"]
    assert "America/New_York" in page.sections["fills"]
    assert page.data["zone"] == "America/New_York"
    assert page.data["equity"]["first"] == 1_381_138_200_000 + 5_000  # 09:30:05 as if UTC


@pytest.mark.parametrize(("synthetic", "labels"), [(True, 1), (False, 0)])
def test_made_up_data_is_labelled_so(synthetic: bool, labels: int) -> None:
    assert render_report(make_result(synthetic=synthetic)).count("SYNTHETIC DATA") == labels


def test_findings_come_worst_first() -> None:
    shown = [Finding(Severity(n), "rule", f"finding {n}.") for n in (1, 3, 2)]
    text = Page(render_report(make_result(findings=shown))).sections["findings"]
    assert text.index("finding 3") < text.index("finding 2") < text.index("finding 1")


def test_a_run_without_anything_says_so_in_sentences() -> None:
    page = Page(render_report(empty_result()))
    for sentence in (
        "Nothing about this run needs a warning.",
        "There are no prices to draw",
        "There is no equity curve",
        "There were no fills, so there is no round trip.",
        "No order was sent, so there are no fills.",
        "No order was refused.",
        "The strategy has no parameters.",
        "Nothing was filled, so nothing was paid.",
    ):
        assert sentence in page.text


def test_only_buys_leave_no_round_trip_but_all_else() -> None:
    page = Page(render_report(one_sided_result()))
    assert "No position was closed" in page.sections["trips"]
    assert "1 position still open" in " ".join(page.sections["tiles"].split())
    assert "BUY" in page.sections["fills"]


def test_every_fill_has_a_marker_at_a_point_of_its_price() -> None:
    result = make_result(fills=60)
    for chart in Page(render_report(result)).data["prices"]:
        series = chart["series"]
        at, times = series["first"], {series["first"]}
        for step in series["steps"]:
            assert step > 0
            at += step
            times.add(at)
        assert len(times) == len(series["values"])
        fills = [fill for fill in result.fills if fill.symbol == chart["symbol"]]
        assert len(chart["markers"]) == len(fills) == chart["fills"]
        assert {marker[0] for marker in chart["markers"]} <= times
        assert [m[1:] for m in chart["markers"]] == [
            [int(fill.side), fill.quantity, fill.price] for fill in fills
        ]


def test_a_fill_before_the_first_price_is_drawn_at_its_own() -> None:
    result = make_result(fills=30, symbols=("SPY",))
    path = result.prices["SPY"]
    late = dataclasses.replace(path, ts_ns=path.ts_ns[2000:], price=path.price[2000:])
    chart = Page(render_report(dataclasses.replace(result, prices={"SPY": late}))).data["prices"][0]
    assert chart["series"]["values"][0] == result.fills[0].price


def test_a_large_run_is_quick_small_and_says_what_it_leaves_out() -> None:
    result = make_result(fills=10_000, step_s=1)
    started = time.perf_counter()
    text = render_report(result)
    assert time.perf_counter() - started < 5  # a second on an idle machine, with room
    assert len(text.encode()) < 1_500_000
    page = Page(text)
    assert f"first {ROWS:,} of 10,000 fills; {10_000 - ROWS:,} are left out" in page.text
    for chart in page.data["prices"]:
        assert len(chart["series"]["values"]) <= 5_000
        assert len(chart["markers"]) == 1_500 < chart["fills"]
    assert len(page.data["equity"]["values"]) <= 5_000


def test_drawdown_is_drawn_below_zero_and_as_deep_as_the_number() -> None:
    result = make_result()
    values = Page(render_report(result)).data["drawdown"]["values"]
    assert max(values) <= 0
    assert min(values) == pytest.approx(-100 * result.summary.max_drawdown, abs=1e-3)


def test_refusals_are_ranked_and_shown_with_examples() -> None:
    result = make_result(refused={"interval": 2, "position": 99, "exposure": 1})
    text = Page(render_report(result)).sections["refusals"]
    assert text.index("position") < text.index("interval") < text.index("exposure")
    assert "99×" in text
    assert "position: 900 SPY is too much." in text
    assert "BUY 900 SPY MKT" in text
    assert "No example was kept." in text
    assert text.count("position: 900 SPY is too much.") == 3


def test_the_reason_of_an_order_stands_beside_its_fill() -> None:
    result = make_result(fills=2, symbols=("SPY",))
    text = Page(render_report(result)).sections["fills"]
    assert text.count("momentum 0.021") == 2
    assert {fill.side for fill in result.fills} == {Side.BUY, Side.SELL}


def test_the_file_is_written_whole_into_a_new_folder(tmp_path) -> None:
    target = tmp_path / "reports" / "run.html"
    assert write_report(make_result(), target) == target
    text = target.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.rstrip().endswith("</html>")
    assert [each.name for each in target.parent.iterdir()] == ["run.html"]
    assert f"${CAPITAL:,.2f}" in text


def test_a_report_that_cannot_be_written_is_one_clear_sentence(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"report '.*' cannot be written .*--report"):
        write_report(empty_result(), tmp_path / "file" / "run.html")


def test_equal_runs_give_equal_reports() -> None:
    assert render_report(make_result()) == render_report(make_result())
