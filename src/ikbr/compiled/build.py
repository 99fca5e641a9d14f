"""Compile the listed modules: mypyc writes C, the C compiler makes libraries of it.

A build is made in a folder of its own and tried in a process of its own; only then does the record
name it. What was built before stays until the next build, as processes may still load from it.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from ikbr.compiled.module_list import path_of, sources_of
from ikbr.compiled.record import FORMAT, Record, read_record, this_python
from ikbr.compiled.toolchain import BuildError, build_libraries, check_toolchain

CONFIG = Path(__file__).with_name("mypy.ini")
Tell = Callable[[str], None]

_TRY = """
import importlib, sys
from ikbr.compiled.record import read_record
from ikbr.compiled.use import install
_, text, package, folder, parent = sys.argv
sys.path.insert(0, parent)
use = install(read_record(text), package, folder)
if not use.modules:
    sys.exit(use.why_not)
for name in use.modules:
    if not importlib.import_module(name).__file__.startswith(folder):
        sys.exit(f"{name} was imported before")
"""


def build(package: Path, modules: Sequence[str], folder: Path, tell: Tell) -> Record:
    """Compile modules of a package, unless that was done already.

    Args:
        package: Folder of the top package.
        modules: Full names.
        folder: Where builds are kept.
        tell: Told of the progress, in words.

    Raises:
        BuildError: When something is missing or fails; what was used before is still used.
    """
    check_toolchain()
    for name in modules:
        if not path_of(package, name).is_file():
            raise BuildError(f"there is no module {name} in {package}; mend modules.toml.")
    sources = sources_of(package, modules)
    text = "\n".join([FORMAT, this_python(), *modules, *(f"{s.digest} {s.path}" for s in sources)])
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    record = Record(this_python(), str(package), key, tuple(modules), sources)
    library = folder / key
    if library.is_dir():
        tell("these sources were compiled before")
    else:
        part = folder / f"part-{os.getpid()}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            _make(package, modules, folder, part, tell)
            (part / "library").rename(library)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    tell("trying the result")
    _try(record, folder)
    before = _library_in_use(folder)
    fresh = folder / f"current-{os.getpid()}"
    fresh.write_text(record.to_text(), encoding="utf-8")
    fresh.replace(folder / "current")
    _tidy(folder, keep={key, before})
    return record


def _make(package: Path, modules: Sequence[str], folder: Path, part: Path, tell: Tell) -> None:
    generated, library = part / "c", part / "library"
    tell(f"writing C for {len(modules)} modules")
    extensions = _write_c(package, modules, generated, folder / "types")
    shown = -1

    def told(done: int, of: int) -> None:
        nonlocal shown
        tenth = 10 * done // of
        if tenth > shown and done <= of:
            shown = tenth
            tell(f"compiling C: {done} of {of} files")

    build_libraries(extensions, generated, library, told)


def _write_c(package: Path, modules: Sequence[str], generated: Path, cache: Path) -> list[Any]:
    from mypyc.build import mypycify

    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            extensions: list[Any] = mypycify(
                [
                    f"--config-file={CONFIG}",
                    f"--cache-dir={cache}",
                    *(str(path_of(package, name)) for name in modules),
                ],
                multi_file=True,
                target_dir=str(generated),
                group_name=f"{package.name}_compiled",
            )
    except SystemExit as error:
        words = f"{said.getvalue()}\n{error}".strip()
        raise BuildError(f"mypyc cannot compile a module:\n{_errors_in(words)}") from None
    return extensions


def _errors_in(words: str) -> str:
    errors = [line for line in words.splitlines() if " error: " in line]
    return "\n".join(errors[:20]) or words[-2000:]


def _try(record: Record, folder: Path) -> None:
    """Import everything in a process of its own, which a wrong layout could end."""
    package = record.package
    arguments = [record.to_text(), package, str(folder), str(Path(package).parent)]
    environment = {**os.environ, "IKBR_COMPILED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", _TRY, *arguments],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    if done.returncode:
        shutil.rmtree(folder / record.library, ignore_errors=True)
        words = done.stderr.strip()[-2000:] or f"it ended with {done.returncode}"
        raise BuildError(f"the compiled modules cannot be imported: {words}")


def _library_in_use(folder: Path) -> str:
    try:
        return read_record((folder / "current").read_text(encoding="utf-8")).library
    except (OSError, ValueError):
        return ""


def _tidy(folder: Path, keep: Iterable[str]) -> None:
    for one in folder.iterdir():
        if one.is_dir() and one.name not in keep and one.name != "types":
            shutil.rmtree(one, ignore_errors=True)


def remove(folder: Path) -> bool:
    """Delete every build; say whether there was one."""
    there = (folder / "current").exists()
    # First what leads there, so that nobody starts to use what is being deleted.
    (folder / "current").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    return there
