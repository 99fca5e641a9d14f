"""Settings: one way from files, environment and command line into the components' frozen types."""

from ikbr.settings.load import DEFAULT_FILE, load_settings, variables
from ikbr.settings.sections import BrokerSettings, JournalSettings, Settings

__all__ = [
    "DEFAULT_FILE",
    "BrokerSettings",
    "JournalSettings",
    "Settings",
    "load_settings",
    "variables",
]
