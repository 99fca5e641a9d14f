"""What the commands that speak to a running bot share: where it is, and how it is asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, get_type_hints

from ikbr.cli.kill import ClientId, Config, Host, Mode, Port, Reason, places_from

__all__ = ["Bot", "Reason", "of_bot"]


class Bot(NamedTuple):
    """Say which running bot is meant."""

    mode: Mode = "paper"
    host: Host = None
    port: Port = None
    client_id: ClientId = None
    config: Config = None

    def ask(self, action: str, **asked: Any) -> dict[str, Any]:
        """Ask it something.

        Args:
            action: What is asked.
            asked: The rest of the request (`live.operator.Asked`).

        Raises:
            UsageError: When no bot runs there, or it refuses.
        """
        from ikbr.live.operator import Asked
        from ikbr.live.operator_client import ask

        return ask(places_from(*self).door, Asked(action, **asked))


def of_bot(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which bot is meant; it gets them as `bot`."""
    hints = get_type_hints(command, include_extras=True)
    places = get_type_hints(Bot, include_extras=True)
    own = [
        one.replace(annotation=hints[name])
        for name, one in inspect.signature(command).parameters.items()
        if name != "bot"
    ]
    options = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=places[name]
        )
        for name, default in Bot._field_defaults.items()
    ]

    @wraps(command)
    def called(*given: Any, **named: Any) -> None:
        bot = Bot(**{name: named.pop(name) for name in Bot._fields})
        command(*given, bot=bot, **named)

    shown: Any = called
    shown.__signature__ = inspect.Signature([*own, *options])
    shown.__annotations__ = {one.name: one.annotation for one in (*own, *options)}
    return called
