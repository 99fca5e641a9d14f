"""Grafana's dashboards as JSON, made of short descriptions of their panels."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

COLUMNS = 24
"""Source: Grafana, "Dashboard JSON model": a grid of 24 columns."""
SCHEMA = 39
SOURCE = {"type": "prometheus", "uid": "ikbr"}
ALL_BOTS = "label_values(ikbr_info, instance)"


class Query(NamedTuple):
    """Describe one query of a panel.

    Attributes:
        expression: PromQL; $bot stands for the bots that are chosen.
        legend: What its lines are called.
    """

    expression: str
    legend: str = ""


class Panel(NamedTuple):
    """Describe one panel.

    Attributes:
        title: Above it.
        kind: stat, timeseries, bargauge or heatmap.
        unit: As Grafana calls it.
        queries: What is shown.
        what: In words, for whoever looks at it for the first time.
        width, height: On the grid.
        steps: From which value on it has which colour, ascending; the first from anywhere.
        texts: What a value is called instead of by its number.
    """

    title: str
    kind: str
    unit: str
    queries: tuple[Query, ...]
    what: str = ""
    width: int = 12
    height: int = 8
    steps: tuple[tuple[float, str], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


class Dashboard(NamedTuple):
    """Describe one dashboard.

    Attributes:
        name: Of its file, and in its address.
        title: What it is called.
        panels: From left to right, and down.
    """

    name: str
    title: str
    panels: tuple[Panel, ...]


def dashboard_json(board: Dashboard) -> str:
    """Write a dashboard as Grafana reads it."""
    content = {
        "uid": f"ikbr-{board.name}",
        "title": f"ikbr: {board.title}",
        "tags": ["ikbr"],
        "schemaVersion": SCHEMA,
        "editable": False,
        "refresh": "5s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "graphTooltip": 1,
        "links": [{"type": "dashboards", "tags": ["ikbr"], "title": "ikbr", "keepTime": True,
                   "includeVars": True, "asDropdown": False}],
        "templating": {"list": [_bots()]},
        "panels": _laid_out(board.panels),
    }  # fmt: skip
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _bots() -> dict[str, Any]:
    return {
        "name": "bot", "label": "Bot", "type": "query", "datasource": SOURCE,
        "query": {"query": ALL_BOTS, "refId": "bots"}, "definition": ALL_BOTS,
        "refresh": 2, "multi": True, "includeAll": True, "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }  # fmt: skip


def _laid_out(panels: tuple[Panel, ...]) -> list[dict[str, Any]]:
    placed = []
    x = y = row_height = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        grid = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        placed.append({"id": number, "gridPos": grid} | _panel(panel))
        x, row_height = x + panel.width, max(row_height, panel.height)
    return placed


def _panel(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "noValue": "–"}
    if panel.steps:
        steps = [
            {"value": value if number else None, "color": color}
            for number, (value, color) in enumerate(panel.steps)
        ]
        defaults |= {"thresholds": {"mode": "absolute", "steps": steps},
                     "color": {"mode": "thresholds"}}  # fmt: skip
    if panel.texts:
        options = {value: {"text": text} for value, text in panel.texts}
        defaults["mappings"] = [{"type": "value", "options": options}]
    if panel.kind == "bargauge":
        defaults |= {"min": 0, "max": 1}
    return {
        "title": panel.title,
        "description": panel.what,
        "type": panel.kind,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _options(panel.kind),
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend or "__auto",
                "format": "heatmap" if panel.kind == "heatmap" else "time_series",
                "instant": panel.kind in {"stat", "bargauge"},
                "range": panel.kind not in {"stat", "bargauge"},
            }
            for number, query in enumerate(panel.queries)
        ],
    }


def _options(kind: str) -> dict[str, Any]:
    last = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    if kind == "stat":
        return last | {"colorMode": "value", "graphMode": "none", "textMode": "auto"}
    if kind == "bargauge":
        return last | {"orientation": "horizontal", "displayMode": "basic", "showUnfilled": True}
    if kind == "heatmap":
        return {"calculate": False, "yAxis": {"unit": "s"}, "cellGap": 1,
                "color": {"mode": "scheme", "scheme": "Blues", "steps": 64}}  # fmt: skip
    return {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"}}  # fmt: skip
