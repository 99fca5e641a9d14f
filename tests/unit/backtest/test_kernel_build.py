"""Compiling kernels: never stale, safe where nothing can be written, and clear when it fails."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.backtest.stage_rig import changes, play, prints

from ikbr.backtest import kernel_build
from ikbr.domain.errors import StrategyError
from ikbr.strategies.registry import create

HEAD = """
from ikbr.strategies.kernel import KernelStrategy, cells
"""
USER = """
from kernel_helper_one import level
class Mine(KernelStrategy):
    state = {"n": 0}
    def __init__(self, limit: float = 0.0): pass
    @staticmethod
    def on_tick(state, params, tick):
        return 1 if tick.last > level() else 0
"""
HELPER = "from kernel_helper_two import SHIFT\ndef level():\n    return {level} + SHIFT\n"

Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setenv("IKBR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write_file(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        kernel_build._built.clear()
        for module in ("kernel_helper_one", "kernel_helper_two"):
            sys.modules.pop(module, None)
        importlib.invalidate_caches()
        return str(tmp_path / name)

    return write_file


def bought_at(path: str) -> float | None:
    """Run a strategy over rising prices; give the price of its first fill."""
    result = play(prints(*range(100, 120)), create(path), shape="kernel")
    assert result.shape == "kernel"
    assert not result.alerts
    found = changes(result)
    return found[0][2] if found else None


def test_a_changed_helper_in_another_file_is_seen(write: Write) -> None:
    write("kernel_helper_two.py", "SHIFT = 0\n")
    write("kernel_helper_one.py", HELPER.format(level=103))
    path = write("mine.py", HEAD + USER)
    assert bought_at(path) == 104.01
    write("kernel_helper_one.py", HELPER.format(level=105))
    assert bought_at(path) == 106.01
    write("kernel_helper_two.py", "SHIFT = 2\n")
    assert bought_at(path) == 108.01


def test_compiled_code_is_kept_and_found_again(write: Write, tmp_path: Path) -> None:
    write("kernel_helper_two.py", "SHIFT = 0\n")
    write("kernel_helper_one.py", HELPER.format(level=103))
    path = write("mine.py", HEAD + USER)
    assert bought_at(path) == 104.01
    kept = sorted(tmp_path.glob("cache/kernels/*/__pycache__/*.nbc"))
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    write("mine.py", HEAD + USER)
    assert bought_at(path) == 104.01
    assert sorted(tmp_path.glob("cache/kernels/*/__pycache__/*.nbc")) == kept
    assert kept[0].stat().st_mtime_ns == before


def test_other_lengths_and_values_need_no_other_code(write: Write, tmp_path: Path) -> None:
    path = write(
        "mine.py",
        HEAD
        + "class Mine(KernelStrategy):\n"
        + "    state = {'ring': cells('many', 0.0), 'n': 0}\n"
        + "    def __init__(self, many: int = 3): pass\n"
        + "    @staticmethod\n"
        + "    def on_tick(state, params, tick):\n"
        + "        state.ring[state.n] = tick.last\n"
        + "        state.n += 1\n"
        + "        return 1 if state.n == params.many else 0\n",
    )
    for many in (3, 8):
        result = play(prints(*range(100, 103)), create(path, {"many": many}), shape="kernel")
        assert len(result.fills) == (1 if many == 3 else 0)
    assert len(list(tmp_path.glob("cache/kernels/*"))) == 1


@pytest.mark.parametrize("broken", [b"", b"nonsense", None])
def test_a_broken_cache_is_replaced(write: Write, tmp_path: Path, broken: bytes | None) -> None:
    write("kernel_helper_two.py", "SHIFT = 0\n")
    write("kernel_helper_one.py", HELPER.format(level=103))
    path = write("mine.py", HEAD + USER)
    bought_at(path)
    for file in tmp_path.glob("cache/kernels/*/__pycache__/*"):
        if broken is None:
            file.unlink()
        else:
            file.write_bytes(broken)
    kernel_build._built.clear()
    assert bought_at(path) == 104.01


def test_where_nothing_can_be_written_it_runs_all_the_same_and_says_so(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("IKBR_CACHE_DIR", str(tmp_path / "file"))
    write("kernel_helper_two.py", "SHIFT = 0\n")
    write("kernel_helper_one.py", HELPER.format(level=103))
    path = write("mine.py", HEAD + USER)
    result = play(prints(*range(100, 120)), create(path), shape="kernel")
    assert changes(result)[0][2] == 104.01
    assert any("IKBR_CACHE_DIR" in note for note in result.notes)


BAD = {
    "return state.wrong": "the state has no field 'wrong'",
    "return int(tick.volume)": "a tick has no field 'volume'",
    "params.limit = 1.0; return 0": "the field 'limit' of params cannot be assigned",
    "return NAMES['a']": "it uses 'NAMES', which has no compiled form",
    "return json.dumps(1)": "'dumps' of a module has no compiled form",
    "return unknown": "'unknown'",
    "return WORDS[0]": "it uses 'WORDS', which has no compiled form",
    "tick.last = 1.0; return 0": "the field 'last' of a tick cannot be assigned",
    "global NAMES; NAMES = 1; return 0": "it assigns a global variable; keep the value in its",
    "import math; return 0": "it imports within itself; import at the top of the file",
    "return CLOSED()": "it closes over something that has no compiled form",
    "state.ring = 1; return 0": "assign its cells one by one",
    "return 0.5": "returns float64; return -1, 0 or 1",
    "\n        if tick.last > 1: return 1": "nothing on some path",
    "\n        with open('x') as f: return 1": "not supported",
}


@pytest.mark.parametrize("body", BAD)
def test_what_cannot_be_compiled_is_told_with_its_line_and_the_remedy(
    write: Write, body: str
) -> None:
    path = write(
        "mine.py",
        HEAD
        + "import json\nNAMES = {'a': 1}\nWORDS = [1, 2]\n"
        + "def made(words): return lambda: words[0]\nCLOSED = made(WORDS)\n"
        + "class Mine(KernelStrategy):\n    state = {'ring': cells(2)}\n"
        + "    def __init__(self, limit: float = 0.0): pass\n"
        + f"    @staticmethod\n    def on_tick(state, params, tick):\n        {body}\n",
    )
    with pytest.raises(StrategyError) as caught:
        play(prints(100), create(path))
    message = str(caught.value)
    assert BAD[body] in message
    assert "\n" not in message
    assert f"{path}, line " in message
    assert "--no-compile" in message or "return -1, 0 or 1" in message
    assert play(prints(100), create(path), compile=False).shape == "python"


def test_one_function_is_compiled_for_each_state_and_judged_by_it_alone(write: Write) -> None:
    path = write(
        "mine.py",
        HEAD
        + "class Mine(KernelStrategy):\n"
        + "    state = {'n': 0.0}\n"
        + "    @staticmethod\n"
        + "    def on_tick(state, params, tick):\n"
        + "        state.n = 1\n"
        + "        return state.n\n"
        + "class Whole(Mine):\n"
        + "    state = {'n': 0}\n",
    )
    with pytest.raises(StrategyError, match="returns float64"):
        play(prints(100), create(f"{path}:Mine"))
    result = play(prints(100, 101), create(f"{path}:Whole"), shape="kernel")
    assert len(result.fills) == 1
    with pytest.raises(StrategyError, match="returns float64"):
        play(prints(100), create(f"{path}:Mine"))


@pytest.mark.parametrize(
    "text",
    [
        "def on_tick(self, state, params, tick): return 0",
        "async def on_tick(state, params, tick): return 0",
        "def on_tick(state, params, tick): yield 0",
        "on_tick = 3",
    ],
)
def test_what_is_no_function_of_three_arguments_is_told(write: Write, text: str) -> None:
    path = write("mine.py", HEAD + f"class Mine(KernelStrategy):\n    {text}\n")
    with pytest.raises(StrategyError, match="three arguments"):
        play(prints(100), create(path))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("{'n': 'text'}", "holds numbers"),
        ("{'n': cells('nothing')}", "whole-number parameter"),
        ("{'n': cells(0)}", "1 or more"),
        ("{'n': cells(10**9)}", "at most"),
        ("{'_n': 0}", "is no name"),
        ("['n']", r"state is \['n'\]; give names with their first values"),
        ("{'n': 10**30}", "holds numbers of 64 bits"),
    ],
)
def test_a_state_that_makes_no_sense_is_told(write: Write, state: str, said: str) -> None:
    path = write(
        "mine.py",
        HEAD
        + f"class Mine(KernelStrategy):\n    state = {state}\n"
        + "    @staticmethod\n    def on_tick(state, params, tick): return 0\n",
    )
    with pytest.raises(StrategyError, match=said):
        play(prints(100), create(path))


def test_whatever_is_reached_changes_the_key() -> None:
    from ikbr.backtest.kernel_key import Uncacheable, key_of

    def kernel(value: Any, default: Any = 1) -> Any:
        def inner() -> Any:
            return value

        return lambda: inner() + default

    def keyed(value: Any) -> str:
        return key_of([kernel(value)])

    keys = [keyed(v) for v in (1, 1.0, "1", b"1", (1,), True, None, {"a": 1}, {"a": 2}, {1}, {2})]
    assert len(set(keys)) == len(keys)
    assert keyed((1, (2, 3))) == keyed((1, (2, 3)))
    assert key_of([kernel(1)], "x") != key_of([kernel(1)], "y")
    with pytest.raises(Uncacheable):
        keyed(object())
