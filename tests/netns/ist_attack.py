# SPDX-License-Identifier: GPL-2.0-or-later
"""An attacker beside an IstNet: he can put any packet on his wire to the IST, and sees what comes.

    a eth0 ------ west  ist  east ------ eth0 b
                       south
                         |
                       eth0 m      spoofed sources are routed here too
"""

from __future__ import annotations

import ipaddress
import json
import re
import struct
import time

from ist_net import Ist, IstNet
from ist_talk import Sniffer
from isblab.netlab.program import DEFAULT_PATIENCE

__all__ = ["ACK", "FIN", "RST", "SYN", "Attacker", "icmp", "segment", "until"]

FIN, SYN, RST, ACK = 1, 2, 4, 16
SPOOFED = "10.66.0.0"


def _sum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _ip(protocol: int, source: str, destination: str, body: bytes) -> bytes:
    addresses = ipaddress.IPv4Address(source).packed + ipaddress.IPv4Address(destination).packed
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 7, 0, 64, protocol, 0) + addresses
    return head[:10] + struct.pack("!H", _sum(head)) + head[12:] + body


def segment(source: tuple[str, int], destination: tuple[str, int], flags: int, seq: int,
            ack: int = 0, payload: bytes = b"", window: int = 1000) -> bytes:
    """An IPv4 packet with a TCP segment."""
    body = struct.pack("!HHIIBBHHH", source[1], destination[1], seq & 0xFFFFFFFF,
                       ack & 0xFFFFFFFF, 0x50, flags, window, 0, 0) + payload
    pseudo = (ipaddress.IPv4Address(source[0]).packed + ipaddress.IPv4Address(destination[0]).packed
              + struct.pack("!HH", 6, len(body)))
    return _ip(6, source[0], destination[0],
               body[:16] + struct.pack("!H", _sum(pseudo + body)) + body[18:])


def icmp(source: str, destination: str, kind: int, code: int, quoted: bytes, mtu: int = 0) -> bytes:
    """An ICMP error that quotes the first 28 bytes of a packet."""
    body = struct.pack("!BBHHH", kind, code, 0, 0, mtu) + quoted[:28]
    return _ip(1, source, destination, body[:2] + struct.pack("!H", _sum(body)) + body[4:])


def until(what: str, holds, patience: float = DEFAULT_PATIENCE) -> None:
    """Ask again and again until it holds; TimeoutError when it never does."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"never: {what}")


class Attacker:
    """The third host of an IstNet, and the IST attached to all three wires.

    Attributes:
        lab, ist: what is attacked.
        space: the attacker's namespace; his device is eth0.
        own: his own address.
    """

    own = "192.0.2.2"

    def __init__(self, net, program, carrier: str, settings: tuple[object, ...] = ()):
        self.lab = lab = IstNet(net)
        self.space = net.namespace("m")
        net.wire(lab.ist, "192.0.2.1/24", self.space, self.own + "/24", names=("south", "eth0"))
        self.space.route("default", "192.0.2.1")
        lab.ist.route(SPOOFED + "/16", self.own)
        for device in ("all", "south"):
            lab.ist.set(f"net.ipv4.conf.{device}.rp_filter", 0)
        lab.spaces.append(self.space)
        lab.devices = (*lab.devices, "south")
        # Whatever the IST's host sends here in TCP or ICMP, for whom ever.
        self.space.nft("table ip heard {\n counter heard {}\n chain inbound {\n"
                       "  type filter hook prerouting priority -300;\n"
                       "  ip protocol { tcp, icmp } counter name heard\n }\n}\n")
        # The host's own answers to what is not the IST's would only disturb.
        lab.ist.nft("table ip quiet {\n chain output {\n"
                    "  type filter hook output priority 0; oifname \"south\" drop\n }\n}\n")
        self.mac = self._mac(lab.ist, "south")
        self._wire = Sniffer(lab, self.space, "eth0")
        self._head = bytes.fromhex((self.mac + self._mac(self.space, "eth0")).replace(":", ""))
        self.ist = Ist(lab, program, carrier, settings)

    @staticmethod
    def _mac(space, device: str) -> str:
        return json.loads(space.run("ip", "-json", "link", "show", "dev", device))[0]["address"]

    def send(self, packet: bytes) -> None:
        """Put an IPv4 packet on the wire to the IST."""
        self._wire.send(self._head + b"\x08\x00" + packet)

    def heard(self) -> int:
        """TCP and ICMP packets that have come here."""
        text = self.space.run("nft", "list", "counter", "ip", "heard", "heard")
        return int(re.search(r"packets (\d+)", text)[1])

    def flood(self, program, first: int, last: int, urgent: bool = False):
        """Start to send SYNs from forged sources to ports of the IST; `end_flood` ends it.

        Args:
            urgent: whatever else the machine has to do (real-time priority).
        """
        priority = ("chrt", "--fifo", "1") if urgent else ()
        flood = self.lab.net.start(self.space, *priority, program, "eth0", self.mac,
                                   self.lab.west, first, last, SPOOFED)
        flood.wait_for("flooding")
        return flood

    @staticmethod
    def end_flood(flood) -> dict:
        """What was offered: {"sent": SYNs, "seconds": for so long}."""
        flood.write("enough\n")
        return json.loads(flood.finish().splitlines()[-1])

    def drops(self, reason: str, more_than: int = 0) -> None:
        """Wait until the IST has dropped more than so many packets for a reason."""
        until(f"a drop for {reason}", lambda: self.ist.drops(reason) > more_than)
