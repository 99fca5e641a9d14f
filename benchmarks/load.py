"""Load: 20,000 messages a second through strategy, risk and journal, a backlog, and a hang.

    python benchmarks/load.py [--seconds 120] [--messages 20000] [--orders 40] [--json FILE]

A simulated gateway writes quotes of 100 symbols to a socket at a steady rate. Some are triggers:
the strategy answers each with an order, and what counts is the time from the write of the trigger
until its intent is in the journal; all that socket and event loop hold up is in it. Then 50,000
messages come at once, the last of them a trigger; and then the bot is stopped for three seconds
while the market goes on, so that it wakes to data that is over-age. `echo` is a client that does
nothing but answer triggers: the limit of the machine. Exit code 1: something that is demanded is
not so.
"""

from __future__ import annotations

import argparse
import json
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from load_client import INTENTS
from tick_to_order import figures
from wire_server import PATIENCE_S, PLACE, SHIFT_NS, SUBSCRIBE, TRIGGER, Peer, frame, world_of

HERE = Path(__file__).resolve().parent
SYMBOLS = [f"S{number:02d}" for number in range(100)]
LINES = 100
"""Of market data, and so 50 messages a second from the bot, as IB allows."""
STEP_S = 0.001
BACKLOG = 50_000
HANG_S = 3.0
OVER_AGE_S = 1.0
"""Data that has waited for longer: `supervision.loop_hold_ms`."""
AFTER_S = 6.0
ERROR_100 = b"4\x002\0-1\x00100\0"


class Intent(NamedTuple):
    """Note an intent that the bot has written down.

    Attributes:
        at_ns: When.
        age_ns: How long after the trigger was sent.
        is_entry: Whether it opens a position.
    """

    at_ns: int
    age_ns: int
    is_entry: bool


class Crowd(Peer):
    """Serve a client that follows many symbols; note its orders by the triggers they answer.

    Attributes:
        lines: The request of each symbol's market data.
        triggered: When the triggers of each symbol were sent, ns.
        answered: The symbol of the latest order.
        taken: Nanoseconds from each trigger to the bytes of its order.
        too_fast: How often the gateway has told code 100.
        out: What is still to be written: answers and market data, in one order.
        most_waiting: How long it was at most.
    """

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        """Serve over a world of 100 symbols."""
        super().__init__(name, world_of(SYMBOLS, LINES), process)
        self.lines: dict[str, bytes] = {}
        self.triggered: dict[str, list[int]] = {name: [] for name in SYMBOLS}
        self.answered = ""
        self.taken: list[int] = []
        self.too_fast = 0
        self.out = bytearray()
        self.most_waiting = 0

    def hear(self, data: bytes) -> list[bytes]:
        """Note subscriptions and orders."""
        now, placed = time.perf_counter_ns(), []
        for payload in self._reader.feed(data):
            if payload.startswith(SUBSCRIBE):
                words = payload.split(b"\0")
                self.lines[words[4].decode()] = words[2]
            elif payload.startswith(PLACE):
                self.orders += 1
                placed.append(payload)
                self.answered = payload.split(b"\0")[3].decode()
                self.taken.append(now - self.triggered[self.answered][-1])
        return placed

    def answer(self, data: bytes) -> None:
        """Let the gateway answer, and look for what it complains about."""
        if self._is_echo:
            return
        self._world.advance_to(time.time_ns() + SHIFT_NS)
        self._session.receive(data)
        while out := self._session.take_output():
            self.too_fast += out.count(ERROR_100)
            self.out += out
        self.flush()

    def flush(self) -> bool:
        """Write what the socket takes of what waits; say whether that was all."""
        self.most_waiting = max(self.most_waiting, len(self.out))
        try:
            while self.out:
                del self.out[: self.socket.send(self.out)]
        except BlockingIOError:
            return False
        return True


