"""`ikbr alerts`: who is told of alerts, and whether they can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ikbr.cli.kill import Config, Mode

if TYPE_CHECKING:
    from ikbr.api.alerts import Target
    from ikbr.domain.alerts import AlertRules

app = typer.Typer(help="Show who is told of alerts, and try it.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Say it as JSON.")]


@app.command()
def show(mode: Mode = "paper", config: Config = None, json: Json = False) -> None:
    """Show the targets, what each is told, and the rules; never an address."""
    from ikbr.api.alerts import readable_by_others, show_targets
    from ikbr.settings import variables

    rules = _rules(mode, config)
    targets = show_targets(rules, variables())
    if json:
        import msgspec

        print(msgspec.json.encode({"rules": rules, "targets": targets}).decode())
        return
    if not targets:
        print(_nobody(rules))
        return
    for target in targets:
        _print(target)
    print(
        f"\nThe same within {rules.repeat_min:g} min is one. At most {rules.per_hour} messages an "
        f"hour each. Quiet hours by the clock of {rules.zone}. Heartbeat every "
        f"{rules.heartbeat_s:g} s."
    )
    if readable_by_others(rules):
        path = rules.secrets_file
        print(f"WARNING: {path} can be read by others; run: chmod 600 {path}")


@app.command("test")
def try_them(mode: Mode = "paper", config: Config = None, json: Json = False) -> None:
    """Send a test to every target, and say what became of it.

    The heartbeat's address is asked, too. Exit code 1 when anything failed.
    """
    import socket

    from ikbr.api.alerts import try_targets
    from ikbr.settings import variables

    rules = _rules(mode, config)
    tried = try_targets(rules, variables(), f"ikbr {mode} on {socket.gethostname()}")
    if json:
        import msgspec

        print(msgspec.json.encode(tried).decode())
    elif not tried:
        print(_nobody(rules))
    for one in () if json else tried:
        said = f"FAILED: {one.failure}" if one.failure else "ok"
        print(f"{one.name:<12} {said} ({one.seconds:.2f} s)")
    if any(one.failure for one in tried):
        raise typer.Exit(1)


def _rules(mode: str, config: Path | None) -> AlertRules:
    from ikbr.settings import load_settings

    return load_settings(mode, config=config).alerts


def _nobody(rules: AlertRules) -> str:
    return (
        f'Nobody is told. Put an address into {rules.secrets_file}, as phone = "tgram://…" '
        "(docs/alerts.md)."
    )


def _print(target: Target) -> None:
    route = target.route
    print(f"{target.name:<12} {target.kind}://…  from {target.origin}")
    if route is not None:
        sources = ", ".join(route.sources) or "all sources"
        summary = "with" if route.summary else "without"
        told = [f"{route.severity} and worse", sources, f"{summary} summary"]
        told += [f"quiet {route.quiet}"] if route.quiet else []
        told += [f"every {route.min_interval_s:g} s at most"] if route.min_interval_s else []
        print(f"{'':<12} {'; '.join(told)}")
    if target.problem:
        print(f"{'':<12} WARNING: {target.problem}")
