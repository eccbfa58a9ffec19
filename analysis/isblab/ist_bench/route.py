# SPDX-License-Identifier: GPL-2.0-or-later
"""A way made real: its line, what runs in the box, and two agents with their connections."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from isblab.errors import EnvironmentFailure
from isblab.ist_bench.agents import Agent, cpu_ns, pin, together
from isblab.ist_bench.control import IstControl
from isblab.ist_bench.line import Line, congestion_allowed
from isblab.ist_bench.ways import Way
from isblab.netlab import Net
from isblab.paths import program

__all__ = ["Route", "Routes"]

PORT = 5001  # of the service on B, and of boxes before it
TURN_PORT = 3478
# First IST ports of a method's connections: side A, side B. Pure: B's is A's source port.
PASSIVE_PORTS, PURE_PORTS, ACTIVE_PORTS = (20000, 21000), (22000, 23000), (24000, 25000)
UDP_PORTS = (26000, 26001)
# Of short connections: never used twice, as a closed one is remembered for 2 MSL.
DIAL_PORTS = (range(27000, 46000), range(46000, 65000))

_NAT = """
table ip bench {{
    chain in {{
        type nat hook prerouting priority dstnat;
        iifname "west" meta l4proto {{ tcp, udp }} th dport {port} dnat to {to}
    }}
    chain out {{
        type nat hook postrouting priority srcnat;
        oifname "east" masquerade
    }}
}}
"""

_HAPROXY = """
global
    maxconn 4096
defaults
    mode tcp
    option splice-auto
    timeout connect 10s
    timeout client 10m
    timeout server 10m
listen bench
    bind :{port}
    server b {to}:{port}
