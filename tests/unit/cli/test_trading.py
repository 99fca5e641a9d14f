"""`ikbr paper` and `ikbr live`: what is refused before anything is connected."""

from __future__ import annotations

from pathlib import Path

import pytest

from ikbr.cli import main

PAPER = ("paper", "--symbols", "SPY")
LIVE = ("live", "--symbols", "SPY")
STOP = ("--param", "stop_loss_pct=0.01")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("TRADING_MODE", "IB_GATEWAY_PORT", "IB_GATEWAY_PORT_LIVE", "IB_GATEWAY_HOST"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "environment", "says"),
    [
        (PAPER, {"TRADING_MODE": "live"}, ["mode paper, TRADING_MODE live, port 4001"]),
        ((*PAPER, "--port", "4001"), {}, ["port 4001 is that of a live gateway", "mode paper"]),
        (PAPER, {"IB_GATEWAY_PORT": "4101"}, ["port 4101 is that of a live gateway"]),
        ((*LIVE, "--port", "4002"), {"TRADING_MODE": "live"}, ["port 4002 is that of a paper"]),
        (LIVE, {"TRADING_MODE": "live"}, ["momentum has no protective stop", "stop_loss_pct"]),
        (
            (*LIVE, *STOP, "--set", "risk.max_position_pct=0.5"),
            {"TRADING_MODE": "live"},
            ["risk.max_position_pct = 0.5 is looser than on paper (0.1)"],
        ),
        (
            (*LIVE, *STOP),
            {"TRADING_MODE": "live", "IKBR_RISK__MAX_DRAWDOWN_PCT": "0.2"},
            ["risk.max_drawdown_pct = 0.2 is looser than on paper (0.05)"],
        ),
        (
            (*LIVE, *STOP, "--set", "risk.require_stop=false"),
            {"TRADING_MODE": "live"},
            ["risk.require_stop is false, and real money needs it"],
        ),
        (PAPER, {"TRADING_MODE": "papre"}, ["broker.trading_mode", "did you mean 'paper'"]),
        (("paper",), {}, ["momentum has no symbols", "--symbols"]),
        (("paper", "--symbols", "SPY", "--strategy", "momentun"), {}, ["momentun", "momentum"]),
        ((*PAPER, "--set", "broker.clock=sundial"), {}, ["broker.clock", "sundial"]),
        ((*PAPER, "--days", "3"), {}, ["--days"]),
        ((*PAPER, "--port", "99999"), {}, ["port 99999 cannot be", "from 1 to 65535"]),
        ((*PAPER, "--port", "0"), {}, ["port 0 cannot be"]),
        ((*PAPER, "--client-id", "-1"), {}, ["client id -1 cannot be"]),
        ((*PAPER, "--until", "24:00"), {}, ["until '24:00' is no time", "write close, or 11:30"]),
        ((*PAPER, "--until", "noon"), {}, ["until 'noon' is no time"]),
        ((*PAPER, "--report", "no/such/folder/report.html"), {}, ["no/such/folder"]),
    ],
)
def test_what_contradicts_itself_is_refused_in_one_sentence_before_connecting(
    words: tuple[str, ...],
    environment: dict[str, str],
    says: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main.execute(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("ikbr: ")
    for piece in says:
        assert piece in said


def test_a_refusal_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADING_MODE", "live")
    assert main.execute(PAPER) == 2
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["paper", "live"])
def test_the_options_of_backtests_are_there_but_for_those_of_the_market(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.execute([name, "--help"]) == 0
    shown = capsys.readouterr().out
    for option in ("--strategy", "--symbols", "--param", "--set", "--shadow", "--until", "--view",
                   "--json", "--report", "--flatten"):  # fmt: skip
        assert option in shown
    for option in ("--days", "--latency-ms", "--capital", "--seed"):
        assert option not in shown
    assert ("--confirm-live" in shown) is (name == "live")
