"""Bytes that nobody wrote end in a clear error or a verdict, never in a crash."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.journal.session_rig import FOLDER, begin, intent, update
from tests.unit.journal.test_journal import EVERY_KIND, SESSION_ENTRIES, memory

from ikbr.domain.errors import IkbrError, JournalError
from ikbr.journal.anchor import HEAD, read_head
from ikbr.journal.chain import record_lines
from ikbr.journal.reader import read_records, verify
from ikbr.journal.records import KINDS, Line, typed
from ikbr.journal.replay import replay
from ikbr.journal.session_reader import read_session, verify_session
from ikbr.journal.simulated_files import SimulatedFiles
from ikbr.journal.writer import to_bytes

WHOLE = to_bytes(memory(EVERY_KIND + SESSION_ENTRIES))
BODIES: list[Any] = [
    json.loads(line)["b"] for line in record_lines(0, EVERY_KIND + SESSION_ENTRIES).splitlines()
]

texts = st.text(max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def told(action: Callable[[], object]) -> str:
    """Try something: give the error that a person would see; any other is a failure."""
    try:
        action()
    except IkbrError as error:
        return str(error) or "an error without words"
    return "fine"


def all_ways(data: bytes, path: Any) -> None:
    """Do with bytes what can be done with a journal."""
    verdict = verify(data)
    assert verdict.message
    path.write_bytes(data)
    assert told(lambda: replay(path)) != "an error without words"


@given(st.binary(max_size=300))
def test_bytes_at_random(tmp_path_factory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "x"
    all_ways(data, path)
    all_ways(WHOLE[: WHOLE.index(b"\n") + 1] + data, path)
    assert read_head(data).broken >= 1


@pytest.mark.parametrize("seed", range(300))
def test_a_journal_with_pieces_taken_out_doubled_and_changed(tmp_path, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(WHOLE)
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(data)), rng.randrange(1, 40)
        match rng.randrange(4):
            case 0:
                del data[at : at + size]
            case 1:
                data[at:at] = data[rng.randrange(len(data)) :][:size]
            case 2:
                data[at] ^= 1 << rng.randrange(8)
            case _:
                data[at : at + 1] = rng.choice(
                    [b"[", b"{", b"9" * 30, b"null", b"-1", b"\xff", b'"']
                )
    all_ways(bytes(data), tmp_path / "x")


@given(st.sampled_from(sorted(KINDS)), plain, st.integers(-(2**70), 2**70))
def test_bodies_of_any_shape(kind: str, body: Any, ts_ns: int) -> None:
    lines = [Line(n, 1, EVERY_KIND[n][0], BODIES[n]) for n in range(len(EVERY_KIND))]
    lines.append(Line(len(lines), ts_ns, kind, body))
    assert told(lambda: replay([typed(line) for line in lines])) != "an error without words"


def test_json_that_is_nested_without_end_is_an_error(tmp_path) -> None:
    deep = b'{"n":0,"t":0,"k":"alert","b":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    head = WHOLE[: WHOLE.index(b"\n") + 1]
    assert verify(head + deep).message == "line 2: it is neither a record nor a seal."
    path = tmp_path / "x"
    path.write_bytes(head + deep)
    with pytest.raises(JournalError, match="line 2: it is neither"):
        list(read_records(path))


@pytest.mark.parametrize("seed", range(200))
def test_folders_with_damaged_files(seed: int) -> None:
    rng = random.Random(seed)
    files = SimulatedFiles()
    for label in "ab":
        journal = begin(files, label)
        intent(journal, 1)
        update(journal, 1)
        journal.commit()
        update(journal, 1)
        files.kill()
    names = files.names(FOLDER)
    for _ in range(rng.randint(1, 3)):
        content = files._find(f"{FOLDER}/{rng.choice([*names, HEAD])}").content
        at = rng.randrange(len(content) or 1)
        if rng.randrange(2):
            del content[at : at + rng.randrange(1, 200)]
        else:
            content[at : at + 1] = bytes(rng.randrange(256) for _ in range(rng.randrange(9)))
    assert verify_session(FOLDER, files).message
    assert told(lambda: list(read_session(FOLDER, files))) != "an error without words"
    assert told(lambda: begin(files).close()) != "an error without words"
