"""What is told of the results: a summary for people, and the table in docs/gateway.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

BEGIN = "<!-- conformance: written by ./run conformance -->"
END = "<!-- conformance: end -->"

Results = Mapping[str, Mapping[str, Mapping[str, list[str]]]]
"""Client → topic → row → what is wrong."""
Clients = Mapping[str, Mapping[str, Any]]


def failures(results: Results) -> list[str]:
    """List what went wrong, one text per row."""
    return [
        f"{name} · {topic} · {row}:\n    " + "\n    ".join(wrong)
        for name, topics in results.items()
        for topic, rows in topics.items()
        for row, wrong in rows.items()
        if wrong
    ]


def summary(results: Results, clients: Clients) -> str:
    """Write the failures and a line per client."""
    lines = failures(results)
    for name, topics in results.items():
        passed, count = _passed(topics)
        lines.append(f"{clients[name]['title']}: {passed} of {count} checks passed")
    return "\n".join(lines)


def table(results: Results, clients: Clients) -> str:
    """Write checks passed by topic and client as a Markdown table."""
    titles = [clients[name]["title"] for name in results]
    lines = [f"| Topic | {' | '.join(titles)} |", f"|---|{'--:|' * len(titles)}"]
    topics = list(dict.fromkeys(topic for one in results.values() for topic in one))
    for topic in topics:
        cells = [_cell({topic: one.get(topic, {})}) for one in results.values()]
        lines.append(f"| {topic} | {' | '.join(cells)} |")
    cells = [f"**{_cell(one)}**" for one in results.values()]
    lines.append(f"| **All** | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(page: Path, results: Results, clients: Clients) -> None:
    """Put the table between its two marks in a page."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = f"{before}{BEGIN}\n{table(results, clients)}\n{END}{after}"
    if new != text:
        page.write_text(new, encoding="utf-8")


def _cell(topics: Mapping[str, Mapping[str, list[str]]]) -> str:
    passed, count = _passed(topics)
    if not count:
        return "–"
    return str(count) if passed == count else f"{passed} of {count}"


def _passed(topics: Mapping[str, Mapping[str, list[str]]]) -> tuple[int, int]:
    rows = [wrong for one in topics.values() for wrong in one.values()]
    return sum(not wrong for wrong in rows), len(rows)
