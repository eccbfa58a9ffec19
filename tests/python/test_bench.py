# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab bench on what google-benchmark writes."""

import json
from dataclasses import replace

import pytest

from isblab import natbox_bench
from isblab.commands import bench
from isblab.errors import EnvironmentFailure
from isblab.worker import run_one, run_scenarios


def output(*items):
    """google-benchmark's JSON from (family, instance, name, CPU time, more)."""
    return json.dumps({"benchmarks": [
        {"run_type": "iteration", "time_unit": "ns", "family_index": family,
         "per_family_instance_index": instance, "run_name": name, "cpu_time": time, **more}
        for family, instance, name, time, more in items]})


def test_the_first_round_is_dropped_and_ratios_are_to_the_first_of_the_source():
    measured = bench.parse("bench_x", output(
        (1, 0, "Other", 5, {"target_ns": 30}), (0, 1, "Path/B", 1, {}), (0, 0, "Path/A", 999, {}),
        (0, 1, "Path/B", 15, {}), (1, 0, "Other", 7, {"target_ns": 30}), (0, 0, "Path/A", 10, {}),
        (0, 0, "Path/A", 12, {}), (1, 0, "Other", 7, {"target_ns": 30}),
        (0, 1, "Path/B", 0.018, {"time_unit": "us"})))
    assert bench._table(measured).splitlines() == [
        "  benchmark  CPU time  spread  ratio  counters",
        "  Path/A     11 ns     9.1 %   1.00   -",
        "  Path/B     16.5 ns   9.1 %   1.50   -",
        "  Other      7 ns      0.0 %   1.00   target_ns 30"]


def test_a_benchmark_that_gives_up_is_an_error():
    with pytest.raises(EnvironmentFailure, match="bench_x: Path: dropped the packet"):
        bench.parse("bench_x", output((0, 0, "Path", 0, {"error_occurred": True,
                                                         "error_message": "dropped the packet"})))


def test_the_small_forms_of_the_scale_scenarios_hold():
    jobs = bench.scale_jobs(quick=True)
    assert {job.key for job in jobs} == set(bench.QUICK_SCALE)
    for result in run_scenarios(jobs):
        assert result.passed, result.result["expectations"]
        assert result.stats["hosts"] >= 100


def test_a_scale_scenario_that_loses_users_does_not_hold():
    job = next(job for job in bench.scale_jobs(quick=True) if job.key == "ten-thousand-users")
    assert not run_one(replace(job, overrides={**job.overrides, "crowd.u.count": 199})).passed


def test_natbox_is_reported_as_ratios_to_forwarding():
    tcp = natbox_bench.LOADS[0]
    lines = natbox_bench.report([natbox_bench.Measurement(
        tcp, {"forwarding": [4e9, 5e9, 6e9], "natbox": [2e9, 2.5e9, 4e9]})]).splitlines()
    assert lines == [
        "  load          way         median    spread  ratio",
        "  TCP, offload  forwarding  5 Gb/s    20 %    1.00",
        "  TCP, offload  natbox      2.5 Gb/s  40 %    0.50"]
