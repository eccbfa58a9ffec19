# SPDX-License-Identifier: GPL-2.0-or-later
"""What was measured: by load, its parameter, offload mode and way, one value a round."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["LOADS", "Cell", "Load", "Ratio", "Samples"]


@dataclass(frozen=True)
class Load:
    """A kind of measurement.

    Attributes:
        key: in bench.json. title, unit: in the report; of the parameter `x`: `axis`.
        scale: a value times this is in `unit`.
        more_is_better: False for times and losses.
    """

    key: str
    title: str
    unit: str
    scale: float
    more_is_better: bool
    axis: str = ""


LOADS = {load.key: load for load in (
    Load("tcp", "TCP throughput", "Gb/s", 1e-9, True, "connections"),
    Load("tcp-cpu", "CPU a TCP payload of 1448 bytes", "us", 1e-3, False, "connections"),
    Load("rtt-tcp", "TCP ping-pong, 64 bytes, one CPU", "us", 1e-3, False),
    Load("rtt-udp", "UDP ping-pong, 64 bytes, one CPU", "us", 1e-3, False),
    Load("udp-rate", "UDP packets received", "kpkt/s", 1e-3, True, "bytes"),
    Load("udp-cpu", "CPU a UDP packet received, sender at full speed", "us", 1e-3, False, "bytes"),
    Load("udp-cpu-paced", "CPU a UDP packet at 30,000 a second", "us", 1e-3, False, "bytes"),
    Load("udp-loss", "6 KB UDP datagrams lost", "%", 100.0, False, "Mb/s offered"),
    Load("set-up", "Connections set up, used and closed", "1/s", 1.0, True),
    Load("add", "Splices added by one `ist splice add`", "1/s", 1.0, True),
)}


@dataclass
class Cell:
    """The values of one load through one way, in the order of the rounds."""

    load: str
    x: int
    offload: str
    way: str
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Of the rounds."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Half of largest minus smallest, as a part of the median; 0 if that is 0."""
        median = self.median
        return (max(self.values) - min(self.values)) / 2 / median if median else 0.0

    @property
    def quartiles(self) -> tuple[float, float]:
        """The values between which the middle half lies."""
        if len(self.values) < 2:
            return self.values[0], self.values[0]
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True)
class Ratio:
    """One way's median over another's; low and high: quartiles of the ratios round by round."""

    value: float
    low: float
    high: float


class Samples:
    """All cells."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, int, str, str], Cell] = {}

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells.values())

    def add(self, load: str, x: int, offload: str, way: str, value: float) -> None:
        """One more round."""
        key = (load, x, offload, way)
        self._cells.setdefault(key, Cell(*key)).values.append(value)

    def get(self, load: str, x: int, offload: str, way: str) -> Cell | None:
        """A cell, if it was measured."""
        return self._cells.get((load, x, offload, way))

    def parameters(self, load: str, offload: str | None = None) -> list[int]:
        """The values of x that were measured, in order."""
        return sorted({cell.x for cell in self
                       if cell.load == load and offload in (None, cell.offload)})

    def ratio(self, load: str, x: int, offload: str, way: str, to: str) -> Ratio | None:
        """Of one way to another; None when either was not measured or the other is 0."""
        mine, other = self.get(load, x, offload, way), self.get(load, x, offload, to)
        if mine is None or other is None or not other.median:
            return None
        single = Cell(load, x, offload, way, [value / base for value, base
                                              in zip(mine.values, other.values) if base])
        low, high = single.quartiles if single.values else (0.0, 0.0)
        return Ratio(mine.median / other.median, low, high)

    def as_json(self) -> list[dict]:
        """For bench.json."""
        return [{"load": cell.load, "x": cell.x, "offload": cell.offload, "way": cell.way,
                 "median": cell.median, "spread": cell.spread, "values": cell.values}
                for cell in self]
