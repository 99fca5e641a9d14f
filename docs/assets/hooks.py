"""Prepare pages for the site: links get the title of their page, words for tests go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

_MARKED = re.compile(r"^```(\w+) runnable$", re.MULTILINE)
_FETCHED = re.compile(r"<(?:script|img|iframe|link\b[^>]*stylesheet)[^>]*https?://[^>]*>")
_BY_NAME = re.compile(r"\[([\w./-]+)\]\((\1(?:\.md)?)(#[\w-]+)?\)")


def on_config(config: Any) -> Any:
    """List every record of a decision in the navigation.

    Args:
        config: That of the site.
    """
    docs = Path(config["docs_dir"])
    records = [f"adr/{path.name}" for path in sorted((docs / "adr").glob("0*.md"))]
    [reference] = [part["Reference"] for part in config["nav"] if "Reference" in part]
    [decisions] = [part["Decisions"] for part in reference if "Decisions" in part]
    decisions += records
    return config


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Rewrite a page before it is rendered.

    Args:
        markdown: Its text.
        page: Where it is.
    """
    folder = Path(page.file.abs_src_path).parent

    def titled(match: re.Match[str]) -> str:
        path = folder / match[2]
        return f"[{_title(path)}]({match[2]}{match[3] or ''})" if path.is_file() else match[0]

    return _BY_NAME.sub(titled, _MARKED.sub(r"```\1", markdown))


def on_post_page(output: str, *, page: Any, **_: object) -> str:
    """Refuse a page that would fetch anything from elsewhere when it is read.

    Args:
        output: Its HTML.
        page: Where it is.
    """
    if found := _FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri} would fetch {found[0]}")
    return output


def _title(path: Path) -> str:
    """Take the title of a page from its first line."""
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
