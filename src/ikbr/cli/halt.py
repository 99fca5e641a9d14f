"""`ikbr halt`: stop the entries of a running bot, and leave it running."""

from __future__ import annotations

from ikbr.cli.door import Bot, Reason, of_bot


@of_bot
def command(
    reason: Reason = "",
    *,
    bot: Bot,
) -> None:
    """Stop the entries of a running bot, and leave it running.

    They stay stopped until `ikbr resume`, also over a restart. What closes goes on, and protective
    stops stay. To cancel everything use `ikbr kill`.
    """
    answer = bot.ask("halt", reason=reason)
    print(f"No entries until `ikbr resume` ({answer['halted']}).")
