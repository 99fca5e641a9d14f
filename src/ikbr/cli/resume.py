"""`ikbr resume`: let the entries go on that `ikbr halt` has stopped."""

from __future__ import annotations

from ikbr.cli.door import ClientId, Config, Host, Mode, Port, Reason, ask_bot


def command(
    reason: Reason = "",
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    config: Config = None,
) -> None:
    """Let the entries of a running bot go on that were stopped.

    It takes back `ikbr halt`; other halts stay (`ikbr arm` releases those, with the bot ended).
    """
    answer = ask_bot((mode, host, port, client_id, config), "resume", reason=reason)
    left = answer["halted"]
    print(f"Entries are still stopped: {left}" if left else "Entries go on.")
