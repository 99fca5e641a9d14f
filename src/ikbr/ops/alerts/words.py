"""What a process and its courier say to each other: lines of JSON over a socket."""

from __future__ import annotations

import msgspec

from ikbr.domain.alerts import AlertRoute, AlertRules
from ikbr.domain.events import Alert


class Setup(msgspec.Struct, frozen=True, tag="setup"):
    """Begin: who speaks, and to whom.

    Attributes:
        label: Which bot speaks, for the titles.
        rules: How often people are told.
        routes: What each target is told.
        urls: Addresses of the targets; secrets.
        heartbeat: The address of the heartbeat, a secret; "" for none.
        who: What process speaks: "bot" or "supervisor".
        alone: Whether nobody else tells when this process is gone without a word.
    """

    label: str
    rules: AlertRules
    routes: dict[str, AlertRoute]
    urls: dict[str, str]
    heartbeat: str = ""
    who: str = "bot"
    alone: bool = True

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Setup({self.label!r}, {sorted(self.routes)})"


class Raised(msgspec.Struct, frozen=True, tag="alert"):
    """Tell people."""

    alert: Alert


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """Say that the event loop turns.

    Attributes:
        ready: Whether orders could be sent.
        lost: Alerts that could not be handed over so far.
    """

    ready: bool
    lost: int = 0


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """Say that this is an end on purpose; tell what waits, and go."""


Said = Setup | Raised | Beat | Bye


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """Answer that something is wrong with a target, or is so no more.

    Attributes:
        words: The sentence, without secrets.
        over: Whether it is well again.
    """

    words: str
    over: bool = False
