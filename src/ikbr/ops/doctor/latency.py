"""The round trip to the gateway, and what it says of where the bot stands.

Source: the owner's guide, "Performance metrics": 300 to 600 ms from Europe, 70 to 80 ms from AWS
us-east-1; "Latency optimization": avoid Wi-Fi.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from ikbr.broker.checkup import Checkup
from ikbr.domain.errors import BrokerError
from ikbr.ops.doctor.case import Case, Visit
from ikbr.ops.doctor.finding import Finding, note, ok, warning

NET = Path("/sys/class/net")
ROUTES = Path("/proc/net/route")


def percentile(samples: Sequence[float], share: float) -> float:
    """Give the smallest sample that so great a share of all does not exceed.

    >>> percentile([3.0, 1.0, 2.0, 4.0], 0.5), percentile([3.0, 1.0, 2.0, 4.0], 0.99)
    (2.0, 4.0)
    """
    ordered = sorted(samples)
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[int(rank) - 1]


def verdict(p50_ms: float) -> tuple[str, bool]:
    """Judge a median round trip.

    Args:
        p50_ms: In milliseconds.

    Returns:
        What it is like, and whether that is good.

    >>> verdict(0.4)[0], verdict(75.0)[1], verdict(450.0)[1]
    ('the gateway is near: on this machine or in its network', True, False)
    """
    if p50_ms < 20:
        return "the gateway is near: on this machine or in its network", True
    if p50_ms <= 100:
        return "as from AWS us-east-1 (70 to 80 ms)", True
    if p50_ms < 300:
        return "slower than from the US east coast (70 to 80 ms)", False
    if p50_ms <= 600:
        return "as from Europe (300 to 600 ms)", False
    return "slower than from Europe (300 to 600 ms)", False


async def check_latency(case: Case, link: Checkup) -> list[Finding]:
    """Measure round trips to the gateway."""
    try:
        taken = await link.round_trips_s(case.samples)
    except BrokerError as error:
        return [note(f"round trips could not be measured ({error})", "", "")]
    p50, p99 = 1e3 * percentile(taken, 0.50), 1e3 * percentile(taken, 0.99)
    words, good = verdict(p50)
    text = f"round trip to the gateway: p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(taken)}: {words}"
    if good:
        return [ok(text)]
    return [
        warning(
            text,
            "Prices have moved when orders arrive. (What lies between the gateway and IB is not in "
            "this figure.)",
            "run gateway and bot on the US east coast: ikbr deploy render, docs/deploy.md",
        )
    ]


async def check_way_out(visit: Visit) -> list[Finding]:
    """Look whether this machine goes out by Wi-Fi."""
    name = way_out(ROUTES)
    if not name:
        return []
    if is_wireless(NET, name):
        return [
            warning(
                f"this machine goes out by Wi-Fi ({name})",
                "Wi-Fi repeats lost packets on its own and pauses to save power: p99 suffers.",
                "use a cable",
            )
        ]
    return [ok(f"this machine goes out by {name}, which is no Wi-Fi")]


def way_out(routes: Path) -> str:
    """Name the interface of the default route; "" when that is not known.

    Source: Linux, proc(5), /proc/net/route: addresses are hexadecimal; that of the default is 0.
    """
    try:
        rows = [line.split() for line in routes.read_text(encoding="ascii").splitlines()[1:]]
    except OSError:
        return ""
    for row in rows:
        if len(row) > 7 and bytes.fromhex(row[1]) == struct.pack("I", 0) == bytes.fromhex(row[7]):
            return row[0]
    return ""


def is_wireless(net: Path, name: str) -> bool:
    """Say whether an interface is one of a wireless card.

    Source: Linux, sysfs: such an interface has a folder `wireless` or a link `phy80211`.
    """
    return any((net / name / one).exists() for one in ("wireless", "phy80211"))
