# SPDX-License-Identifier: GPL-2.0-or-later
"""Every claim holds on a table made as the thesis says, and fails on one bent against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import synthetic

from isblab.figures import phases as ph
from isblab.figures.claim_list import CLAIMS, claims_of
from isblab.figures.claims import FITTED, HYPOTHESIS, PREDICTED, judge, score
from isblab.figures.experiments import FIGURES, LINE_TCP, LINE_UDP, LINE_UDP_RATE
from isblab.figures.tables import DropCount, Row, Table

BY_ID = {claim.id: claim for claim in CLAIMS}


def bend(figure: str, phase: str, change: Callable[[float, float], float]) -> Callable:
    """A change of one curve: (x, value) -> value."""

    def bent(table: Table) -> Table:
        rows = [
            replace(row, value=change(row.x, row.value))
            if (row.figure, row.phase) == (figure, phase)
            else row
            for row in table.rows
        ]
        return Table(rows, table.drops)

    return bent


def move_drops(reason: str) -> Callable:
    """All drops of the box to one place."""

    def bent(table: Table) -> Table:
        return Table(table.rows, [replace(drop, reason=reason) for drop in table.drops])

    return bent


def drop_on_chip(table: Table) -> Table:
    drop = DropCount(LINE_TCP, "ist-kernel", ph.ON_CHIP, "", 1, "box.ring-full:mac0", 1)
    return Table(table.rows, [*table.drops, drop])


# Negative twins: claim, what breaks it.
TWINS = [
    ("1.1", bend("5.5", "forwarder", lambda x, y: 150)),
    ("1.2", bend("5.5", "forwarder", lambda x, y: 270)),
    ("1.3", bend("5.5", "nat", lambda x, y: 345)),
    ("1.4", bend("5.5", "ist-app", lambda x, y: 400)),
    ("1.5", bend("5.5", "ist-kernel", lambda x, y: 440)),
    ("1.6", bend("5.5", "ist-app", lambda x, y: 480)),
    ("2.1", bend(LINE_TCP, "ist-kernel", lambda x, y: 90)),
    ("2.2", bend(LINE_UDP_RATE, "ist-kernel", lambda x, y: 90)),
    ("2.3", drop_on_chip),
    ("2.4", bend(LINE_TCP, "ist-kernel", lambda x, y: 90)),
    ("2.5", bend(LINE_UDP_RATE, "ist-kernel", lambda x, y: 90)),
    ("3.1", bend("5.6", "ist-app", lambda x, y: 80 if x == 30 else y)),
    ("3.2", bend("5.6", "nat", lambda x, y: 80 if x == 30 else y)),
    ("3.3", bend("5.6", "forwarder", lambda x, y: 90 if x == 100 else y)),
    ("4.1", bend("5.6", "direct", lambda x, y: 91 if x == 10 else y)),
    ("4.2", bend("5.6", "ist-kernel", lambda x, y: y + 1)),
    ("4.2", bend("5.6", "ist-kernel", lambda x, y: y - 1)),
    ("4.2", bend("5.6", "ist-kernel", lambda x, y: y + 0.2)),
    ("4.3", bend("5.6", "nat-list", lambda x, y: y + 1)),
    ("5.1", bend("5.8", "nat", lambda x, y: 0.1 if x == 100 else y)),
    ("5.2", bend("5.8", "ist-app", lambda x, y: 0.0)),
    ("6.1", bend("5.9", "forwarder", lambda x, y: 0.1 if x == 100 else y)),
    ("6.2", bend("5.9", "nat", lambda x, y: 5.0 if x >= 56 else y)),
    ("6.2", bend("5.9", "nat", lambda x, y: 0.0)),
    ("6.3", bend("5.9", "ist-kernel", lambda x, y: 0.0 if x < 80 else y)),
    ("6.4", bend("5.9", "ist-app-large-buffer", lambda x, y: 0.0 if x == 10 else y)),
    ("6.5", bend("5.9", "ist-app", lambda x, y: 50.0 if x == 10 else y)),
    ("7.1", bend("5.10", "direct", lambda x, y: 0.1 if x == 64 else y)),
    ("7.2", bend("5.10", "ist-kernel", lambda x, y: y + 10 if x == 64 else y)),
    ("7.3", bend("5.10", "ist-app-large-buffer", lambda x, y: 0.0 if x == 8192 else y)),
    ("7.4", bend("5.10", "nat", lambda x, y: y + 1 if x >= 1024 else 0.0)),
    ("7.5", bend("5.10", "nat", lambda x, y: min(y, 15))),
    ("7.6", bend("5.10", "ist-kernel", lambda x, y: 0.0 if x == 1536 else y)),
    ("7.7", bend("5.10", "ist-kernel", lambda x, y: 0.0 if x == 8192 else y)),
    ("7.8", bend("5.10", "nat", lambda x, y: 40.0 if x == 256 else min(y, 30.0))),
    ("7.9", bend("5.10", "ist-kernel", lambda x, y: 50.0 if x == 1536 else y)),
    ("7.10", bend("5.10", "ist-app", lambda x, y: 0.0 if x == 64 else y)),
    ("8.1", bend("5.5", "ist-kernel-tuned", lambda x, y: 340)),
    ("8.2", move_drops("box.ring-full:mac0")),
    ("8.3", move_drops("box.backlog-full:mac0")),
]


def findings_of(table: Table, claim_id: str, fitted=()):
    return judge(table, [BY_ID[claim_id]], synthetic.DIRECTIONS, fitted)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_holds_on_a_table_as_the_thesis_says(claim):
    findings = findings_of(synthetic.table(), claim.id)
    assert findings
    assert all(finding.holds is True for finding in findings)
    assert all(len(finding.per_seed) == len(synthetic.SEEDS) for finding in findings)


@pytest.mark.parametrize(("claim_id", "bent"), TWINS)
def test_fails_on_a_table_bent_against_it(claim_id, bent):
    findings = findings_of(bent(synthetic.table()), claim_id)
    assert findings
    assert all(finding.holds is False for finding in findings)


def test_every_claim_has_a_negative_twin():
    assert {claim_id for claim_id, _ in TWINS} == set(BY_ID)


def test_what_was_not_measured_is_neither_held_nor_failed():
    for finding in judge(Table(), CLAIMS, synthetic.DIRECTIONS, ()):
        assert finding.holds is None
        assert finding.measured is None
        assert finding.as_json()["measured"] is None


def test_a_claim_that_set_a_parameter_is_fitted_and_never_holds():
    (first, _) = findings_of(synthetic.table(), "1.5", fitted={"untuned-latency"})
    assert (first.kind, first.matches, first.holds) == (FITTED, True, None)
    (first, _) = findings_of(synthetic.table(), "1.5", fitted={"other"})
    assert (first.kind, first.holds) == (PREDICTED, True)


def test_a_hypothesis_names_its_assumption():
    hypotheses = [claim for claim in CLAIMS if claim.kind == HYPOTHESIS]
    assert hypotheses
    assert all(claim.assumption for claim in hypotheses)


def test_verdict_is_on_the_mean_and_spread_on_the_seeds():
    table = Table([Row("5.5", "ist-kernel", ph.MAC_TO_PCI, 0, seed, 423.0 + 20 * (seed - 3))
                   for seed in synthetic.SEEDS])  # fmt: skip
    (finding,) = judge(table, [BY_ID["1.5"]], (ph.MAC_TO_PCI,), ())
    assert finding.holds is True
    assert finding.spread == (383.0, 463.0)


def test_no_claim_is_judged_on_a_curve_with_a_hole():
    table = synthetic.table()
    table.rows = [r for r in table.rows if (r.figure, r.seed, r.x) != ("5.10", 1, 1024)]
    table.gaps = {("5.10", "nat", way, 1) for way in synthetic.DIRECTIONS}
    for finding in findings_of(table, "7.4"):
        assert finding.holds is True
        assert 1 not in finding.per_seed
    table.gaps = {("5.10", "nat", way, s) for way in synthetic.DIRECTIONS for s in synthetic.SEEDS}
    assert all(finding.holds is None for finding in findings_of(table, "7.4"))


def test_direction_claims_speak_only_of_their_direction():
    findings = judge(synthetic.table(), CLAIMS, (ph.PCI_TO_MAC,), ())
    assert {f.direction for f in findings} == {ph.PCI_TO_MAC, ph.ON_CHIP}
    assert "8.2" not in {f.claim.id for f in findings}


def test_ids_are_unique_and_every_figure_has_a_claim():
    assert len(BY_ID) == len(CLAIMS)
    assert {claim.figure for claim in CLAIMS} == set(FIGURES)
    assert {claim.figure for claim in claims_of({"5.9"})} == {"5.9"}


def test_score_counts_each_claim_once_and_kinds_apart():
    table = bend("5.8", "nat", lambda x, y: 5.0)(synthetic.table())
    rows = [
        replace(row, value=340.0)
        if (row.phase, row.direction) == ("ist-kernel-tuned", ph.PCI_TO_MAC)
        else row
        for row in table.rows
    ]
    findings = judge(Table(rows), [BY_ID[i] for i in ("1.5", "5.1", "5.2", "8.1", "8.2")],
                     synthetic.DIRECTIONS, {"untuned-latency"})  # fmt: skip
    counted = score(findings, free_parameters=1)
    assert (counted.predicted, counted.predicted_hold, counted.predicted_partly) == (3, 1, 0)
    assert (counted.hypotheses, counted.hypotheses_hold, counted.hypotheses_partly) == (1, 0, 1)
    assert (counted.fitted, counted.fitted_match) == (1, 1)
    assert counted.unmeasured == 0
    nothing = score(judge(Table(), CLAIMS, synthetic.DIRECTIONS, ()), free_parameters=0)
    assert (nothing.predicted, nothing.unmeasured) == (0, len(CLAIMS))


def test_line_speed_needs_all_its_runs():
    table = synthetic.table()
    kept = Table([row for row in table.rows if row.figure != LINE_UDP], table.drops)
    (finding,) = findings_of(kept, "2.3")
    assert finding.holds is None
