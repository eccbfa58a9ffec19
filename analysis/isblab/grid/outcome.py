# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of each cell of a run, and what stopped it: packet, box and rule."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from isblab.grid import labs
from isblab.grid.plan import Cell
from isblab.report.words import phrase

__all__ = ["Outcome", "Stop", "judge"]

_STOPPED = ("packet-dropped", "packet-refused")
_DAEMON_RULE = "the daemon's own, doc/daemon.md"
_MARKS = tuple(f'"{word}"'.encode() for word in (*_STOPPED, "connection-state"))


@dataclass(frozen=True)
class Stop:
    """What ended a packet of a cell, or the cell's connection.

    Attributes:
        at_ns: time of the run.
        packet: "tcp 198.18.0.10:49155 -> 198.18.0.22:49153" as the box got it; "" when no packet
            was stopped but somebody gave up.
        sender: whose packet: "subscriber", "provider", "ist", "isb" or "".
        box: in words: "the provider's NAT (EIM / APDF)".
        node: its name in the run: "p3-nat".
        reason: stable, dotted: "nat.filtered".
        rule: "RFC 4787 REQ-8"; "" for hosts.
        count: such packets, of the same sender at the same box.
    """

    at_ns: int
    packet: str
    sender: str
    box: str
    node: str
    reason: str
    rule: str
    count: int = 1

    @property
    def words(self) -> str:
        """A sentence."""
        rule = f", {self.rule}" if self.rule else ""
        why = f"{phrase(self.reason)} ({self.reason}{rule})"
        if not self.packet:
            return f"{self.box[:1].upper()}{self.box[1:]} gave up: {why}."
        sender = f" of the {self.sender}" if self.sender else ""
        return f"{self.packet}{sender} was stopped at {self.box}: {why}."


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Attributes:
        cell: which.
        works: a request went there and its answer came back, on the path that the way means.
        path, method, ist: of the connection that stood; "" when none did.
        stops: for a cell that does not work: what stopped it, one for each sender, in time's order.
        scenario: the run that it was a part of.
    """

    cell: Cell
    works: bool
    path: str = ""
    method: str = ""
    ist: str = ""
    stops: tuple[Stop, ...] = ()
    scenario: str = ""

    @property
    def why(self) -> str:
        """Why it does not work, in words; "" when it works."""
        return " ".join(stop.words for stop in self.stops)


def judge(cells: Sequence[Cell], result: dict, events: Path | None,
          lab: dict) -> list[Outcome]:
    """The outcomes of a run's cells.

    Args:
        cells: in the order in which labs.scenario_text got them.
        result: the worker's result.
        events: its events; None: cells that do not work are not explained.
        lab: the complete lab of the run (Lab.to_dict()), for whose address is whose.
    """
    traffic = {item["name"]: item for item in result["traffic"]}
    subscriptions = {item["user"]: item for item in result["subscriptions"]}
    found = []
    for index, cell in enumerate(cells):
        seen = subscriptions[labs.subscriber(index)]
        path, method, ist = (_only(seen, what) for what in ("paths", "methods", "ists"))
        found.append(Outcome(cell, _works(cell, traffic[labs.traffic(index)], path, method, ist),
                             path, method, ist, scenario=result["scenario"]))
    broken = [index for index, outcome in enumerate(found) if not outcome.works]
    if broken and events is not None:
        explained = _Explanation(cells, events, lab)
        for index in broken:
            found[index] = explained.of(index, found[index])
    return found


def _only(subscription: dict, what: str) -> str:
    """The one path, method or IST of a subscription's connections; several: "a+b"."""
    return "+".join(sorted(subscription.get(what) or ()))


def _works(cell: Cell, traffic: dict, path: str, method: str, ist: str) -> bool:
    answered = (traffic.get("rttNs") or {}).get("count", 0) >= 1
    if not answered or path != cell.way.path:
        return False
    if cell.way.name == "ist-user":
        return ist == labs.HELPER and method == "proxy"
    if cell.way.ist:
        kernel = "udp" if cell.protocol == "udp" else "passive"
        return ist == labs.IST and method == ("proxy" if cell.way.name == "ist-proxy" else kernel)
    return True


