"""`ikbr resume`: let the entries go on that `ikbr halt` has stopped."""

from __future__ import annotations

from ikbr.cli.door import Bot, Reason, of_bot


@of_bot
def command(
    reason: Reason = "",
    *,
    bot: Bot,
) -> None:
    """Let the entries of a running bot go on that were stopped.

    It takes back `ikbr halt`; other halts stay (`ikbr arm` releases those, with the bot ended).
    """
    answer = bot.ask("resume", reason=reason)
    left = answer["halted"]
    print(f"Entries are still stopped: {left}" if left else "Entries go on.")
