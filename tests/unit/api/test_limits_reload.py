"""A settings file that is edited while a bot runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ikbr.api.limits_reload import LimitsReload
from ikbr.domain.limits import RiskLimits
from ikbr.settings import load_settings


class Desk:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.taken: list[Any] = []
        self.complaints: list[str] = []
        self.write("[risk]\nmax_runs = 10\n")
        self.reload = LimitsReload(
            file,
            self.load,
            lambda limits, names: self.taken.append((names, limits.max_runs)),
            self.complaints.append,
        )
        self.reload._limits = self.load()

    def load(self) -> RiskLimits:
        return load_settings("paper", (), self.file).risk

    def write(self, text: str) -> None:
        stamp = self.file.stat().st_mtime_ns + 1_000_000_000 if self.file.exists() else 10**18
        self.file.write_text(text)
        os.utime(self.file, ns=(stamp, stamp))


def test_only_what_was_changed_in_the_file_is_passed_on_and_only_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "settings.toml")
    desk.reload.look()
    assert desk.taken == []
    desk.write("[risk]\nmax_runs = 5\n")
    desk.reload.look()
    desk.reload.look()
    assert desk.taken == [(["max_runs"], 5)]
    desk.write("[risk]\nmax_runs = 5\n[sim]\nlatency_ms = 1.0\n")
    desk.reload.look()
    assert len(desk.taken) == 1


def test_a_file_that_cannot_be_used_changes_nothing_and_is_told_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "settings.toml")
    desk.write("[risk]\nmax_runs = \n")
    desk.reload.look()
    desk.reload.look()
    assert desk.taken == []
    assert len(desk.complaints) == 1
    assert "The limits stay as they were." in desk.complaints[0]
    desk.write("[risk]\nmax_runs = 7\n")
    desk.reload.look()
    assert desk.taken == [(["max_runs"], 7)]
