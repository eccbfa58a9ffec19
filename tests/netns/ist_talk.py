# SPDX-License-Identifier: GPL-2.0-or-later
"""What the two users of an IstNet do: connect, talk, close, and look at their packets."""

from __future__ import annotations

import contextlib
import hashlib
import selectors
import socket
import struct
import threading
import time

from isblab.netlab import Namespace
from isblab.netlab.program import DEFAULT_PATIENCE

__all__ = ["PORT_A", "PORT_B", "Sniffer", "Tcp", "connected", "exchange", "lose_first", "meet",
           "reset_by", "say_and_hear"]

PORT_A, PORT_B = 5001, 5002

FIN, SYN, RST, ACK = 1, 2, 4, 16


def connected(connection: socket.socket, patience: float = DEFAULT_PATIENCE) -> socket.socket:
    """Wait for a connection that was begun without waiting; OSError with its fault."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_WRITE)
        if not selector.select(patience):
            raise TimeoutError(f"not connected in {patience} s")
    error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, "connect")
    connection.settimeout(patience)
    return connection


def meet(lab, ports=(PORT_A, PORT_B), families=(4, 4), sources=(0, 0), options=(),
         patience: float = DEFAULT_PATIENCE) -> tuple[socket.socket, socket.socket]:
    """Both users connect to their IST ports; both connections when they stand."""
    west, east = addresses(lab, families)
    a = lab.connect(lab.a, west, ports[0], sources[0], wait=False, options=options)
    b = lab.connect(lab.b, east, ports[1], sources[1], wait=False, options=options)
    return connected(a, patience), connected(b, patience)


def addresses(lab, families) -> tuple[str, str]:
    """The IST's addresses for A and B."""
    return (lab.west if families[0] == 4 else lab.west6,
            lab.east if families[1] == 4 else lab.east6)


def say_and_hear(a: socket.socket, b: socket.socket, text: bytes = b"hello") -> None:
    """One short message each way."""
    for speaker, listener in ((a, b), (b, a)):
        speaker.sendall(text)
        heard = b""
        while len(heard) < len(text):
            part = listener.recv(len(text) - len(heard))
            assert part, f"the connection ended after {heard!r}"
            heard += part
        assert heard == text


_BLOCK = bytes(range(256)) * 4096  # 1 MiB


class _Talker:
    """Sends `octets` bytes and reads to the end at the same time; both are hashed."""

    def __init__(self, connection: socket.socket, octets: int, salt: int):
        self.sent, self.heard = hashlib.sha256(), hashlib.sha256()
        self.octets_heard = 0
        self.fault: Exception | None = None
        self._connection = connection
        block = bytes(byte ^ salt for byte in _BLOCK[:4096]) + _BLOCK[4096:]
        self.threads = [threading.Thread(target=self._guarded, args=(self._send, octets, block)),
                        threading.Thread(target=self._guarded, args=(self._hear,))]

    def _guarded(self, work, *arguments) -> None:
        try:
            work(*arguments)
        except Exception as fault:  # pylint: disable=broad-except; shown by exchange()
            self.fault = self.fault or fault

    def _send(self, octets: int, block: bytes) -> None:
        view = memoryview(block)
        while octets:
            part = view[:min(octets, len(block))]
            self._connection.sendall(part)
            self.sent.update(part)
            octets -= len(part)
        self._connection.shutdown(socket.SHUT_WR)

    def _hear(self) -> None:
        buffer = bytearray(1 << 20)
        while size := self._connection.recv_into(buffer):
            self.heard.update(memoryview(buffer)[:size])
            self.octets_heard += size


def exchange(a: socket.socket, b: socket.socket, octets_a: int, octets_b: int | None = None,
             patience: float = 60.0) -> float:
    """Both send at once and close; what arrives is what was sent. Seconds that it took."""
    begun = time.monotonic()
    for connection in (a, b):
        connection.settimeout(patience)
    left = _Talker(a, octets_a, 0x5a)
    right = _Talker(b, octets_a if octets_b is None else octets_b, 0xa5)
    threads = left.threads + right.threads
    for thread in threads:
        thread.daemon = True
        thread.start()
    for thread in threads:
        thread.join(patience)
        assert not thread.is_alive(), (
            f"no end in {patience} s: A has heard {left.octets_heard}, B {right.octets_heard}")
    for talker in (left, right):
        if talker.fault is not None:
            raise talker.fault
    assert left.sent.digest() == right.heard.digest()
    assert right.sent.digest() == left.heard.digest()
    return time.monotonic() - begun


