# SPDX-License-Identifier: GPL-2.0-or-later
"""What a splice costs when there are many: time a packet against table size, kernel memory, and
BPF_PROG_TEST_RUN's time of the programs.

Each size is an IST of its own with a table of that size, full; all stand at the same time, and each
round measures every one once. Two kinds of traffic, as they differ: one hot flow, whose entries stay
in the CPU's caches, and packets spread over all splices at random, as of a million users.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from isblab.errors import EnvironmentFailure
from isblab.ist_bench.agents import Agent
from isblab.ist_bench.budgets import Budget
from isblab.ist_bench.control import IstControl
from isblab.ist_bench.line import Line, congestion_allowed
from isblab.netlab import Net
from isblab.paths import program

__all__ = ["TIMED", "Table", "Timing", "run_tables"]

TIMED = (("ist_tc", "bpf", ("udp", "passive", "pure")),
         ("ist_xdp", "bpf+xdp", ("udp", "passive", "pure")))
"""Programs that are timed by BPF_PROG_TEST_RUN: name, carrier, kinds of splices."""

_STATISTICS = Path("/proc/sys/kernel/bpf_stats_enabled")
_SPARE = 8  # splices beside those filled in: the hot ones
_DROP = """
table netdev bench {
    chain arrive { type filter hook ingress device "eth0" priority 0; policy drop; }
}
"""


@dataclass
class Table:
    """An IST with `splices` of them.

    Attributes:
        fill_seconds: that joining them took.
        memory: bytes of kernel memory by map.
        hot: ns a packet of one flow by BPF_PROG_TEST_RUN; one value a round.
        spread: ns a packet of the program on real frames spread over all flows.
        spread_rate: packets a second that arrived then.
    """

    splices: int
    fill_seconds: float = 0.0
    memory: dict[str, int] = field(default_factory=dict)
    hot: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    spread_rate: list[float] = field(default_factory=list)

    @property
    def memory_each(self) -> float:
        """Bytes of kernel memory a splice, all maps counted."""
        return sum(self.memory.values()) / (self.splices + _SPARE)


@dataclass
class Timing:
    """ns a packet of a program by BPF_PROG_TEST_RUN, one value a round."""

    program: str
    kind: str
    values: list[float] = field(default_factory=list)


class _Probed:
    """An IST on a line of its own and the probe that drives its programs."""

    def __init__(self, net: Net, number: int, carrier: str, splices: int):
        self.line = Line(net, number, keep_gro=carrier != "bpf")
        self.line.offload("off")  # before attaching, which looks whether XDP can redirect
        self.control = IstControl(net, self.line, carrier, splices + _SPARE)
        self.line.b.nft(_DROP)
        self.agent = Agent(net, self.line.a)
        self.agent.ask("pin", cpu=0)
        self._west = self._hardware(self.line.box, "west")
        self._words = ["--pins", self.control.pins, "--west", self.line.west, "--east",
                       self.line.east, "--hardware", self._hardware(self.line.a, "eth0"),
                       "--other-hardware", self._hardware(self.line.b, "eth0"), "--own-hardware",
                       self._hardware(self.line.box, "east")]
        self._joined: set[str] = set()
        self._frame = ""

    @staticmethod
    def _hardware(space, device: str) -> str:
        return json.loads(space.run("ip", "-json", "link", "show", "dev", device))[0]["address"]

    def _probe(self, *words: object) -> str:
        return self.line.box.run("taskset", "-c", 0, program("isblab-ist-probe"), *words,
                                 *self._words, patience=300)

    def fill(self, splices: int) -> float:
        """Join that many splices; the seconds."""
        begun = time.monotonic()
        frame = self._probe("fill", "--count", splices).strip()
        self._frame = self._west.replace(":", "") + frame[12:]
        return time.monotonic() - begun

    def time(self, name: str, kind: str, repeats: int) -> float:
        """ns a packet by BPF_PROG_TEST_RUN."""
        joined = ("--joined",) if kind in self._joined else ()
        self._joined.add(kind)
        return float(self._probe("time", "--program", name, "--kind", kind, "--repeats", repeats,
                                 *joined))

    def memory(self) -> dict[str, int]:
        """Bytes by map, as the kernel accounts for them."""
        sizes = {}
        for pin in sorted(Path(self.control.pins).iterdir()):
            with contextlib.suppress(RuntimeError):
                said = json.loads(self.line.box.run("bpftool", "-j", "map", "show", "pinned", pin))
                sizes[pin.name] = int(said["bytes_memlock"])
        return sizes

    def spread(self, splices: int, interval: int) -> tuple[float, float]:
        """Frames spread over all splices: ns a run of ist_tc, packets a second that arrived."""
        time_before, runs_before = self._runs()
        arrived = self._arrived()
        sent = self.agent.ask("spread", device="eth0", frame=self._frame, flows=splices,
                              ms=interval)
        time_after, runs_after = self._runs()
        arrived = self._arrived() - arrived
        if arrived < 0.9 * sent["packets"]:
            raise EnvironmentFailure(f"{arrived} of {sent['packets']} packets spread over "
                                     f"{splices} splices arrived")
        return ((time_after - time_before) / max(1, runs_after - runs_before),
                arrived / sent["seconds"])

    def _runs(self) -> tuple[int, int]:
        said = json.loads(self.line.box.run("bpftool", "-j", "prog", "show", "pinned",
                                            Path(self.control.pins) / "ist_tc"))
        return int(said.get("run_time_ns", 0)), int(said.get("run_cnt", 0))

    def _arrived(self) -> int:
        said = json.loads(self.line.b.run("ip", "-json", "-s", "link", "show", "dev", "eth0"))
        return int(said[0]["stats64"]["rx"]["packets"])


@contextlib.contextmanager
def _program_statistics() -> Iterator[None]:
    """The kernel counts runs of programs and their time."""
    before = _STATISTICS.read_text(encoding="ascii")
    _STATISTICS.write_text("1", encoding="ascii")
    try:
        yield
    finally:
        _STATISTICS.write_text(before, encoding="ascii")


def run_tables(net: Net, budget: Budget,
               announce: Callable[[str], None]) -> tuple[list[Table], list[Timing]]:
    """Tables of all sizes of the budget, and the times of the programs."""
    net.enter(congestion_allowed())
    tables = [Table(splices) for splices in budget.tables]
    probed = []
    for number, table in enumerate(tables, 1):
        probed.append(_Probed(net, number, "bpf", table.splices))
        table.fill_seconds = probed[-1].fill(table.splices)
        table.memory = probed[-1].memory()
        announce(f"table of {table.splices:,} splices filled")
    pairs = list(zip(tables, probed))
    for number in range(budget.rounds + 1):
        turn = number % len(pairs)
        for table, one in (*pairs[turn:], *pairs[:turn]):
            hot = one.time("ist_tc", "udp", budget.repeats)
            with _program_statistics():
                spread, rate = one.spread(table.splices, budget.flood)
            if number > 0:
                table.hot.append(hot)
                table.spread.append(spread)
                table.spread_rate.append(rate)
    announce("tables measured")
    timings = _run_timings(net, budget, len(tables) + 1)
    announce("programs timed")
    return tables, timings


def _run_timings(net: Net, budget: Budget, number: int) -> list[Timing]:
    timings, runs = [], []
    for name, carrier, kinds in TIMED:
        one = _Probed(net, number, carrier, 1_000)
        number += 1
        for kind in kinds:
            timings.append(Timing(name, kind))
            runs.append((one, name, kind, timings[-1]))
    for turn in range(budget.rounds + 1):
        at = turn % len(runs)
        for one, name, kind, timing in (*runs[at:], *runs[:at]):
            value = one.time(name, kind, budget.repeats)
            if turn > 0:
                timing.values.append(value)
    return timings
