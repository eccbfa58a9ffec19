# SPDX-License-Identifier: GPL-2.0-or-later
"""The topology of a way: two users and the box between them, in namespaces of their own.

    a 10.N.1.2 --- west 10.N.1.1  box  east 10.N.2.1 --- 10.N.2.2 b
    a 10.N.1.2 --- 10.N.1.1 b                                         without a box
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from isblab.netlab import Namespace, Net

__all__ = ["CONGESTION", "OFFLOADS", "Line", "congestion_allowed"]

OFFLOADS = ("on", "off")
"""Checksum, segmentation and receive offloads of all devices: the two modes that are measured."""

CONGESTION = "cubic"
"""TCP's congestion control in all namespaces: bbr, which paces by timers, would hide the path."""

_ALLOWED = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
_SYSCTLS = {
    "net.ipv4.tcp_congestion_control": CONGESTION,
    "net.ipv4.tcp_no_metrics_save": 1,
    "net.ipv4.tcp_slow_start_after_idle": 0,
    "net.ipv4.tcp_tw_reuse": 1,
    "net.ipv4.ip_local_port_range": "10000 65000",
    "net.ipv6.conf.all.disable_ipv6": 1,
}
_LISTEN_PATIENCE = 10.0  # s


@contextlib.contextmanager
def congestion_allowed() -> Iterator[None]:
    """CONGESTION may be chosen in namespaces: the host's list of what may be, and only that, is
    longer inside the block."""
    before = _ALLOWED.read_text(encoding="ascii").split()
    if CONGESTION in before:
        yield
        return
    _ALLOWED.write_text(" ".join((*before, CONGESTION)), encoding="ascii")
    try:
        yield
    finally:
        _ALLOWED.write_text(" ".join(before), encoding="ascii")


class Line:
    """One such line. Devices: the users' eth0, the box' west and east.

    Attributes:
        a, b: the users' namespaces. box: the box', None if there is none.
        west, east: the box' addresses towards A and B. address_a, address_b: the users'.
    """

    def __init__(self, net: Net, number: int, boxed: bool = True, keep_gro: bool = False):
        """Build it; the box does not forward yet.

        Args:
            number: of the line, 1 to 250; in its addresses.
            boxed: False: A and B share a wire.
            keep_gro: receive offload of the devices stays on in both modes, as redirecting by XDP
                to a veth needs it.
        """
        self.a, self.b = net.namespace(f"a{number}"), net.namespace(f"b{number}")
        self.box = net.namespace(f"box{number}") if boxed else None
        self.west, self.east = f"10.{number}.1.1", f"10.{number}.2.1"
        self.address_a = f"10.{number}.1.2"
        self.address_b = f"10.{number}.2.2" if boxed else self.west
        self._keep_gro = keep_gro
        for space in self._spaces():
            space.run("sysctl", "-q", "-w", *(f"{key}={value}" for key, value in _SYSCTLS.items()))
        if self.box is None:
            net.wire(self.a, f"{self.address_a}/24", self.b, f"{self.address_b}/24")
            self._devices = [(self.a, "eth0"), (self.b, "eth0")]
            return
        net.wire(self.a, f"{self.address_a}/24", self.box, f"{self.west}/24", ("eth0", "west"))
        net.wire(self.b, f"{self.address_b}/24", self.box, f"{self.east}/24", ("eth0", "east"))
        self.a.route("default", self.west)
        self.b.route("default", self.east)
        self._devices = [(self.a, "eth0"), (self.b, "eth0"), (self.box, "west"),
                         (self.box, "east")]

    def _spaces(self) -> list[Namespace]:
        return [space for space in (self.a, self.b, self.box) if space is not None]

    def offload(self, mode: str) -> None:
        """Set all devices to one of OFFLOADS."""
        for space, device in self._devices:
            gro = "on" if self._keep_gro else mode
            space.run("ethtool", "-K", device, "tx", mode, "tso", mode, "gso", mode, "gro", gro)

    def offload_state(self) -> dict[str, str]:
        """What ethtool says of one of the users' devices."""
        wanted = ("tx-checksumming", "tcp-segmentation-offload", "generic-segmentation-offload",
                  "generic-receive-offload")
        said = dict(line.strip().split(": ", 1)
                    for line in self.a.run("ethtool", "-k", "eth0").splitlines() if ": " in line)
        return {key: said.get(key, "unknown") for key in wanted}

    def wait_listening(self, port: int, kind: str = "tcp") -> None:
        """Until a program in the box has the port open."""
        end = time.monotonic() + _LISTEN_PATIENCE
        option = "-Hltn" if kind == "tcp" else "-Hlun"
        while not self.box.run("ss", option, f"sport = :{port}").strip():
            if time.monotonic() > end:
                raise RuntimeError(f"nothing listens on port {port} in {self.box.name}")
            time.sleep(0.02)

    def pids(self) -> list[int]:
        """The processes in the box."""
        if self.box is None:
            return []
        done = subprocess.run(["ip", "netns", "pids", self.box.full_name], text=True, check=False,
                              capture_output=True)
        return [int(pid) for pid in done.stdout.split()]
