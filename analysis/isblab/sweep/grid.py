# SPDX-License-Identifier: GPL-2.0-or-later
"""Which runs a sweep consists of."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isblab import scenario
from isblab.errors import ScenarioError, UsageError

__all__ = ["Point", "parse_variation", "points"]


@dataclass(frozen=True)
class Point:
    """One point of the grid.

    Attributes:
        labels: varied name -> value as it was written, for tables and keys.
        overrides: dotted path -> value, see scenario.apply.
    """

    labels: Mapping[str, str]
    overrides: Mapping[str, object]

    @property
    def key(self) -> str:
        """"users=10 uplink=5 Mb/s": the same for the same point of any sweep."""
        return " ".join(f"{name}={value}" for name, value in self.labels.items())


def parse_variation(text: str) -> tuple[str, list[str]]:
    """("users", ["10", "100"]) from "users=10,100". A value with a comma stands in quotes."""
    name, equals, values = text.partition("=")
    name = name.strip()
    listed = [value.strip() for value in next(csv.reader([values], skipinitialspace=True), [])]
    if not equals or not name or not listed or not all(listed):
        raise UsageError(f"--vary {text}: not of the form NAME=VALUE,VALUE,..., as in "
                         "users=10,100,1000")
    if len(set(listed)) != len(listed):
        raise UsageError(f"--vary {text}: a value stands there twice")
    return name, listed


def points(document: Mapping, variations: Sequence[tuple[str, Sequence[str]]]) -> list[Point]:
    """The whole grid, the last variation running fastest.

    Args:
        document: the scenario, to find what "users" means: the `count` of its crowds together,
            shared out among them as the scenario does.
        variations: (name, values); a name is a dotted path, or "users".
    """
    names = [name for name, _ in variations]
    if len(set(names)) != len(names):
        raise UsageError("--vary: the same name stands there twice")
    grid = []
    for values in itertools.product(*(values for _, values in variations)):
        labels = dict(zip(names, values))
        overrides: dict[str, object] = {}
        for name, value in labels.items():
            overrides |= (_share_users(document, value) if name == "users"
                          else scenario.parse_assignments([f"{name}={value}"]))
        grid.append(Point(labels, overrides))
    return grid


def _share_users(document: Mapping, value: str) -> dict[str, object]:
    """Counts of the crowds that together have `value` users, in the scenario's proportions."""
    crowds = document.get("crowd", [])
    if not crowds:
        raise ScenarioError("'users' means the count of the scenario's [[crowd]]s, and it has none")
    if not value.isdecimal() or int(value) < len(crowds):
        raise UsageError(f"--vary users={value}: not a whole number of {len(crowds)} or more, one "
                         "a crowd")
    counts = [int(crowd.get("count", 1)) for crowd in crowds]
    total = int(value)
    # Largest remainder, and nobody goes without.
    shares = [max(1, total * count // sum(counts)) for count in counts]
    order = sorted(range(len(counts)), key=lambda i: -(total * counts[i] % sum(counts)))
    for i in order:
        shares[i] += sum(shares) < total
    shares[max(range(len(shares)), key=lambda i: shares[i])] += total - sum(shares)
    return {f"crowd.{index}.count": share for index, share in enumerate(shares)}