class _Explanation:
    """The events of one run, by cell."""

    def __init__(self, cells: Sequence[Cell], events: Path, lab: dict):
        self._cells = cells
        self._owners = _owners(lab)
        self._addresses = {host["name"]: host.get("address") for host in lab.get("hosts", ())}
        self._sides: dict[str, tuple[int, str]] = {}
        for index, cell in enumerate(cells):
            for side, user, behaviour in (
                    ("subscriber", labs.subscriber(index), cell.subscriber),
                    ("provider", labs.provider(index), cell.provider)):
                for node in (user, *labs.boxes(user, behaviour)):
                    self._sides[node] = index, side
        self._stopped: dict[int, list[dict]] = defaultdict(list)
        self._given_up: dict[int, list[dict]] = defaultdict(list)
        for event in _read(events):
            self._take(event)

    def _take(self, event: dict) -> None:
        if event["t"] < labs.START_NS:
            return
        if event["event"] == "connection-state":
            place = self._sides.get(event.get("user", "")) or self._sides.get(event["node"])
            if place and event.get("to") == "failed" and event.get("reason"):
                self._given_up[place[0]].append(event)
            return
        if any(event.get(end, "").startswith("127.") for end in ("src", "dst")):
            return  # what a daemon does not take of its own client: no cause but a consequence
        index, sender = self._sender(event)
        if index is not None:
            self._stopped[index].append(event | {"sender": sender})

    def _sender(self, event: dict) -> tuple[int | None, str]:
        """(cell, whose packet) of a packet that was stopped; (None, "") when it belongs to no
        attempt to connect, as the broker's tests of who can be reached."""
        at = self._sides.get(event["node"])
        ends = [self._owners.get(event.get(end, "").rpartition(":")[0]) for end in ("src", "dst")]
        source, target = (self._sides.get(end or "") for end in ends)
        place = at or source or target
        if place is None or labs.BROKER in ends:
            return None, ""
        if source is None:
            return place[0], labs.IST if ends[0] else ""
        return place[0], source[1]

    def of(self, index: int, outcome: Outcome) -> Outcome:
        """The outcome with what stopped it."""
        stops = [*self._packets(index)] or [*self._failures(index)]
        return Outcome(outcome.cell, False, outcome.path, outcome.method, outcome.ist,
                       tuple(stops), outcome.scenario)

    def _packets(self, index: int) -> Iterable[Stop]:
        """The first packet of each sender that was stopped at each box, with how many followed."""
        first: dict[tuple, dict] = {}
        counts: dict[tuple, int] = defaultdict(int)
        for event in self._stopped[index]:
            what = event["sender"], event["node"], event["reason"]
            first.setdefault(what, event)
            counts[what] += 1
        for what, event in first.items():
            rule = event.get("rule") or (
                _DAEMON_RULE if event["reason"].startswith("daemon.") else "")
            yield Stop(event["t"], self._packet(event), event["sender"],
                       self._box(index, event["node"]), event["node"], event["reason"], rule,
                       counts[what])

    def _packet(self, event: dict) -> str:
        """Protocol and endpoints. A program's socket that is bound to no address has its host's."""
        ends = [event.get("src", "?"), event.get("dst", "?")]
        own = self._addresses.get(event["node"])
        if own:
            ends = [own + end.removeprefix("0.0.0.0") if end.startswith("0.0.0.0:") else end
                    for end in ends]
        return f"{event.get('proto', '?')} {ends[0]} -> {ends[1]}"

    def _failures(self, index: int) -> Iterable[Stop]:
        """Without a stopped packet: who gave up first, and why."""
        for event in self._given_up[index][:1]:
            yield Stop(event["t"], "", "", self._box(index, event["node"]), event["node"],
                       event["reason"], "")

    def _box(self, index: int, node: str) -> str:
        """What a node is to a cell, in words."""
        place = self._sides.get(node)
        if place is None:
            return {labs.BROKER: "the ISB", labs.IST: "the IST"}.get(node, node)
        cell, side = self._cells[index], place[1]
        behaviour = cell.subscriber if side == "subscriber" else cell.provider
        if node.endswith("-carrier"):
            return f"the {side}'s carrier's NAT"
        if not node.endswith("-nat"):
            return f"the {side}'s host"
        if behaviour.name == "firewall":
            return f"the {side}'s firewall"
        if behaviour.name == "cgn":
            return f"the {side}'s home NAT"
        return f"the {side}'s NAT ({behaviour.label})"


def _owners(lab: dict) -> dict[str, str]:
    """Nodes by their addresses."""
    owners = {}
    for box in lab.get("boxes", ()):
        owners |= {port["address"]: box["name"] for port in box.get("ports", ())}
    return owners | {host["address"]: host["name"] for host in lab.get("hosts", ())
                     if host.get("address")}


def _read(events: Path) -> Iterable[dict]:
    """The events that explain something."""
    with open(events, "rb") as file:
        for line in file:
            if any(mark in line for mark in _MARKS):
                try:
                    event = json.loads(line)
                except ValueError:
                    continue  # a truncated last line
                if event.get("event") in (*_STOPPED, "connection-state"):
                    yield {"node": "", "t": 0, "reason": ""} | event
