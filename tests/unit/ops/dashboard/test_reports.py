"""Reports are found where they are, and nothing else is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dash_rig import people, served

from ikbr.ops.dashboard.headers import REPORT_POLICY
from ikbr.ops.dashboard.reports import find_report, list_reports

PAGE = '<!doctype html><meta name="generator" content="ikbr"><title>{}</title>'


def page(file: Path, title: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(PAGE.format(title), encoding="utf-8")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    reports, sessions = tmp_path / "reports", tmp_path / "sessions"
    page(reports / "spy.html", "live-momentum on SPY: backtest")
    page(reports / "grid.html", "momentum on SPY: sweep")
    page(reports / "deep" / "walk.html", "momentum on SPY: walk-forward")
    page(sessions / "2026-03-02T143000-paper" / "report.html", "momentum on SPY: paper trading")
    result = {"mode": "paper", "net_pnl": -3.5, "symbols": ["SPY", "KO"], "fills": [1, 2]}
    beside = sessions / "2026-03-02T143000-paper" / "result.json"
    beside.write_text(json.dumps(result), encoding="utf-8")
    (reports / "other.html").write_text("<title>not ours</title>", encoding="utf-8")
    page(tmp_path / "outside.html", "secret on SPY: backtest")
    (reports / "link.html").symlink_to(tmp_path / "outside.html")
    (reports / "away").symlink_to(tmp_path)
    page(reports / ".hidden" / "x.html", "x: backtest")
    return reports, sessions


def test_reports_are_listed_with_kind_and_figures(folders: tuple[Path, Path]) -> None:
    found = {one.name: one for one in list_reports(folders)}
    assert {name: one.kind for name, one in found.items()} == {
        "spy": "backtest", "grid": "optimise", "walk": "walk-forward",
        "2026-03-02T143000-paper": "paper",
    }  # fmt: skip
    session = found["2026-03-02T143000-paper"]
    assert session.path == "1/2026-03-02T143000-paper/report.html"
    assert session.summary == {"symbols": "SPY, KO", "net_pnl": -3.5, "fills": 2}
    assert str(folders[0]) not in json.dumps(session.plain())


@pytest.mark.parametrize(
    "path",
    [
        "0/../outside.html", "0/link.html", "0/away/outside.html", "0/other.html",
        "../outside.html",
        "/etc/passwd", "1/2026-03-02T143000-paper/result.json", "2/spy.html", "0/.hidden/x.html",
        "0//spy.html", "spy.html", "", "0/spy.html\0",
    ],
)  # fmt: skip
def test_nothing_else_can_be_asked_for(folders: tuple[Path, Path], path: str) -> None:
    assert find_report(folders, path) is None


def test_a_report_is_served_in_a_sandbox(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with served(tmp_path / "j", passwords=people(), reports=folders) as dashboard:
        reader = dashboard.browser("bob")
        listed = reader.ask("GET", "/api/reports")[1]
        for one in listed:
            status, content, headers = reader.ask("GET", f"/reports/{one['path']}")
            assert status == 200
            assert b"generator" in content
            assert headers["Content-Security-Policy"] == REPORT_POLICY
            assert headers["X-Frame-Options"] is None
        for path in ("0/../outside.html", "0/%2e%2e/outside.html", "0/link.html"):
            assert reader.ask("GET", f"/reports/{path}")[0] == 404


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list_reports([tmp_path / "nowhere"]) == []
