# SPDX-License-Identifier: GPL-2.0-or-later
"""Sweeps: grid, statistics, resuming, the command."""

import csv
import json
import math

import pytest

from isblab import sweep
from isblab.errors import EnvironmentFailure, ScenarioError, UsageError


@pytest.mark.parametrize(("text", "expected"), [
    ("users=10,100", ("users", ["10", "100"])),
    ("link.0.rate=1 Mb/s, 10 Mb/s", ("link.0.rate", ["1 Mb/s", "10 Mb/s"])),
    ('site.a.nat="one, two",full-cone', ("site.a.nat", ["one, two", "full-cone"])),
])
def test_variations_are_read(text, expected):
    assert sweep.parse_variation(text) == expected


@pytest.mark.parametrize("text", ["users", "users=", "=1,2", "users=1,,2", "users=1,1"])
def test_a_variation_of_another_form_is_refused(text):
    with pytest.raises(UsageError):
        sweep.parse_variation(text)


def test_the_grid_is_the_whole_product_with_the_last_name_fastest():
    grid = sweep.points({}, [("a.b", ["1", "2"]), ("c", ["x", "y"])])
    assert [point.key for point in grid] == ["a.b=1 c=x", "a.b=1 c=y", "a.b=2 c=x", "a.b=2 c=y"]
    assert grid[1].overrides == {"a.b": 1, "c": "y"}


@pytest.mark.parametrize(("counts", "users", "expected"), [
    ([200], "7", [7]),
    ([160, 40], "1000", [800, 200]),
    ([160, 40], "7", [6, 1]),
    ([1, 1, 1], "4", [2, 1, 1]),
    ([1000, 1], "2", [1, 1]),
    ([5, 3, 1], "10", [6, 3, 1]),
])
def test_users_are_shared_out_as_the_scenario_does(counts, users, expected):
    crowds = [{"name": f"u{i}", "count": count} for i, count in enumerate(counts)]
    [point] = sweep.points({"crowd": crowds}, [("users", [users])])
    assert [point.overrides[f"crowd.{i}.count"] for i in range(len(counts))] == expected
    assert point.key == f"users={users}"


def test_users_is_refused_without_a_crowd():
    with pytest.raises(ScenarioError, match=r"has none"):
        sweep.points({}, [("users", ["7"])])


@pytest.mark.parametrize("value", ["many", "1", "-3", "2.5"])
def test_users_must_be_enough_for_every_crowd(value):
    with pytest.raises(UsageError, match="2 or more"):
        sweep.points({"crowd": [{"name": "u"}, {"name": "v"}]}, [("users", [value])])


def test_the_interval_is_students():
    # t(0.975, 3) = 3.1824; deviation of 1, 2, 3, 4 is sqrt(5/3)
    value = sweep.interval([1, 2, 3, 4])
    half = 3.182446 * math.sqrt(5 / 3) / 2
    assert value.mean == 2.5
    assert value.low == pytest.approx(2.5 - half, rel=1e-6)
    assert value.high == pytest.approx(2.5 + half, rel=1e-6)
    assert (value.least, value.most, value.count) == (1, 4, 4)


def test_one_sample_has_no_interval():
    value = sweep.interval([7])
    assert value.mean == 7
    assert math.isnan(value.low) and math.isnan(value.high)


def result_with(traffic=(), **more):
    return {"traffic": list(traffic), "boxes": [], "expectations": [], **more}


def test_totals_weigh_means_by_their_samples():
    numbers = sweep.summarize(result_with([
        {"name": "a", "throughputBps": 10, "rttNs": {"count": 1, "mean": 100, "max": 100}},
        {"name": "b", "throughputBps": 20, "rttNs": {"count": 3, "mean": 200, "max": 250}}]))
    assert numbers["all.throughputBps"] == 30
    assert numbers["all.rttNs.mean"] == 175
    assert numbers["all.rttNs.max"] == 250
    assert numbers["traffic.b.rttNs.count"] == 3


def test_a_mean_without_samples_is_not_a_number_zero():
    numbers = sweep.summarize(result_with([{"name": "a", "rttNs": {"count": 0, "mean": 0}}]))
    assert "all.rttNs.mean" not in numbers
    assert "all.lossRatio" not in numbers


