"""Releases replaced under a bot that really trades, over the simulated gateway."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.test_live_process import gateway

from ikbr.api.places import Places
from ikbr.domain.errors import ConfigError, StateError
from ikbr.journal.replay import replay
from ikbr.ops.deploy.releases import Releases
from ikbr.ops.deploy.upgrade import Upgrade

__all__ = ["gateway"]

GOOD = """#!/bin/sh
[ "$1" = --version ] && {{ echo "ikbr {name}"; exit 0; }}
echo {name} >> {root}/begun
exec {python} -c "from ikbr.cli.main import run; run()" "$@"
"""
SHORT_LIVED = """#!/bin/sh
[ "$1" = --version ] && {{ echo "ikbr {name}"; exit 0; }}
echo {name} >> {root}/begun
exit 2
"""
BROKEN = "#!/bin/sh\nexit 1\n"


class Host:
    """A host whose service is a process of this test."""

    def __init__(self, root: Path, port: int) -> None:
        self.root = root
        self.releases = Releases(root)
        self.releases.state.mkdir(parents=True)
        self.port = port
        self.places = Places(self.releases.state / "journals", "127.0.0.1", port, 1)
        self.process: subprocess.Popen[bytes] | None = None
        self.deaf = False

    def release(self, name: str, script: str = GOOD) -> None:
        program = self.root / "releases" / name / "venv" / "bin" / "ikbr"
        program.parent.mkdir(parents=True)
        program.write_text(script.format(name=name, root=self.root, python=sys.executable))
        program.chmod(0o755)

    def start(self) -> None:
        with (self.root / "out.txt").open("ab") as out:
            self.process = subprocess.Popen(
                [self.root / "current" / "venv" / "bin" / "ikbr", "paper", "--symbols", "KO",
                 "--port", str(self.port), "--no-view"],
                cwd=self.releases.state, stdout=out, stderr=out,
                env={k: v for k, v in os.environ.items() if not k.startswith("TRADING")},
            )  # fmt: skip

    def ask_to_end(self) -> None:
        if self.process is not None and not self.deaf:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        if self.process is not None:
            self.process.wait(30)

    def upgrade(self, patience_s: float = 20.0) -> Upgrade:
        return Upgrade(
            self.releases,
            self,
            self.places.lock,
            self.places.lock_file,
            patience_s=patience_s,
            settle_s=0.5,
        )

    def holder(self) -> int:
        """Give the process that holds the client id; 0 for none."""
        try:
            self.places.lock().release()
        except ConfigError:
            return int(self.places.lock_file.read_text().split()[1])
        return 0

    @property
    def begun(self) -> list[str]:
        return (self.root / "begun").read_text().split()


@pytest.fixture
def host(gateway: int, tmp_path: Path) -> Iterator[Host]:
    one = Host(tmp_path / "host", gateway)
    for name in ("1", "2"):
        one.release(name)
    one.upgrade().run("1")
    yield one
    one.deaf = False
    one.ask_to_end()
    one.stop()


@pytest.mark.slow
def test_an_upgrade_and_a_rollback_leave_one_trader_each_time(host: Host) -> None:
    first = host.holder()
    assert host.upgrade().run("2")[-1] == "2 runs"
    second = host.holder()
    assert (host.releases.current, host.releases.previous) == ("2", "1")
    assert first
    assert second not in {0, first}
    assert not Path(f"/proc/{first}/cmdline").exists()
    assert host.upgrade().roll_back()[-1] == "1 runs"
    assert (host.releases.current, host.releases.previous) == ("1", "2")
    assert host.begun == ["1", "2", "1"]
    host.ask_to_end()
    host.stop()
    [journal] = (host.releases.state / "journals").glob("paper-*")
    assert replay(journal).counts["start"] == 3


@pytest.mark.slow
def test_a_release_that_does_not_come_up_is_taken_back(host: Host) -> None:
    host.release("3", SHORT_LIVED)
    with pytest.raises(StateError, match=r"'3' did not come up and was taken back; 1 runs again"):
        host.upgrade(3.0).run("3")
    assert host.releases.current == "1"
    assert host.begun == ["1", "3", "1"]
    assert host.holder()


@pytest.mark.slow
def test_a_bot_that_does_not_end_is_left_alone_and_nothing_is_switched(host: Host) -> None:
    host.deaf = True
    before = host.holder()
    with pytest.raises(StateError, match="nothing was switched"):
        host.upgrade(1.0).run("2")
    assert host.holder() == before
    assert host.releases.current == "1"
    assert host.begun == ["1"]


@pytest.mark.slow
def test_a_release_that_cannot_be_started_is_refused_before_anything_is_touched(
    host: Host,
) -> None:
    host.release("4", BROKEN)
    before = host.holder()
    for name, words in (("4", "does not run"), ("5", "is not there"), ("1", "the one that runs")):
        with pytest.raises(ConfigError, match=words):
            host.upgrade().run(name)
    assert host.holder() == before
    assert host.begun == ["1"]


def test_without_a_release_before_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", 1)
    with pytest.raises(ConfigError, match="no release to go back to"):
        host.upgrade().roll_back()


def test_the_current_release_is_never_nothing_while_it_is_switched(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", 1)
    for name in ("1", "2"):
        host.release(name)
    host.releases.switch("1")
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        host.releases.switch("2" if host.releases.current == "1" else "1")
        assert (host.root / "current" / "venv" / "bin" / "ikbr").exists()
