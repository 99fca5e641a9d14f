"""The record of a build: what was compiled from which sources, with which Python.

One line each, so that reading it costs less than a thousandth of a second:

    ikbr-compiled 1
    python 3.11.7 (main, ...)
    package /home/me/ikbr/src/ikbr
    library 0f3a...            the folder of the compiled files, beside the record
    module ikbr.core.desk      one for each compiled module
    source SIZE MTIME_NS SHA256 core/desk.py
"""

from __future__ import annotations

import os
import sys

FORMAT = "ikbr-compiled 1"
FOLDER = "ikbr-compiled"
"""Where builds are kept, in the folder of the Python environment."""


class Source:
    """Describe a file that the compiled code depends on.

    Attributes:
        path: Within the package.
        size: In bytes.
        mtime_ns: When it was last changed.
        digest: SHA-256 of its content, hexadecimal.
    """

    __slots__ = ("digest", "mtime_ns", "path", "size")

    def __init__(self, path: str, size: int, mtime_ns: int, digest: str) -> None:
        """Describe it."""
        self.path = path
        self.size = size
        self.mtime_ns = mtime_ns
        self.digest = digest

    def is_unchanged(self, package: str) -> bool:
        """Say whether the file is what it was; its content is only read when its time differs."""
        path = f"{package}/{self.path}"
        try:
            now = os.stat(path)
            if now.st_size != self.size:
                return False
            return now.st_mtime_ns == self.mtime_ns or digest_of(path) == self.digest
        except OSError:
            return False


class Record:
    """Describe a build.

    Attributes:
        python: The Python that it was made for.
        package: Folder of the package that was compiled.
        library: Folder of the compiled files, beside the record.
        modules: Names of the modules that were compiled.
        sources: Every file that the compiled code depends on.
    """

    __slots__ = ("library", "modules", "package", "python", "sources")

    def __init__(
        self,
        python: str,
        package: str,
        library: str,
        modules: tuple[str, ...],
        sources: tuple[Source, ...],
    ) -> None:
        """Describe it."""
        self.python = python
        self.package = package
        self.library = library
        self.modules = modules
        self.sources = sources

    def mismatch(self, package: str) -> str:
        """Say why the build must not be used; "" when it may.

        Args:
            package: Folder of the package that is being imported.
        """
        if self.python != this_python():
            return "they were compiled for another Python"
        if self.package != package:
            return f"they were compiled from {self.package}"
        for source in self.sources:
            if not source.is_unchanged(package):
                return f"{source.path} has changed since"
        return ""

    def to_text(self) -> str:
        """Write it down."""
        lines = [FORMAT, f"python {self.python}", f"package {self.package}"]
        lines.append(f"library {self.library}")
        lines += [f"module {name}" for name in self.modules]
        lines += [f"source {s.size} {s.mtime_ns} {s.digest} {s.path}" for s in self.sources]
        return "\n".join(lines) + "\n"


def read_record(text: str) -> Record:
    """Read a record.

    Raises:
        ValueError: When it is not one.
    """
    first, *lines = text.splitlines()
    if first != FORMAT:
        raise ValueError(f"{first[:40]!r} is not {FORMAT!r}")
    python = package = library = ""
    modules: list[str] = []
    sources: list[Source] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "source":
            size, mtime_ns, digest, path = rest.split(" ", 3)
            sources.append(Source(path, int(size), int(mtime_ns), digest))
        elif word == "module":
            modules.append(rest)
        elif word == "python":
            python = rest
        elif word == "package":
            package = rest
        elif word == "library":
            library = rest
        else:
            raise ValueError(f"{word[:40]!r} is unknown")
    if not (python and package and library and modules and sources):
        raise ValueError("it is incomplete")
    return Record(python, package, library, tuple(modules), tuple(sources))


def this_python() -> str:
    """Name this Python so exactly that no other one loads what was compiled for it."""
    return f"{sys.implementation.cache_tag} {' '.join(sys.version.split())}"


def digest_of(path: str) -> str:
    """Give the SHA-256 of a file, hexadecimal."""
    import hashlib  # it costs a millisecond that is seldom needed

    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
