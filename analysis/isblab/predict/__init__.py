# SPDX-License-Identifier: GPL-2.0-or-later
"""How often the port that a NAT gives next is predicted: trials, tables, plot.

A trial: a host asks four STUN endpoints from one port, one after the other; a predictor names
candidates; 100 ms after the last answer the host sends to its peer. Others behind the same NAT open
flows all the while (Poisson). Hit: the mapping's external port is among the first N candidates.
"""

from __future__ import annotations

import csv
import io
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["CANDIDATES", "NATS", "PREDICTORS", "RATES", "Cell", "Nat", "measure", "to_csv", "wilson"]

PREDICTORS = ("none", "preserving", "sequential", "learned")
CANDIDATES = (1, 4, 16)
"""Candidates that the other end may try; 16 is the most of a connection (doc/punch.md)."""
RATES = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True)
class Nat:
    """A NAT whose mapping depends on address and port, by how it assigns ports."""

    name: str
    assignment: str
    step: int = 1
    block: int = 0


NATS = (
    Nat("preserving", "preserving"),
    Nat("overloading", "overloading"),
    Nat("step-1", "sequential"),
    Nat("step-2", "sequential", step=2),
    Nat("step-4", "sequential", step=4),
    Nat("block-512", "sequential", block=512),
    Nat("block-512-random", "random", block=512),
    Nat("random", "random"),
)


@dataclass(frozen=True)
class Cell:
    """One predictor against one NAT with one rate of others' flows."""

    nat: str
    background: float
    predictor: str
    candidates: int
    trials: int
    hits: int

    @property
    def probability(self) -> float:
        """The share of trials that hit."""
        return self.hits / self.trials

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % confidence interval."""
        return wilson(self.hits, self.trials)


def wilson(hits: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a proportion (E. B. Wilson, 1927, doi:10.2307/2276774).

    Args:
        hits: successes.
        trials: one or more.
        z: quantile of the normal distribution; the default gives 95 %.

    >>> [round(bound, 3) for bound in wilson(0, 100)]
    [0.0, 0.037]
    """
    share = hits / trials
    scale = 1 + z * z / trials
    middle = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    # At 0 and 1 the bound is the share itself, up to rounding.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def measure(nats: Iterable[Nat], rates: Sequence[float], trials: int, seed: int) -> Iterator[Cell]:
    """All cells of one NAT and rate after the other. Equal arguments, equal cells."""
    from isblab._core import predict_ports

    most = CANDIDATES[-1]
    for nat in nats:
        for rate in rates:
            stream = zlib.crc32(f"{nat.name}/{rate}/{seed}".encode())
            places = predict_ports(nat.assignment, step=nat.step, block=nat.block, background=rate,
                                   predictors=list(PREDICTORS), trials=trials, most=most,
                                   seed=stream)
            for predictor, counts in zip(PREDICTORS, places):
                for count in CANDIDATES:
                    yield Cell(nat.name, rate, predictor, count, trials, sum(counts[:count]))


def to_csv(cells: Iterable[Cell]) -> str:
    """One line a cell; probability and interval with four digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("nat", "backgroundPerSecond", "predictor", "candidates", "trials", "hits",
                     "probability", "low95", "high95"))
    for cell in cells:
        low, high = cell.interval
        writer.writerow((cell.nat, f"{cell.background:g}", cell.predictor, cell.candidates,
                         cell.trials, cell.hits, f"{cell.probability:.4f}", f"{low:.4f}",
                         f"{high:.4f}"))
    return text.getvalue()
