# SPDX-License-Identifier: GPL-2.0-or-later
"""Which runs a campaign consists of, the scenarios they become, and what is read from results."""

from __future__ import annotations

import tomllib

import pytest

from isblab.figures import phases as ph
from isblab.figures.budgets import FULL, QUICK
from isblab.figures.experiments import FIGURES, collect, document, plan
from isblab.worker import Result

BOTH = (ph.MAC_TO_PCI, ph.PCI_TO_MAC)


def experiments(figure, directions=BOTH, budget=QUICK):
    return plan(budget, [figure], directions, seed=1)


def one(figure, phase, direction=ph.MAC_TO_PCI, regime=""):
    return next(
        e
        for e in experiments(figure)
        if (e.phase, e.direction, e.regime) == (phase, direction, regime)
    )


@pytest.mark.parametrize("budget", [QUICK, FULL], ids=lambda budget: budget.name)
def test_every_point_is_measured_with_five_seeds_or_more(budget):
    runs = plan(budget, FIGURES, BOTH, seed=3)
    seeds = {}
    for run in runs:
        seeds.setdefault((run.figure, run.phase.key, run.direction, run.stations), set()).add(
            run.seed
        )
    assert all(len(found) >= 5 and min(found) == 3 for found in seeds.values())
    assert len(set(runs)) == len(runs)


def test_counts_are_those_of_the_thesis():
    assert FULL.counts == (1, *range(10, 101, 10))
    assert set(QUICK.counts) < set(FULL.counts)
    assert {1, 10, 60, 70, 80, 100} <= set(QUICK.counts)


def test_figure_5_7_needs_the_runs_of_5_6_once():
    both = plan(QUICK, ["5.6", "5.7"], BOTH, seed=1)
    assert set(both) == set(experiments("5.6"))
    assert set(experiments("5.7")) < set(both)


@pytest.mark.parametrize(
    ("direction", "nics"),
    [(ph.MAC_TO_PCI, ["on-chip", "pci"]), (ph.PCI_TO_MAC, ["pci", "on-chip"])],
)
def test_direction_chooses_the_nics(direction, nics):
    scenario = document(one("5.5", ph.NAT, direction))
    (box,) = scenario["box"]
    assert [port["nic"] for port in box["ports"]] == nics
    names = ["pci0" if nic == "pci" else "mac0" for nic in nics]
    assert [port["name"] for port in box["ports"]] == names
    assert [link["between"] for link in scenario["link"]] == [
        ["A", f"box:{names[0]}"],
        [f"box:{names[1]}", "B"],
    ]
    assert box["outside"] == names[1]


def test_claim_2_runs_between_on_chip_macs():
    runs = [e for e in experiments("5.6") if e.direction == ph.ON_CHIP and e.phase is ph.IST_KERNEL]
    assert {e.figure for e in runs} == {"on-chip-tcp", "on-chip-udp"}
    for run in runs:
        ports = document(run)["box"][0]["ports"]
        assert [(port["name"], port["nic"]) for port in ports] == [
            ("mac0", "on-chip"),
            ("mac1", "on-chip"),
        ]


def test_stations_follow_one_another_with_a_pause():
    sweep = document(one("5.9", ph.NAT))
    times = [(float(t["start"].split()[0]), float(t["stop"].split()[0])) for t in sweep["traffic"]]
    assert len(times) == len(QUICK.rates_6k)
    assert all(later[0] - earlier[1] >= 100 for earlier, later in zip(times, times[1:]))
    assert float(sweep["duration"].split()[0]) - times[-1][1] >= 100


def test_traffic_goes_through_the_translator():
    assert document(one("5.8", ph.IST_KERNEL))["traffic"][0]["via"] == "box"
    assert "via" not in document(one("5.8", ph.NAT))["traffic"][0]


def test_variants_change_only_what_they_name():
    plain, listed = (
        document(next(e for e in experiments("5.6") if e.phase is phase))
        for phase in (ph.NAT, ph.NAT_LIST)
    )
    assert plain["box"][0] | {"lookup": "list"} == listed["box"][0]
    tuned = document(one("5.5", ph.IST_KERNEL_TUNED))
    assert tuned["machine"] == {"ixp425": {"untuned-latency": "0 us"}}


def test_jobs_are_toml_with_the_seed_outside():
    run = one("5.10", ph.IST_APP, regime="small")
    job = run.job()
    parsed = tomllib.loads(job.text)
    assert parsed["name"] == "figures/5.10/ist-app"
    assert [t["payload"] for t in parsed["traffic"]] == ["64 B", "128 B", "256 B", "512 B"]
    assert all(t["rate"] == "full" for t in parsed["traffic"])
    assert (job.seed, job.key) == (run.seed, run)


def result_of(experiment, traffic, drops=None):
    boxes = [{"drops": drops}] if drops is not None else []
    return Result(
        experiment, experiment.job(), {"traffic": traffic, "boxes": boxes}, stats={}, passed=True
    )


def test_results_become_rows_in_the_units_of_the_axes():
    rtt = result_of(one("5.5", ph.NAT), [{"rttNs": {"mean": 312_500.0}}], {})
    sweep = one("5.8", ph.NAT)
    losses = [{"lossRatio": 0.01 * i} for i in range(len(sweep.stations))]
    table = collect([rtt, result_of(sweep, losses, {"box.ring-full:pci0": 7})], BOTH)
    assert table.points("5.5", "nat", ph.MAC_TO_PCI)[0].mean == 312.5
    points = table.points("5.8", "nat", ph.MAC_TO_PCI)
    assert [p.x for p in points] == list(QUICK.rates_1k)
    assert points[2].mean == pytest.approx(2.0)
    assert [(d.reason, d.count) for d in table.drops] == [("box.ring-full:pci0", 7)]


def test_direct_connect_stands_in_both_directions():
    run = one("5.5", ph.DIRECT)
    table = collect([result_of(run, [{"rttNs": {"mean": 185_000.0}}])], BOTH)
    assert [r.direction for r in table.rows] == list(BOTH)
    assert not [e for e in experiments("5.5") if e.phase is ph.DIRECT and e.direction != BOTH[0]]


def test_a_failed_run_leaves_a_gap():
    run = one("5.5", ph.NAT)
    failed = Result(run, run.job(), None, stats={}, passed=False, error=RuntimeError("died"))
    table = collect([failed], BOTH)
    assert table.rows == []
    assert table.has_gap("5.5", "nat", ph.MAC_TO_PCI, run.seed)
    assert not table.has_gap("5.5", "nat", ph.PCI_TO_MAC, run.seed)
