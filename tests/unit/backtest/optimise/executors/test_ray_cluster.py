from pathlib import Path

import pytest

from ikbr.backtest.optimise.executors.ray_cluster import has_token


@pytest.mark.parametrize("kept", [True, False])
def test_a_token_is_found_where_ray_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    (tmp_path / ".ray").mkdir()
    if kept:
        (tmp_path / ".ray" / "auth_token").write_text("x")
    assert has_token({}) is kept
    assert has_token({"RAY_AUTH_TOKEN": "x"})
    assert not has_token({"RAY_AUTH_TOKEN_PATH": str(tmp_path / "other")})
