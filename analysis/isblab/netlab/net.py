# SPDX-License-Identifier: GPL-2.0-or-later
"""Namespaces and the wires between them."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from isblab.netlab.program import DEFAULT_PATIENCE, Program

__all__ = ["Namespace", "Net", "leftovers"]

_RUN = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_OURS = re.compile(r"isb(\d+)-\d+-\w+")
_numbers = itertools.count(1)


class Namespace:
    """A network namespace of a Net: a host or a router. `full_name` is what `ip netns` calls it."""

    def __init__(self, net: Net, name: str):
        self.name = name
        self.full_name = f"isb{os.getpid()}-{next(_numbers)}-{name}"
        self._net = net
        _command("ip", "netns", "add", self.full_name)
        self.run("ip", "link", "set", "dev", "lo", "up")

    def __str__(self) -> str:
        return self.full_name

    def command(self, *command: object) -> list[str]:
        """The command line that runs a command in this namespace; the process is replaced."""
        return ["ip", "netns", "exec", self.full_name, *map(str, command)]

    def run(self, *command: object, text_input: str | None = None,
            patience: float = DEFAULT_PATIENCE) -> str:
        """Run a command here to its end; its standard output. RuntimeError if it fails."""
        return _command(*self.command(*command), text_input=text_input, patience=patience)

    def route(self, destination: str, via: str) -> None:
        """Add a route: "default" or a subnet, through a neighbour's address."""
        self.run("ip", "route", "add", destination, "via", via)

    def address(self, device: str, address: str) -> None:
        """Give a device one more address, "198.51.100.7/24"."""
        self.run("ip", "address", "add", address, "dev", device)

    def forward(self) -> None:
        """Be a router."""
        self.set("net.ipv4.ip_forward", 1)

    def set(self, key: str, value: object) -> None:
        """Set a sysctl."""
        self.run("sysctl", "-q", "-w", f"{key}={value}")

    def nft(self, rules: str) -> None:
        """Load an nftables rule set."""
        self.run("nft", "-f", "-", text_input=rules)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Sockets that this thread makes inside the block belong to the namespace, for good."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _enter(_RUN / self.full_name)
            yield
        finally:
            _setns(home)
            os.close(home)

    def socket(self, kind: int = socket.SOCK_STREAM, bind: tuple[str, int] | None = None,
               listen: bool = False, patience: float = DEFAULT_PATIENCE) -> socket.socket:
        """An IPv4 socket in this namespace, closed with the Net; every wait ends after `patience`
        seconds."""
        with self.entered():
            made = self._net.enter(socket.socket(socket.AF_INET, kind))
        made.settimeout(patience)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if bind is not None:
            made.bind(bind)
        if listen:
            made.listen(128)
        return made

    def udp(self, address: str = "0.0.0.0", port: int = 0) -> socket.socket:
        """A bound UDP socket."""
        return self.socket(socket.SOCK_DGRAM, bind=(address, port))

    def offload(self, device: str, on: bool) -> None:
        """Checksum and segmentation offload of a device on or off."""
        word = "on" if on else "off"
        self.run("ethtool", "-K", device, "tx", word, "tso", word, "gso", word, "gro", word)


