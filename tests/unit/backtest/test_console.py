"""The result in the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from tests.unit.backtest.results import empty_result, make_result, one_sided_result

from ikbr.backtest.console import SHOWN_FINDINGS, show_result
from ikbr.backtest.explain import Finding, Severity


def printed(result, *, terminal: bool = False, width: int = 100, **more) -> str:
    out = io.StringIO()
    show_result(result, Console(file=out, force_terminal=terminal, width=width), **more)
    return out.getvalue()


def test_the_headline_numbers_findings_and_refusals_are_shown() -> None:
    result = make_result(days=3)
    text = printed(result, report="/data/reports/run.html")
    for told in (
        "momentum on SPY, BAC, IBM, 2013-10-07 to 2013-10-09, tick data",
        "SYNTHETIC DATA",
        f"${abs(result.net_pnl):,.2f}",
        "returns of 3 sessions",
        "Refused: interval 4×, position 4×",
        "Report: /data/reports/run.html",
        "1,234,567",
    ):
        assert told in text
    assert text.index("Problem") < text.index("Warning") < text.index("Note")


def test_a_pipe_gets_plain_text_and_a_terminal_colours() -> None:
    assert "\x1b" not in printed(make_result())
    assert "\x1b[" in printed(make_result(), terminal=True)


def test_real_data_is_not_called_synthetic() -> None:
    assert "SYNTHETIC" not in printed(make_result(synthetic=False))


@pytest.mark.parametrize("result", [empty_result(), one_sided_result()], ids=["none", "buys"])
@pytest.mark.parametrize("width", [40, 100])
def test_strange_runs_and_narrow_terminals_are_no_trouble(result, width: int) -> None:
    text = printed(result, width=width)
    assert "Net P&L" in text
    assert not {"nan", "None", "inf"} & set(text.split())


def test_a_run_without_refusals_says_so() -> None:
    text = printed(empty_result())
    assert "No order was refused." in text
    assert "Report:" not in text


def test_text_of_strategies_is_neither_markup_nor_control() -> None:
    findings = (Finding(Severity.NOTE, "rule", "[bold]see[/bold] \x1b[31mred\x07", "[/]"),)
    text = printed(make_result(strategy="a[/b]\x1b[2J", findings=findings))
    assert "a[/b]" in text
    assert "[bold]see[/bold]" in text
    assert "[/]" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_many_findings_and_symbols_are_cut_with_a_word() -> None:
    findings = [Finding(Severity.NOTE, "rule", f"Finding number {n}.") for n in range(12)]
    symbols = tuple(f"S{n}" for n in range(11))
    text = printed(make_result(fills=0, findings=findings, symbols=symbols))
    assert f"and {12 - SHOWN_FINDINGS} more in the report" in text
    assert "S7 and 3 more" in text


def test_a_long_path_is_not_folded() -> None:
    path = "/data/" + "folder/" * 20 + "run.html"
    assert f"Report: {path}\n" in printed(make_result(), report=path, width=40)
