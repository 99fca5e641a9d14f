"""The lag: how far the disk is behind what was appended."""

from __future__ import annotations

from typing import NamedTuple


class Lag(NamedTuple):
    """Say how far the disk is behind.

    Attributes:
        records: Records that are appended and not yet known to be on the disk.
        bytes: How long they are.
        age_ns: Since when at most, by the times of the records.
    """

    records: int
    bytes: int
    age_ns: int
