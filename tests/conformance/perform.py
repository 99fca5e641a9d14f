"""Perform the tables with one client: `python -m conformance.perform FAMILY < ports`.

It is started with one version of a client library on its path and knows nothing of ikbr. It reads
{topic: [port, control port]} and writes {topic: {row: [what is wrong, ...]}}.
"""

from __future__ import annotations

import importlib
import json
import socket
import sys
import time
from typing import Any

from conformance.language import On, Row, Step, Topic, differences
from conformance.market import DAYS, seconds
from conformance.tables import TOPICS

PATIENCE_S = 10.0
LONGEST = 300
"""Characters of a callback in a complaint."""
NOTICES = {2104, 2106, 2158}
"""Codes of the notices at the start of every connection; rows do not count them."""


class Control:
    """Move the market."""

    def __init__(self, port: int) -> None:
        """Connect to the control port."""
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._lines = self._socket.makefile("rb")

    def until(self, moment_s: int) -> None:
        """Let everything happen up to a moment, seconds since 1970."""
        self.say(do="advance", to_ns=moment_s * 10**9)

    def wait_until_gone(self, client_id: int) -> None:
        """Wait until the gateway has seen that a client has left."""
        for _ in range(500):
            if client_id not in self.say(do="status")["clients"]:
                return
            time.sleep(0.01)
        raise AssertionError(f"client {client_id} did not leave")

    def close(self) -> None:
        """End the connection."""
        self._lines.close()
        self._socket.close()

    def say(self, **line: Any) -> dict[str, Any]:
        """Say a line and give the answer to it."""
        self._socket.sendall(json.dumps(line).encode() + b"\n")
        answer: dict[str, Any] = json.loads(self._lines.readline())
        if not answer["ok"]:
            raise AssertionError(answer["error"])
        return answer


class Desk:
    """Hold the clients of one topic and do the steps of its rows."""

    def __init__(self, family: str, ports: list[int], version: int) -> None:
        """Prepare; clients connect when a step needs them."""
        self.version = version
        self._make = importlib.import_module(f"conformance.{family}_client").Client
        self._port = ports[0]
        self.control = Control(ports[1])
        self._clients: dict[int, Any] = {}
        self._seen: dict[int, int] = {}
        self._last = 1

    def client(self, who: int) -> Any:
        """Give a client, connected."""
        if who not in self._clients:
            self._clients[who] = self._make(self._port, who)
            self._clients[who].connect()
        return self._clients[who]

    def do(self, step: Step) -> None:
        """Do one step; what another client did before has been done by then."""
        if step.who != self._last and self._last in self._clients:
            self._clients[self._last].settle()
        self._last = step.who
        match step.verb:
            case "until" | "control":
                # What was asked for before is to be there before the market moves.
                for client in self._clients.values():
                    client.settle()
                if step.verb == "control":
                    self.control.say(**step.args[0])
                    return
                self.control.until(seconds(step.name, DAYS.index(step.args[0])))
            case "pause":
                time.sleep(*step.args)
            case "connect":
                self._connect(step)
            case "disconnect":
                self._leave(step.who)
            case "speak":
                version = self.client(step.who).version
                if version != self.version:
                    raise AssertionError(f"version {version} is spoken and not {self.version}")
            case "ask":
                self.client(step.who).ask(step)
            case _:
                getattr(self.client(step.who), step.verb)(*step.args)

    def news(self) -> dict[int, list[tuple[str, Any]]]:
        """Give what every client has heard since the last time."""
        found = {}
        for who, client in self._clients.items():
            client.settle()
            found[who] = client.heard[self._seen.get(who, 0) :]
            self._seen[who] = len(client.heard)
        return found

    def complaints(self) -> list[str]:
        """Take what the clients could not read."""
        found = []
        for client in self._clients.values():
            found += client.complaints
            client.complaints.clear()
        return found

    def see(self, what: str) -> Any:
        """Look at the first client's own objects."""
        return self.client(1).see(what)

    def renew(self) -> None:
        """Begin with new connections: something has gone wrong with one."""
        for who in tuple(self._clients):
            self._leave(who)
        self.client(1)
        self.news()

    def _connect(self, step: Step) -> None:
        if step.name != "again":
            self.client(step.who)
            return
        other = self._make(self._port, step.who)
        other.connect_refused()
        self.client(step.who).heard += [one for one in other.heard if one[0] == "error"]
        other.disconnect()

    def _leave(self, who: int) -> None:
        self._clients.pop(who).disconnect()
        self._seen.pop(who, None)
        self.control.wait_until_gone(who)

    def close(self) -> None:
        """End all connections."""
        for client in self._clients.values():
            client.disconnect()
        self.control.close()


def perform(row: Row, desk: Desk, family: str) -> list[str]:
    """Perform one row; say what is wrong."""
    try:
        for step in row.steps:
            desk.do(step)
        heard = desk.news()
    except Exception as error:  # noqa: BLE001 - whatever a client raises fails its row
        found = [f"{type(error).__name__}: {error}", *desk.complaints()]
        desk.renew()
        return found
    found = desk.complaints()
    codes = tuple(
        values["code"]
        for told in heard.values()
        for name, values in told
        if name == "error" and (values["code"] not in NOTICES or values["code"] in row.codes)
    )
    if codes != row.codes:
        found.append(f"codes {list(codes)} came and not {list(row.codes)}")
    for who in sorted({one.who for one in row.told}):
        wanted = [one for one in row.told if one.who == who]
        found += compare(wanted, heard.get(who, []))
    for name, values in heard.get(1, []):
        if name in row.silent:
            found.append(f"{name} came, {values}")
    if family == "ib_async":
        for what, value in row.seen.items():
            found += differences(value, desk.see(what), what)
    left_out = tuple(
        text for title, texts in row.but.items() if CLIENT.startswith(title) for text in texts
    )
    return [text for text in found if not text.startswith(left_out)] if left_out else found


def compare(wanted: list[On], heard: list[tuple[str, Any]]) -> list[str]:
    """Say where callbacks are not the ones that had to come."""
    names = {one.name for one in wanted}
    came = [(name, values) for name, values in heard if name in names]
    if [name for name, _ in came] != [one.name for one in wanted]:
        short = [f"{name} {values}"[:LONGEST] for name, values in came]
        return [f"came: {short}, not {[one.name for one in wanted]}"]
    return [
        text
        for one, (name, values) in zip(wanted, came, strict=True)
        for text in differences(one.fields, values, name)
    ]


def perform_topic(topic: Topic, ports: list[int], family: str, version: int) -> dict[str, Any]:
    """Perform the rows of one topic."""
    version = min(version, topic.gateway.get("server_version", version))
    desk = Desk(family, ports, version)
    if not topic.gateway.get("speed"):
        desk.control.until(seconds(topic.start))
    found = {}
    try:
        if not any(step.verb == "connect" for step in topic.rows[0].steps):
            desk.client(1)
            desk.news()
        for row in topic.rows:
            if row.holds_for(family, version):
                found[row.name] = perform(row, desk, family)
    finally:
        desk.close()
    return found


CLIENT = ""


def main() -> None:
    """Perform all topics that ports are given for."""
    global CLIENT
    family, version, CLIENT = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    given = json.load(sys.stdin)
    results = {
        topic.name: perform_topic(topic, given[topic.name], family, version)
        for topic in TOPICS
        if topic.name in given
    }
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
