"""Dashboards and alert rules ask for what a bot exports: every name and every label."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from ikbr.domain.vitals import Vitals
from ikbr.ops.compose_file import read_compose
from ikbr.ops.metrics.collector import VitalsCollector
from ikbr.ops.metrics.families import FAMILIES, TIMINGS

DEPLOY = Path(__file__).parents[4] / "deploy"
BY_PROMETHEUS = {"instance", "job"}
"""Labels that Prometheus adds to what it scrapes."""
PROCESS = {
    "process_cpu_seconds_total", "process_max_fds", "process_open_fds",
    "process_resident_memory_bytes", "process_start_time_seconds", "process_virtual_memory_bytes",
}  # fmt: skip

EXPORTED: dict[str, set[str]] = {
    **{one.name: set(one.labels) for one in FAMILIES},
    **{
        f"{one.name}_{part}": {*one.labels, *(["le"] if part == "bucket" else [])}
        for one in TIMINGS
        for part in ("bucket", "count", "sum")
    },
    **{name: set() for name in PROCESS},
    "up": set(),
}


def boards() -> dict[str, Any]:
    files = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def rules() -> list[dict[str, Any]]:
    text = (DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def asked() -> Iterator[tuple[str, str, str]]:
    """Give where each query stands, the query, and the legend or sentence that uses its labels."""
    for name, board in boards().items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                legend = target["legendFormat"]
                yield f"{name}: {panel['title']}", target["expr"], legend
    for rule in rules():
        yield f"alert {rule['alert']}", rule["expr"], rule["annotations"]["summary"]


QUERIES = list(asked())


def selectors(node: Any) -> Iterator[Any]:
    """Give every selector of metrics in a parsed query."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
        return
    for name in ("lhs", "rhs", "expr", "param", "vector_selector"):
        child = getattr(node, name, None)
        if child is not None and not isinstance(child, str):
            yield from selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from selectors(child)


def grouped(node: Any) -> Iterator[str]:
    """Give every label that a query groups by."""
    modifier = getattr(node, "modifier", None)
    if isinstance(node, promql_parser.AggregateExpr) and modifier is not None:
        yield from modifier.labels
    for name in ("lhs", "rhs", "expr"):
        child = getattr(node, name, None)
        if child is not None and not isinstance(child, str):
            yield from grouped(child)
    for child in getattr(node, "args", None) or ():
        yield from grouped(child)


def parsed(query: str) -> Any:
    return promql_parser.parse(query.replace("$__rate_interval", "1m"))


@pytest.mark.parametrize(("where", "query", "words"), QUERIES, ids=[one[0] for one in QUERIES])
def test_a_query_asks_for_names_and_labels_that_are_exported(
    where: str, query: str, words: str
) -> None:
    tree = parsed(query)
    found = list(selectors(tree))
    assert found, where
    known = set(BY_PROMETHEUS)
    for one in found:
        assert one.name in EXPORTED, where
        labels = EXPORTED[one.name] | BY_PROMETHEUS
        assert {matcher.name for matcher in one.matchers.matchers} <= labels, where
        known |= labels
    assert set(grouped(tree)) <= known, where
    used = re.findall(r"\{\{ *(?:\$labels\.)?(\w+) *\}\}", words)
    assert set(used) <= known, where


def test_a_query_for_what_is_not_exported_would_be_found() -> None:
    [one] = selectors(parsed('sum by (rule) (rate(ikbr_refusals_total{nobody="x"}[1m]))'))
    assert one.name in EXPORTED
    assert not {matcher.name for matcher in one.matchers.matchers} <= EXPORTED[one.name]
    with pytest.raises(ValueError, match=r"unclosed|unexpected|invalid"):
        parsed("sum(rate(ikbr_fills_total[5m])")


def test_what_is_exported_has_the_labels_of_the_table(vitals: Vitals) -> None:
    collector = VitalsCollector()
    collector.vitals = vitals
    for family in collector.collect():
        for sample in family.samples:
            assert set(sample.labels) == EXPORTED[sample.name], sample.name


def test_every_metric_is_shown_or_watched_somewhere() -> None:
    names = {one.name for _, query, _ in QUERIES for one in selectors(parsed(query))}
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}
    assert {one.name for one in (*FAMILIES, *TIMINGS)} - shown == {"ikbr_info"}
    for board in boards().values():
        [variable] = board["templating"]["list"]
        assert variable["definition"] == "label_values(ikbr_info, instance)"


def test_alerts_say_how_serious_they_are_and_are_named_once() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    assert {rule["labels"]["severity"] for rule in rules()} == {"warning", "critical"}
    page = (DEPLOY.parent / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([A-Z]\w+)` \|", page, re.M) == names


def test_panels_neither_overlap_nor_leave_the_grid() -> None:
    for name, board in boards().items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(at["x"], at["x"] + at["w"])
                for y in range(at["y"], at["y"] + at["h"])
            }
            assert not cells & taken, (name, panel["title"])
            assert max(x for x, _ in cells) < 24, (name, panel["title"])
            taken |= cells


def test_prometheus_and_grafana_find_each_other_and_the_bot() -> None:
    services = read_compose(DEPLOY / "compose.yaml", {})["services"]
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    [job] = config["scrape_configs"]
    [names] = job["dns_sd_configs"]
    assert job["job_name"] == "ikbr"
    for name in names["names"]:
        assert "metrics" in services[name]["networks"]
    assert services["sim-bot"]["network_mode"] == "service:sim-gateway"
    for name in ("bot", "sim-bot"):
        assert services[name]["environment"]["IKBR_METRICS__PORT"] == names["port"]
    folder = DEPLOY / "grafana" / "provisioning"
    [source] = yaml.safe_load((folder / "datasources" / "ikbr.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    for board in boards().values():
        for panel in board["panels"]:
            assert panel["datasource"]["uid"] == source["uid"]
    for name in ("grafana", "sim-grafana"):
        assert {"metrics"} < set(services[name]["networks"])
    networks = read_compose(DEPLOY / "compose.yaml", {})["networks"]
    assert networks["metrics"] == {"internal": True}