def lose_first(space: Namespace, hook: str, match: str, count: int = 1) -> None:
    """Lose the first packets that match.

    Args:
        hook: "output" or "input" of the namespace.
        match: in nft's words.
    """
    space.nft(f"table inet lose_{hook} {{\n chain lose {{ type filter hook {hook} priority 0;\n"
              f"  {match} limit rate {count}/hour burst {count} packets counter drop\n }}\n}}\n")


def lost(space: Namespace, hook: str) -> int:
    """How many lose_first() has lost."""
    text = space.run("nft", "list", "table", "inet", f"lose_{hook}")
    return int(text.split("counter packets ", 1)[1].split()[0])


def reset_by(connection: socket.socket) -> None:
    """Close a connection with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Tcp:
    """A TCP segment as it was seen: whole frame, addresses, numbers."""

    def __init__(self, frame: bytes):
        self.frame = frame
        ip = frame[14:]
        self.family = ip[0] >> 4
        at = (ip[0] & 15) * 4 if self.family == 4 else 40
        end = struct.unpack("!H", ip[2:4])[0] if self.family == 4 else (
            40 + struct.unpack("!H", ip[4:6])[0])
        size = 4 if self.family == 4 else 16
        first = 12 if self.family == 4 else 8
        self.source, self.destination = ip[first:first + size], ip[first + size:first + 2 * size]
        self.source_port, self.destination_port, self.seq, self.ack, offset, self.flags = (
            struct.unpack("!HHIIBB", ip[at:at + 14]))
        self.options = ip[at + 20:at + (offset >> 4) * 4]
        self.payload = ip[at + (offset >> 4) * 4:end]

    def again(self, seq: int, flags: int, payload: bytes = b"") -> bytes:
        """A frame of the same flow with other numbers, without options."""
        head = struct.pack("!HHIIBBHHH", self.source_port, self.destination_port,
                           seq & 0xFFFFFFFF, self.ack, 0x50, flags, 1000, 0, 0)
        length = len(head) + len(payload)
        pseudo = self.source + self.destination + struct.pack("!IHBB", length, 0, 0, 6)
        checksum = _sum(pseudo + head + payload)
        tcp = head[:16] + struct.pack("!H", checksum) + head[18:] + payload
        if self.family == 6:
            ip = struct.pack("!IHBB", 6 << 28, length, 6, 64) + self.source + self.destination
            return self.frame[:14] + ip + tcp
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 7, 0x4000, 64, 6, 0)
        ip += self.source + self.destination
        return self.frame[:14] + ip[:10] + struct.pack("!H", _sum(ip)) + ip[12:] + tcp


def _sum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Sniffer:
    """Sees and sends whole frames at a device of a namespace; closed with the Net."""

    def __init__(self, lab, space: Namespace, device: str):
        with space.entered():
            self._socket = lab.net.enter(
                socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.bind((device, 3))

    def segments(self, patience: float = DEFAULT_PATIENCE):
        """TCP segments as they come; TimeoutError when none comes for so long."""
        self._socket.settimeout(patience)
        while True:
            frame = self._socket.recv(1 << 17)
            if frame[12:14] == b"\x08\x00" and frame[23] == 6 or (
                    frame[12:14] == b"\x86\xdd" and frame[20] == 6):
                yield Tcp(frame)

    def wait(self, wanted, count: int = 1, patience: float = DEFAULT_PATIENCE) -> Tcp:
        """The count-th segment that `wanted` is true of."""
        end = time.monotonic() + patience
        for segment in self.segments(patience):
            if wanted(segment):
                count -= 1
                if count == 0:
                    return segment
            if time.monotonic() > end:
                break
        raise TimeoutError("no such segment")

    def send(self, frame: bytes) -> None:
        """Put a frame on the wire."""
        self._socket.send(frame)

    def drain(self) -> list[Tcp]:
        """The segments that are there already."""
        seen = []
        with contextlib.suppress(TimeoutError, BlockingIOError):
            for segment in self.segments(0.0):
                seen.append(segment)
        return seen
