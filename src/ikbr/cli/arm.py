"""`ikbr arm`: allow trading again after `ikbr kill`, or after a halt that a person looked at."""

from __future__ import annotations

from ikbr.cli.kill import ClientId, Config, Host, Mode, Port, Reason, places_from


def command(
    reason: Reason = "",
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    config: Config = None,
) -> None:
    """Allow a bot to trade again that was stopped.

    The kill latch and every halt of its risk manager are released. The bot must not be running.
    Losses are counted from what the account is worth at its start.
    """
    from ikbr.api.kill import arm

    places = places_from(mode, host, port, client_id, config)
    was = arm(places, reason)
    print("Trading is allowed again." if was else "Trading was not stopped; halts are released.")
