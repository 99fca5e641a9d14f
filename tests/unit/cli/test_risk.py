from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins
from typer.testing import CliRunner

from ikbr.cli.main import execute
from ikbr.cli.risk import app
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.limit_table import LIMITS
from ikbr.domain.limits import PROFILES, RiskLimits
from ikbr.domain.order import Fill, OrderRequest, OrderType, Side
from ikbr.domain.session_events import RiskState
from ikbr.journal.writer import FileJournal

LIMITS_OF_RUN = RiskLimits(
    max_position_pct=0.5, max_position_notional=5_000, max_net_pct=0.5, max_sector_pct=0.4,
    sectors=("funds: SPY QQQ", "computers: IBM"), max_orders_per_day=10, max_runs=5,
    max_daily_loss_pct=0.5,
)  # fmt: skip
STATE = RiskState(
    peak_micro=12_500 * MICRO,
    day_start_micro=8_000 * MICRO,
    latches=(Refused("drawdown", 0.05, 0.2, "it fell."),),
    counters={
        "orders": 4, "quantity": 70, "notional_micro": 7_000 * MICRO, "runs:m": 3, "runs:n": 1,
    },
    blocked={"IBM": "positions differ"},
)  # fmt: skip


def write(path: Path, *more: tuple[str, Any]) -> Path:
    """A long of 20 SPY at 100 with a working limit order for 10 more, and a short of 10 IBM."""
    spy = OrderRequest("SPY", Side.BUY, 20)
    more_spy = OrderRequest("SPY", Side.BUY, 10, OrderType.LIMIT, limit_price=99.0)
    ibm = OrderRequest("IBM", Side.SELL, 10)
    instruments = [Instrument(symbol="SPY"), Instrument(symbol="IBM"), Instrument(symbol="QQQ")]
    risk = to_builtins(LIMITS_OF_RUN)
    settings = {"instruments": instruments, "capital_micro": 10_000 * MICRO, "risk": risk}
    with FileJournal(path) as journal:
        for kind, body in [
            ("settings", settings),
            ("intent", (1, "m", spy, 0)),
            ("intent", (2, "m", more_spy, 0)),
            ("intent", (3, "n", ibm, 0)),
            ("update", OrderUpdate(2, OrderEvent.ACK, 1)),
            ("fill", Fill(1, 1, "m", "SPY", Side.BUY, 20, 1_000_000, 1, 0, 100.0)),
            ("fill", Fill(2, 3, "n", "IBM", Side.SELL, 10, 1_000_000, 1, 0, 100.0)),
            *more,
        ]:
            journal.append(kind, 1, body)
    return path


def rows(*words: str) -> dict[str, dict[str, Any]]:
    result = CliRunner().invoke(app, ["show", "--json", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return {row["name"].removeprefix("risk."): row for row in json.loads(result.output)}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_limit_is_shown_with_value_unit_scope_and_what_happens(profile: str) -> None:
    shown = rows("--profile", profile)
    assert list(shown) == list(LIMITS)
    for name, row in shown.items():
        value = getattr(PROFILES[profile], name)
        assert row["value"] == (list(value) if isinstance(value, tuple) else value)
        assert (row["unit"], row["scope"], row["what"]) == (
            LIMITS[name].unit, LIMITS[name].scope, LIMITS[name].what,
        )  # fmt: skip
        assert "used" not in row


def test_a_setting_changes_what_is_shown() -> None:
    shown = rows("--set", "risk.max_net_pct=0.25", "--set", "risk.restricted=IBM,BAC")
    assert (shown["max_net_pct"]["value"], shown["restricted"]["value"]) == (0.25, ["IBM", "BAC"])


def test_usage_and_headroom_come_from_a_journal(tmp_path: Path) -> None:
    shown = rows("--journal", str(write(tmp_path / "j", ("risk", STATE))))
    used = {name: (row["used"], row["by"], row["left"]) for name, row in shown.items()}
    expected = {
        # 30 SPY worth 3,000 if all fills, 10 IBM worth 1,000, of an equity of 10,000.
        "max_position_pct": (0.3, "SPY", 0.2),
        "max_position_notional": (3_000, "SPY", 2_000),
        "max_gross_pct": (0.4, "", 0.6),
        "max_net_pct": (0.2, "", 0.3),
        "max_sector_pct": (0.3, "funds", 0.1),
        "max_drawdown_pct": (0.2, "", -0.15),
        "max_daily_loss_pct": (0, "", 0.5),
        "max_orders_per_day": (4, "", 6),
        "max_runs": (3, "m", 2),
    }
    for name, (amount, by, left) in expected.items():
        assert used[name][0] == pytest.approx(amount), name
        assert used[name][1] == by, name
        assert used[name][2] == pytest.approx(left), name
    assert used["max_quantity_per_day"] == (70, "", None)
    assert used["collar_pct"] == (None, "", None)


def test_what_a_journal_does_not_hold_has_no_usage(tmp_path: Path) -> None:
    shown = rows("--journal", str(write(tmp_path / "j")), "--profile", "live")
    assert shown["max_position_notional"]["left"] == 2_000
    assert shown["max_runs"]["used"] is shown["max_drawdown_pct"]["used"] is None


def test_halts_and_blocks_are_told(tmp_path: Path, capsys: Any) -> None:
    assert execute(["risk", "show", "--journal", str(write(tmp_path / "j", ("risk", STATE)))]) == 0
    told = capsys.readouterr().out
    assert "halted (drawdown): it fell." in told
    assert "blocked IBM: positions differ" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--profile", "liv"], "did you mean 'live'"),
        (["--set", "risk.max_net=1"], "did you mean"),
        (["--set", "max_net_pct"], "write it as section.key=value"),
        (["--journal", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_read_is_said_with_exit_code_2(
    words: list[str], told: str, capsys: Any
) -> None:
    assert execute(["risk", "show", *words]) == 2
    assert told in capsys.readouterr().err


def test_names_of_limits_stay_whole_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert execute(["risk", "show", "--profile", "live"]) == 0
    shown = capsys.readouterr().out
    for name in LIMITS:
        assert f"risk.{name} " in shown
