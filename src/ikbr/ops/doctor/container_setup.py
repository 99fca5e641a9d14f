"""How the gateway's container is set up: variables, mounts, published ports.

Read from the container, or where there is none from the compose file.

Source: the owner's guide, "Docker configuration"; the image's start scripts: the variables
READ_ONLY_API, TIME_ZONE, CUSTOM_CONFIG and what is left out when they are not set.
"""

from __future__ import annotations

from collections.abc import Mapping

from ikbr.domain.errors import ConfigError
from ikbr.ops.compose_file import read_compose
from ikbr.ops.doctor.case import Visit
from ikbr.ops.doctor.docker import IMAGE
from ikbr.ops.doctor.finding import Finding, note, ok, warning

_WANTED = {
    "READ_ONLY_API": (
        "no",
        "Undefined, the gateway keeps its own setting, which may be read-only: orders get 321.",
    ),
    "TIME_ZONE": (
        "America/New_York",
        "Undefined it is UTC: AUTO_RESTART_TIME 11:59 PM would be in the evening of New York.",
    ),
    "TWOFA_TIMEOUT_ACTION": (
        "restart",
        "A second factor that nobody confirmed would end the gateway.",
    ),
    "RELOGIN_AFTER_TWOFA_TIMEOUT": ("yes", "It would not ask for the second factor again."),
    "AUTO_RESTART_TIME": ("", "Without it the gateway logs out daily and needs a person."),
    "EXISTING_SESSION_DETECTED_ACTION": (
        "",
        "Undefined, a person at the screen decides who stays logged in.",
    ),
    "TWS_ACCEPT_INCOMING": (
        "accept",
        "A connection from an address that is not trusted waits for a person at the screen.",
    ),
}
"""Variable → the value that works ("" for any), and what happens without."""

_WRITABLE = ("/home/ibgateway", "/opt/ibkr")
_MAY_BE_READ_ONLY = (".tmpl", "/scripts", "totp")


async def check_variables(visit: Visit) -> list[Finding]:
    """Compare the variables of the gateway with those that work."""
    environment, where = _environment(visit)
    if environment is None:
        return [note("the gateway's variables are not known", where, "")]
    found = []
    for name, (wanted, why) in _WANTED.items():
        value = environment.get(name, "").strip()
        if not value or (wanted and value.casefold() != wanted.casefold()):
            given = f"{name} = {value!r}" if value else f"{name} is not set"
            # Any zone may be meant; all others have one value that works.
            level = note if name == "TIME_ZONE" and value else warning
            found.append(
                level(
                    f"{given} ({where})",
                    why,
                    f"set {name}={wanted or _EXAMPLES[name]} in {visit.case.compose}",
                )
            )
    if environment.get("CUSTOM_CONFIG", "").casefold() == "yes":
        found.append(
            warning(
                f"CUSTOM_CONFIG = yes ({where})",
                "The image then ignores TWS_USERID, TWS_PASSWORD_FILE, AUTO_RESTART_TIME and the "
                "like; credentials would have to stand in config.ini.",
                f"remove CUSTOM_CONFIG from {visit.case.compose}; see docs/deploy.md",
            )
        )
    if "MASTER_API_PORT" in environment:
        found.append(
            note(
                f"MASTER_API_PORT = {environment['MASTER_API_PORT']} ({where})",
                "No script of the image reads it; it does not move the gateway's port.",
                "",
            )
        )
    if environment.get("TWS_PASSWORD"):
        found.append(
            warning(
                f"TWS_PASSWORD is a variable of the container ({where})",
                "`docker inspect` shows it to everybody who may use docker.",
                "use TWS_PASSWORD_FILE and a secret, as deploy/compose.yaml does",
            )
        )
    return found or [ok(f"the gateway's variables are those that work ({where})")]


_EXAMPLES = {"AUTO_RESTART_TIME": "'11:59 PM'", "EXISTING_SESSION_DETECTED_ACTION": "primary"}


async def check_mounts(visit: Visit) -> list[Finding]:
    """Look for configuration that is mounted read-only."""
    if visit.container is None:
        return []
    wrong = [
        place
        for place, writable in visit.container.mounts.items()
        if not writable
        and place.startswith(_WRITABLE)
        and not any(words in place for words in _MAY_BE_READ_ONLY)
    ]
    if not wrong:
        return [ok("nothing that the gateway writes is mounted read-only")]
    return [
        warning(
            f"{place} is mounted read-only",
            "The gateway writes its own configuration and does not start when it cannot.",
            f"remove the mount of {place} from {visit.case.compose}; use variables instead",
        )
        for place in wrong
    ]


async def check_published(visit: Visit) -> list[Finding]:
    """Look whether the API is published to more than this machine."""
    if visit.container is None:
        return []
    found = [
        warning(
            f"port {inner} of the gateway is published on {place}",
            "Whoever reaches this machine can trade: the API has no password.",
            f"publish it on 127.0.0.1 only, in {visit.case.compose}",
        )
        for inner, places in visit.container.published.items()
        for place in places
        if not place.startswith(("127.", "[::1]"))
    ]
    return found or [ok("the API is published to this machine only, or not at all")]


def _environment(visit: Visit) -> tuple[Mapping[str, str] | None, str]:
    if visit.container is not None:
        return visit.container.environment, f"container {visit.container.name}"
    compose = visit.case.compose
    if not compose.is_file():
        return None, f"There is no container, and no {compose}."
    try:
        services = read_compose(compose, {})["services"]
    except ConfigError as error:
        return None, str(error)
    for service in services.values():
        if IMAGE in str(service.get("image", "")):
            return {k: str(v) for k, v in service.get("environment", {}).items()}, str(compose)
    return None, f"{compose} has no service of a gateway."
