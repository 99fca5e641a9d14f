"""Variables in compose files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ikbr.domain.errors import ConfigError
from ikbr.ops.compose_file import read_compose

CASES = [
    ("${A}", {"A": "1"}, "1"),
    ("$A", {"A": "1"}, "1"),
    ("${A}", {}, ""),
    ("${A:-x}", {}, "x"),
    ("${A:-x}", {"A": ""}, "x"),
    ("${A-x}", {"A": ""}, ""),
    ("${A:?needed}", {"A": "1"}, "1"),
    ("127.0.0.1:${P:-4002}:4004", {}, "127.0.0.1:4002:4004"),
    ("$$HOME", {"HOME": "no"}, "$HOME"),
]


@pytest.mark.parametrize(("text", "variables", "value"), CASES)
def test_variables_are_put_in_as_compose_does(
    tmp_path: Path, text: str, variables: dict[str, str], value: str
) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(f'services: {{a: {{image: "{text}"}}}}')
    assert read_compose(path, variables)["services"]["a"]["image"] == value


def test_variables_come_from_the_file_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text("services: {a: {image: '${TAG}'}}")
    (tmp_path / ".env").write_text("TAG=stable\n")
    assert read_compose(path)["services"]["a"]["image"] == "stable"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services: {a: {image: '${A:?say which}'}}", "A must be set .say which"),
        ("a: [", "cannot be read"),
        ("nothing: 1", "has no services"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_compose(path, {})
