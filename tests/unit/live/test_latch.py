import pytest

from ikbr.domain.errors import StateError
from ikbr.live.latch import Killed, KillLatch

NAME = "killed.json"

KILLED = Killed(1_772_461_800_000_000_000, "command line", "the fan is on fire", flatten=True)


def test_a_latch_is_open_until_it_is_set_and_then_until_it_is_cleared(tmp_path):
    latch = KillLatch(tmp_path / "state" / NAME)
    assert latch.read() is None
    assert latch.clear() is False
    latch.set(KILLED)
    assert KillLatch(tmp_path / "state" / NAME).read() == KILLED
    latch.set(KILLED)
    assert latch.clear() is True
    assert latch.read() is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"ts_ns": "x"}', b"\xff\x00"])
def test_a_latch_that_cannot_be_understood_counts_as_set(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    killed = KillLatch(tmp_path / NAME).read()
    assert killed is not None
    assert "is damaged" in killed.reason


def test_a_latch_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StateError, match="cancel its orders in TWS"):
        KillLatch(tmp_path / "file" / NAME).set(KILLED)


def test_nothing_but_the_latch_is_left_in_its_folder(tmp_path):
    KillLatch(tmp_path / NAME).set(KILLED)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
