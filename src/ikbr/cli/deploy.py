"""`ikbr deploy`: what a host needs, replacing the release that runs, backup and restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ikbr.cli.kill import ClientId, Config, Host, Mode, Port

app = typer.Typer(
    help="Render and check what a host needs; upgrade, roll back, back up, restore.",
    no_args_is_help=True,
)

Root = Annotated[Path, typer.Option(metavar="DIR", help="With releases/, current and state/.")]
Unit = Annotated[str, typer.Option(metavar="NAME", help="The bot's unit of systemd.")]
Patience = Annotated[
    float, typer.Option(metavar="SECONDS", min=1, max=3600, help="For ending and beginning, each.")
]
Settle = Annotated[
    float, typer.Option(metavar="SECONDS", min=0, max=3600, help="So long the new one must stay.")
]
ROOT = Path("/opt/ikbr")


@app.command()
def render(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")],
    target: Annotated[
        str, typer.Option(metavar="A,B", help="compose, systemd, aws. [default: all]")
    ] = "",
    mode: Annotated[str, typer.Option(metavar="paper|live", help="What is traded.")] = "paper",
    arguments: Annotated[
        str, typer.Option(metavar="WORDS", help="What follows `ikbr paper --supervise`.")
    ] = "--strategy momentum --symbols SPY",
    root: Annotated[
        str, typer.Option(metavar="DIR", help="With releases and state.")
    ] = "/opt/ikbr",
    user: Annotated[str, typer.Option(metavar="NAME", help="Who runs the bot.")] = "ikbr",
) -> None:
    """Write compose files, Dockerfiles, a systemd unit and an AWS template."""
    from ikbr.ops.deploy import render as rendering

    host = rendering.Host(mode=mode, arguments=arguments, root=root, user=user)
    targets = tuple(one.strip() for one in target.split(",") if one.strip())
    files = rendering.render(host, targets or tuple(rendering.TARGETS))
    for line in rendering.write(files, folder):
        print(line)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="With compose.yaml.")] = Path(
        "deploy"
    ),
) -> None:
    """Check a rendered folder: secrets, published ports, rights. Exit code 1: it is wrong."""
    from ikbr.ops.deploy.checks import check_folder

    problems = check_folder(folder)
    for line in problems:
        print(line)
    if problems:
        raise typer.Exit(1)
    print(f"{folder}: nothing is wrong")


@app.command()
def upgrade(
    release: Annotated[str, typer.Argument(metavar="NAME", help="A folder in releases/.")],
    root: Root = ROOT,
    unit: Unit = "ikbr",
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    config: Config = None,
    patience: Patience = 90.0,
    settle: Settle = 10.0,
) -> None:
    """Replace the release that runs; one that does not come up is taken back.

    The bot ends in an orderly way, and nothing is switched before its client id is free: there are
    never two traders.
    """
    _replace(release, root, unit, (mode, host, port, client_id, config), (patience, settle))


@app.command()
def rollback(
    root: Root = ROOT,
    unit: Unit = "ikbr",
    mode: Mode = "paper",
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
    config: Config = None,
    patience: Patience = 90.0,
    settle: Settle = 10.0,
) -> None:
    """Go back to the release that ran before."""
    _replace("", root, unit, (mode, host, port, client_id, config), (patience, settle))


@app.command()
def backup(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="As ikbr.tar.gz.")],
    config: Config = None,
) -> None:
    """Back up journals, latches and catalog into one file; a bot may run meanwhile."""
    from ikbr.api.deploy import back_up_all

    manifest = back_up_all(config, archive)
    for name, words in manifest.journals.items():
        print(f"{name}: {words}")
    print(f"{archive}: {len(manifest.files)} files")


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="Made by `backup`.")],
    mode: Mode = "paper",
    config: Config = None,
) -> None:
    """Put journals and catalog back where none are, after everything was checked."""
    from ikbr.api.deploy import restore_all

    manifest = restore_all(config, archive, mode)
    for name, words in manifest.journals.items():
        print(f"{name}: {words}")
    print(f"{len(manifest.files)} files restored")


def _replace(
    release: str,
    root: Path,
    unit: str,
    whose: tuple[str, str | None, int | None, int | None, Path | None],
    times: tuple[float, float],
) -> None:
    import os

    from ikbr.api.deploy import upgrade_of
    from ikbr.cli.kill import places_from
    from ikbr.ops.deploy.releases import Releases
    from ikbr.ops.deploy.service import Systemd

    releases = Releases(root.absolute())
    if releases.state.is_dir():
        # Settings and journals are found from there, as the bot finds them.
        os.chdir(releases.state)
    replacing = upgrade_of(releases, Systemd(unit), places_from(*whose), *times)
    for line in replacing.run(release) if release else replacing.roll_back():
        print(line)
