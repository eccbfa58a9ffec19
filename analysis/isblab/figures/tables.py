# SPDX-License-Identifier: GPL-2.0-or-later
"""Results as plain values: what the experiments fill, and claims, plots and CSV files read."""

from __future__ import annotations

import csv
import io
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

MEAN = None  # in place of a seed: the mean over all seeds


class Missing(Exception):
    """A result that was not measured in this run."""


@dataclass(frozen=True)
class Row:
    """One measured point. figure: "5.8". x, value: in the units of the figure's axes."""

    figure: str
    phase: str
    direction: str
    x: float
    seed: int
    value: float


@dataclass(frozen=True)
class DropCount:
    """Packets that ended at one place of the box in one run of a sweep.

    regime: part of the sweep, "small" for instance.  reason: the box' own name with the port,
    "box.ring-full:pci0".
    """

    figure: str
    phase: str
    direction: str
    regime: str
    seed: int
    reason: str
    count: int


@dataclass(frozen=True)
class Point:
    """All seeds' values at one x."""

    x: float
    values: dict[int, float]

    @property
    def mean(self) -> float:
        """Never outside the values: equal ones may have a mean that is rounded away from them."""
        return min(max(statistics.fmean(self.values.values()), self.low), self.high)

    @property
    def low(self) -> float:
        return min(self.values.values())

    @property
    def high(self) -> float:
        return max(self.values.values())


@dataclass
class Table:
    """Every point and every drop of a campaign.

    gaps: (figure, phase, direction, seed) of runs that failed. Their curves lack points, and no
    claim is judged on a curve with a hole.
    """

    rows: list[Row] = field(default_factory=list)
    drops: list[DropCount] = field(default_factory=list)
    gaps: set[tuple[str, str, str, int]] = field(default_factory=set)

    def has_gap(self, figure: str, phase: str, direction: str, seed: int) -> bool:
        return (figure, phase, direction, seed) in self.gaps

    def points(self, figure: str, phase: str, direction: str) -> list[Point]:
        """The curve in order of x; empty when it was not measured."""
        by_x: dict[float, dict[int, float]] = defaultdict(dict)
        for row in self.rows:
            if (row.figure, row.phase, row.direction) == (figure, phase, direction):
                by_x[row.x][row.seed] = row.value
        return [Point(x, dict(sorted(by_x[x].items()))) for x in sorted(by_x)]

    def phases(self, figure: str, direction: str) -> list[str]:
        """Keys of the phases measured, in order of first appearance."""
        return list(
            dict.fromkeys(
                r.phase for r in self.rows if r.figure == figure and r.direction == direction
            )
        )

    def directions(self, figure: str) -> list[str]:
        return list(dict.fromkeys(r.direction for r in self.rows if r.figure == figure))

    def seeds(self) -> list[int]:
        return sorted({row.seed for row in self.rows})

    def view(self, direction: str, seed: int | None = MEAN) -> View:
        return View(self, direction, seed)


@dataclass(frozen=True)
class View:
    """The curves of one direction as one seed saw them, or as means over the seeds."""

    table: Table
    direction: str
    seed: int | None = MEAN

    def curve(self, figure: str, phase: str) -> dict[float, float]:
        """x to value, of the seeds whose curve is whole. Raises Missing when there is none."""
        curve = {}
        for point in self.table.points(figure, phase, self.direction):
            values = [
                value
                for seed, value in point.values.items()
                if self.seed in (MEAN, seed)
                and not self.table.has_gap(figure, phase, self.direction, seed)
            ]
            if values:
                curve[point.x] = Point(point.x, dict(enumerate(values))).mean
        if not curve:
            raise Missing(f"figure {figure}, {phase}, {self.direction}")
        return curve

    def value(self, figure: str, phase: str) -> float:
        """The single value of a figure without x axis (5.5)."""
        return next(iter(self.curve(figure, phase).values()))

    def drops(self, figure: str, phases: Iterable[str]) -> dict[str, int]:
        """Reason to number of packets, over all seeds or one. Raises Missing if not measured."""
        wanted = set(phases)
        for phase in wanted:
            self.curve(figure, phase)
        counts: dict[str, int] = defaultdict(int)
        for drop in self.table.drops:
            if (
                drop.figure == figure
                and drop.phase in wanted
                and drop.direction == self.direction
                and self.seed in (MEAN, drop.seed)
            ):
                counts[drop.reason] += drop.count
        return dict(counts)


def to_csv(table: Table, figure: str, direction: str, x_name: str, value_name: str) -> str:
    """The figure's numbers: a line per phase and x with mean, lowest, highest and each seed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    seeds = table.seeds()
    writer.writerow(
        ["direction", "phase", x_name, f"{value_name}: mean", "lowest", "highest"]
        + [f"seed {seed}" for seed in seeds]
    )
    for phase in table.phases(figure, direction):
        for point in table.points(figure, phase, direction):
            numbers = [point.mean, point.low, point.high]
            per_seed = [point.values.get(seed) for seed in seeds]
            writer.writerow(
                [direction, phase, f"{point.x:g}"]
                + ["" if value is None else f"{value:.6g}" for value in numbers + per_seed]
            )
    return text.getvalue()
