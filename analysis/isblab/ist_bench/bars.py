# SPDX-License-Identifier: GPL-2.0-or-later
"""The bars that the IST in the kernel is held against, judged on medians. No test and no command
fails on them: a bar that is not met is a result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from isblab.ist_bench import ways
from isblab.ist_bench.samples import LOADS, Samples
from isblab.ist_bench.tables import Table, Timing
from isblab.ist_bench.ways import Way

__all__ = ["Bar", "judge"]

# BPF_PROG_TEST_RUN, ns a packet.
TARGETS = {"ist_tc": 110.0, "ist_xdp": 65.0}
MEMORY = 512  # bytes of kernel memory a splice


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        group: what it is about. text: the bar in words.
        measured: the number, with its unit. value: as a number; bound: it is compared with.
        at_least: True: the value must be as large, False: as small.
        detail: where the value was found, its spread.
    """

    group: str
    text: str
    value: float
    bound: float
    at_least: bool
    measured: str
    detail: str = ""

    @property
    def met(self) -> bool:
        """Whether the median keeps the bar."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def as_json(self) -> dict:
        """For bench.json."""
        return {"group": self.group, "text": self.text, "value": self.value, "bound": self.bound,
                "atLeast": self.at_least, "met": self.met, "detail": self.detail}


def judge(samples: Samples, tables: Sequence[Table], timings: Sequence[Timing]) -> list[Bar]:
    """All bars for which there are measurements."""
    return [*_throughput(samples), *_packets(samples), *_round_trips(samples), *_cpu(samples),
            *_loss(samples), *_set_up(samples), *_programs(timings), *_tables(tables)]


def _ists(protocol: str) -> Iterator[Way]:
    return (way for way in ways.ALL if way.box == "ist" and getattr(way, protocol))


def _worst(samples: Samples, group: str, text: str, load: str, way: Way, to: str, bound: float,
           at_least: bool, offload: str) -> Iterator[Bar]:
    """A bar that must hold for every parameter: its worst one decides."""
    found = [(x, ratio) for x in samples.parameters(load, offload)
             if (ratio := samples.ratio(load, x, offload, way.key, to)) is not None]
    if not found:
        return
    pick = min if at_least else max
    x, worst = pick(found, key=lambda item: item[1].value)
    missed = [str(x) for x, ratio in found
              if (ratio.value < bound if at_least else ratio.value > bound)]
    axis = LOADS[load].axis
    where = f"worst at {x} {axis}; " if len(found) > 1 and axis else ""
    failing = f"; not at {', '.join(missed)}" if missed and len(found) > 1 else ""
    yield Bar(group, text, worst.value, bound, at_least, f"{worst.value:.3f}x",
              f"{where}middle half of rounds {worst.low:.2f} to {worst.high:.2f}{failing}")


def _named(way: Way, offload: str, load: str = "tcp") -> str:
    return f"{way.titled(load)}, offloads {offload}"


def _throughput(samples: Samples) -> Iterator[Bar]:
    """Of all kinds of splices. Active's 64 KB window (doc/ist-bench.md) is what limits it."""
    for way in _ists("tcp"):
        for mode in way.modes:
            yield from _worst(samples, "TCP throughput",
                              f"{_named(way, mode)}: at least 1.0x forwarding at every count",
                              "tcp", way, way.reference, 1.0, True, mode)
            yield from _worst(samples, "TCP throughput",
                              f"{_named(way, mode)}: at least 1.1x nftables NAT at every count",
                              "tcp", way, ways.NFTABLES.key, 1.1, True, mode)
        if "on" in way.modes:
            yield from _worst(samples, "TCP throughput",
                              f"{_named(way, 'on')}: at least 2x HAProxy at every count",
                              "tcp", way, ways.HAPROXY.key, 2.0, True, "on")


def _packets(samples: Samples) -> Iterator[Bar]:
    for way in _ists("udp"):
        for mode in way.modes:
            yield from _worst(samples, "UDP packets", f"{_named(way, mode, 'udp')}: at least 1.0x "
                              "forwarding", "udp-rate", way, way.reference, 1.0, True, mode)


