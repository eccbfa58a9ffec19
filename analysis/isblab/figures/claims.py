# SPDX-License-Identifier: GPL-2.0-or-later
"""What the thesis claims of its figures, judged as pure functions over result tables.

A claim reduces the curves of one direction to one number, the statistic, and says which values
hold. The verdict is taken on the means over the seeds; the same statistic of each seed alone gives
the spread. Each claim has a kind:

predicted    came out of mechanism and data sheet;
fitted       a parameter was set by it: calibration, never counted as holding (holds is None);
hypothesis   needs an assumption that the thesis only guesses at, which is named.

Whether a claim is fitted is read off the machine parameters: it is, if one of the parameters that
it could set has the origin "fitted".

The statements are in claim_list.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from isblab.figures.phases import ON_CHIP
from isblab.figures.tables import MEAN, Missing, Table, View

PREDICTED, FITTED, HYPOTHESIS = "predicted", "fitted", "hypothesis"


@dataclass(frozen=True)
class Measure:
    """A statistic's value, None when the curves have no such value (a crossing, say), and a
    remark that makes the number understandable."""

    value: float | None
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """One statement that can be true or false.

    id: number of the claim in the specification, and of its part.  figure: where to look.
    thesis: the value or words of the thesis.  unit: of the statistic.
    statistic: View -> Measure.  accept: value -> holds; it never gets None.
    directions: where the claim speaks, None for both ways between MAC and PCI.
    parameters: names of the machine parameters that this claim may set.
    assumption: what a hypothesis assumes.
    otherwise: what it means when the claim does not hold.
    """

    id: str
    figure: str
    text: str
    thesis: str
    kind: str  # when no parameter was set by it
    unit: str
    statistic: Callable[[View], Measure]
    accept: Callable[[float], bool]
    directions: tuple[str, ...] | None = None
    parameters: tuple[str, ...] = ()
    assumption: str = ""
    otherwise: str = ""


@dataclass(frozen=True)
class Finding:
    """A claim in one direction, judged. holds is None for calibration and for what was not
    measured; matches says whether the values agree, for every kind."""

    claim: Claim
    kind: str
    direction: str
    measured: Measure | None
    per_seed: dict[int, float | None]
    matches: bool | None

    @property
    def holds(self) -> bool | None:
        return None if self.kind == FITTED else self.matches

    @property
    def spread(self) -> tuple[float, float] | None:
        """Lowest and highest value of the statistic over the seeds."""
        values = [value for value in self.per_seed.values() if value is not None]
        return (min(values), max(values)) if values else None

    @property
    def number(self) -> str:
        """The measured value with its unit; empty when there is none."""
        if self.measured is None or self.measured.value is None:
            return ""
        return f"{self.measured.value:.4g} {self.claim.unit}".strip()

    @property
    def note(self) -> str:
        """The remark to the value."""
        return "not measured in this run" if self.measured is None else self.measured.note

    @property
    def shown(self) -> str:
        """Value and remark in one line."""
        if not self.number:
            return self.note
        return self.number + (f" ({self.note})" if self.note else "")

    def as_json(self) -> dict[str, Any]:
        claim, spread = self.claim, self.spread
        return {
            "id": claim.id,
            "direction": self.direction,
            "figure": claim.figure,
            "text": claim.text,
            "thesis": claim.thesis,
            "kind": self.kind,
            "assumption": claim.assumption or None,
            "parameters": list(claim.parameters),
            "measured": None if self.measured is None else self.measured.value,
            "unit": claim.unit,
            "note": None if self.measured is None else self.measured.note or None,
            "spread": None if spread is None else {"low": spread[0], "high": spread[1]},
            "seeds": {str(seed): value for seed, value in self.per_seed.items()},
            "matches": self.matches,
            "holds": self.holds,
        }


def judge(
    table: Table, claims: Iterable[Claim], directions: Sequence[str], fitted: Collection[str]
) -> list[Finding]:
    """Every claim in every direction it speaks of. fitted: names of the fitted parameters."""
    findings = []
    for claim in claims:
        kind = FITTED if set(claim.parameters) & set(fitted) else claim.kind
        for direction in claim.directions or directions:
            if direction == ON_CHIP or direction in directions:
                findings.append(_judge_one(table, claim, kind, direction))
    return findings


def _judge_one(table: Table, claim: Claim, kind: str, direction: str) -> Finding:
    try:
        measured = claim.statistic(table.view(direction, MEAN))
    except Missing:
        return Finding(claim, kind, direction, None, {}, None)
    per_seed: dict[int, float | None] = {}
    for seed in table.seeds():
        try:
            per_seed[seed] = claim.statistic(table.view(direction, seed)).value
        except Missing:
            continue
    matches = measured.value is not None and claim.accept(measured.value)
    return Finding(claim, kind, direction, measured, per_seed, matches)


@dataclass(frozen=True)
class Score:
    """How many claims of each kind were measured, and how many of them hold (fitted: match) in
    every direction measured, or only in some. A claim counts once."""

    predicted: int
    predicted_hold: int
    predicted_partly: int
    hypotheses: int
    hypotheses_hold: int
    hypotheses_partly: int
    fitted: int
    fitted_match: int
    fitted_partly: int
    free_parameters: int
    unmeasured: int


def score(findings: Sequence[Finding], free_parameters: int) -> Score:
    """free_parameters: number of machine parameters whose origin is a fit to a claim."""
    by_claim: dict[str, list[Finding]] = {}
    for finding in findings:
        by_claim.setdefault(finding.claim.id, []).append(finding)
    counts = {PREDICTED: [0, 0, 0], HYPOTHESIS: [0, 0, 0], FITTED: [0, 0, 0]}
    unmeasured = 0
    for found in by_claim.values():
        matches = [finding.matches for finding in found if finding.matches is not None]
        if not matches:
            unmeasured += 1
            continue
        count = counts[found[0].kind]
        count[0] += 1
        count[1] += all(matches)
        count[2] += any(matches) and not all(matches)
    return Score(
        *counts[PREDICTED], *counts[HYPOTHESIS], *counts[FITTED], free_parameters, unmeasured
    )
