"""Deployment, put together: whose lock it is, where journals and catalog are."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from ikbr.api.kill import places_of
from ikbr.api.places import Places
from ikbr.ops.deploy.backup import Manifest, back_up
from ikbr.ops.deploy.releases import Releases
from ikbr.ops.deploy.restore import restore
from ikbr.ops.deploy.service import Service
from ikbr.ops.deploy.upgrade import Upgrade
from ikbr.settings import load_settings


def upgrade_of(
    releases: Releases, service: Service, places: Places, patience_s: float, settle_s: float
) -> Upgrade:
    """Prepare an upgrade of one trader.

    Args:
        releases: Those of the host.
        service: Starts and stops it.
        places: Its lock.
        patience_s: How long ending and beginning may take, each.
        settle_s: How long the new one must stay.
    """
    return Upgrade(
        releases, service, places.lock, places.lock_file, patience_s=patience_s, settle_s=settle_s
    )


def back_up_all(config: Path | None, archive: Path) -> Manifest:
    """Back up journals and catalog of the settings."""
    settings = load_settings("paper", (), config)
    return back_up(settings.journal.dir, settings.data.dir, archive, version("ikbr"))


def restore_all(config: Path | None, archive: Path, mode: str) -> Manifest:
    """Restore journals and catalog of the settings, while no bot runs.

    Raises:
        ConfigError: When the bot runs.
    """
    settings = load_settings(mode, (), config)
    places = places_of(settings, None, None, None)
    lock = places.lock()
    try:
        return restore(archive, settings.journal.dir, settings.data.dir)
    finally:
        lock.release()
