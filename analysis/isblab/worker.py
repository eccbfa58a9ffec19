# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs scenarios in parallel worker processes (`isblab-sim`, or `isblab-netns`), one a run.

A crash in a simulation ends that process, not the session. Worker threads only start, read and
wait; every callback happens in the calling thread.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from isblab import scenario
from isblab.errors import IsblabError, ScenarioError, WorkerError
from isblab.paths import program

__all__ = ["Job", "Result", "check", "default_workers", "run_one", "run_scenarios"]

_KEPT_LINES = 100  # of a worker's standard error
_SHOWN_LINES = 5  # of these, in a message about a crash
_INPUT_NAMES = ("-", "<stdin>", "stdin")  # how the worker may call a scenario read from its stdin


@dataclass(frozen=True)
class Job:
    """One run of one scenario.

    Attributes:
        path: the scenario file; with `text` given, only its name in errors.
        text: the scenario's text instead of a file.
        seed: overrides the scenario's seed (None: as in the scenario).
        overrides: dotted path -> value, see scenario.apply.
        events: file that gets the events and the result as JSON lines (None: no events are made).
        pcap: folder that gets a capture of each side of each box (None: none).
        key: the caller's name for the job, handed back in Result.key.
        weight: expected cost relative to the other jobs, for progress only.
        worker: the program that runs it: "isblab-sim" (ns-3), "isblab-netns" (real sockets).
    """

    path: Path | str | None = None
    text: str | None = None
    seed: int | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)
    events: Path | str | None = None
    pcap: Path | str | None = None
    key: Hashable = None
    weight: float = 1.0
    worker: str = "isblab-sim"

    def __post_init__(self):
        if self.path is None and self.text is None:
            raise ValueError("a Job needs a path or a text")

    @property
    def name(self) -> str:
        """What errors call this job."""
        return str(self.path) if self.path is not None else str(self.key or "scenario")

    def scenario_text(self) -> str:
        """The scenario as the worker gets it, overrides applied."""
        text = scenario.read_text(self.path) if self.text is None else self.text
        return scenario.with_overrides(text, self.overrides, self.name)


@dataclass(frozen=True)
class Result:
    """What came of a Job.

    Attributes:
        key: Job.key.
        job: the Job.
        result: the worker's last line as a dict ("traffic", "boxes", "expectations" ...), or None.
        stats: the worker's speed ("events", "wallSeconds", "eventsPerSecond",
            "simulatedPerWall"); not deterministic. Empty when the worker printed none.
        passed: whether all expectations hold.
        error: why there is no result (only with keep_going), else None.
    """

    key: Hashable
    job: Job
    result: dict | None
    stats: dict
    passed: bool
    error: IsblabError | None = None


