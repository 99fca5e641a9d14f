"""`ikbr doctor`: find out why it does not work, and say what mends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ikbr.cli.kill import ClientId, Config, Host, Mode, Port

if TYPE_CHECKING:
    from ikbr.ops.doctor.finding import Finding

MARKS = {"ok": "ok     ", "note": "note   ", "warning": "WARNING", "failure": "FAILURE"}


def command(
    symbols: Annotated[
        str, typer.Option(metavar="A,B", help="What is to be traded; its data is asked for.")
    ] = "SPY",
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    container: Annotated[
        str, typer.Option(metavar="NAME", help="The gateway's. [default: found by its image]")
    ] = "",
    compose: Annotated[
        Path | None, typer.Option(metavar="FILE", help="[default: deploy/compose.yaml]")
    ] = None,
    config: Config = None,
    only: Annotated[
        str, typer.Option(metavar="A,B", help="These checks, or groups of them, alone.")
    ] = "",
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=120, help="For each answer.")
    ] = 5.0,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended safely, then look.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Say it as JSON.")] = False,
) -> None:
    """Find out why it does not work, and say what mends it.

    Settings, ports, container, gateway and machine are looked at, in this order. Nothing is
    traded: one order is previewed, and never placed. What cannot be looked at from here (no
    docker, no gateway) is left out. Exit code 0: all is well; 1: warnings; 2: trading will not
    work like this.
    """
    import asyncio
    import logging

    from ikbr.api.doctor import DoctorRequest, case_of, consult
    from ikbr.ops.doctor.finding import exit_code
    from ikbr.ops.doctor.fixes import fix as mend

    request = DoctorRequest(
        mode=mode,
        symbols=_words(symbols),
        host=host,
        port=port,
        client_id=client_id,
        compose=compose,
        container=container,
        config=config,
        timeout_s=timeout,
        only=_words(only),
    )
    # What ib_async has to say of failures is said here, in words that help.
    logging.getLogger("ib_async").setLevel(logging.CRITICAL + 1)
    case = case_of(request)
    mended = asyncio.run(mend(case)) if fix else []
    if mended:
        case = case_of(request)
    if not json:
        for line in mended:
            print(f"mended   {line}")
    found = asyncio.run(consult(case, request.only, (lambda _one: None) if json else _print))
    if json:
        _print_json(found, mended)
    raise typer.Exit(exit_code(found))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _print(one: Finding) -> None:
    print(f"{MARKS[one.level]}  {one.check}: {one.seen}", flush=True)
    if one.why:
        print(f"         {one.why}", flush=True)
    if one.mend:
        print(f"         → {one.mend}", flush=True)


def _print_json(found: list[Finding], mended: list[str]) -> None:
    import msgspec

    from ikbr.ops.doctor.finding import exit_code

    told = {"exit_code": exit_code(found), "mended": mended, "findings": found}
    print(msgspec.json.encode(told).decode())