class Market:
    """Write quotes at a steady rate."""

    def __init__(self, peer: Crowd, messages: int, orders: int) -> None:
        """Begin to count.

        Args:
            peer: Who gets them.
            messages: A second; a quote has two.
            orders: Triggers a second; 0 for none.
        """
        self._peer = peer
        self._quotes_per_s = messages / 2
        self._every = round(self._quotes_per_s / orders) if orders else 0
        self._count = self.triggers = 0

    def run(self, seconds: float, *, heard: bool = True) -> None:
        """Write for so long, and answer what comes.

        Args:
            seconds: How long.
            heard: Whether anything is read meanwhile.
        """
        began, first = time.perf_counter(), self._count
        while (now := time.perf_counter() - began) < seconds:
            due = int(now * self._quotes_per_s) - (self._count - first)
            self.put(min(due, 5_000))
            self._peer.flush()
            if heard:
                listen(self._peer, STEP_S)
            else:
                time.sleep(STEP_S)

    def put(self, quotes: int, *, triggers: bool = True) -> None:
        """Add quotes to what is written next."""
        lines, names = self._peer.lines, SYMBOLS
        now = time.perf_counter_ns()
        for _ in range(quotes):
            self._count += 1
            if triggers and self._every and self._count % self._every == 0:
                self.trigger(now)
            else:
                name = names[self._count % len(names)]
                self._peer.out += _quote(lines[name], 100 + self._count % 97)

    def trigger(self, now_ns: int) -> str:
        """Add a trigger; give its symbol."""
        self.triggers += 1
        name = SYMBOLS[self.triggers % len(SYMBOLS)]
        self._peer.triggered[name].append(now_ns)
        self._peer.out += _quote(self._peer.lines[name], TRIGGER + self.triggers % 97)
        return name


def _quote(line: bytes, ask_size: int) -> bytes:
    """Write both sides; the ask comes last and completes the quote."""
    bid = frame(b"1\x006\0%b\x001\x00100.0\0%d\x001\0" % (line, 100 + ask_size % 89))
    return bid + frame(b"1\x006\0%b\x002\x00100.01\0%d\x001\0" % (line, ask_size))


def listen(peer: Crowd, seconds: float) -> None:
    """Wait for so long, or until something comes; answer it."""
    if not select.select([peer.socket], [], [], seconds)[0]:
        return
    data = peer.socket.recv(1 << 18)
    if not data:
        raise SystemExit(f"{peer.name} has hung up.")
    peer.hear(data)
    peer.answer(data)


@contextmanager
def connected(name: str, journal: str) -> Iterator[Crowd]:
    """Start a client and serve it until it follows every symbol."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        words = [str(port), name, ",".join(SYMBOLS), str(SHIFT_NS), journal]
        command = [sys.executable, str(HERE / "load_client.py"), *words]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True)
        try:
            listener.settimeout(PATIENCE_S)
            peer = Crowd(name, process)
            peer.take(listener.accept()[0])
            peer.socket.setblocking(False)
            until = time.monotonic() + 3 * PATIENCE_S
            while len(peer.lines) < len(SYMBOLS):
                listen(peer, 0.05)
                if time.monotonic() > until or process.poll() is not None:
                    raise SystemExit(f"{name} has subscribed to {len(peer.lines)} symbols only.")
            settle(peer, 2.0)
            yield peer
        finally:
            process.kill()
            process.wait()


def settle(peer: Crowd, seconds: float) -> None:
    """Answer whatever comes for so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        listen(peer, 0.02)


def steady(peer: Crowd, args: argparse.Namespace) -> dict[str, Any]:
    """Send at the steady rate, after a second that does not count."""
    market = Market(peer, args.messages, args.orders)
    market.run(1.0)
    settle(peer, 0.5)
    before, sent = len(peer.taken), market.triggers
    began, busy = time.perf_counter(), processor_s(peer)
    market.run(args.seconds)
    took, busy = time.perf_counter() - began, processor_s(peer) - busy
    settle(peer, 0.5)
    taken = peer.taken[before:]
    return {
        "messages_per_s": args.messages,
        "seconds": round(took, 1),
        "triggers": market.triggers - sent,
        "orders": len(taken),
        "unsent_bytes": peer.most_waiting,
        "processor": busy / took,
        "trigger_to_order": figures(taken),
    }


def processor_s(peer: Crowd) -> float:
    """Give the processor time that the client has used."""
    used = psutil.Process(peer.process.pid).cpu_times()
    return used.user + used.system


