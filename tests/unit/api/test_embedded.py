"""The embedded market is made once, whole, and is the same everywhere."""

import hashlib
from pathlib import Path

import pytest

from ikbr.api import embedded
from ikbr.domain.errors import UsageError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(embedded, "DAYS", 1)
    monkeypatch.setenv("IKBR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.parquet")):
        found.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


@pytest.mark.parametrize(
    ("env", "folder"),
    [
        ({"IKBR_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/ikbr")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/ikbr"),
        ({}, Path.home() / ".cache/ikbr"),
    ],
)
def test_the_cache_is_where_the_environment_says(env: dict[str, str], folder: Path) -> None:
    assert embedded.cache_folder(env) == folder


def test_it_is_made_once_and_leaves_nothing_else(cache: Path) -> None:
    told: list[str] = []
    folder = embedded.embedded_catalog(3, told.append)
    first = digest(folder)
    assert list(cache.iterdir()) == [folder]
    assert embedded.embedded_catalog(3, told.append) == folder
    assert len(told) == 1
    folder.rename(cache / "aside")
    assert digest(embedded.embedded_catalog(3)) == first
    assert embedded.embedded_catalog(4) != folder


def test_a_failure_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path, **_: object) -> None:
        (folder / "half").touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ikbr.data.synthetic.make_synthetic", fail)
    with pytest.raises(UsageError, match=r"No space left.*IKBR_CACHE=FOLDER"):
        embedded.embedded_catalog(3)
    assert list(cache.iterdir()) == []


def test_whoever_comes_second_takes_what_is_there(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(folder: Path, **_: object) -> None:
        (folder / "mine").touch()
        other = cache / f"synthetic-{embedded.generator_version()}-seed3"
        other.mkdir()
        (other / "theirs").touch()

    monkeypatch.setattr("ikbr.data.synthetic.make_synthetic", make)
    folder = embedded.embedded_catalog(3)
    assert [path.name for path in folder.iterdir()] == ["theirs"]
    assert list(cache.iterdir()) == [folder]


def test_what_decides_over_the_bytes_is_there_to_be_fingerprinted() -> None:
    root = Path(embedded.__file__).parents[1]
    assert all((root / name).exists() for name in embedded._GENERATORS)
