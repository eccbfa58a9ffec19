# SPDX-License-Identifier: GPL-2.0-or-later
"""The grid on real packets: sockets of Linux and natbox agree with the simulation cell by cell."""

import pytest

from isblab.grid import behaviours, ways
from isblab.grid.plan import Plan
from isblab.grid.run import run
from isblab.netlab import missing_capability


@pytest.fixture
def worlds(built):
    """Both workers are there, and what they need."""
    if missing_capability():
        pytest.skip(missing_capability())
    built("isblab-sim")
    built("isblab-netns")
    pytest.importorskip("isblab._core", reason="the bindings are not built")


def outcomes(world):
    """All pairs of public and the thesis' four types, by every way."""
    plan = Plan(ways.PROTOCOLS, tuple(map(behaviours.find, behaviours.QUICK)),
                tuple(ways.WAYS.values()), world=world)
    return {outcome.cell.key: outcome for outcome in run(plan)}


def stops(outcome):
    """Box in words and reason of what stopped a cell."""
    return {(stop.box, stop.reason) for stop in outcome.stops}


def test_namespaces_and_simulation_agree_cell_by_cell(worlds):
    real, simulated = outcomes("netns"), outcomes("sim")
    assert {key: outcome.works for key, outcome in real.items()} == {
        key: outcome.works for key, outcome in simulated.items()}
    for key, outcome in real.items():  # and by the same boxes, for the same reasons
        if "direct" in key:  # of two packets that meet, real time says which is stopped first
            assert stops(outcome) == stops(simulated[key]), key
