# SPDX-License-Identifier: GPL-2.0-or-later
"""Two users, NATs and an IST in network namespaces, and the IST's carrier in there.

    a eth0 --- [nat_a] --- west ist east --- [nat_b] --- eth0 b

Every wire has IPv4 and IPv6; a NAT translates IPv4 and is a plain router for IPv6. One NAT may stand
before both users: then all comes by `west`.

    with Net() as net:
        lab = IstNet(net, nat_b=nat_rules("symmetric", "outside"))
        ist = Ist(lab, built("ist"), carrier="bpf", settings=("--time-wait", "1s"))
        splice = ist.splice("passive", 5001, 5002)
        a = lab.connect(lab.a, lab.west, 5001, wait=False)
        b = lab.connect(lab.b, lab.east, 5002)
        print(ist.show(splice)["state"])
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from isblab.netlab import Namespace, Net
from isblab.netlab.program import DEFAULT_PATIENCE

__all__ = ["CARRIERS", "Ist", "IstNet", "receive_exactly"]

CARRIERS = ("bpf", "bpf+xdp", "tun")
"""The carriers of this machine's own kernel; the module's runs in a machine of its own."""

_numbers = itertools.count(1)


class IstNet:
    """The topology.

    Attributes:
        a, b, ist: namespaces; the users' devices are eth0, the IST's west and east.
        nat_a, nat_b: the NATs' namespaces or None, devices inside and outside; of a shared NAT both
            are the same one, with inside devices inside_a and inside_b.
        west, east, west6, east6: the IST's addresses, those that A and B connect to.
        host_a, host_b, host_a6, host_b6: the users' own addresses.
        devices: the IST's: west and east, or west alone before a shared NAT.
        seen_a, seen_b: the users' IPv4 addresses as the IST sees them.
    """

    west, west6 = "198.51.100.1", "2001:db8:a::1"
    east, east6 = "203.0.113.1", "2001:db8:b::1"

    def __init__(self, net: Net, nat_a: str | None = None, nat_b: str | None = None,
                 shared_nat: str | None = None, offloads: bool = True):
        """Build it.

        Args:
            net: where to.
            nat_a, nat_b: rules for `nft`, as of nat_rules(..., "outside"); None: no NAT there. ""
                gives a router, for a NAT that the caller starts.
            shared_nat: the same for one NAT before both users; then all comes by west.
            offloads: checksum and segmentation offloads of all devices.
        """
        self.net = net
        self.a, self.b = net.namespace("a"), net.namespace("b")
        self.ist = net.namespace("ist")
        self.nat_a = self.nat_b = None
        self.devices = ("west", "east")
        self.seen_a, self.seen_b = "198.51.100.2", "203.0.113.2"
        for space in (self.a, self.b, self.ist):
            space.run("ip", "link", "set", "dev", "lo", "mtu", "65536")
            space.set("net.ipv6.conf.default.accept_dad", 0)
        if shared_nat is not None:
            self._share(shared_nat)
        else:
            self.nat_a, self.host_a, self.host_a6 = self._side("a", self.a, nat_a)
            self.nat_b, self.host_b, self.host_b6 = self._side("b", self.b, nat_b)
        self.spaces = [space for space in (self.a, self.b, self.ist, self.nat_a, self.nat_b)
                       if space is not None]
        if not offloads:
            self.offload(False)
        net.enter(contextlib.closing(_Reaper(self.spaces)))

    def offload(self, on: bool, gro: bool | None = None) -> None:
        """Switch the offloads of all devices.

        Args:
            on: checksum and segmentation offload of senders.
            gro: of receivers, None: as `on`. XDP needs it where packets are redirected to.
        """
        for space in dict.fromkeys(self.spaces):
            for device in _devices(space):
                word = "on" if on else "off"
                space.run("ethtool", "-K", device, "tx", word, "tso", word, "gso", word, "gro",
                          "on" if (on if gro is None else gro) else "off")

    def mtu(self, side: str, octets: int) -> None:
        """Give the wire of user "a" or "b" another MTU, at both ends."""
        user = self.a if side == "a" else self.b
        user.run("ip", "link", "set", "dev", "eth0", "mtu", octets)
        nat = self.nat_a if side == "a" else self.nat_b
        if nat is not None:
            nat.run("ip", "link", "set", "dev", "inside", "mtu", octets)
        else:
            self.ist.run("ip", "link", "set", "dev", "west" if side == "a" else "east", "mtu",
                         octets)

    def forward(self) -> None:
        """Have the IST's host route between the two sides as well, as plain forwarding."""
        self.ist.set("net.ipv4.ip_forward", 1)
        self.ist.set("net.ipv6.conf.all.forwarding", 1)

    def connect(self, space: Namespace, address: str, port: int, source_port: int = 0,
                wait: bool = True, options: tuple[tuple[int, int, int], ...] = (),
                patience: float = DEFAULT_PATIENCE) -> socket.socket:
        """A TCP connection from a namespace, IPv4 or IPv6 by the address.

        Args:
            wait: False: the SYN leaves, the caller waits with `connected`.
            options: of setsockopt, before the connection.
        """
        made = self.socket(space, address, socket.SOCK_STREAM, source_port)
        for option in options:
            made.setsockopt(*option)
        made.settimeout(patience)
        if wait:
            made.connect((address, port))
            return made
        made.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            made.connect((address, port))
        return made

    def socket(self, space: Namespace, address: str, kind: int, source_port: int = 0,
               patience: float = DEFAULT_PATIENCE) -> socket.socket:
        """A socket of an address' family in a namespace, closed with the Net."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with space.entered():
            made = self.net.enter(socket.socket(family, kind))
        made.settimeout(patience)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if source_port:
            made.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", source_port))
        return made

    def _side(self, name: str, user: Namespace, nat: str | None):
        """One user's way to the IST; the NAT's namespace, his addresses."""
        device = "west" if name == "a" else "east"
        ist4, ist6 = (self.west, self.west6) if name == "a" else (self.east, self.east6)
        near4, near6 = (self.seen_a if name == "a" else self.seen_b), ist6[:-1] + "2"
        if nat is None:
            _wire(self.net, user, (near4, near6), self.ist, (ist4, ist6), ("eth0", device))
            for gateway in (ist4, ist6):
                _default(user, gateway)
            return None, near4, near6
        box = self.net.namespace(f"nat_{name}")
        box.set("net.ipv6.conf.default.accept_dad", 0)
        inner = ("10.1.0" if name == "a" else "10.2.0", f"2001:db8:{name}{name}:")
        _wire(self.net, box, (near4, near6), self.ist, (ist4, ist6), ("outside", device))
        own4, own6 = inner[0] + ".2", inner[1] + ":2"
        _wire(self.net, box, (inner[0] + ".1", inner[1] + ":1"), user, (own4, own6),
              ("inside", "eth0"))
        for gateway in (inner[0] + ".1", inner[1] + ":1"):
            _default(user, gateway)
        self._finish_nat(box, nat, ist4, ist6)
        self.ist.run("ip", "-6", "route", "add", inner[1] + ":/64", "via", near6)
        return box, own4, own6

    def _share(self, nat: str) -> None:
        box = self.nat_a = self.nat_b = self.net.namespace("nat")
        box.set("net.ipv6.conf.default.accept_dad", 0)
        self.seen_b = self.seen_a
        _wire(self.net, box, (self.seen_a, "2001:db8:a::2"), self.ist, (self.west, self.west6),
              ("outside", "west"))
        self.ist.address("west", self.east + "/32")
        self.ist.run("ip", "-6", "address", "add", self.east6 + "/128", "dev", "west", "nodad")
        self.devices = ("west",)
        for name, user in (("a", self.a), ("b", self.b)):
            four, six = ("10.1.0" if name == "a" else "10.2.0"), f"2001:db8:{name}{name}:"
            _wire(self.net, box, (four + ".1", six + ":1"), user, (four + ".2", six + ":2"),
                  (f"inside_{name}", "eth0"))
            for gateway in (four + ".1", six + ":1"):
                _default(user, gateway)
            self.ist.run("ip", "-6", "route", "add", six + ":/64", "via", "2001:db8:a::2")
            setattr(self, f"host_{name}", four + ".2")
            setattr(self, f"host_{name}6", six + ":2")
        self._finish_nat(box, nat, self.west, self.west6)

    @staticmethod
    def _finish_nat(box: Namespace, rules: str, gateway4: str, gateway6: str) -> None:
        box.forward()
        box.set("net.ipv6.conf.all.forwarding", 1)
        for gateway in (gateway4, gateway6):
            _default(box, gateway)
        if rules:
            box.nft(rules)


class Ist:
    """The program `ist` at work on an IstNet's IST; a carrier is attached to its devices.

    Attributes:
        name: of the attached IST.
    """

    def __init__(self, lab: IstNet, program: Path | str, carrier: str = "bpf",
                 settings: tuple[object, ...] = (), attach: bool = True):
        """Attach.

        Args:
            program: path of `ist`.
            carrier: of CARRIERS.
            settings: further words of `ist attach`: timers, bounds.
            attach: False: only know how.
        """
        self.lab = lab
        self.carrier = carrier
        self.name = f"isb{os.getpid()}-{next(_numbers)}"
        self._program = str(program)
        self._settings = tuple(map(str, settings))
        self.bpffs = lab.net.enter(_bpffs())
        self._run_dir = lab.net.enter(tempfile.TemporaryDirectory(prefix="isblab-"))
        if carrier == "bpf+xdp":
            lab.offload(False, gro=True)
        elif carrier == "tun":
            lab.forward()
        if attach:
            self.attach()

    def attach(self) -> str:
        """Attach, or adopt what a program before us left; what it prints."""
        words = ["attach", *self.lab.devices, "--carrier", self.carrier, *self._settings]
        for address in (self.lab.west, self.lab.east, self.lab.west6, self.lab.east6):
            words += ["--address", address]
        return self.run(*words)

    def command(self, *words: object) -> list[str]:
        """The command line of `ist` with this IST's name, to be run in the IST's namespace."""
        line = [self._program, *map(str, words), "--name", self.name]
        return [*line, "--bpffs", str(self.bpffs), "--run-dir", str(self._run_dir)]

    def run(self, *words: object) -> str:
        """Run `ist` to its end; its standard output. RuntimeError with what it said if it fails."""
        return self.lab.ist.run(*self.command(*words))

    def ask(self, *words: object):
        """What `ist ... --json` answers."""
        return json.loads(self.run(*words, "--json"))

    def splice(self, method: str, port_a: int, port_b: int = 0, *more: object) -> int:
        """Add a splice; its id.

        Args:
            method: "passive", "pure", "active", "udp".
            port_b: 0: none is said.
            more: further words of `ist splice add`.
        """
        words = ["splice", "add", "--method", method, "--port-a", port_a]
        if port_b:
            words += ["--port-b", port_b]
        return int(self.ask(*words, *more)["id"])

    def remove(self, splice: int) -> None:
        """End a splice."""
        self.run("splice", "remove", splice)

    def list(self) -> list[dict]:
        """All splices."""
        return self.ask("list")["splices"]

    def show(self, splice: int) -> dict:
        """One splice."""
        return self.ask("show", splice)

    def stats(self) -> dict:
        """The counters."""
        return self.ask("stats")

    def drops(self, reason: str) -> int:
        """Packets dropped for a reason."""
        return self.stats()["drops"].get(reason, 0)

    def detach(self) -> None:
        """Remove everything."""
        self.run("detach")


def receive_exactly(connection: socket.socket, octets: int) -> bytes:
    """Read that many bytes; fewer when the stream ends before."""
    parts = bytearray()
    while len(parts) < octets:
        part = connection.recv(min(1 << 20, octets - len(parts)))
        if not part:
            break
        parts += part
    return bytes(parts)


class _Reaper:
    """At the end kills what runs in the namespaces and was not started by the Net: a program that
    went to the background."""

    def __init__(self, spaces: list[Namespace]):
        self._spaces = spaces

    def close(self) -> None:
        """Kill them."""
        for space in dict.fromkeys(self._spaces):
            done = subprocess.run(["ip", "netns", "pids", space.full_name], text=True, check=False,
                                  capture_output=True)
            for pid in done.stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)


@contextlib.contextmanager
def _bpffs():
    """A BPF file system of our own; all that is pinned there goes with it."""
    folder = Path(tempfile.mkdtemp(prefix=f"isb{os.getpid()}-bpffs-"))
    subprocess.run(["mount", "-t", "bpf", "bpf", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        shutil.rmtree(folder)


def _devices(space: Namespace) -> list[str]:
    links = json.loads(space.run("ip", "-json", "-details", "link", "show"))
    return [link["ifname"] for link in links
            if link.get("linkinfo", {}).get("info_kind") == "veth"]


def _default(space: Namespace, gateway: str) -> None:
    family = "-6" if ":" in gateway else "-4"
    space.run("ip", family, "route", "add", "default", "via", gateway)


def _wire(net: Net, near: Namespace, near_addresses: tuple[str, str], far: Namespace,
          far_addresses: tuple[str, str], names: tuple[str, str]) -> None:
    """A wire with an IPv4 /24 and an IPv6 /64."""
    net.wire(near, near_addresses[0] + "/24", far, far_addresses[0] + "/24", names=names)
    for space, device, address in ((near, names[0], near_addresses[1]),
                                   (far, names[1], far_addresses[1])):
        space.run("ip", "-6", "address", "add", address + "/64", "dev", device, "nodad")
