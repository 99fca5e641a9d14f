"""`ikbr dashboard` refuses what would be open, and keeps passwords as hashes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ikbr.cli.main import execute


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "needs --tls-cert, --tls-key and --password-file"),
        (("--password-file", "nowhere.json"), "set-password"),
        (("--tls-cert", "x.pem"), "belong together"),
        (("--host", "203.0.113.7", "--tls-cert", "c", "--tls-key", "c", "--password-file", "c"),
         "cannot be listened at"),
        (("set-password", "ann", "--role", "king"), "choose reader or trader"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_before_anything_is_served(
    words: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c").write_text("{}", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("a password of mine\n"))
    assert execute(["dashboard", *words]) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert "token=" not in shown.out


def test_a_password_comes_from_the_standard_input_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.json"
    for text, code in (("short\n", 2), ("a password of mine\n", 0)):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        words = ["dashboard", "set-password", "ann", "--role", "trader", "--file", str(file)]
        assert execute(words) == code
    shown = capsys.readouterr()
    assert "ann may act" in shown.out
    assert "a password of mine" not in shown.out + shown.err + file.read_text(encoding="utf-8")
