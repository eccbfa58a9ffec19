# SPDX-License-Identifier: GPL-2.0-or-later
"""The same packets through our NAT engine and through Linux', outcomes compared.

    script --> EngineWorld: isblab.NatBox                            --> outcomes
           --> LinuxWorld:  tun "inside" | namespace, nftables | tun "outside" --> outcomes

A script names external endpoints by the step that made them, because a NAT may choose any port: an
outcome says whose packet arrives where, and which steps left from one external endpoint.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from raw_packets import ACK, SYN, Packet, build, icmp_error, read

__all__ = ["ALICE", "BOB", "EXTERNAL", "SERVER", "SERVER_OTHER_PORT", "STRANGER", "EngineWorld",
           "LinuxWorld", "Outcome", "Step", "play"]

EXTERNAL = "203.0.113.1"
ALICE, BOB = ("10.0.0.2", 5000), ("10.0.0.3", 6000)
SERVER, SERVER_OTHER_PORT, STRANGER = ("198.51.100.1", 80), ("198.51.100.1", 81), \
    ("198.51.100.2", 80)

# The marker packets' own endpoints; a port for each direction, so that their flows are two.
_MARKED_HOST, _MARK_REMOTE, _MARK_OUT, _MARK_IN = "10.0.0.250", "198.51.100.250", 9, 10


@dataclass(frozen=True)
class Step:
    """One packet.

    Attributes:
        protocol: "udp", "tcp" or "icmp".
        internal: the insider's endpoint.
        remote: the outsider's.
        to: None: the insider sends. Else the outsider sends to the external endpoint of the step
            with this number, or to an external port that no step has, "unused".
        flags: of TCP.
        error: the outsider's router sends an ICMP error about the insider's packet of step `to`.
    """

    protocol: str
    internal: tuple[str, int]
    remote: tuple[str, int]
    to: int | str | None = None
    flags: int = SYN
    error: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a step.

    Attributes:
        arrived: the endpoint at which the packet came out, None when it did not.
        shares: of a packet from inside: the first step of its insider that left from the same
            external endpoint.
        preserved: it left from the insider's own port number.
    """

    arrived: tuple[str, int] | None = None
    shares: int | None = None
    preserved: bool = False


class EngineWorld:
    """Our engine."""

    def __init__(self, nat):
        self._nat = nat
        self._now = 0

    def send(self, side: str, data: bytes) -> bytes | None:
        """Send from a side; what came out on the other, None for nothing."""
        self._now += 1_000_000
        answer = self._nat.process(self._now, side, data)
        return answer["packet"] if answer["action"] == "forward" else None

    def close(self) -> None:
        """Nothing to close."""


class LinuxWorld:
    """A namespace of a netlab.Net with a NAT between two TUN devices."""

    def __init__(self, net, rules: str):
        space = net.namespace("nat")
        for key in ("all.disable_ipv6", "default.disable_ipv6"):
            space.set(f"net.ipv6.conf.{key}", 1)
        with space.entered():
            self._tuns = {name: _open_tun(name) for name in ("inside", "outside")}
        for name, address in (("inside", "10.0.0.1/24"), ("outside", f"{EXTERNAL}/24")):
            space.run("ip", "-batch", "-", text_input=f"address add {address} dev {name}\n"
                                                      f"link set dev {name} up\n")
        space.run("ip", "route", "add", "198.51.100.0/24", "dev", "outside")
        space.forward()
        space.nft(_MARK_RULES)
        space.nft(rules)

    def send(self, side: str, data: bytes) -> bytes | None:
        """Send from a side; what came out on the other, None for nothing.

        A second packet, which every NAT here lets through, tells when to stop waiting.
        """
        other = "outside" if side == "inside" else "inside"
        mark = (Packet("udp", (_MARKED_HOST, _MARK_OUT), (_MARK_REMOTE, _MARK_OUT))
                if side == "inside"
                else Packet("udp", (_MARK_REMOTE, _MARK_IN), (EXTERNAL, _MARK_IN)))
        os.write(self._tuns[side], data)
        os.write(self._tuns[side], build(mark))
        found = None
        while True:
            ready, _, _ = select.select([self._tuns[other]], [], [], 5)
            assert ready, "the marker did not come out"
            out = os.read(self._tuns[other], 2048)
            packet = read(out)
            if packet is None:
                continue
            if _MARK_REMOTE in (packet.source[0], packet.destination[0]):
                return found
            found = out

    def close(self) -> None:
        """Close the devices, which are gone then."""
        for descriptor in self._tuns.values():
            os.close(descriptor)


_MARK_RULES = f"""
table ip marker {{
    chain admit {{
        type nat hook prerouting priority dstnat - 10;
        iifname "outside" udp dport {_MARK_IN} dnat to {_MARKED_HOST}:{_MARK_IN}
    }}
}}
"""


def _open_tun(name: str) -> int:
    tunsetiff, tun, no_pi = 0x400454CA, 0x0001, 0x1000
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, tunsetiff, struct.pack("16sH22x", name.encode(), tun | no_pi))
    return descriptor


def play(world: EngineWorld | LinuxWorld, script: Sequence[Step]) -> list[Outcome]:
    """The outcomes of a script's steps."""
    outside: list[Packet | None] = []  # of each step from inside: the packet as it left
    outcomes: list[Outcome] = []
    for step in script:
        if step.to is None:
            out = world.send("inside", build(_outbound(step)))
            packet = read(out) if out is not None else None
            outside.append(packet)
            outcomes.append(_left(script, outside, packet, step))
        else:
            outside.append(None)
            outcomes.append(_entered(world, step, outside))
    return outcomes


def _outbound(step: Step) -> Packet:
    if step.protocol == "icmp":
        return Packet("icmp", step.internal, (step.remote[0], 0), kind=8, payload=b"ping")
    return Packet(step.protocol, step.internal, step.remote,
                  step.flags if step.protocol == "tcp" else 0, payload=b"")


def _left(script: Sequence[Step], outside: Sequence[Packet | None], packet: Packet | None,
          step: Step) -> Outcome:
    if packet is None:
        return Outcome()
    first = next(number for number, other in enumerate(outside)
                 if other is not None and other.source == packet.source
                 and script[number].protocol == step.protocol
                 and script[number].internal == step.internal)
    return Outcome(packet.destination, first, packet.source[1] == step.internal[1])


def _entered(world: EngineWorld | LinuxWorld, step: Step,
             outside: Sequence[Packet | None]) -> Outcome:
    if step.to == "unused":
        target = (EXTERNAL, 4321)
    else:
        sent = outside[step.to]
        if sent is None:
            return Outcome()  # that step's packet never left: there is no such endpoint
        target = sent.source
    if step.error:
        quoted = build(replace(sent, payload=b""))
        came = world.send("outside", icmp_error("198.51.100.9", target[0], 1, quoted))
        packet = read(came) if came is not None else None
        return Outcome((packet.destination[0], 0)) if packet else Outcome()
    if step.protocol == "icmp":
        inbound = Packet("icmp", (step.remote[0], 0), target, kind=0, payload=b"pong")
    else:
        inbound = Packet(step.protocol, step.remote, target,
                         step.flags if step.protocol == "tcp" else 0)
    came = world.send("outside", build(inbound))
    packet = read(came) if came is not None else None
    return Outcome(packet.destination) if packet else Outcome()


def three_way(remote: tuple[str, int], first: int) -> list[Step]:
    """The rest of a TCP handshake whose SYN was step `first`."""
    return [Step("tcp", ALICE, remote, first, SYN | ACK), Step("tcp", ALICE, remote, None, ACK)]
