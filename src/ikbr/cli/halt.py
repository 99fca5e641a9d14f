"""`ikbr halt`: stop the entries of a running bot, and leave it running."""

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
    """Stop the entries of a running bot, and leave it running.

    They stay stopped until `ikbr resume`, also over a restart. What closes goes on, and protective
    stops stay. To cancel everything use `ikbr kill`.
    """
    answer = ask_bot((mode, host, port, client_id, config), "halt", reason=reason)
    print(f"No entries until `ikbr resume` ({answer['halted']}).")
