"""What ends a sweep, as opposed to what makes one of its runs fail."""

from __future__ import annotations

from ikbr.domain.errors import IkbrError


class SweepError(IkbrError):
    """Report a sweep that cannot go on; what was computed is kept."""
