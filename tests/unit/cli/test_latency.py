"""`ikbr latency` says where the time of orders went."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from ikbr.cli.main import execute
from ikbr.domain.histogram import Histogram
from ikbr.domain.latency import OrderLatency
from ikbr.domain.vitals import Durations
from ikbr.journal.session_opening import open_session


def a_journal(folder: Path, orders: int) -> Path:
    with open_session(folder, "day", commit_s=0) as log:
        for number in range(1, orders + 1):
            base = number * 1_000
            log.append("latency", 5, OrderLatency(number, *(base * n for n in range(1, 8))))
    return folder


def test_stages_are_shown_with_their_quantiles_and_the_slowest_orders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["latency", str(a_journal(tmp_path / "j", 100)), "--slowest", "1"]) == 0
    out = capsys.readouterr().out
    assert "100 orders" in out
    assert "p99.99" in out
    assert "order 100: decoded +100.0, signal +100.0" in out


def test_json_holds_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["latency", str(a_journal(tmp_path / "j", 100)), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["orders"] == 100
    assert told["stages_us"]["written"]["max"] == 500.0
    assert told["stages_us"]["written"]["p50"] == pytest.approx(250.0, rel=0.02)


def test_a_journal_without_latencies_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["latency", str(a_journal(tmp_path / "j", 0))]) == 2
    assert "ikbr latency --bot" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "name a session"),
        (["journals", "--bot"], "name a session"),
        (["--bot", "--slowest", "3"], "--slowest: a running bot keeps no single orders"),
    ],
)
def test_a_session_or_a_bot_must_be_named(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["latency", *words]) == 2
    assert why in capsys.readouterr().err


def test_a_histogram_is_the_same_behind_the_door() -> None:
    histogram = Histogram()
    for value in (5, 700, 80_000):
        histogram.add(value)
    sent = msgspec.json.encode(Durations.of(histogram))
    again = msgspec.convert(msgspec.json.decode(sent), Durations, strict=False).histogram()
    assert [again.quantile(share) for share in (0.3, 0.6, 1.0)] == [
        histogram.quantile(share) for share in (0.3, 0.6, 1.0)
    ]
    assert (again.count, again.mean, again.most) == (3, histogram.mean, 80_000)
