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
        document: the scenario, to find what "users" means: the `count` of its only crowd.
        variations: (name, values); a name is a dotted path, or "users".
    """
    names = [name for name, _ in variations]
    if len(set(names)) != len(names):
        raise UsageError("--vary: the same name stands there twice")
    paths = {name: _path(document, name) for name in names}
    grid = []
    for values in itertools.product(*(values for _, values in variations)):
        labels = dict(zip(names, values))
        overrides = scenario.parse_assignments(f"{paths[name]}={value}"
                                               for name, value in labels.items())
        grid.append(Point(labels, overrides))
    return grid


def _path(document: Mapping, name: str) -> str:
    if name != "users":
        return name
    crowds = document.get("crowd", [])
    if len(crowds) != 1:
        raise ScenarioError(f"'users' means the count of the only [[crowd]], and there are "
                            f"{len(crowds)}; name one: crowd.NAME.count")
    return "crowd.0.count"