class Net:
    """A network of namespaces; a context manager."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self._programs: list[Program] = []
        self._namespaces: list[Namespace] = []
        for name in _stale():
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

    def __enter__(self) -> Net:
        return self

    def __exit__(self, *_) -> None:
        try:
            for program in reversed(self._programs):
                program.stop()
        finally:
            self._stack.close()

    def enter(self, resource):
        """Have a context manager left at the end, after all programs were killed; its value."""
        return self._stack.enter_context(resource)

    def namespace(self, name: str) -> Namespace:
        """A new namespace with loopback up. `name`: letters, digits and _."""
        made = Namespace(self, name)
        self._stack.callback(_delete, made.full_name)
        return made

    def wire(self, a: Namespace, address_a: str | None, b: Namespace, address_b: str | None,
             names: tuple[str, str] = ("eth0", "eth0")) -> None:
        """A veth pair between two namespaces, up; addresses with prefix length, None: none."""
        a.run("ip", "link", "add", names[0], "type", "veth", "peer", "name", names[1],
              "netns", b.full_name)
        for space, device, address in ((a, names[0], address_a), (b, names[1], address_b)):
            batch = f"link set dev {device} up\n"
            if address is not None:
                batch = f"address add {address} dev {device}\n" + batch
            space.run("ip", "-batch", "-", text_input=batch)

    def start(self, space: Namespace | None, *command: object, name: str | None = None,
              environment: dict[str, str] | None = None,
              text_input: str | None = None) -> Program:
        """Start a program in a namespace (None: in ours). It is killed with the Net at the latest."""
        line = [str(part) for part in command]
        program = Program(space.command(*line) if space else line,
                          name or os.path.basename(line[0]), environment, text_input)
        self._programs.append(program)
        return program

    def natbox(self, space: Namespace, program: Path | str, nat: str, external: str,
               subnet: str, names: tuple[str, str] = ("inside", "outside"),
               natbox: str = "") -> Program:
        """Make a router a NAT by our natbox, and wait until it translates.

        What comes by the inside device is sent through the box, and so is what comes for the
        external address. The outside device needs no address: the router answers ARP for the box.

        Args:
            space: the router; it has the devices.
            program: path of natbox.
            nat: lines of its [nat] section, 'preset = "symmetric"'.
            external: the external address.
            subnet: of the outside device.
            names: of the inside and the outside device.
            natbox: further lines of its [natbox] section.
        """
        inside, outside = names
        folder = Path(self.enter(tempfile.TemporaryDirectory(prefix="isblab-")))
        config = folder / "natbox.toml"
        config.write_text(f'[natbox]\nname = "{space.name}"\ninside = "nat-in"\n'
                          f'outside = "nat-out"\nexternal = "{external}"\n{natbox}\n'
                          f"[nat]\n{nat}\n", encoding="utf-8")
        box = self.start(space, program, "--config", config, "--events", "-")
        box.wait_for(r"natbox: ready")
        space.forward()
        for device in ("all", inside, outside, "nat-in", "nat-out"):
            space.set(f"net.ipv4.conf.{device}.rp_filter", 0)
        space.set(f"net.ipv4.conf.{outside}.proxy_arp", 1)
        space.run("ip", "-batch", "-", text_input=(
            f"route replace {subnet} dev {outside}\n"
            f"route add {external}/32 dev nat-out\n"
            f"rule add iif {inside} lookup 100\n"
            "route add default dev nat-in table 100\n"))
        return box


def leftovers() -> list[str]:
    """What this process has left on the machine: namespaces and running children."""
    left = [f"namespace {name}" for name in _names() if _owner(name) == os.getpid()]
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    if children.exists():
        for pid in children.read_text().split():
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                if line:  # a zombie has none
                    left.append(f"process {pid} {line}")
    return left


def _names() -> list[str]:
    return sorted(path.name for path in _RUN.iterdir()) if _RUN.is_dir() else []


def _owner(name: str) -> int | None:
    match = _OURS.fullmatch(name)
    return int(match.group(1)) if match else None


def _stale() -> list[str]:
    """Namespaces of processes that were killed before they could clean up."""
    return [name for name in _names()
            if (owner := _owner(name)) is not None and not Path(f"/proc/{owner}").exists()]


def _delete(name: str) -> None:
    _command("ip", "netns", "delete", name)


def _command(*command: object, text_input: str | None = None,
             patience: float = DEFAULT_PATIENCE) -> str:
    line = [str(part) for part in command]
    done = subprocess.run(line, input=text_input, capture_output=True, text=True, check=False,
                          timeout=patience)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(line)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _enter(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _setns(descriptor)
    finally:
        os.close(descriptor)


def _setns(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
