"""The client: ib_async's `IB`, made here so that nobody else has to import it."""

from __future__ import annotations

from ib_async import IB

Client = IB
