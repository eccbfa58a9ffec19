# SPDX-License-Identifier: GPL-2.0-or-later
"""Who reaches whom, derived from the words of the RFCs, and from nothing of isblab.

A handful of packets are carried through boxes that are written down here from the definitions:

- RFC 4787 section 4.1, mapping: "the NAT reuses the port mapping for subsequent packets sent from
  the same internal IP address and port (X:x)" to any external endpoint (endpoint-independent), to
  the same external address (address-dependent), to the same external address and port
  (address-and-port-dependent).
- RFC 4787 section 5, filtering, a rule of each mapping of X:x: a packet from Y:y to it passes always
  (endpoint-independent), if X:x has sent by it to Y:any (address-dependent), if X:x has sent by it
  to Y:y (address-and-port-dependent).
- RFC 4787 section 4.2, ports: preservation, here else the next free port; one after the other; at
  random.
- RFC 5382 sections 4 and 4.3: the same for the SYNs of TCP; what else comes passes with the
  connection that a SYN opened, in either direction, and leaves as that connection does.
- RFC 6092 section 3: a stateful firewall translates nothing and passes what answers.
- RFC 9293 section 3.10.7: what a host does with a SYN: LISTEN accepts it, SYN-SENT to the very same
  endpoint is a simultaneous open, everything else is answered by RST.

Time is in turns: both sides of a pair are equally far from the middle, so what both send in one
turn has left both sides' boxes before any of it arrives.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

Endpoint = tuple[str, int]

ROUNDS = 4  # how often what was not answered is sent again
STUN = [(address, port) for address in ("isb", "isb-2") for port in (3478, 3479)]
CANDIDATES = 16  # of a prediction, at most


@dataclass
class Box:
    """A NAT, or with mapping "" a firewall."""

    address: str
    mapping: str
    filtering: str
    assignment: str = "preserving"
    next_port: int = 40000
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    ports: dict[tuple, int] = field(default_factory=dict)  # (X:x, part of Y:y) -> external port
    sent: set[tuple[Endpoint, Endpoint]] = field(default_factory=set)  # (mapping's X':x', Y:y)
    connections: dict[tuple[Endpoint, Endpoint], Endpoint] = field(default_factory=dict)

    def outwards(self, source: Endpoint, target: Endpoint, kind: str) -> Endpoint:
        """The source endpoint with which a packet leaves."""
        external = self.connections.get((source, target)) or self._mapped(source, target)
        if kind == "SYN":
            self.connections[source, target] = external
        self.sent.add((external, target))
        return external

    def inwards(self, source: Endpoint, target: Endpoint, kind: str) -> Endpoint | None:
        """The internal endpoint that gets a packet from outside; None: it is stopped here."""
        internal = self._internal(target)
        if internal is None:
            return None
        if kind not in ("SYN", "datagram"):
            return internal if self.connections.get((internal, source)) == target else None
        if not self._admits(target, source):
            return None
        if kind == "SYN":  # the connection's answers leave by the endpoint to which it came
            self.connections.setdefault((internal, source), target)
        return internal

    def _admits(self, mapping: Endpoint, source: Endpoint) -> bool:
        if self.filtering == "endpoint-independent":
            return True
        if self.filtering == "address-dependent":
            return any(by == mapping and to[0] == source[0] for by, to in self.sent)
        return (mapping, source) in self.sent

    def _mapped(self, source: Endpoint, target: Endpoint) -> Endpoint:
        if not self.mapping:
            return source
        part = {"endpoint-independent": (), "address-dependent": target[:1],
                "address-and-port-dependent": target}[self.mapping]
        key = source, part
        if key not in self.ports:
            self.ports[key] = self._new_port(source[1])
        return self.address, self.ports[key]

    def _new_port(self, internal: int) -> int:
        taken = set(self.ports.values())
        if self.assignment == "random":
            while (port := self.rng.randrange(1024, 65536)) in taken:
                pass
            return port
        if self.assignment == "sequential":
            self.next_port += 1
            return self.next_port
        while internal in taken:
            internal += 1
        return internal

    def _internal(self, target: Endpoint) -> Endpoint | None:
        if not self.mapping:
            return target
        if target[0] != self.address:
            return None
        return next((source for (source, _), port in self.ports.items() if port == target[1]),
                    None)


@dataclass
class Host:
    """A host with the boxes between it and the internet, nearest first.

    Attributes:
        listening: TCP ports.
        sockets: TCP states, by own port and remote endpoint.
        inbox: (own port, from whom, words) of datagrams and of data on connections.
    """

    address: str
    boxes: list[Box] = field(default_factory=list)
    listening: set[int] = field(default_factory=set)
    sockets: dict[tuple[int, Endpoint], str] = field(default_factory=dict)
    inbox: list[tuple[int, Endpoint, str]] = field(default_factory=list)

    @property
    def outside(self) -> str:
        """The address by which the internet knows it."""
        return next((box.address for box in reversed(self.boxes) if box.mapping), self.address)

    @property
    def translated(self) -> bool:
        """Whether that is not its own."""
        return self.outside != self.address


class Internet:
    """Carries packets between hosts."""

    def __init__(self, *hosts: Host):
        self._hosts = {host.outside: host for host in hosts}
        self._waiting: deque[tuple[Endpoint, Endpoint, str, str]] = deque()

    def send(self, host: Host, port: int, target: Endpoint, kind: str, words: str = "") -> Endpoint:
        """A packet leaves a host; the endpoint from which the internet sees it."""
        source = host.address, port
        for box in host.boxes:
            source = box.outwards(source, target, kind)
        self._waiting.append((source, target, kind, words))
        return source

    def seen(self, host: Host, port: int, server: Endpoint, kind: str) -> Endpoint:
        """What a STUN server tells: where a packet of this port came from."""
        source = self.send(host, port, server, kind)
        self._waiting.pop()  # the answer passes: it comes from where the packet went
        return source

    def turn(self) -> None:
        """All that is under way arrives, with what TCP answers."""
        for _ in range(500):
            if not self._waiting:
                return
            source, target, kind, words = self._waiting.popleft()
            host = self._hosts.get(target[0])
            for box in reversed(host.boxes) if host else ():
                target = box.inwards(source, target, kind) if target else None
            if host and target:
                self._arrive(host, target[1], source, kind, words)

    def _arrive(self, host: Host, port: int, source: Endpoint, kind: str, words: str) -> None:
        if kind in ("datagram", "data"):
            host.inbox.append((port, source, words))
            return
        state = host.sockets.get((port, source), "")
        answer = ""
        if kind == "RST":
            if state in ("SYN-SENT", "SYN-RECEIVED"):
                del host.sockets[port, source]
        elif kind == "SYN":
            if state in ("SYN-SENT", "SYN-RECEIVED") or (not state and port in host.listening):
                host.sockets[port, source], answer = "SYN-RECEIVED", "SYN-ACK"
            elif not state:
                answer = "RST"
        elif kind == "SYN-ACK":
            if state in ("SYN-SENT", "SYN-RECEIVED"):
                host.sockets[port, source], answer = "ESTABLISHED", "ACK"
            elif not state:
                answer = "RST"
        elif kind == "ACK" and state == "SYN-RECEIVED":
            host.sockets[port, source] = "ESTABLISHED"
        if answer:
            self.send(host, port, source, answer)


_AXES = {"ei": "endpoint-independent", "ad": "address-dependent",
         "apd": "address-and-port-dependent"}


def make_host(name: str, behaviour: str, assignment: str) -> Host:
    """A host behind a behaviour, by the grid's name for it."""

    def box(which: str, mapping: str, filtering: str) -> Box:
        return Box(f"{name}-{which}", _AXES.get(mapping, ""), _AXES[filtering], assignment)

    if behaviour == "public":
        return Host(name)
    if behaviour == "firewall":
        return Host(name, [box("firewall", "", "apd")])
    if behaviour == "cgn":
        return Host(name, [box("home", "ei", "apd"), box("carrier", "ei", "ei")])
    mapping, filtering = behaviour.split("-")
    return Host(name, [box("nat", mapping[:-1], filtering[:-1])])


