"""Restore: an archive checked whole before anything is put in place."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

import msgspec

from ikbr.domain.errors import StateError
from ikbr.ops.deploy.backup import (
    CATALOG,
    JOURNALS,
    MANIFEST,
    Manifest,
    check_journals,
    hash_of,
)


def restore(archive: Path, journals: Path, catalog: Path) -> Manifest:
    """Put journals and catalog back; where something is already, nothing is touched.

    Args:
        archive: Made by `back_up`.
        journals: Where the journals go; must not hold any. Locks that lie there do not matter.
        catalog: Where the catalog goes; must not hold anything.

    Returns:
        What was in the archive.

    Raises:
        StateError: When the archive is damaged, a journal was changed, or a folder is in use.
    """
    for folder in (journals, catalog):
        if held := _held(folder):
            raise StateError(f"{folder} holds {held} already; move it away first.")
    folder = _nearest(journals)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as scratch:
            place = Path(scratch)
            _extract(archive, place)
            manifest = _checked(archive, place)
            for name, target in ((JOURNALS, journals), (CATALOG, catalog)):
                if (place / name).is_dir():
                    shutil.copytree(place / name, target, dirs_exist_ok=True)
    except OSError as error:
        raise StateError(f"{error.filename or archive}: {error.strerror or error}.") from None
    return manifest


def _held(folder: Path) -> str:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and path.suffix != ".lock":
            return str(path.relative_to(folder))
    return ""


def _nearest(folder: Path) -> Path:
    folder = folder.absolute().parent
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _extract(archive: Path, place: Path) -> None:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            # The filter refuses paths and links that lead outside.
            tar.extractall(place, filter="data")
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise StateError(f"{archive} is no archive of ikbr, or is damaged ({error}).") from None
    except OSError as error:
        if error.filename is None:
            raise StateError(f"{archive} is damaged ({error}).") from None
        raise


def _checked(archive: Path, place: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode((place / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeError):
        raise StateError(f"{archive} is no archive of ikbr: it has no {MANIFEST}.") from None
    found = {
        path.relative_to(place).as_posix(): hash_of(path)
        for path in place.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    if found != manifest.files:
        wrong = sorted(n for n in found | manifest.files if found.get(n) != manifest.files.get(n))
        raise StateError(f"{archive} is damaged: {wrong[0]} is not what was backed up.")
    check_journals(place / JOURNALS)
    return manifest
