"""The shape of a handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ikbr.gateway.fields import Values
from ikbr.gateway.tables import Table

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

Handler: TypeAlias = "Callable[[Session, Values], None]"
Entry: TypeAlias = tuple[Table, Handler]


def ignore(_session: Session, _values: Values) -> None:
    """Do nothing, as a real gateway does about some requests."""
