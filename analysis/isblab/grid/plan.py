# SPDX-License-Identifier: GPL-2.0-or-later
"""Which cells there are, and which of them share a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from isblab.grid.behaviours import Behaviour
from isblab.grid.ways import Way

__all__ = ["Cell", "Plan", "batches"]


_VOLUNTEERED = 4  # connections that a volunteer carries at once (daemon: volunteerConnections)


@dataclass(frozen=True)
class Cell:
    """One way to connect, tried by one pair."""

    protocol: str
    provider: Behaviour
    subscriber: Behaviour
    way: Way

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(protocol, provider, subscriber, way) by name."""
        return self.protocol, self.provider.name, self.subscriber.name, self.way.name


@dataclass(frozen=True)
class Plan:
    """What a grid is made of.

    Attributes:
        protocols, behaviours, ways: the axes, each in the grid's order.
        assignment: how all its NATs choose external ports.
        world: "sim" or "netns".
        seed: of all its runs.
    """

    protocols: tuple[str, ...]
    behaviours: tuple[Behaviour, ...]
    ways: tuple[Way, ...]
    assignment: str = "preserving"
    world: str = "sim"
    seed: int = 1

    def cells(self) -> list[Cell]:
        """All cells, in the order protocol, provider, subscriber, way."""
        return [Cell(protocol, provider, subscriber, way) for protocol in self.protocols
                for provider in self.behaviours for subscriber in self.behaviours
                for way in self.ways]


def batches(cells: Iterable[Cell], size: int) -> list[Sequence[Cell]]:
    """Cells that share a run: at most `size`, of one protocol, and either all with the IST on a
    volunteer's host or none.

    In a run every cell has hosts, NATs and addresses of its own; only the broker, its STUN ports
    and the IST are shared, and they keep nothing from one user to another.
    """
    groups: dict[tuple[str, bool], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.protocol, cell.way.name == "ist-user"), []).append(cell)
    made = []
    for (_, volunteer), group in groups.items():
        rest = iter(group)
        while part := list(islice(rest, min(size, _VOLUNTEERED) if volunteer else size)):
            made.append(part)
    return made
