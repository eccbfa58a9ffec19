# SPDX-License-Identifier: GPL-2.0-or-later
"""The two ends of measured traffic: isblab-traffic in a namespace, told what to do line by line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from isblab.errors import EnvironmentFailure
from isblab.netlab import Namespace, Net
from isblab.paths import program

__all__ = ["Agent", "cpu_ns", "pin", "together"]

_PATIENCE = 40.0  # s: above the agents' own watchdogs, so that their words arrive


class Agent:
    """One end. Orders are those of doc/ist-bench.md."""

    def __init__(self, net: Net, space: Namespace):
        self.space = space
        self._program = net.start(space, program("isblab-traffic"))

    @property
    def pid(self) -> int:
        """Its process."""
        return self._program.pid

    def tell(self, verb: str, **words: object) -> None:
        """Give an order without waiting for its answer; `source` is spelled "from"."""
        line = " ".join([verb, *(f"{'from' if key == 'source' else key}={value}"
                                 for key, value in words.items())])
        self._program.write(line + "\n")

    def hear(self) -> dict:
        """The answer to the oldest order that was not heard yet."""
        answer = json.loads(self._program.answer(_PATIENCE))
        if "error" in answer:
            raise EnvironmentFailure(f"traffic in {self.space.name}: {answer['error']}")
        return answer

    def ask(self, verb: str, **words: object) -> dict:
        """Give an order; its answer."""
        self.tell(verb, **words)
        return self.hear()


def together(*agents: Agent) -> list[dict]:
    """The answers of agents that were told something; a fault of any is raised when all are heard."""
    answers, faults = [], []
    for agent in agents:
        try:
            answers.append(agent.hear())
        except EnvironmentFailure as fault:
            faults.append(str(fault))
    if faults:
        raise EnvironmentFailure("; ".join(faults))
    return answers


def pin(pids: Iterable[int], cpus: set[int]) -> None:
    """Bind all threads of processes to CPUs; processes that ended are passed over."""
    for pid in pids:
        for thread in _threads(pid):
            try:
                os.sched_setaffinity(int(thread.name), cpus)
            except ProcessLookupError:
                continue


def cpu_ns(pids: Iterable[int]) -> int:
    """Nanoseconds for which processes, and the kernel's softirq threads, have run so far.

    What the kernel does for a packet runs in a softirq on top of whoever sent it and so counts as
    that process' time (no IRQ time accounting), or in ksoftirqd.
    """
    return sum(_run_time(thread) for pid in (*pids, *_softirq_threads())
               for thread in _threads(pid))


def _threads(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _run_time(thread: Path) -> int:
    try:
        return int((thread / "schedstat").read_text().split()[0])
    except (OSError, IndexError):
        return 0


_softirqs: list[int] = []


def _softirq_threads() -> list[int]:
    if not _softirqs:
        for path in Path("/proc").glob("[0-9]*/comm"):
            try:
                if path.read_text().startswith("ksoftirqd/"):
                    _softirqs.append(int(path.parent.name))
            except OSError:
                continue
    return _softirqs
