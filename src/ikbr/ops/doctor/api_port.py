"""The API's port: whether something listens there, answers a handshake, and serves us."""

from __future__ import annotations

from ikbr.broker.accounts import choose_account
from ikbr.broker.checkup import Checkup
from ikbr.domain.errors import ConfigError
from ikbr.ops.doctor.case import Case, Visit
from ikbr.ops.doctor.finding import Finding, failure, note, ok, warning
from ikbr.ops.doctor.handshake import Reply, greet

OLDEST = 176
"""Source: what ib_async 2.1 and the simulated gateway have in common; older ones lack fields."""
IN_USE, OLD_SERVER = 326, 503
BESIDE = 50
"""The doctor's client id is so far from the bot's."""

_TRUST = "IB Gateway: Configure → API → Settings → Trusted IPs, or TWS_ACCEPT_INCOMING=accept"


async def check_handshake(visit: Visit) -> list[Finding]:
    """Greet the port where the gateway is expected."""
    case = visit.case
    where = f"{case.host}:{case.port}"
    greeted = await greet(case.host, case.port, case.timeout_s)
    visit.answers = greeted.reply is Reply.ANSWERED
    match greeted.reply:
        case Reply.ANSWERED:
            return [ok(f"{where} answers the API handshake ({greeted.words})")]
        case Reply.REFUSED:
            return [
                failure(
                    f"nothing listens on {where}",
                    "There is no gateway there, its API is switched off, or its port is another.",
                    "start the gateway (docker compose up -d; to try things out ikbr gateway sim)",
                )
            ]
        case Reply.CLOSED:
            return [
                failure(
                    f"{where} accepts connections and closes them at once",
                    "A proxy (socat) has no gateway behind it yet, or this address is not trusted.",
                    f'wait for "Configuration tasks completed" in the log; else {_TRUST}',
                )
            ]
        case Reply.SILENT:
            return [
                failure(
                    f"{where} accepts connections, and the API handshake times out",
                    "Either the gateway listens on another port than the one that is forwarded to, "
                    "or it hangs, or it waits for a person to accept the connection.",
                    "docker compose -f deploy/compose.yaml -f deploy/compose.api-port.yaml up -d "
                    "--build (moves the gateway's port; needs no change of jts.ini)",
                )
            ]
        case Reply.FOREIGN:
            return [
                failure(
                    f"something else than a gateway listens on {where}",
                    "Orders would go nowhere.",
                    "ikbr doctor --fix (moves the gateway to 4101 and 4102)",
                )
            ]
        case _:
            return [
                failure(
                    f"{where} cannot be reached ({greeted.words})",
                    "There is no way to the gateway from here.",
                    "correct IB_GATEWAY_HOST in .env",
                )
            ]


async def check_session(visit: Visit) -> list[Finding]:
    """Log in as the doctor, beside the bot; the checks that follow use this connection."""
    if not visit.answers:
        return []
    case = visit.case
    link = Checkup(case.host, case.port, case.client_id + BESIDE, case.timeout_s)
    why = await link.open()
    if why:
        in_use = link.said(IN_USE)
        if in_use:
            why = f"client id {case.client_id + BESIDE} is in use ({in_use.text})"
        return [
            failure(
                f"the gateway answers the handshake and then serves nobody ({why})",
                "It is not logged in with IB, or it waits for a person at its screen.",
                f"look at its screen (VNC); {_TRUST}",
            )
        ]
    visit.link = link
    kind = "a simulated gateway" if link.simulated else "a gateway"
    if link.server_version < OLDEST:
        return [
            warning(
                f"{kind} of server version {link.server_version}",
                f"ikbr is tested with {OLDEST} and later; older ones lack fields.",
                "docker pull ghcr.io/gnzsnz/ib-gateway:stable; docker compose up -d",
            )
        ]
    return [ok(f"{kind} serves us, server version {link.server_version}")]


async def check_client_id(case: Case, _link: Checkup) -> list[Finding]:
    """Find out whether somebody else uses the bot's client id."""
    if case.lock_holder:
        return [ok(f"client id {case.client_id} is used by the bot ({case.lock_holder})")]
    async with Checkup(case.host, case.port, case.client_id, case.timeout_s) as tried:
        why = await tried.open()
        clash = tried.said(IN_USE)
    if clash or why:
        text = f"326: {clash.text}" if clash else why
        return [
            failure(
                f"client id {case.client_id} cannot be used ({text})",
                "Orders belong to the client id that placed them; the bot needs one of its own.",
                "end the other program, or set IKBR_BROKER__CLIENT_ID to a number of the bot's own",
            )
        ]
    return [ok(f"client id {case.client_id} is free")]


async def check_account(case: Case, link: Checkup) -> list[Finding]:
    """Compare the accounts that the gateway serves with the mode."""
    try:
        account = choose_account(
            "live" if case.trading_mode == "live" else "paper", case.account, link.accounts
        )
    except ConfigError as error:
        return [
            failure(
                str(error).rstrip("."),
                "Whoever means paper must never reach real money; ikbr refuses to trade like this.",
                "set TRADING_MODE and the port to those of the account that is meant",
            )
        ]
    kind = "real money" if case.trading_mode == "live" else "paper"
    return [ok(f"account {_shortened(account)} is of the kind that is meant ({kind})")]


def _shortened(account: str) -> str:
    """Show an account so that it can be told apart, and no more.

    >>> _shortened("DU1000001")
    'DU…001'
    """
    return f"{account[:2]}…{account[-3:]}" if len(account) > 5 else account


async def check_farms(_case: Case, link: Checkup) -> list[Finding]:
    """Look whether the gateway has IB and its data farms behind it."""
    lost = link.said(1100) or link.said(2110)
    if lost is not None:
        return [
            failure(
                f"the gateway has lost IB ({lost.code}: {lost.text})",
                "Nothing can be traded; IB resets its servers from 00:15 to 01:45 New York.",
                "wait; if it lasts, docker restart the gateway",
            )
        ]
    broken = [one for code in (2103, 2105, 2157) if (one := link.said(code))]
    if broken:
        return [
            note(
                "; ".join(f"{one.code}: {one.text}" for one in broken),
                "Some data does not come until the farm is back.",
                "",
            )
        ]
    return [ok("the gateway has IB and its data farms behind it")]