"""


class Route:
    """Two agents, A and B, and the way between them."""

    def __init__(self, net: Net, way: Way, line: Line, control: IstControl | None):
        self.way = way
        self.line = line
        self.control = control
        self.a, self.b = Agent(net, line.a), Agent(net, line.b)
        self._relays: list[int] = []
        self._dialled = 0

    # ---- connections

    def open_tcp(self, count: int) -> None:
        """Bring `count` connections up, which stay."""
        if self.way.method == "passive":
            self._splice("passive", PASSIVE_PORTS, count)
            self.a.tell("connect", to=f"{self.line.west}:{PASSIVE_PORTS[0]}", step=1, count=count)
            self.b.tell("connect", to=f"{self.line.east}:{PASSIVE_PORTS[1]}", step=1, count=count)
        elif self.way.method == "pure":
            a, b = PURE_PORTS
            self._splice("pure", PURE_PORTS, count)
            self.a.tell("connect", to=f"{self.line.west}:{a}", step=1, source=b, fromstep=1,
                        count=count)
            self.b.tell("connect", to=f"{self.line.east}:{b}", step=1, source=a, fromstep=1,
                        count=count)
        elif self.way.method == "active":
            self.b.ask("listen", port=PORT)
            self._splice("active", ACTIVE_PORTS, count, "--target", f"{self.line.address_b}:{PORT}")
            self.a.tell("connect", to=f"{self.line.west}:{ACTIVE_PORTS[0]}", step=1, count=count)
            self.b.tell("accept", count=count)
        else:
            self.b.ask("listen", port=PORT)
            self.a.tell("connect", to=f"{self._target()}:{PORT}", count=count)
            self.b.tell("accept", count=count)
        together(self.a, self.b)
        self._relays = self.line.pids()

    def open_udp(self) -> None:
        """Bring the UDP flow up."""
        if self.way.box == "ist":
            a, b = UDP_PORTS
            self._splice("udp", UDP_PORTS, 1)
            self.a.ask("udp-connect", to=f"{self.line.west}:{a}")
            self.b.ask("udp-connect", to=f"{self.line.east}:{b}")
        else:
            self.b.ask("udp-listen", port=PORT)
            if self.way.box == "coturn":
                self.a.ask("udp-turn", to=f"{self.line.west}:{TURN_PORT}",
                           peer=f"{self.line.address_b}:{PORT}")
            else:
                self.a.ask("udp-connect", to=f"{self._target()}:{PORT}")
            self.b.ask("udp-accept")
        self._relays = self.line.pids()

    def _splice(self, method: str, ports: tuple[int, int], count: int, *more: object) -> None:
        self.control.add(method, ports[0], ports[1], count, *more)

    def _target(self) -> str:
        """Where A connects to."""
        return (self.line.address_b if self.way.box in ("none", "forward") else self.line.west)

    def dial(self, count: int) -> dict:
        """Make `count` short connections; A's answer, with the seconds that adding their splices
        took."""
        added = 0.0
        a, b = (ports[self._dialled] for ports in DIAL_PORTS)
        self._dialled = (self._dialled + count) % (len(DIAL_PORTS[0]) - count)
        if self.way.method == "passive":
            added = self.control.add("passive", a, b, count)
            self.b.tell("dial", to=f"{self.line.east}:{b}", step=1, count=count, speaks=0)
            self.a.tell("dial", to=f"{self.line.west}:{a}", step=1, count=count)
        elif self.way.method == "active":
            added = self.control.add("active", a, b, count, "--target",
                                     f"{self.line.address_b}:{PORT}")
            self.b.tell("answer", count=count)
            self.a.tell("dial", to=f"{self.line.west}:{a}", step=1, count=count)
        else:
            self.b.tell("answer", count=count)
            self.a.tell("dial", to=f"{self._target()}:{PORT}", count=count)
        said, _ = together(self.a, self.b)
        if said["failed"]:
            raise EnvironmentFailure(f"{self.way.key}: {said['failed']} of {count} connections "
                                     f"failed: {said['fault']}")
        return {**said, "addSeconds": added}

    # ---- CPUs

    def spread(self) -> None:
        """A on CPU 0, B on CPU 1, relays where the scheduler likes."""
        everywhere = set(range(_cores()))
        pin([self.a.pid], {0})
        pin([self.b.pid], {min(1, _cores() - 1)})
        pin(self._relays, everywhere)

    def gather(self) -> None:
        """Everything on CPU 0."""
        pin([self.a.pid, self.b.pid, *self._relays], {0})

    def cpu(self) -> int:
        """Nanoseconds that both ends, relays and softirq threads have run so far."""
        return cpu_ns((self.a.pid, self.b.pid, *self._relays))


def _cores() -> int:
    return os.cpu_count() or 1


class Routes:
    """The paths of several ways, up and side by side."""

    def __init__(self, net: Net, ways: tuple[Way, ...], connections: int):
        self._net = net
        net.enter(congestion_allowed())
        self._boxes: dict[tuple, tuple[Line, IstControl | None]] = {}
        self.all: dict[str, Route] = {}
        for way in ways:
            line, control = self._box(way)
            path = Route(net, way, line, control)
            if way.tcp:
                path.open_tcp(connections)
            if way.udp:
                path.open_udp()
            self.all[way.key] = path

    def offload(self, mode: str) -> None:
        """Set the devices of all lines."""
        for line, _ in self._boxes.values():
            line.offload(mode)

    def _box(self, way: Way) -> tuple[Line, IstControl | None]:
        """The line of a way: ways by one carrier share one."""
        key = (way.box, way.carrier, way.keep_gro)
        if key not in self._boxes:
            line = Line(self._net, len(self._boxes) + 1, way.box != "none", way.keep_gro)
            if way.keep_gro:
                line.offload("off")
            self._boxes[key] = (line, self._start(way, line))
        return self._boxes[key]

    def _start(self, way: Way, line: Line) -> IstControl | None:
        """Have the box do what the way says."""
        if way.box in ("forward", "nftables"):
            line.box.forward()
        if way.box == "nftables":
            line.box.nft(_NAT.format(port=PORT, to=line.address_b))
        elif way.box == "ist":
            return IstControl(self._net, line, way.carrier)
        elif way.box == "haproxy":
            self._listening(line, "haproxy", "-db", "-f", self._file(
                "haproxy.cfg", _HAPROXY.format(port=PORT, to=line.address_b)))
        elif way.box == "socat":
            self._listening(line, "socat", "-b", 65536,
                            f"TCP-LISTEN:{PORT},fork,reuseaddr,backlog=1024",
                            f"TCP:{line.address_b}:{PORT}")
        elif way.box in ("copy", "splice"):
            self._listening(line, program("isblab-relay"), "--method", way.box, "--port", PORT,
                            "--connect", f"{line.address_b}:{PORT}")
        elif way.box == "coturn":
            self._net.start(line.box, "turnserver", "-n", "--no-auth", "--no-cli", "--no-tcp",
                            "--no-tls", "--no-dtls", "--listening-ip", line.west, "--relay-ip",
                            line.east, "--listening-port", TURN_PORT, "--log-file", "stdout",
                            "--simple-log", "--pidfile", self._file("turn.pid", ""))
            line.wait_listening(TURN_PORT, "udp")
        return None

    def _listening(self, line: Line, *command: object) -> None:
        self._net.start(line.box, *command)
        line.wait_listening(PORT)

    def _file(self, name: str, text: str) -> Path:
        path = Path(self._net.enter(tempfile.TemporaryDirectory(prefix="isblab-"))) / name
        path.write_text(text, encoding="utf-8")
        return path
