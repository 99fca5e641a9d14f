"""Every input that was found, and every seed, goes through its target again."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest
from tests.fuzz.targets import FILES, target

CORPUS = Path(__file__).parent / "corpus"
MOST_S = 10.0
MOST_BYTES = 200 << 20
INPUTS = [(name, seed) for name in FILES for seed in target(name).seeds()] + [
    (path.parent.name, path.read_bytes()) for path in sorted(CORPUS.glob("*/*")) if path.is_file()
]


@pytest.mark.parametrize(
    ("name", "data"), INPUTS, ids=[f"{n}-{i}" for i, (n, _) in enumerate(INPUTS)]
)
def test_an_input_that_was_found_is_survived(name: str, data: bytes) -> None:
    started = time.process_time()
    target(name).feed(data)
    assert time.process_time() - started < MOST_S


@pytest.mark.parametrize("name", FILES)
def test_a_target_keeps_its_memory_small(name: str) -> None:
    target(name).feed(target(name).seeds()[0])
    tracemalloc.start()
    try:
        for other, data in INPUTS:
            if other == name:
                tracemalloc.reset_peak()
                target(name).feed(data)
                assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


def test_every_folder_of_the_corpus_belongs_to_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= set(FILES)
