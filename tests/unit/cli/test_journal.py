from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ikbr.cli.journal import app
from ikbr.domain.errors import UsageError
from ikbr.domain.events import Alert, Refusal, Refused
from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Fill, OrderRequest, Side
from ikbr.journal.writer import FileJournal

SECOND = 1_000_000_000


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "run.journal"
    spy = OrderRequest("SPY", Side.BUY, 10)
    ibm = OrderRequest("IBM", Side.SELL, 5)
    with FileJournal(path) as log:
        for kind, body in [
            ("settings", {"instruments": [Instrument(symbol="SPY")], "capital_micro": 1}),
            ("intent", (1, "m", spy, 0)),
            ("intent", (2, "m", ibm, 0)),
            ("refusal", Refusal(0, "m", ibm, Refused("position", 1.0, 2.0, "too much"))),
            ("update", OrderUpdate(1, OrderEvent.ACK, 0)),
            ("sent", (2,)),
            ("cancel", 2),
            ("fill", Fill(1, 1, "m", "SPY", Side.BUY, 10, 1_000_000, 0, 0, 100.0)),
            ("mark", ("SPY", 1_000_000)),
            ("alert", Alert(0, "warning", "bus", "look")),
        ]:
            log.append(kind, 1_767_623_400 * SECOND + 1, body)
    return path


def run(*args, code=0):
    result = CliRunner().invoke(app, [str(a) for a in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def numbers(output: str) -> list[int]:
    return [int(line.split()[0]) for line in output.splitlines()]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), list(range(10))),
        (("--kind", "fill"), [7]),
        (("--kind", "fill", "--kind", "alert"), [7, 9]),
        (("--symbol", "spy"), [1, 4, 7, 8]),
        (("--last", "99999999999999999999"), list(range(10))),
        (("--symbol", "IBM"), [2, 3, 5, 6]),
        (("--order", 1), [1, 4, 7]),
        (("--order", 2), [2, 5, 6]),
        (("--last", 2), [8, 9]),
        (("--symbol", "SPY", "--last", 1), [8]),
    ],
)
def test_show_prints_what_fits(journal, options, expected) -> None:
    assert numbers(run("show", journal, *options)) == expected


def test_show_writes_lines_for_people(journal) -> None:
    lines = run("show", journal).splitlines()
    assert lines[4].startswith(
        "      4 2026-01-05 14:30:00.000000001Z update   order_id=1 event=ack"
    )
    assert lines[3].endswith("limit=1.0 actual=2.0 reason=too much retry_ns=0} freshness=fresh")
    assert lines[6].endswith("cancel   2")


def test_show_writes_json(journal) -> None:
    [line] = run("show", journal, "--kind", "fill", "--json").splitlines()
    record = json.loads(line)
    assert (record["n"], record["kind"], record["body"]["symbol"]) == (7, "fill", "SPY")


def test_an_unknown_kind_is_refused_with_the_nearest(journal) -> None:
    with pytest.raises(UsageError, match="--kind 'fil' is unknown; did you mean 'fill'"):
        run("show", journal, "--kind", "fil")


def test_verify_tells_sound_unclosed_and_changed_apart(journal) -> None:
    assert "sound: 10 records, closed." in run("verify", journal)
    data = journal.read_bytes()
    lines = data.splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]))
    assert "not closed: 10 records after the last seal." in run("verify", journal, code=1)
    journal.write_bytes(data.replace(b'"look"', b'"LOOK"'))
    output = run("verify", journal, code=3)
    assert "CHANGED after it was written. line 12: the seal does not fit" in output