def _round_trips(samples: Samples) -> Iterator[Bar]:
    for kind in ("tcp", "udp"):
        for way in _ists(kind):
            for mode in way.modes:
                yield from _worst(samples, "Round trip", f"{_named(way, mode, kind)}: {kind.upper()} at "
                                  "most 1.0x forwarding", f"rtt-{kind}", way, way.reference, 1.0,
                                  False, mode)


def _cpu(samples: Samples) -> Iterator[Bar]:
    for way in _ists("udp"):
        for mode in way.modes:
            yield from _worst(samples, "CPU a packet", f"{_named(way, mode, 'udp')}: UDP at most 0.95x "
                              "forwarding", "udp-cpu", way, way.reference, 0.95, False, mode)
            yield from _worst(samples, "CPU a packet", f"{_named(way, mode, 'udp')}: UDP at most 0.35x "
                              "coturn", "udp-cpu", way, ways.COTURN.key, 0.35, False, mode)
    for way in _ists("tcp"):
        if "off" in way.modes:  # only there a packet is a segment
            yield from _worst(samples, "CPU a packet", f"{_named(way, 'off')}: TCP at most 0.95x "
                              "forwarding", "tcp-cpu", way, way.reference, 0.95, False, "off")


def _loss(samples: Samples) -> Iterator[Bar]:
    for way in _ists("udp"):
        more = []
        for x in samples.parameters("udp-loss", "on"):
            mine = samples.get("udp-loss", x, "on", way.key)
            other = samples.get("udp-loss", x, "on", ways.FORWARDING.key)
            if mine and other:
                more.append((mine.median - other.median, x))
        if more:
            worst, x = max(more)
            yield Bar("6 KB UDP", f"{way.titled('udp')}: loses nothing that forwarding does not lose",
                      worst, 0.0, False, f"{100 * worst:.2f} % more",
                      f"worst at {f'{x} Mb/s' if x else 'line rate'}")


def _set_up(samples: Samples) -> Iterator[Bar]:
    for way in _ists("tcp"):
        for mode in way.modes:
            yield from _worst(samples, "Set-up", f"{_named(way, mode)}: at least 0.8x forwarding",
                              "set-up", way, way.reference, 0.8, True, mode)


def _programs(timings: Sequence[Timing]) -> Iterator[Bar]:
    medians = {(one.program, one.kind): median(one.values) for one in timings if one.values}
    for (name, kind), value in medians.items():
        yield Bar("BPF_PROG_TEST_RUN", f"{name}, {kind}: at most {TARGETS[name]:.0f} ns a packet",
                  value, TARGETS[name], False, f"{value:.0f} ns")
    for name in TARGETS:
        pure, passive = medians.get((name, "pure")), medians.get((name, "passive"))
        if pure is not None and passive is not None:
            yield Bar("BPF_PROG_TEST_RUN", f"{name}: Pure at most Passive's", pure, passive, False,
                      f"{pure:.0f} ns to {passive:.0f} ns")


def _tables(tables: Sequence[Table]) -> Iterator[Bar]:
    by_size = {table.splices: table for table in tables}
    small, large = by_size.get(1_000), by_size.get(1_000_000)
    if small and large:
        for name, title in (("hot", "one hot flow, BPF_PROG_TEST_RUN"),
                            ("spread", "traffic spread over all flows, time of the program")):
            value = median(getattr(large, name)) / median(getattr(small, name))
            yield Bar("Table size", f"1,000,000 splices at most 1.3x the cost at 1,000: {title}",
                      value, 1.3, False, f"{value:.2f}x",
                      f"{median(getattr(small, name)):.0f} ns to "
                      f"{median(getattr(large, name)):.0f} ns")
        value = median(small.spread_rate) / median(large.spread_rate)
        yield Bar("Table size", "1,000,000 splices at most 1.3x the cost at 1,000: traffic spread "
                  "over all flows, time a packet of the whole path", value, 1.3, False,
                  f"{value:.2f}x", f"{median(small.spread_rate) / 1000:.0f} to "
                  f"{median(large.spread_rate) / 1000:.0f} kpkt/s")
    if tables:
        largest = tables[-1]
        yield Bar("Table size", f"at most {MEMORY} bytes of kernel memory a splice, all maps, "
                  f"{largest.splices:,} splices", largest.memory_each, MEMORY, False,
                  f"{largest.memory_each:.0f} bytes")