def backlog(peer: Crowd) -> float:
    """Send 50,000 messages at once; give the seconds until the order that the last asks for."""
    market = Market(peer, BACKLOG, 0)
    market.put(BACKLOG // 2 - 1, triggers=False)
    began = time.perf_counter()
    name = market.trigger(time.perf_counter_ns())
    peer.answered = ""
    while peer.answered != name:
        peer.flush()
        listen(peer, STEP_S)
        if time.perf_counter() - began > PATIENCE_S:
            raise SystemExit(f"{peer.name} has not worked off the backlog.")
    return time.perf_counter() - began


def hang(peer: Crowd, args: argparse.Namespace) -> int:
    """Stop the client while the market goes on, and go on for a while; give when it woke, ns."""
    settle(peer, 1.0)
    market = Market(peer, args.messages, args.orders)
    peer.process.send_signal(signal.SIGSTOP)
    market.run(HANG_S, heard=False)
    woke = time.perf_counter_ns()
    peer.process.send_signal(signal.SIGCONT)
    market.run(AFTER_S)
    return woke


def intents(peer: Crowd, folder: str) -> list[Intent]:
    """Read what the bot noted, beside the triggers that were sent."""
    found = []
    for line in (Path(folder) / INTENTS).read_text().splitlines():
        at, symbol, side = line.split()
        sent = peer.triggered[symbol]
        number = bisect_right(sent, int(at)) - 1
        found.append(Intent(int(at), int(at) - sent[number], side == "BUY"))
    return found


def after_waking(found: list[Intent], woke_ns: int) -> dict[str, Any]:
    """Say what the bot did with data that had waited."""
    later = [one for one in found if one.at_ns >= woke_ns]
    old = [one for one in later if one.age_ns > OVER_AGE_S * 1e9]
    entries = [one.at_ns for one in later if one.is_entry]
    return {
        "entries_on_over_age_data": sum(one.is_entry for one in old),
        "exits_on_over_age_data": sum(not one.is_entry for one in old),
        "entries_again_after_s": (entries[0] - woke_ns) / 1e9 if entries else None,
    }


def goals(found: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Give each demand in words, what was reached and what is allowed at most."""
    ours = found["ikbr"]
    missed = ours["steady"]["triggers"] - ours["steady"]["orders"]
    return [
        ("p99 from trigger to intent, ms", ours["trigger_to_intent"]["p99_us"] / 1e3, 10.0),
        ("of 1,000 triggers without order", 1e3 * missed / ours["steady"]["triggers"], 1.0),
        ("seconds for the backlog", ours["backlog_s"], 5.0),
        ("entries on over-age data", ours["hang"]["entries_on_over_age_data"], 0),
        ("errors 100", ours["too_fast"], 0),
    ]


def main() -> int:
    """Measure, print, and judge.

    Returns:
        1 when something that is demanded is not so.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="at the steady rate")
    parser.add_argument("--messages", type=int, default=20_000, help="a second")
    parser.add_argument("--orders", type=int, default=40, help="a second")
    parser.add_argument("--journal", type=Path, help="folder in which its folder is made")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=args.journal) as folder:
        for name in ("echo", "ikbr"):
            with connected(name, folder) as peer:
                began = time.perf_counter_ns()
                found[name] = {"steady": steady(peer, args)}
                ended = time.perf_counter_ns()
                found[name]["backlog_s"] = backlog(peer)
                if name == "ikbr":
                    woke = hang(peer, args)
                    noted = intents(peer, folder)
                    ages = [one.age_ns for one in noted if began < one.at_ns < ended]
                    found[name] |= {
                        "trigger_to_intent": figures(ages),
                        "hang": after_waking(noted, woke),
                        "too_fast": peer.too_fast,
                    }
    show(found)
    told = goals(found)
    for words, reached, wanted in told:
        print(f"  {words:34}{reached:10.2f}  at most {wanted:g}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")
    return int(any(reached > wanted for _, reached, wanted in told))


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    print(f"{'µs':30}{'p50':>10}{'p99':>10}{'p99.9':>10}{'max':>12}")
    rows = {
        "echo: trigger to order": found["echo"]["steady"]["trigger_to_order"],
        "ikbr: trigger to order": found["ikbr"]["steady"]["trigger_to_order"],
        "ikbr: trigger to intent": found["ikbr"]["trigger_to_intent"],
    }
    for words, f in rows.items():
        print(f"{words:30}{f['p50_us']:10.1f}{f['p99_us']:10.1f}{f['p999_us']:10.1f}"
              f"{f['max_us']:12.1f}")  # fmt: skip
    for name in ("echo", "ikbr"):
        one = found[name]
        busy = f"{one['steady']['processor']:.0%} of a processor"
        rate = f"{one['steady']['orders']:,} orders in {one['steady']['seconds']} s, {busy}"
        print(f"{name}: {rate}, a backlog of {BACKLOG:,} messages in {one['backlog_s']:.2f} s")
    hung = found["ikbr"]["hang"]
    again = hung["entries_again_after_s"]
    print(
        f"ikbr after {HANG_S:.0f} s stopped: entries again after "
        f"{'–' if again is None else format(again, '.1f')} s, "
        f"{hung['exits_on_over_age_data']} exits on what had waited"
    )


if __name__ == "__main__":
    sys.exit(main())
