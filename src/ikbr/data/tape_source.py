"""Sources of tapes: from memory and from the catalog."""

from __future__ import annotations

from ikbr.data.memory_source import MemorySource

__all__ = ["MemorySource"]
