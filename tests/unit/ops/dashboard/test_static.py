"""The pages of the dashboard, as files: a strict policy lets them work; nothing is missing."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

STATIC = Path(str(files("ikbr") / "ops" / "dashboard" / "static"))
ASSETS = Path(str(files("ikbr") / "assets"))
PAGES = sorted(STATIC.glob("*.html"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
STYLES = sorted((STATIC / "css").glob("*.css"))

EXPORT = r"^export (?:async )?(?:const|function|class) (\w+)"

VENDORED = {"/static/vendor/lightweight-charts.js": "lightweight-charts.standalone.production.js"}
INLINE = re.compile(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", re.I)
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
FROM_OUTSIDE = re.compile(
    r"(?:src|href|url|from|import)\s*[=(]?\s*[\"'(]*(?:https?:)?//(?!www\.tr)"
)


def name(path: Path) -> str:
    return path.name


def there(address: str) -> bool:
    if address in VENDORED:
        return (ASSETS / VENDORED[address]).is_file()
    return (STATIC / address.removeprefix("/static/")).is_file()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_has_no_script_and_no_style_of_its_own(page: Path) -> None:
    found = INLINE.search(page.read_text(encoding="utf-8"))
    assert found is None, found and found[0]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_a_page_asks_for_is_there(page: Path) -> None:
    asked = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.read_text(encoding="utf-8"))
    assert asked
    assert [one for one in asked if not there(one)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_what_a_script_imports_is_there(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    imports = re.findall(r"^import \{([^}]+)\} from \"([^\"]+)\";$", text, re.M)
    assert len(imports) == len(re.findall(r"^import\b", text, re.M))
    for names, address in imports:
        assert there(address), address
        source = (STATIC / address.removeprefix("/static/")).read_text(encoding="utf-8")
        exported = set(re.findall(EXPORT, source, re.M))
        assert {each.strip() for each in names.split(",")} <= exported


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_a_script_makes_no_markup_of_text_and_is_small(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert MARKUP.search(text) is None
    assert text.count("\n") <= 200


@pytest.mark.parametrize("path", [*PAGES, *SCRIPTS, *STYLES], ids=name)
def test_nothing_comes_from_outside(path: Path) -> None:
    assert FROM_OUTSIDE.search(path.read_text(encoding="utf-8")) is None


def test_every_script_and_style_is_used() -> None:
    everything = "".join(path.read_text(encoding="utf-8") for path in [*PAGES, *SCRIPTS])
    unused = [path.name for path in [*SCRIPTS, *STYLES] if f'/{path.name}"' not in everything]
    assert unused == []


def test_every_element_a_script_looks_for_is_on_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    ids = set(re.findall(r'\bid="([\w-]+)"', pages))
    asked = {
        one
        for script in SCRIPTS
        for one in re.findall(r'(?:byId|getElementById)\("([\w-]+)"\)', script.read_text("utf-8"))
    }
    assert asked
    assert asked <= ids
