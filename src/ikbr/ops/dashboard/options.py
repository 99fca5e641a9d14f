"""What a dashboard is told: where it listens, who may come, what it shows."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import msgspec

from ikbr.domain.errors import UsageError

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class DashboardOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a dashboard is served.

    Attributes:
        host, port: Where it listens.
        journals: Folder of the journals, where the bots are found.
        reports: Folders of reports.
        password_file: Who may come; None lets the local user in by a link.
        tls_cert, tls_key: Certificate and key; both or none.
        names: Further host names under which people reach it.
        read_only: Whether nobody may do anything to a bot.
    """

    host: str = "127.0.0.1"
    port: int = 8787
    journals: Path = Path("journals")
    reports: tuple[Path, ...] = ()
    password_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    names: tuple[str, ...] = ()
    read_only: bool = False

    @property
    def tls(self) -> bool:
        """Whether it speaks TLS."""
        return self.tls_cert is not None

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser may name as the host: anything else is a rebound name, or a mistake."""
        named = [*LOCAL_NAMES, *self.names]
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            named.append(self.host)
        else:
            if not address.is_unspecified:
                named.append(f"[{address}]" if address.version == 6 else str(address))
        ports = {f":{self.port}"} | ({""} if self.port == (443 if self.tls else 80) else set())
        return frozenset(f"{name.lower()}{port}" for name in named for port in ports)

    @property
    def origins(self) -> frozenset[str]:
        """Which pages may ask for something."""
        scheme = "https" if self.tls else "http"
        return frozenset(f"{scheme}://{host}" for host in self.hosts)

    def check(self) -> None:
        """Refuse what would be open to others, and files that are not there.

        Raises:
            UsageError: Naming what is missing.
        """
        if not 0 <= self.port <= 65_535:
            raise UsageError(f"--port {self.port} cannot be; give one from 1 to 65535.")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError("--tls-cert and --tls-key belong together; give both, or none.")
        for option, file in (
            ("--tls-cert", self.tls_cert),
            ("--tls-key", self.tls_key),
            ("--password-file", self.password_file),
        ):
            if file is not None and not file.is_file():
                more = (
                    "; make it with `ikbr dashboard set-password`" if "password" in option else ""
                )
                raise UsageError(f"{option} '{file}' is not there{more}.")
        if not self.is_local and (self.password_file is None or not self.tls):
            raise UsageError(
                f"--host {self.host} is open to other machines: that needs --tls-cert, --tls-key "
                "and --password-file; or leave it at 127.0.0.1 and use an SSH tunnel."
            )
