"""Where a session serves its metrics: the settings of the section `[metrics]`."""

from __future__ import annotations

import msgspec

from ikbr.domain.errors import ConfigError

MOST_PORT = 65_535


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Say where metrics and health are served.

    Attributes:
        port: Where; 0 serves none.
        host: On which address; everybody who reaches it can read what the account earns.
    """

    port: int = 0
    host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        if not 0 <= self.port <= MOST_PORT:
            raise ConfigError(
                f"metrics.port = {self.port}: it must be 0 (off) or a port up to {MOST_PORT}."
            )
        if not self.host.strip():
            raise ConfigError("metrics.host is empty; name an address, as 127.0.0.1.")
