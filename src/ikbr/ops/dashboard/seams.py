"""What the dashboard needs of the layers above it: where bots are, and how they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class Found(NamedTuple):
    """Name a bot that has left its lock in the journals' folder.

    Attributes:
        bot_id: Where it trades and as which client, as its files are named.
        feed: The socket of its telemetry, as the operating system can take it; it may be gone.
        killed: Why a person has stopped it; "" for not stopped.
    """

    bot_id: str
    feed: Path
    killed: str


class Bots(Protocol):
    """Find bots, and speak to them; everything here blocks and is called in threads."""

    def found(self) -> Sequence[Found]:
        """List the bots of the journals' folder."""

    def ask(self, bot_id: str, user: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Ask a bot through its operator's door.

        Args:
            bot_id: Which.
            user: Who asks.
            asked: The action and what belongs to it.

        Returns:
            Its answer.

        Raises:
            IkbrError: When it refuses or does not answer.
        """

    def kill(self, bot_id: str, user: str, reason: str) -> str:
        """Stop a bot from outside, whatever state it is in.

        Returns:
            What came of it, in words.

        Raises:
            IkbrError: When something is left that must be looked at.
        """
