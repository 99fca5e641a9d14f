"""Backup: journals, latches and catalog in one archive that can be checked by itself.

A journal may be written meanwhile: its anchor is copied first and its segments after it, so that
the copy is a journal that ended there, as after a crash. Each copied journal is verified before it
counts.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ikbr.domain.errors import StateError
from ikbr.journal.anchor import HEAD
from ikbr.journal.session_reader import verify_session

MANIFEST = "MANIFEST.json"
JOURNALS, CATALOG = "journals", "catalog"
CHUNK = 1 << 20


class Manifest(msgspec.Struct, frozen=True):
    """Say what is in an archive.

    Attributes:
        made_ns: When it was made, ns UTC.
        version: Of ikbr.
        files: Hash (SHA-256) by path.
        journals: What verifying says of each journal.
    """

    made_ns: int
    version: str
    files: dict[str, str]
    journals: dict[str, str]


def back_up(journals: Path, catalog: Path, archive: Path, version: str) -> Manifest:
    """Write an archive, whole or not at all.

    Args:
        journals: Folder of the journals, with their locks and latches.
        catalog: Folder of the catalog; left out when it is not there.
        archive: The file (.tar.gz), which must not be there yet.
        version: Of ikbr.

    Raises:
        StateError: When a journal was changed, or nothing is there, or the file cannot be written.
    """
    if archive.exists():
        raise StateError(f"{archive} is there already; name another file.")
    if not journals.is_dir() and not catalog.is_dir():
        raise StateError(f"neither {journals} nor {catalog} is there; nothing to back up.")
    temporary = archive.with_name(f".{archive.name}.{os.getpid()}.tmp")
    try:
        with (
            tempfile.TemporaryDirectory(dir=archive.parent) as scratch,
            open(temporary, "xb", opener=lambda p, f: os.open(p, f, 0o600)) as raw,
            tarfile.open(fileobj=raw, mode="w:gz") as tar,
        ):
            copy = Path(scratch) / JOURNALS
            words = _copy_journals(journals, copy)
            hashes = dict(_add(tar, copy, JOURNALS))
            hashes.update(_add(tar, catalog, CATALOG))
            manifest = Manifest(time.time_ns(), version, hashes, words)
            _add_bytes(tar, MANIFEST, msgspec.json.encode(manifest))
            tar.close()
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(temporary, archive)
    except OSError as error:
        raise StateError(f"{archive} cannot be written ({error.strerror or error}).") from None
    finally:
        temporary.unlink(missing_ok=True)
    return manifest


def check_journals(folder: Path) -> dict[str, str]:
    """Verify every journal in a folder.

    Returns:
        What verifying says of each.

    Raises:
        StateError: When one was changed after it was written.
    """
    words = {}
    for one in _journal_folders(folder):
        verdict = verify_session(str(one))
        if verdict.tampered:
            raise StateError(f"journal {one.name} was changed: {verdict.message}")
        words[one.name] = verdict.message
    return words


def _copy_journals(source: Path, target: Path) -> dict[str, str]:
    target.mkdir()
    for path in _in_order(source):
        if path.suffix == ".lock":
            continue
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as read, place.open("wb") as write:
            while chunk := read.read(CHUNK):
                write.write(chunk)
    return check_journals(target)


def _in_order(folder: Path) -> list[Path]:
    """List all files, the anchor of a journal before its segments."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return sorted(files, key=lambda path: (path.parent, path.name != HEAD, path.name))


def _journal_folders(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob(f"*/{HEAD}"))


def _add(tar: tarfile.TarFile, folder: Path, name: str) -> Iterator[tuple[str, str]]:
    for path in _in_order(folder) if folder.is_dir() else ():
        inner = f"{name}/{path.relative_to(folder).as_posix()}"
        tar.add(path, inner, recursive=False)
        yield inner, hash_of(path)


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
    tar.addfile(info, io.BytesIO(content))


def hash_of(path: Path) -> str:
    """Hash a file (SHA-256)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
