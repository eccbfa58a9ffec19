# SPDX-License-Identifier: GPL-2.0-or-later
"""What natbox' packets cost: throughput beside plain forwarding and nftables' NAT.

    client 10.x.0.2 --- router --- server 203.0.x.254          one such line a way to forward

All ways stand at the same time; each round measures every way once, in turning order, so that what
else the machine does hits all alike. The first round is dropped.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from isblab.errors import EnvironmentFailure
from isblab.netlab import Namespace, Net, missing_capability, nat_rules
from isblab.paths import program
from isblab.text import rate, table

__all__ = ["LOADS", "WAYS", "Measurement", "measure", "report"]

WAYS = ("forwarding", "nftables", "natbox")
"""Ways through the router; ratios are to the first."""

_PATIENCE = 60.0  # s: a watchdog


@dataclass(frozen=True)
class Load:
    """What the client sends, and how its result reads."""

    name: str
    arguments: tuple[str, ...]
    offload: bool
    shown: Callable[[float], str]


LOADS = (
    Load("TCP, offload", (), True, rate),
    Load("TCP, no offload", (), False, rate),
    Load("UDP 64 B received", ("-u", "-b", "0", "-l", "64"), True,
         lambda value: f"{value / 1000:.1f} kpkt/s"),
)


@dataclass
class Measurement:
    """Results of one load by way, in the order of the rounds."""

    load: Load
    rounds: dict[str, list[float]]


class _Line:
    """A client, a router that forwards in one way, a server."""

    def __init__(self, net: Net, way: str, number: int):
        self.way = way
        self._net = net
        self._router, self._client, self._server = (
            net.namespace(f"{name}{number}") for name in ("router", "client", "server"))
        external, self.address = f"203.0.{number}.1", f"203.0.{number}.254"
        net.wire(self._server, f"{self.address}/24", self._router,
                 None if way == "natbox" else f"{external}/24", names=("eth0", "outside"))
        net.wire(self._router, f"10.{number}.0.1/24", self._client, f"10.{number}.0.2/24",
                 names=("inside", "eth0"))
        self._client.route("default", f"10.{number}.0.1")
        if way == "natbox":
            box = net.natbox(self._router, program("natbox"), 'preset = "port-restricted-cone"',
                             external, f"203.0.{number}.0/24")
            os.sched_setaffinity(box.pid, {_core(2)})
        else:
            self._router.forward()
            self._server.route("default", external)
            if way == "nftables":
                self._router.nft(nat_rules("port-restricted-cone", "outside"))

    def offload(self, on: bool) -> None:
        """On all devices of the line."""
        ends: list[tuple[Namespace, str]] = [
            (self._server, "eth0"), (self._client, "eth0"), (self._router, "inside"),
            (self._router, "outside")]
        for space, device in ends:
            space.offload(device, on)

    def run(self, load: Load, seconds: int) -> float:
        """Bits a second that arrived; of UDP, packets a second."""
        server = self._net.start(self._server, "taskset", "-c", _core(1), "iperf3", "-s", "-1",
                                 "--forceflush")
        server.wait_for("listening")
        try:
            said = json.loads(self._client.run(
                "taskset", "-c", _core(0), "iperf3", "-c", self.address, "-t", seconds, "-J",
                *load.arguments, patience=_PATIENCE + seconds))
        except RuntimeError as error:
            raise EnvironmentFailure(f"iperf3 through {self.way}: {error}") from None
        server.finish(status=None)
        if "error" in said:
            raise EnvironmentFailure(f"iperf3 through {self.way}: {said['error']}")
        end = said["end"]
        if "-u" in load.arguments:
            total = end["sum"]
            return (total["packets"] - total["lost_packets"]) / total["seconds"]
        return end["sum_received"]["bits_per_second"]


def _core(wanted: int) -> int:
    """A core to pin to: client, server and natbox have one each if there are so many."""
    return min(wanted, (os.cpu_count() or 1) - 1)


def measure(rounds: int, seconds: int,
            ways: Sequence[str] = WAYS, loads: Sequence[Load] = LOADS) -> list[Measurement]:
    """Run every load through every way, `rounds` times and once before.

    Raises EnvironmentFailure where namespaces, nftables or iperf3 are missing.
    """
    missing = missing_capability("iperf3", "ethtool", "taskset")
    if missing:
        raise EnvironmentFailure(f"bench natbox: {missing}")
    measurements = [Measurement(load, {way: [] for way in ways}) for load in loads]
    with Net() as net:
        lines = [_Line(net, way, number) for number, way in enumerate(ways, 1)]
        for measurement in measurements:
            for line in lines:
                line.offload(measurement.load.offload)
            for number in range(rounds + 1):
                turn = number % len(lines)
                for line in lines[turn:] + lines[:turn]:
                    value = line.run(measurement.load, seconds)
                    if number > 0:
                        measurement.rounds[line.way].append(value)
    return measurements


def report(measurements: Sequence[Measurement]) -> str:
    """A table: median, spread (half of largest minus smallest), ratio to the first way."""
    rows = []
    for measurement in measurements:
        first = None
        for way, values in measurement.rounds.items():
            median = statistics.median(values)
            first = first or median
            spread = (max(values) - min(values)) / 2 / median
            rows.append((measurement.load.name, way, measurement.load.shown(median),
                         f"{100 * spread:.0f} %", f"{median / first:.2f}"))
    return table(("load", "way", "median", "spread", "ratio"), rows)
