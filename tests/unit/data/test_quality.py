from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ikbr.data.calendars import to_ns
from ikbr.data.catalog import Catalog
from ikbr.data.columns import BarColumns, PrintColumns, QuoteColumns
from ikbr.data.quality import check
from ikbr.data.quality_case import Finding
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError
from ikbr.domain.tape import NO_PRICE, PrintFlag

DAY = dt.date(2013, 10, 7)
OPEN = to_ns(dt.datetime(2013, 10, 7, 13, 30, tzinfo=dt.UTC))
CLOSE = OPEN + 23_400 * 10**9
NOW = to_ns(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
SPY = parse_contract("SPY")
TS = np.arange(OPEN, CLOSE, 60 * 10**9)
COUNT = len(TS)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def good_prints() -> PrintColumns:
    price = (1_000_000 + np.arange(COUNT) % 7 * 100).astype(np.int32)
    return PrintColumns(TS.copy(), price, np.full(COUNT, 100), np.zeros(COUNT, np.uint8))


def good_quotes() -> QuoteColumns:
    bid = (1_000_000 + np.arange(COUNT) % 7 * 100).astype(np.int32)
    size = np.full(COUNT, 100, np.int32)
    return QuoteColumns(TS.copy(), bid, bid + 100, size, size.copy())


def good_bars() -> BarColumns:
    first = (1_000_000 + np.arange(COUNT) % 7 * 100).astype(np.int32)
    return BarColumns(
        TS + 60 * 10**9, first, first + 200, first - 200, first.copy(), np.full(COUNT, 9)
    )


def findings(catalog: Catalog, kind: str, columns: object, now: int = NOW) -> list[Finding]:
    catalog.write(SPY, kind, DAY, columns, source="test")  # type: ignore[arg-type]
    return check(catalog, now_ns=now)


def rules(found: list[Finding]) -> dict[str, tuple[str, int]]:
    return {one.rule: (one.severity, one.count) for one in found}


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("print", good_prints()), ("quote", good_quotes()), ("bar-minute", good_bars())],
)
def test_sound_data_gives_no_findings(catalog: Catalog, kind: str, columns: object) -> None:
    assert findings(catalog, kind, columns) == []


@pytest.mark.parametrize(
    ("column", "row", "value", "expected"),
    [
        ("price", 5, 0, {"non-positive": ("error", 1)}),
        ("price", 5, -100, {"non-positive": ("error", 1)}),
        ("price", 5, 1_050_000, {"spike": ("warning", 1)}),
        ("price", slice(5, 8), 1_050_000, {"spike": ("warning", 1)}),
        ("price", 5, 10_000_000, {"spike": ("error", 1)}),
        ("price", slice(200, None), 1_050_000, {}),
        ("size", 5, 0, {"zero-size": ("warning", 1)}),
        ("size", 5, -1, {"negative-size": ("error", 1)}),
        ("flags", 5, 1, {"suspicious": ("info", 1)}),
        ("ts_ns", 5, OPEN, {"order": ("error", 1)}),
        ("ts_ns", -1, NOW + 1, {"future": ("error", 1), "wrong-day": ("error", 1)}),
        ("ts_ns", -1, OPEN + 86_400 * 10**9, {"wrong-day": ("error", 1)}),
    ],
)
def test_a_fault_in_prints_is_found(
    catalog: Catalog,
    column: str,
    row: int | slice,
    value: int,
    expected: dict[str, tuple[str, int]],
) -> None:
    columns = good_prints()
    getattr(columns, column)[row] = value
    assert rules(findings(catalog, "print", columns)) == expected


def test_examples_give_local_time_and_price(catalog: Catalog) -> None:
    columns = good_prints()
    columns.price[5:9] = 0
    found = findings(catalog, "print", columns)[0]
    assert found.count == 4
    assert found.examples == ("09:35:00.000 0", "09:36:00.000 0", "09:37:00.000 0")


@pytest.mark.parametrize(
    ("bid", "ask", "rows", "expected"),
    [
        (1_000_100, 1_000_100, 3, {"locked": ("info", 3)}),
        (1_000_200, 1_000_100, 3, {"crossed": ("warning", 3)}),
        (1_000_200, 1_000_100, COUNT, {"crossed": ("error", COUNT)}),
        (0, 1_000_100, 3, {"non-positive": ("error", 3)}),
        (NO_PRICE, 1_000_100, 3, {}),
    ],
)
def test_quotes_that_lock_cross_or_vanish(
    catalog: Catalog, bid: int, ask: int, rows: int, expected: dict[str, tuple[str, int]]
) -> None:
    columns = good_quotes()
    columns.bid[:rows], columns.ask[:rows] = bid, ask
    found = {
        k: v for k, v in rules(findings(catalog, "quote", columns)).items() if k != "duplicate"
    }
    assert found == expected


