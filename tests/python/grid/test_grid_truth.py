# SPDX-License-Identifier: GPL-2.0-or-later
"""Every cell of the simulated grid is what the RFCs' words say (truth_table.py)."""

import sys
from pathlib import Path

import pytest

from isblab.grid import behaviours, labs, ways
from isblab.grid.plan import Plan, batches
from isblab.grid.run import run
from isblab.worker import check

sys.path.insert(0, str(Path(__file__).parent))

import truth_table  # noqa: E402

IST = ("ist-passive", "ist-proxy", "ist-user")


def plan_of(names, assignment="preserving", protocols=ways.PROTOCOLS, of=ways.WAYS):
    return Plan(tuple(protocols), tuple(behaviours.find(name) for name in names),
                tuple(ways.find(name) for name in of), assignment)


def disagreements(plan):
    """Cells in which simulation and RFCs differ, with what the simulation says about them."""
    found = []
    for outcome in run(plan):
        expected = truth_table.connects(*outcome.cell.key, plan.assignment)
        if outcome.works is not expected:
            found.append((*outcome.cell.key, "works" if outcome.works else outcome.why))
    return found


def test_the_quick_grid_is_what_the_rfcs_say():
    assert disagreements(plan_of(behaviours.QUICK)) == []


@pytest.mark.slow
@pytest.mark.parametrize("assignment", behaviours.ASSIGNMENTS)
def test_the_whole_grid_is_what_the_rfcs_say(assignment):
    # Ports make no difference to translators and calls to known endpoints: once is enough for them.
    of = ways.WAYS if assignment == "preserving" else ("punched", "predicted")
    assert disagreements(plan_of(behaviours.BEHAVIOURS, assignment, of=of)) == []


def test_a_cell_that_fails_names_packet_box_and_rule():
    plan = plan_of(("eim-apdf", "apdm-apdf", "firewall"), of=("direct", "punched"))
    failed = [outcome for outcome in run(plan) if not outcome.works]
    assert failed
    for outcome in failed:
        assert outcome.stops, outcome.cell.key
        for stop in outcome.stops:
            assert stop.packet and stop.box and stop.reason and stop.rule, outcome.cell.key


def test_how_cells_share_runs_changes_none():
    plan = plan_of(("eim-adf", "apdm-apdf"), protocols=("udp",), of=("direct", "predicted"))
    together = {outcome.cell.key: outcome.works for outcome in run(plan, batch=8)}
    alone = {outcome.cell.key: outcome.works for outcome in run(plan, batch=1)}
    assert together == alone


def test_scenarios_of_the_grid_are_valid():
    for part in batches(plan_of(behaviours.BEHAVIOURS).cells()[::31], 300):
        check(text=labs.scenario_text(part, "random", "grid"))


# --- the truth table itself ---------------------------------------------------------------------


@pytest.mark.parametrize("assignment", behaviours.ASSIGNMENTS)
@pytest.mark.parametrize("protocol", ways.PROTOCOLS)
def test_by_the_rfcs_everybody_meets_at_an_ist(protocol, assignment):
    for provider in behaviours.BEHAVIOURS:
        for subscriber in behaviours.BEHAVIOURS:
            for way in IST:
                assert truth_table.connects(protocol, provider, subscriber, way, assignment)


@pytest.mark.parametrize(("provider", "subscriber", "way", "expected"), [
    ("public", "apdm-apdf", "direct", True),
    ("firewall", "public", "direct", False),
    ("eim-eif", "eim-apdf", "direct", True),  # full cone: anyone may send
    ("eim-adf", "public", "direct", False),
    ("eim-apdf", "public", "reversed", True),
    ("cgn", "cgn", "direct", False),  # the home NAT filters what the carrier lets in
    ("cgn", "cgn", "punched", True),
    # RFC 5128 section 3.3.1: hole punching needs endpoint-independent mapping on both sides, or on
    # one when the other one's filter does not look at ports.
    ("eim-apdf", "eim-apdf", "punched", True),
    ("eim-adf", "apdm-apdf", "punched", True),
    ("eim-apdf", "apdm-apdf", "punched", False),
    ("apdm-apdf", "apdm-apdf", "punched", False),
])
@pytest.mark.parametrize("protocol", ways.PROTOCOLS)
def test_the_truth_table_knows_the_classics(protocol, provider, subscriber, way, expected):
    assert truth_table.connects(protocol, provider, subscriber, way) is expected


@pytest.mark.parametrize(("assignment", "expected"), [("sequential", True), ("random", False)])
@pytest.mark.parametrize("protocol", ways.PROTOCOLS)
def test_prediction_needs_an_order(protocol, assignment, expected):
    assert truth_table.connects(protocol, "apdm-apdf", "eim-apdf", "predicted",
                                assignment) is expected
