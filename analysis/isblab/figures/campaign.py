# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that one call of `isblab figures` found out, and its machine-readable forms."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from isblab.figures.budgets import Budget
from isblab.figures.claims import Finding, Score, score
from isblab.figures.parameters import Parameter
from isblab.figures.tables import Table

SCHEMA = 1  # of claims.json and figures.json


@dataclass(frozen=True)
class Axes:
    """Title of a figure and names of its columns, with units."""

    title: str
    x: str
    y: str


AXES = {
    "5.5": Axes("Comparison of round trip time", "-", "round trip time (us)"),
    "5.6": Axes("Comparison of TCP throughput", "connections", "throughput (Mb/s)"),
    "5.7": Axes("Magnification of TCP throughput comparison", "connections", "throughput (Mb/s)"),
    "5.8": Axes("Comparison of UDP loss rate with 1 Kbyte packet size", "rate (Mb/s)", "loss (%)"),
    "5.9": Axes("Comparison of UDP loss rate with 6 Kbyte packet size", "rate (Mb/s)", "loss (%)"),
    "5.10": Axes("Comparison of UDP loss rate with variable packet sizes", "size (B)", "loss (%)"),
}


@dataclass(frozen=True)
class Campaign:
    """The results of a campaign and where they come from. seconds: wall time."""

    table: Table
    findings: list[Finding]
    parameters: list[Parameter]
    figures: Sequence[str]
    directions: Sequence[str]
    budget: Budget
    seeds: tuple[int, ...]
    failures: list[str]
    environment: dict[str, Any]
    commit: str
    date: str
    runs: int
    seconds: float

    @property
    def provenance(self) -> str:
        """Text of the figures' corner."""
        quick = ", quick" if self.budget.name == "quick" else ""
        return f"isblab {self.commit}, seeds {self.seeds[0]} to {self.seeds[-1]}{quick}"

    @property
    def fitted(self) -> list[Parameter]:
        return [parameter for parameter in self.parameters if parameter.is_fitted]

    @property
    def score(self) -> Score:
        return score(self.findings, len(self.fitted))

    @staticmethod
    def source(figure: str) -> str:
        """The figure whose points this one shows: 5.7 magnifies 5.6."""
        return "5.6" if figure == "5.7" else figure

    def pictures(self) -> Iterator[tuple[str, str, str]]:
        """(figure, direction, file name without ending) of every picture that has data."""
        several = len(self.directions) > 1
        for figure in self.figures:
            measured = self.table.directions(self.source(figure))
            for direction in self.directions:
                if direction in measured:
                    stem = f"figure-{figure}"
                    yield figure, direction, f"{stem}-{direction}" if several else stem

    def _origin(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "commit": self.environment["commit"],
            "dirty": self.environment["dirty"],
            "date": self.date,
            "seeds": list(self.seeds),
            "budget": self.budget.name,
            "directions": list(self.directions),
        }

    def claims_document(self) -> dict[str, Any]:
        """claims.json."""
        return {
            **self._origin(),
            "score": dataclasses.asdict(self.score),
            "fittedParameters": [f"{p.machine}: {p.name} = {p.value}" for p in self.fitted],
            "claims": [finding.as_json() for finding in self.findings],
        }

    def manifest(self) -> dict[str, Any]:
        """figures.json: what is in the folder, and what it was made with."""
        return {
            **self._origin(),
            "versions": self.environment["versions"],
            "host": self.environment["host"],
            "wallSeconds": round(self.seconds, 1),
            "runs": self.runs,
            "failures": self.failures,
            "budgetDetails": dataclasses.asdict(self.budget),
            "figures": [
                {
                    "figure": figure,
                    "title": AXES[figure].title,
                    "direction": direction,
                    "files": [f"{stem}.{ending}" for ending in ("png", "svg", "csv")],
                }
                for figure, direction, stem in self.pictures()
            ],
        }
