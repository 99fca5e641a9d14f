"""The metrics of a session, as Prometheus reads them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ikbr.domain.histogram import Histogram
from ikbr.domain.vitals import Durations, Vitals
from ikbr.ops.metrics.collector import BOUNDS_S, VitalsCollector, cumulative, registry_of
from ikbr.ops.metrics.families import COUNTER, FAMILIES, TIMINGS


def scraped(vitals: Vitals | None) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    collector = VitalsCollector()
    collector.vitals = vitals
    text = generate_latest(registry_of(collector)).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


CASES = [
    ("ikbr_ready", {}, 1),
    ("ikbr_entries_held", {"reason": "pace"}, 1),
    ("ikbr_reconnects_total", {}, 2),
    ("ikbr_queue_depth", {"queue": "pacer"}, 4),
    ("ikbr_orders_total", {"strategy": 'mo"mentum\n', "state": "Filled"}, 2),
    ("ikbr_refusals_total", {"rule": "position"}, 5),
    ("ikbr_alerts_total", {"severity": "warning", "source": "link"}, 1),
    ("ikbr_equity", {"currency": "USD"}, 1_000_010.5),
    ("ikbr_exposure_net", {"currency": "USD"}, -100_010.5),
    ("ikbr_limit_headroom_ratio", {"limit": "max_gross_pct"}, 0.75),
    ("ikbr_data_age_seconds", {"symbol": "KO"}, 0.25),
    ("ikbr_order_stage_seconds_count", {"stage": "written"}, 2),
    ("ikbr_order_stage_seconds_sum", {"stage": "written"}, 0.0032),
    ("ikbr_order_stage_seconds_bucket", {"stage": "written", "le": "0.0025"}, 1),
    ("ikbr_loop_lag_seconds_bucket", {"le": "10.0"}, 1),
    ("ikbr_loop_lag_seconds_bucket", {"le": "+Inf"}, 2),
]


@pytest.mark.parametrize(("name", "labels", "value"), CASES)
def test_a_metric_says_what_the_session_said(
    vitals: Vitals, name: str, labels: dict[str, str], value: float
) -> None:
    assert scraped(vitals)[name, frozenset(labels.items())] == pytest.approx(value)


def test_what_is_not_known_is_absent(vitals: Vitals) -> None:
    assert not [key for key in scraped(vitals) if key[0] == "ikbr_daily_pnl"]
    known = scraped(msgspec.structs.replace(vitals, books=None))
    assert not [key for key in known if key[0] in {"ikbr_equity", "ikbr_data_age_seconds"}]
    assert known["ikbr_link_ready", frozenset()] == 1
    assert not [key for key in scraped(None) if key[0].startswith("ikbr_")]


def test_names_and_units_are_as_prometheus_wants_them() -> None:
    names = [one.name for one in (*FAMILIES, *TIMINGS)]
    assert len(set(names)) == len(names)
    for one in FAMILIES:
        assert one.name.endswith("_total") is (one.kind == COUNTER), one.name
    for name in names:
        assert re.fullmatch(r"ikbr_[a-z_]+", name), name
    assert all(one.what.endswith(".") for one in (*FAMILIES, *TIMINGS))


def test_the_documentation_has_the_rows_of_the_tables() -> None:
    page = (Path(__file__).parents[4] / "docs" / "metrics.md").read_text(encoding="utf-8")
    kinds = [(one, one.kind) for one in FAMILIES] + [(one, "histogram") for one in TIMINGS]
    rows = [
        f"| `{one.name}` | {kind} | {', '.join(f'`{x}`' for x in one.labels) or '–'} | {one.what} |"
        for one, kind in kinds
    ]
    assert "\n".join(rows) in page


@given(st.lists(st.integers(0, 20_000_000_000), max_size=60))
def test_the_exported_buckets_hold_what_was_counted_to_within_the_width_of_a_bucket(
    values: list[int],
) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    told = cumulative(Durations.of(histogram))
    assert told[-1] == ("+Inf", len(values))
    assert [count for _, count in told] == sorted(count for _, count in told)
    for bound_s, (_, count) in zip(BOUNDS_S, told, strict=False):
        bound = bound_s * 1e9
        assert sum(v <= bound / 1.017 - 1 for v in values) <= count
        assert count <= sum(v <= bound for v in values)
