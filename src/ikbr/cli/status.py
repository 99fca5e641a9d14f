"""`ikbr status`: how a running bot stands."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ikbr.cli.door import Bot, of_bot


@of_bot
def command(
    json: Annotated[bool, typer.Option("--json", help="Say all of it, as JSON.")] = False,
    *,
    bot: Bot,
) -> None:
    """Say how a running bot stands.

    Its link, equity, positions and orders, what stops entries, and the latest alerts.
    """
    answer = bot.ask("status")
    if json:
        import orjson

        print(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
        return
    for line in _lines(answer):
        print(line)


def _lines(answer: dict[str, Any]) -> list[str]:
    session = answer["session"]
    if session is None:
        return ["The session has not begun."]
    held = ", ".join(f"{one['symbol']} {one['quantity']:+d}" for one in session["positions"])
    told = [
        f"{session['time']} {session['link']}: equity {session['equity']:,.2f} {session['base']}, "
        f"{held or 'flat'}, {len(session['working'])} orders, {session['fills']} fills, "
        f"{session['refusals']} refused"
    ]
    told += [f"halted ({rule}): {why}" for rule, why in answer["latches"].items()]
    told += [f"entries wait ({rule}): {why}" for rule, why in answer["holds"].items()]
    told += [f"blocked {symbol}: {why}" for symbol, why in answer["blocked"].items()]
    off = [name for name, enabled in answer["strategies"].items() if not enabled]
    told += [f"disabled: {name}" for name in off]
    latest = session["alerts"][-3:]
    told += [f"{one['time']} {one['severity']}: {one['message']}" for one in latest]
    return told
