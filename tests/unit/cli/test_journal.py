from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from ikbr.cli.journal import app
from ikbr.domain.errors import JournalError, UsageError
from ikbr.domain.events import Alert, Refusal, Refused
from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Fill, OrderRequest, Side
from ikbr.journal.session_opening import open_session
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


def test_times_choose_records(journal) -> None:
    at = "2026-01-05T14:30:00"
    assert numbers(run("show", journal, "--until", at)) == []
    assert numbers(run("show", journal, "--since", at, "--until", "2026-01-06")) == list(range(10))
    assert numbers(run("show", journal, "--since", "2026-01-05T15:30:01+01:00")) == []
    with pytest.raises(UsageError, match="--since 'yesterday' is no time; write it as"):
        run("show", journal, "--since", "yesterday")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "live"
    with open_session(path, "2026-03-02", commit_s=0) as log:
        log.append("intent", 1, (1, "m", OrderRequest("SPY", Side.BUY, 10), 0))
        log.rotate("2026-03-03")
        log.append("fill", 2, Fill(1, 1, "m", "SPY", Side.BUY, 10, 1_000_000, 0, 0, 100.0))
    return path


def test_a_folder_of_live_sessions_is_shown_queried_and_verified_alike(folder) -> None:
    lines = run("show", folder).splitlines()
    assert [line.split()[0] for line in lines] == ["1:0", "2:0"]
    shown = json.loads(run("show", folder, "--order", 1, "--json").splitlines()[1])
    assert (shown["segment"], shown["n"]) == ("000002-2026-03-03.journal", 0)
    assert run("tail", folder, "-n", 1).startswith("    2:0 1970-01-01")
    assert "| SPY    | 10       |" in run("query", folder, "SELECT symbol, quantity FROM fills")
    assert "sound: 2 records in 2 segments, closed." in run("verify", folder)
    told = json.loads(run("verify", folder, "--json"))
    assert (told["verdict"], told["segments"], told["segment"]) == ("sound", 2, "")


def test_damage_to_a_folder_is_told_by_exit_code(folder) -> None:
    first = folder / "000001-2026-03-02.journal"
    data = first.read_bytes()
    first.write_bytes(data.replace(b'"quantity":10', b'"quantity":11'))
    output = run("verify", folder, code=3)
    assert "CHANGED after it was written. 000001-2026-03-02.journal, line 2: the checksum" in output
    assert json.loads(run("verify", folder, "--json", code=3))["verdict"] == "changed"
    with pytest.raises(JournalError, match=r"was changed: 000001-2026-03-02\.journal, line 2"):
        run("show", folder)
    first.write_bytes(data)
    (folder / "000002-2026-03-03.journal").unlink()
    assert "000002-2026-03-03.journal, it is missing" in run("verify", folder, code=3)


def test_a_session_that_still_runs_is_not_closed(tmp_path) -> None:
    log = open_session(tmp_path / "live", "2026-03-02", commit_s=0)
    log.append("cancel", 1, 1)
    told = json.loads(run("verify", tmp_path / "live", "--json", code=1))
    assert (told["verdict"], told["unsealed"], told["torn"]) == ("not closed", 1, 0)
    log.close()


def test_tail_prints_the_last_and_goes_on_with_what_is_written(journal, monkeypatch) -> None:
    assert numbers(run("tail", journal, "-n", 2)) == [8, 9]
    assert numbers(run("tail", journal, "--kind", "intent")) == [1, 2]
    path = journal.parent / "live"
    log = open_session(path, "2026-03-02", commit_s=0)
    log.append("intent", 1, (1, "m", OrderRequest("SPY", Side.BUY, 10), 0))
    looks = []

    def meanwhile(_seconds: float) -> None:
        looks.append(len(looks))
        if len(looks) == 1:
            log.append("cancel", 2, 1)
        elif len(looks) == 2:
            log.rotate("2026-03-03")
            log.append("cancel", 3, 7)
            log.append("update", 3, OrderUpdate(1, OrderEvent.ACK, 0))
        else:
            raise KeyboardInterrupt

    monkeypatch.setattr("ikbr.cli.journal.time.sleep", meanwhile)
    result = CliRunner().invoke(app, ["tail", str(path), "-f", "--symbol", "SPY"])
    assert [line.split()[0] for line in result.output.splitlines()[:3]] == ["1:0", "1:1", "2:1"]
    log.close()


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_tables_are_exported(folder, tmp_path, suffix) -> None:
    out = tmp_path / f"fills.{suffix}"
    assert run("export", folder, out, "--table", "fills") == f"{out}: 1 rows.\n"
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}[suffix]
    [row] = read(out).select("order_id", "side", "price").rows()
    assert row == (1, "BUY", 100.0)
    with pytest.raises(UsageError, match="exists and is not overwritten"):
        run("export", folder, out)


def test_the_answer_to_a_query_is_exported(folder, tmp_path) -> None:
    out = tmp_path / "kinds.csv"
    sql = "SELECT kind, COUNT(*) AS count FROM records GROUP BY kind ORDER BY kind"
    told = json.loads(run("export", folder, out, "--sql", sql, "--json"))
    assert told == {"file": str(out), "rows": 2}
    assert out.read_text() == "kind,count\nfill,1\nintent,1\n"


def test_what_cannot_be_exported_leaves_no_file(folder, tmp_path) -> None:
    for out, options, message in [
        ("x.xlsx", (), r"has to end in \.parquet, \.csv or \.jsonl"),
        ("x.csv", ("--table", "fils"), "table 'fils' is unknown"),
        ("x.csv", ("--sql", "SELECT nothing FROM fills"), "unable to find column"),
    ]:
        with pytest.raises(UsageError, match=message):
            run("export", folder, tmp_path / out, *options)
        assert not (tmp_path / out).exists()


def test_queries_are_answered_as_json_too(journal) -> None:
    lines = run("query", journal, "SELECT symbol, price, decision_mid FROM fills", "--json")
    assert json.loads(lines) == {"symbol": "SPY", "price": 100.0, "decision_mid": None}


def test_a_folder_without_a_journal_is_an_error(tmp_path) -> None:
    for command in ("show", "verify", "tail"):
        with pytest.raises(UsageError, match="holds no journal: it has no segment files"):
            run(command, tmp_path)