def test_many_traffics_are_only_summed_up():
    numbers = sweep.summarize(result_with({"name": f"t{i}", "sentBytes": 1} for i in range(65)))
    assert numbers["all.sentBytes"] == 65
    assert not [name for name in numbers if name.startswith("traffic.")]


def run_sweep(isblab, *more, file):
    return isblab("sweep", file, "--vary", "traffic.0.stop=200 ms,400 ms", "--set",
                  "duration=400 ms", "--seeds", "2", *more)


@pytest.fixture
def short(tmp_path):
    """A scenario of 400 ms without expectations."""
    path = tmp_path / "short.toml"
    path.write_text("""\
schema = 1
name = "short"
duration = "400 ms"
host = [{ name = "a" }, { name = "b" }]
link = [{ between = ["a", "b"], subnet = "10.0.0.0/30", rate = "10 Mb/s", delay = "1 ms" }]
traffic = [{ name = "ping", kind = "udp-ping-pong", from = "a", to = "b", payload = "64 B" }]
""")
    return path


def rows_of(path):
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_sweep_gives_one_row_a_point_and_measure(isblab, short, tmp_path):
    done = run_sweep(isblab, file=short)
    assert done.returncode == 0, done.stderr
    rows = [row for row in rows_of(tmp_path / "out/sweep/short/sweep.csv")
            if row["measure"] == "traffic.ping.receivedPackets"]
    assert [row["traffic.0.stop"] for row in rows] == ["200 ms", "400 ms"]
    assert [row["samples"] for row in rows] == ["2", "2"]
    assert float(rows[1]["mean"]) == pytest.approx(2 * float(rows[0]["mean"]), rel=0.05)


def test_a_stopped_sweep_goes_on_where_it_was(isblab, short, tmp_path):
    assert run_sweep(isblab, file=short).returncode == 0
    folder = tmp_path / "out/sweep/short"
    table = (folder / "sweep.csv").read_bytes()
    runs = (folder / "runs.jsonl").read_text().splitlines(keepends=True)
    # One run whole, the next cut short by a crash, the others missing; the first one marked.
    marked = json.loads(runs[0])
    marked["numbers"]["traffic.ping.sentBytes"] = 123456.0
    (folder / "runs.jsonl").write_text(json.dumps(marked) + "\n" + runs[1][:40])
    again = run_sweep(isblab, file=short)
    assert again.returncode == 0
    assert "1 of 4 runs are there already" in again.stdout
    assert "123456" in (folder / "runs.jsonl").read_text()  # not run again
    assert (folder / "sweep.csv").read_bytes() != table
    assert run_sweep(isblab, "--fresh", file=short).returncode == 0
    assert (folder / "sweep.csv").read_bytes() == table


def test_a_sweep_of_another_scenario_is_not_mixed_in(isblab, short, tmp_path):
    assert run_sweep(isblab, "--out", "here", file=short).returncode == 0
    other = run_sweep(isblab, "--out", "here", "--set", "title=other", file=short)
    assert other.returncode == 3
    assert "another scenario" in other.stderr and "--fresh" in other.stderr


def test_a_wrong_point_is_refused_before_anything_runs(isblab, short, tmp_path):
    done = isblab("sweep", short, "--vary", "link.0.rate=10 Mb/s,fast")
    assert done.returncode == 2
    assert "rate" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_expectation_that_fails_in_one_run_fails_the_sweep(isblab, short):
    short.write_text(short.read_text()
                     + 'expect = [{ traffic = "ping", measure = "rtt", at-most = "3 ms" }]\n')
    done = isblab("sweep", short, "--vary", "link.0.delay=1 ms,2 ms", "--seeds", "1")
    assert done.returncode == 1
    assert "link.0.delay=2 ms, seed 1: 1 expectations do not hold" in done.stdout


def test_a_store_refuses_a_folder_of_others(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(EnvironmentFailure, match="not empty"):
        sweep.RunStore(tmp_path, "text")
    assert (tmp_path / "mine.txt").read_text() == "precious"
