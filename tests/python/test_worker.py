# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab.worker against a stand-in for isblab-sim that behaves and misbehaves on request."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isblab import worker
from isblab.errors import ScenarioError, WorkerError
from isblab.worker import Job, run_scenarios

pytestmark = pytest.mark.usefixtures("stand_in")


def test_results_come_in_the_order_of_the_jobs():
    jobs = [Job(text=f"# wait {delay}", key=delay) for delay in (0.3, 0.0, 0.1)]
    results = run_scenarios(jobs, workers=3)
    assert [result.key for result in results] == [0.3, 0.0, 0.1]
    assert all(result.passed and result.error is None for result in results)
    assert results[0].stats["eventsPerSecond"] == 100.0


def test_no_jobs_give_no_results():
    assert run_scenarios([]) == []


def test_the_worker_gets_seed_captures_and_overridden_text(tmp_path):
    job = Job(text="# ok\nseed = 1\n", seed=9, pcap=tmp_path, overrides={"seed": 4})
    result = worker.run_one(job).result
    assert result["text"] == "# ok\nseed = 4\n"
    assert ["--seed", "9"] == result["arguments"][-4:-2]
    assert ["--pcap", str(tmp_path)] == result["arguments"][-2:]
    assert result["arguments"][result["arguments"].index("--events") + 1] == "none"


def test_events_go_to_their_file_with_the_result_last(tmp_path):
    worker.run_one(Job(text="# ok", events=tmp_path / "events.jsonl"))
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert '"packet-dropped"' in lines[0]
    assert '"result"' in lines[1]


def test_a_failed_expectation_is_a_result_that_did_not_pass():
    result = worker.run_one(Job(text="# fail"))
    assert not result.passed
    assert result.error is None


def test_a_crash_is_reported_with_signal_and_last_words():
    with pytest.raises(WorkerError, match=r"some job.*SIGABRT.*assert failed") as error:
        worker.run_one(Job(text="# crash", key="some job"))
    assert error.value.status == -signal.SIGABRT
    assert error.value.stderr == ("assert failed in file.cc:7",)


def test_output_without_a_result_is_reported():
    with pytest.raises(WorkerError, match="without a result"):
        worker.run_one(Job(text="# garbage"))


def test_a_refused_scenario_is_reported_with_file_and_line(tmp_path):
    file = tmp_path / "first.toml"
    file.write_text("# refuse")
    with pytest.raises(ScenarioError) as error:
        worker.run_one(Job(path=file))
    assert (error.value.file, error.value.line) == (str(file), 3)
    assert str(error.value) == f"{file}:3: unknown key 'naem'; nearest valid: 'name'"
    assert [str(fault) for fault in error.value.more] == [f"{file}:5: rate of zero"]


def test_keep_going_puts_failures_beside_results():
    results = run_scenarios([Job(text="# crash"), Job(text="# ok"), Job(text="# refuse")],
                            keep_going=True)
    assert [type(result.error) for result in results] == [WorkerError, type(None), ScenarioError]
    assert [result.passed for result in results] == [False, True, False]


def test_a_failure_stops_the_rest(tmp_path):
    pid = tmp_path / "pid"
    started = time.monotonic()
    with pytest.raises(WorkerError):
        run_scenarios([Job(text=f"# hang {pid}"), Job(text="# crash")], workers=2)
    assert time.monotonic() - started < 60  # and not the 600 s of the one that hangs
    assert not _runs(pid)


def test_a_missing_worker_is_reported(stand_in):
    (stand_in / "bin" / "isblab-sim").unlink()
    with pytest.raises(Exception, match="isblab-sim is not built"):
        worker.run_one(Job(text="# ok"))


def test_progress_ends_at_one_and_counts_jobs():
    seen = []
    run_scenarios([Job(text="# ok"), Job(text="# ok", weight=3.0)], workers=1,
                  on_progress=lambda *progress: seen.append(progress))
    assert seen[-1] == (1.0, 2, 2)
    assert [fraction for fraction, *_ in seen] == sorted(fraction for fraction, *_ in seen)


def test_interrupting_kills_the_children(tmp_path):
    pid = tmp_path / "pid"
    script = (f"from isblab.worker import Job, run_scenarios\n"
              f"run_scenarios([Job(text='# hang {pid}')])\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", script], env=environment,
                          stderr=subprocess.PIPE) as session:
        _wait_for(lambda: pid.exists() and pid.read_text())
        session.send_signal(signal.SIGINT)
        _out, err = session.communicate(timeout=60)
    assert b"KeyboardInterrupt" in err
    assert not _runs(pid)


def _wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid_file: Path) -> bool:
    """Whether the process whose number is in the file runs (none if it never wrote the file)."""
    return pid_file.exists() and bool(pid_file.read_text()) \
        and Path("/proc", pid_file.read_text()).exists()


def test_a_job_needs_a_path_or_a_text():
    with pytest.raises(ValueError, match="path or a text"):
        Job()
