# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv4 packets as bytes: built and read, for tests that speak with a NAT by raw packets."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

__all__ = ["ACK", "FIN", "RST", "SYN", "Packet", "build", "icmp_error", "read"]

FIN, SYN, RST, ACK = 1, 2, 4, 16

_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17}
_NAMES = {number: name for name, number in _NUMBERS.items()}
_ECHO_REPLY, _ECHO_REQUEST = 0, 8
_ISN = 1000


@dataclass(frozen=True)
class Packet:
    """What a NAT looks at and changes.

    Attributes:
        protocol: "udp", "tcp" or "icmp".
        source, destination: (address, port); of an echo the identifier is the insider's port.
        flags: of TCP.
        kind: of ICMP: its type.
        payload: the rest; of an ICMP error the packet that it quotes.
    """

    protocol: str
    source: tuple[str, int]
    destination: tuple[str, int]
    flags: int = 0
    kind: int = 0
    payload: bytes = b""


def _sum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _address(text: str) -> bytes:
    return ipaddress.IPv4Address(text).packed


def _ip(protocol: str, source: str, destination: str, body: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, _NUMBERS[protocol], 0,
                       _address(source), _address(destination))
    return head[:10] + struct.pack("!H", _sum(head)) + head[12:] + body


def build(packet: Packet) -> bytes:
    """The packet's bytes, with right checksums."""
    (source, source_port), (destination, destination_port) = packet.source, packet.destination
    if packet.protocol == "icmp":
        identifier = source_port if packet.kind == _ECHO_REQUEST else destination_port
        body = struct.pack("!BBHHH", packet.kind, 0, 0, identifier, 1) + packet.payload
        body = body[:2] + struct.pack("!H", _sum(body)) + body[4:]
        return _ip("icmp", source, destination, body)
    if packet.protocol == "udp":
        body = struct.pack("!HHHH", source_port, destination_port, 8 + len(packet.payload), 0)
        at = 6
    else:
        # Both sides begin at _ISN and send no data, so that every segment is in the window.
        sequence = _ISN if packet.flags & SYN else _ISN + 1
        acknowledged = _ISN + 1 if packet.flags & ACK else 0
        body = struct.pack("!HHIIBBHHH", source_port, destination_port, sequence, acknowledged,
                           0x50, packet.flags, 65535, 0, 0)
        at = 16
    body += packet.payload
    pseudo = _address(source) + _address(destination) + struct.pack(
        "!HH", _NUMBERS[packet.protocol], len(body))
    checksum = _sum(pseudo + body) or 0xFFFF
    return _ip(packet.protocol, source, destination,
               body[:at] + struct.pack("!H", checksum) + body[at + 2:])


def icmp_error(source: str, destination: str, code: int, quoted: bytes) -> bytes:
    """Destination unreachable with a code, quoting the start of a packet."""
    body = struct.pack("!BBHI", 3, code, 0, 0) + quoted[:28]
    return _ip("icmp", source, destination, body[:2] + struct.pack("!H", _sum(body)) + body[4:])


def read(data: bytes) -> Packet | None:
    """A packet from its bytes; None for anything else than UDP, TCP or ICMP over IPv4."""
    if len(data) < 28 or data[0] >> 4 != 4 or data[9] not in _NAMES:
        return None
    protocol = _NAMES[data[9]]
    source = str(ipaddress.IPv4Address(data[12:16]))
    destination = str(ipaddress.IPv4Address(data[16:20]))
    body = data[(data[0] & 15) * 4:]
    if protocol == "icmp":
        kind = body[0]
        identifier = struct.unpack("!H", body[4:6])[0]
        return Packet(protocol, (source, identifier if kind == _ECHO_REQUEST else 0),
                      (destination, identifier if kind == _ECHO_REPLY else 0), 0, kind, body[8:])
    ports = struct.unpack("!HH", body[:4])
    flags = body[13] & 0x3F if protocol == "tcp" else 0
    payload = body[(body[12] >> 4) * 4:] if protocol == "tcp" else body[8:]
    return Packet(protocol, (source, ports[0]), (destination, ports[1]), flags, 0, payload)
