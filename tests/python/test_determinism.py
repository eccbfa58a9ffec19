# SPDX-License-Identifier: GPL-2.0-or-later
"""Same scenario, same seed, same bytes."""

import hashlib

import pytest

from isblab.paths import ROOT, shipped_scenarios
from isblab.worker import Job, run_one, run_scenarios

NAT_BEHIND_NAT = ROOT / "examples" / "nat-behind-nat.toml"


def hashes(folder, **job):
    """SHA-256 of events.jsonl by shipped scenario."""
    folder.mkdir()
    jobs = [Job(path=path, key=str(path.relative_to(ROOT)), events=folder / f"{index}.jsonl", **job)
            for index, path in enumerate(shipped_scenarios())]
    run_scenarios(jobs)
    return {job.key: hashlib.sha256(job.events.read_bytes()).hexdigest() for job in jobs}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return hashes(tmp_path_factory.mktemp("release") / "events")


def test_two_runs_of_every_shipped_scenario_agree(release, tmp_path):
    assert len(release) >= 6
    assert hashes(tmp_path / "events") == release


def test_the_seed_reaches_the_model(tmp_path):
    # The seed itself stands in the result line; what it changes must be more than that.
    first, second = (run_one(Job(path=NAT_BEHIND_NAT, seed=seed)).result for seed in (1, 2))
    assert first != {**second, "seed": 1}
    assert first == run_one(Job(path=NAT_BEHIND_NAT, seed=1)).result
