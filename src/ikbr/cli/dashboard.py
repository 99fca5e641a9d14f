"""`ikbr dashboard`: watch bots in a browser, and act on them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ikbr.ops.dashboard.options import DashboardOptions
    from ikbr.ops.dashboard.sessions import Sessions

app = typer.Typer(
    help="Watch running bots in a browser, and act on them.", invoke_without_command=True
)


@app.callback()
def command(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Where to listen; others than this machine need TLS and a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8787,
    journals: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Of the bots. [default: by the settings]")
    ] = None,
    reports: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="With reports. [default: reports, and the sessions']"),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who may come in; see set-password.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key.")] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A further name it is reached by.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Nobody may act.")] = False,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings file.")] = None,
) -> None:
    """Serve the dashboard until Ctrl-C.

    It is a process of its own: bots go on whatever becomes of it. Without a password file the
    local user comes in by a link that works once.
    """
    if context.invoked_subcommand is not None:
        return
    import msgspec

    from ikbr.api.dashboard import prepare_dashboard
    from ikbr.ops.dashboard.options import DashboardOptions
    from ikbr.ops.dashboard.serve import listening_socket, serve
    from ikbr.settings import load_settings

    settings = load_settings("paper", (), config)
    options = DashboardOptions(
        host=host,
        port=port,
        journals=journals or settings.journal.dir,
        reports=tuple(reports or (Path("reports"), settings.session.dir)),
        password_file=password_file,
        tls_cert=tls_cert,
        tls_key=tls_key,
        names=tuple(allow_host or ()),
        read_only=read_only,
    )
    options.check()
    with listening_socket(options) as listening:
        options = msgspec.structs.replace(options, port=listening.getsockname()[1])
        dashboard = prepare_dashboard(options, lambda: _say_link(options, dashboard.sessions))
        print(f"Dashboard of {options.journals}: {_address(options)} (Ctrl-C ends it)")
        if password_file is None:
            _say_link(options, dashboard.sessions)
        serve(dashboard, options, listening)


@app.command("set-password")
def set_password(
    user: Annotated[str, typer.Argument(metavar="USER", help="Who.")],
    role: Annotated[str, typer.Option(metavar="reader|trader", help="See, or act.")] = "reader",
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="The password file.")] = Path(
        "dashboard-passwords.json"
    ),
) -> None:
    """Let somebody in: asks for a password and keeps its hash.

    Without a terminal the password is the first line of the standard input.
    """
    from ikbr.domain.errors import UsageError
    from ikbr.ops.dashboard.passwords import set_password as write

    if role not in ("reader", "trader"):
        raise UsageError(f"--role {role!r} cannot be; choose reader or trader.")
    write(file, user, "trader" if role == "trader" else "reader", _password())
    print(f"{user} may {'act' if role == 'trader' else 'look'}: {file}")


def _password() -> str:
    from getpass import getpass

    from ikbr.domain.errors import UsageError

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise UsageError("the two passwords differ; nothing was changed.")
    return password


def _address(options: DashboardOptions) -> str:
    scheme = "https" if options.tls else "http"
    host = f"[{options.host}]" if ":" in options.host else options.host
    return f"{scheme}://{host}:{options.port}/"


def _say_link(options: DashboardOptions, sessions: Sessions) -> None:
    """Tell the person at this terminal how to come in, and nobody else."""
    link = f"{_address(options)}login#token={sessions.new_link()}"
    print(f"Log in, once: {link}", flush=True)
    if os.environ.get("JOURNAL_STREAM"):
        print("(anybody who can read this log can use it; a password file is better)", flush=True)