def default_workers() -> int:
    """Processors that this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


def run_scenarios(jobs: Sequence[Job], workers: int | None = None,
                  on_progress: Callable[[float, int, int], None] | None = None,
                  on_result: Callable[[Result], None] | None = None,
                  keep_going: bool = False) -> list[Result]:
    """Run all jobs, `workers` processes at a time (default: one a processor).

    Args:
        jobs: what to run; started in this order.
        workers: processes at a time.
        on_progress: called with (fraction done 0..1, jobs finished, jobs in all).
        on_result: called with each Result as it comes.
        keep_going: put failures into Result.error instead of raising the first one.

    Returns:
        Results in the order of the jobs.

    Raises:
        ScenarioError: a scenario was refused (unless keep_going).
        WorkerError: a worker crashed or cannot start (unless keep_going).
        KeyboardInterrupt: on Ctrl-C, after all children are killed.
    """
    jobs = list(jobs)
    session = _Session(jobs, keep_going)
    count = min(workers or default_workers(), len(jobs))
    threads = [threading.Thread(target=session.work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        return session.collect(on_progress, on_result)
    finally:
        session.stop()
        for thread in threads:
            thread.join()


def run_one(job: Job, on_progress: Callable[[float, int, int], None] | None = None) -> Result:
    """Run a single job and return its Result; raises as run_scenarios does."""
    return run_scenarios([job], workers=1, on_progress=on_progress)[0]


def check(path: Path | str | None = None, text: str | None = None,
          overrides: Mapping[str, object] | None = None) -> None:
    """Validate a scenario without running it; ScenarioError when it is refused."""
    job = Job(path=path, text=text, overrides=overrides or {})
    done = subprocess.run([program("isblab-sim"), "check", "-"], input=job.scenario_text(),
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise _failure(job, done.returncode, tuple(done.stderr.splitlines()))


class _Session:
    """State that the calling thread and the worker threads of one run_scenarios share."""

    def __init__(self, jobs: list[Job], keep_going: bool):
        self._jobs = jobs
        self._keep_going = keep_going
        self._next = iter(range(len(jobs)))
        self._lock = threading.Lock()
        self._children: set[subprocess.Popen] = set()
        self._stopped = False
        self._reports: queue.SimpleQueue = queue.SimpleQueue()

    def work(self) -> None:
        """Body of a worker thread: run jobs until none is left."""
        while True:
            with self._lock:
                index = None if self._stopped else next(self._next, None)
            if index is None:
                return
            job = self._jobs[index]
            try:
                report = self._run(index, job)
            except IsblabError as error:
                report = Result(job.key, job, None, {}, False, error)
            except Exception as error:  # a fault of ours: show it in the calling thread
                report = error
            self._reports.put((index, report))

    def collect(self, on_progress, on_result) -> list[Result]:
        """Gather reports until every job has its Result."""
        weights = [job.weight for job in self._jobs]
        whole = sum(weights) or 1.0
        done = [0.0] * len(self._jobs)
        results: list[Result | None] = [None] * len(self._jobs)
        finished, shown = 0, 0.0
        while finished < len(self._jobs):
            index, report = self._reports.get()
            if isinstance(report, float):
                done[index] = report
            elif isinstance(report, Result):
                if report.error is not None and not self._keep_going:
                    raise report.error
                done[index], results[index] = 1.0, report
                finished += 1
                if on_result:
                    on_result(report)
            else:
                raise report
            now = time.monotonic()
            if on_progress and (now - shown > 0.1 or finished == len(self._jobs)):
                shown = now
                fraction = sum(w * d for w, d in zip(weights, done)) / whole
                on_progress(fraction, finished, len(self._jobs))
        return results

    def stop(self) -> None:
        """Start nothing more and kill what runs."""
        with self._lock:
            self._stopped = True
            for child in self._children:
                child.kill()

    def _run(self, index: int, job: Job) -> Result:
        text = job.scenario_text()
        child = self._start(_command(job))
        if child is None:
            raise WorkerError(f"{job.name}: stopped before it began")
        notes: deque[str] = deque(maxlen=_KEPT_LINES)
        stats: dict = {}
        reader = threading.Thread(target=self._read_stderr, args=(index, child, notes, stats),
                                  daemon=True)
        reader.start()
        try:
            _feed(child, text)
            last = _drain(child.stdout, job.events)
            status = child.wait()
        finally:
            with self._lock:
                self._children.discard(child)
            if child.poll() is None:
                child.kill()
                child.wait()
            reader.join()
            child.stdout.close()
            child.stderr.close()
        if status not in (0, 1):
            raise _failure(job, status, tuple(notes))
        return Result(job.key, job, _parse_result(job, last, status, notes), stats, status == 0)

    def _start(self, command: list[str]) -> subprocess.Popen | None:
        with self._lock:
            if self._stopped:
                return None
            try:
                # A group of its own: on Ctrl-C the terminal signals us alone, and we kill it.
                child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, process_group=0)
            except OSError as error:
                raise WorkerError(f"cannot start {command[0]}: {error.strerror}") from error
            self._children.add(child)
            return child

    def _read_stderr(self, index: int, child: subprocess.Popen, notes, stats: dict) -> None:
        for raw in child.stderr:
            line = raw.decode("utf-8", "replace").strip()
            message = _json_or_none(line)
            if message is not None and "progress" in message:
                self._reports.put((index, float(message["progress"])))
            elif message is not None and "eventsPerSecond" in message:
                stats.update(message)
            elif line:
                notes.append(line)


def _command(job: Job) -> list[str]:
    command = [str(program(job.worker)), "run", "-", "--progress", "--stats",
               "--events", "none" if job.events is None else "all"]
    if job.seed is not None:
        command += ["--seed", str(job.seed)]
    if job.pcap is not None:
        command += ["--pcap", str(job.pcap)]
    return command


def _feed(child: subprocess.Popen, text: str) -> None:
    """Write the scenario to the child's stdin; if it died early its status says so."""
    try:
        child.stdin.write(text.encode())
        child.stdin.close()
    except BrokenPipeError:
        pass


def _drain(stream, events: Path | str | None) -> bytes:
    """Read lines to the end, copy them into the file `events` if given, return the last one."""
    last = b""
    if events is None:
        for last in stream:
            pass
        return last
    with open(events, "wb") as file:
        for last in stream:
            file.write(last)
    return last


def _json_or_none(line: str | bytes) -> dict | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _parse_result(job: Job, last: bytes, status: int, notes) -> dict:
    result = _json_or_none(last)
    if result is None or result.get("event") != "result":
        raise WorkerError(f"{job.name}: {job.worker} ended without a result", status,
                          tuple(notes)[-_SHOWN_LINES:])
    return result


def _failure(job: Job, status: int, notes: tuple[str, ...]) -> IsblabError:
    """The exception for a worker that ended with neither 0 nor 1."""
    if status == 2:
        faults = [_fault(job, note) for note in notes] or [("refused without a reason", None)]
        first, *more = (ScenarioError(what, job.name, line) for what, line in faults)
        first.more = tuple(more)
        return first
    if status < 0:
        try:
            how = f"killed by {signal.Signals(-status).name}"
        except ValueError:
            how = f"killed by signal {-status}"
    else:
        how = f"exit status {status}"
    return WorkerError(f"{job.name}: {job.worker} failed ({how})", status, notes[-_SHOWN_LINES:])


def _fault(job: Job, note: str) -> tuple[str, int | None]:
    """(what, line) from the worker's FILE:LINE: WHAT or FILE: WHAT, where FILE is its stdin."""
    for prefix in (f"{name}:" for name in _INPUT_NAMES):
        if note.startswith(prefix):
            line, colon, what = note[len(prefix):].partition(":")
            if colon and line.strip().isdecimal():
                return what.strip(), int(line)
            return note[len(prefix):].strip(), None
    return note, None