def connects(protocol: str, provider: str, subscriber: str, way: str,
             assignment: str = "preserving") -> bool:
    """Whether a way connects a pair.

    Args:
        protocol: "udp" or "tcp".
        provider, subscriber: the grid's names of behaviours.
        way: the grid's name.
        assignment: how all NATs choose ports.
    """
    one = make_host("subscriber", subscriber, assignment)
    two = make_host("provider", provider, assignment)
    pair = (_Tcp if protocol == "tcp" else _Udp)(one, two)
    if way == "direct":
        return pair.call(one, two)
    if way == "reversed":
        return pair.call(two, one)
    if way in ("punched", "predicted"):
        return pair.punch(predict=way == "predicted")
    return pair.meet(full_cone=way == "ist-user")


def guesses(seen: list[Endpoint], local: int, predict: bool) -> list[Endpoint]:
    """Where the other side looks for a port that STUN saw like this, most likely first.

    Where it was seen last. With prediction, when it was seen in several places: if the ports other
    than the local one follow each other in steps of one, the next ones, then the one seen last; if
    there is but one such port, that one, then the next ones; else where it was seen last.
    """
    last = seen[-1]
    if not predict or len(set(seen)) == 1:
        return [last]
    ports = list(dict.fromkeys(port for _, port in seen if port != local))
    following = [(last[0], last[1] + ahead) for ahead in range(1, CANDIDATES)]
    if len(ports) == 1:
        return [last, *following]
    if all(after == before + 1 for before, after in zip(ports, ports[1:])):
        return [*following, last]
    return [last]


class _Pair:
    """A pair of hosts that speak by one protocol."""

    first = ""  # kind of a flow's first packet

    def __init__(self, subscriber: Host, provider: Host):
        self.subscriber, self.provider = subscriber, provider
        self.internet = Internet(subscriber, provider)

    def gather(self, host: Host, port: int) -> list[Endpoint]:
        """Where all STUN servers see a port."""
        return [self.internet.seen(host, port, server, self.first) for server in STUN]


