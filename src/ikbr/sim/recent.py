"""A memory of what happened lately, with a stated limit."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Remember at least the last `limit` keys and at most twice as many.

    >>> memory = Recent(limit=2)
    >>> for key in range(4): memory.put(key, str(key))
    >>> memory.get(3), memory.get(2), memory.get(-1)
    ('3', '2', None)
    """

    __slots__ = ("_limit", "_new", "_old")

    def __init__(self, limit: int = 8192) -> None:
        """Start empty."""
        self._limit = limit
        self._new: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __bool__(self) -> bool:
        """Say whether anything is remembered."""
        return bool(self._new or self._old)

    def put(self, key: K, value: V) -> None:
        """Remember a value."""
        new = self._new
        new[key] = value
        if len(new) >= self._limit:
            self._old = new
            self._new = {}

    def get(self, key: K) -> V | None:
        """Give what is remembered; None when nothing is."""
        value = self._new.get(key)
        return value if value is not None else self._old.get(key)
