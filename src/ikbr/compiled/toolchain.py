"""The C compiler: whether it is there, and how this Python calls it for its own modules."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Step = Callable[[int, int], None]
"""Told how many are done, of how many."""

# -O3 takes half as long again and makes no order faster.
FLAGS = ("-O2", "-g0", "-w")


class BuildError(Exception):
    """Say why modules cannot be compiled, and what helps."""


def check_toolchain() -> None:
    """See to it that Python and C can be compiled here.

    Raises:
        BuildError: When something is missing; it names the packages that bring it.
    """
    minor = f"3.{sys.version_info.minor}"
    if find_spec("mypyc") is None:
        raise BuildError("mypyc is missing; ./run setup installs it (it comes with mypy).")
    compiler = shlex.split(str(sysconfig.get_config_var("CC") or "cc"))[0]
    if shutil.which(compiler) is None:
        raise BuildError(
            f"there is no C compiler ({compiler!r}); on Debian or Ubuntu: "
            f"apt-get install build-essential"
        )
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        raise BuildError(
            f"the headers of Python {minor} are missing; on Debian or Ubuntu: "
            f"apt-get install python{minor}-dev"
        )


def build_libraries(extensions: Sequence[Any], generated: Path, library: Path, told: Step) -> None:
    """Compile and link what mypyc wrote, on all cores.

    Args:
        extensions: What mypyc wants to have linked: name, sources, include_dirs.
        generated: Folder for intermediate files.
        library: Folder for the result.
        told: Told of the progress.

    Raises:
        BuildError: When the compiler refuses something.
    """
    jobs: list[list[str]] = []
    links: list[list[str]] = []
    for extension in extensions:
        target = library / (extension.name.replace(".", "/") + _suffix())
        target.parent.mkdir(parents=True, exist_ok=True)
        objects = []
        for source in extension.sources:
            objects.append(f"{generated / Path(source).stem}-{len(jobs)}.o")
            jobs.append([*_compile(extension.include_dirs), "-c", source, "-o", objects[-1]])
        links.append([*_words("LDSHARED"), *objects, "-o", str(target)])
    for commands in (jobs, links):
        _run_all(commands, lambda done: told(done, len(jobs)))


def _compile(include: Sequence[str]) -> list[str]:
    folders = [sysconfig.get_path("include"), *include]
    return [
        *_words("CC"), *_words("CFLAGS"), *_words("CCSHARED"), *FLAGS,
        *(f"-I{folder}" for folder in folders),
    ]  # fmt: skip


def _words(name: str) -> list[str]:
    return shlex.split(str(sysconfig.get_config_var(name) or ""))


def _suffix() -> str:
    return str(sysconfig.get_config_var("EXT_SUFFIX"))


def _run_all(commands: Sequence[Sequence[str]], told: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        waiting = [pool.submit(_run, command) for command in commands]
        try:
            for done, job in enumerate(as_completed(waiting), 1):
                job.result()
                told(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        words = done.stderr.strip()[-2000:]
        raise BuildError(f"the C compiler failed ({' '.join(command[:1])}): {words}")