class _Udp(_Pair):
    """Datagrams. Who calls hears only where it called; who is called takes the first that shows the
    token as its peer, and hears only that from then on."""

    first = "datagram"

    def call(self, caller: Host, called: Host) -> bool:
        """The caller's datagrams go to where a port of the other side was seen."""
        target = (called.outside, 6000)
        if called.translated:
            target = self.gather(called, 6000)[-1]
        peers: dict[str, Endpoint] = {}
        proven = False
        for _ in range(ROUNDS):
            self._say(caller, 5000, [target], "token")
            if "called" in peers:
                self._say(called, 6000, [peers["called"]], "token")
            self.internet.turn()
            proven |= (5000, target, "token") in caller.inbox
            caller.inbox.clear()
            self._believe(called, peers, "called")
        return proven and self._carries((caller, 5000, target),
                                        (called, 6000, peers.get("called")))

    def punch(self, predict: bool) -> bool:
        """Both send to where the other was seen, or is predicted; the provider also to whence it
        heard. The subscriber takes the first place that it hears from and says so there."""
        one, two = self.subscriber, self.provider
        for_one = guesses(self.gather(two, 6000), 6000, predict)
        for_two = guesses(self.gather(one, 5000), 5000, predict)
        peers: dict[str, Endpoint] = {}
        for _ in range(ROUNDS):
            if "subscriber" in peers:
                self._say(one, 5000, [peers["subscriber"]], "taken")
            else:
                self._say(one, 5000, for_one, "token")
            self._say(two, 6000, [peers["provider"]] if "provider" in peers else for_two, "token")
            self.internet.turn()
            self._believe(one, peers, "subscriber")
            for _, source, words in two.inbox:
                if words == "taken":
                    peers.setdefault("provider", source)
                elif source not in for_two:
                    for_two.insert(0, source)
            two.inbox.clear()
        return self._carries((one, 5000, peers.get("subscriber")),
                             (two, 6000, peers.get("provider")))

    def meet(self, full_cone: bool) -> bool:
        """Both send to an IST: to its port, or to where the port of a host behind a full cone is
        seen."""
        good = True
        for host in (self.subscriber, self.provider):
            ist = make_host("helper", "eim-eif", "preserving") if full_cone else Host("ist")
            pair = _Udp(host, ist)
            good &= pair.call(host, ist)
        return good

    def _say(self, host: Host, port: int, targets: list[Endpoint], words: str) -> None:
        for target in targets:
            self.internet.send(host, port, target, "datagram", words)

    @staticmethod
    def _believe(host: Host, peers: dict[str, Endpoint], name: str) -> None:
        if host.inbox:
            peers.setdefault(name, host.inbox[0][1])
        host.inbox.clear()

    def _carries(self, one: tuple, two: tuple) -> bool:
        """Whether data of each side arrives at the other from the place that it believes in."""
        if one[2] is None or two[2] is None:
            return False
        for host, port, peer in (one, two):
            self._say(host, port, [peer], "data")
        self.internet.turn()
        return all((port, peer, "data") in host.inbox for host, port, peer in (one, two))


class _Tcp(_Pair):
    """Connections."""

    first = "SYN"

    def call(self, caller: Host, called: Host) -> bool:
        """The caller connects to the port from which the other side has logged in, where the ISB
        sees it; where nothing translates, to its listening port."""
        called.listening |= {6000, 7471}
        target = (called.outside, 7471)
        if called.translated:
            target = self.internet.seen(called, 6000, ("isb", 7470), "SYN")
        for _ in range(ROUNDS):
            self._connect(caller, 5000, [target])
            self.internet.turn()
        return self._carries(caller, called)

    def punch(self, predict: bool) -> bool:
        """Both listen on the port that STUN saw and connect from it, again when refused."""
        one, two = self.subscriber, self.provider
        for_one = guesses(self.gather(two, 6000), 6000, predict)
        for_two = guesses(self.gather(one, 5000), 5000, predict)
        one.listening.add(5000)
        two.listening.add(6000)
        for _ in range(ROUNDS):
            self._connect(one, 5000, for_one)
            self._connect(two, 6000, for_two)
            self.internet.turn()
        return self._carries(one, two)

    def meet(self, full_cone: bool) -> bool:
        """Both connect to an IST: to its port, or to where the login of a host behind a full cone
        is seen."""
        good = True
        for host in (self.subscriber, self.provider):
            ist = make_host("helper", "eim-eif", "preserving") if full_cone else Host("ist")
            good &= _Tcp(host, ist).call(host, ist)
        return good

    def _connect(self, host: Host, port: int, targets: list[Endpoint]) -> None:
        for target in targets:
            if host.sockets.setdefault((port, target), "SYN-SENT") == "SYN-SENT":
                self.internet.send(host, port, target, "SYN")

    def _carries(self, one: Host, two: Host) -> bool:
        """Whether there is a connection on which data of each side arrives at the other."""
        for host in (one, two):
            for (port, remote), state in host.sockets.items():
                if state == "ESTABLISHED":
                    self.internet.send(host, port, remote, "data", host.address)
        self.internet.turn()
        return any(words == two.address for _, _, words in one.inbox) and any(
            words == one.address for _, _, words in two.inbox)