def pick(columns: PrintColumns, keep: np.ndarray) -> PrintColumns:
    return PrintColumns(*(getattr(columns, n)[keep] for n in ("ts_ns", "price", "size", "flags")))


def test_a_pause_is_a_gap_unless_dealing_was_halted(catalog: Catalog) -> None:
    keep = np.ones(COUNT, np.bool_)
    keep[100:110] = False
    found = findings(catalog, "print", pick(good_prints(), keep))
    assert rules(found) == {"gap": ("warning", 1)}
    assert found[0].examples == ("11:09:00.000 for 660 s",)
    halted = good_prints()
    halted.flags[99] = PrintFlag.HALT
    assert findings(catalog, "print", pick(halted, keep)) == []


def test_a_late_start_and_an_early_end_are_gaps(catalog: Catalog) -> None:
    keep = np.ones(COUNT, np.bool_)
    keep[:10] = keep[-10:] = False
    assert rules(findings(catalog, "print", pick(good_prints(), keep))) == {"gap": ("warning", 2)}


def test_data_outside_regular_hours_only_is_a_gap(catalog: Catalog) -> None:
    early = good_prints()
    early = replace(early, ts_ns=early.ts_ns - 6 * 3600 * 10**9)
    found = findings(catalog, "print", pick(early, np.arange(60)))
    assert [one.text for one in found] == ["nothing at all in regular hours"]


@pytest.mark.parametrize(
    ("times", "severity"), [(np.where(np.arange(COUNT) == 9, 20, 1), "info"), (2, "warning")]
)
def test_a_burst_of_equal_prints_is_ordinary_and_a_doubled_file_is_not(
    catalog: Catalog, times: np.ndarray | int, severity: str
) -> None:
    columns = pick(good_prints(), np.repeat(np.arange(COUNT), times))
    assert rules(findings(catalog, "print", columns))["duplicate"][0] == severity


def test_two_bars_of_one_time_are_an_error(catalog: Catalog) -> None:
    bars = good_bars()
    bars.ts_ns[7] = bars.ts_ns[6]
    assert rules(findings(catalog, "bar-minute", bars))["duplicate"] == ("error", 1)


def test_a_bar_whose_high_is_not_the_highest_is_an_error(catalog: Catalog) -> None:
    bars = good_bars()
    bars.high[3] = bars.open[3] - 100
    assert rules(findings(catalog, "bar-minute", bars)) == {"bar-shape": ("error", 1)}


def test_missing_sessions_and_days_without_one_are_warned_of(catalog: Catalog) -> None:
    for shift in (0, 3, 5):
        day = DAY + dt.timedelta(shift)
        columns = good_prints()
        columns = replace(columns, ts_ns=columns.ts_ns + shift * 86_400 * 10**9)
        catalog.write(SPY, "print", day, columns, source="test")
    found = {one.rule: one for one in check(catalog, now_ns=NOW)}
    assert found["missing-day"].examples == ("2013-10-08", "2013-10-09", "2013-10-11")
    assert found["no-session"].examples == ("2013-10-12",)


def test_a_broken_file_is_an_error_among_the_others(catalog: Catalog) -> None:
    path = catalog.write(SPY, "print", DAY, good_prints(), source="test")
    catalog.write(SPY, "bar-daily", DAY, pick_bar(), source="test")
    path.write_bytes(b"x")
    daily = catalog.path / "SPY" / "bar-daily" / "2013.parquet"
    daily.write_bytes(b"x")
    assert [(f.rule, f.kind) for f in check(catalog, now_ns=NOW)] == [
        ("unreadable", "bar-daily"),
        ("unreadable", "print"),
    ]


def pick_bar() -> BarColumns:
    one = np.array([1_000_000], np.int32)
    return BarColumns(np.array([CLOSE]), one, one, one, one, np.array([1]))


def test_nothing_to_check_is_said(catalog: Catalog) -> None:
    with pytest.raises(DataError, match="is empty"):
        check(catalog, now_ns=NOW)
    catalog.write(SPY, "print", DAY, good_prints(), source="test")
    with pytest.raises(DataError, match="did you mean 'SPY'"):
        check(catalog, ["SPYY"], now_ns=NOW)
    with pytest.raises(DataError, match="did you mean 'print'"):
        check(catalog, now_ns=NOW, kinds=["prints"])
