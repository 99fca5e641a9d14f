"""What libraries and our own code only write into the log: errors that nobody else hears of."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Unheard(logging.Handler):
    """Keep the errors that are logged with a traceback.

    Attributes:
        errors: Them, in words.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        super().__init__(logging.ERROR)
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error; words without one are no error of ours."""
        if record.exc_info is not None and record.exc_info[1] is not None:
            self.errors.append(f"{record.name}: {record.getMessage()}: {record.exc_info[1]!r}")


@contextmanager
def listening() -> Iterator[Unheard]:
    """Hear errors instead of whoever hears the log otherwise; all else is not even formatted."""
    root = logging.getLogger()
    handlers, level, handler = root.handlers[:], root.level, Unheard()
    root.handlers[:] = [handler]
    root.setLevel(logging.ERROR)
    try:
        yield handler
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
