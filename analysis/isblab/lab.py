# SPDX-License-Identifier: GPL-2.0-or-later
"""Labs for use from Python: load, check, look into, vary, run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

from isblab import scenario, worker

__all__ = ["Lab"]


class Lab:
    """A valid scenario. Immutable: `with_overrides` makes another one.

        lab = Lab.load("examples/five-phases/nat.toml")
        for count in (1, 10, 100):
            result = lab.with_overrides({"traffic.bulk.connections": count}).run()
            print(count, result.result["traffic"][0]["throughputBps"])
    """

    def __init__(self, text: str, source: str = "scenario"):
        """Read and check scenario text.

        Args:
            text: TOML, schema 1 (doc/scenario.md).
            source: name of the file, for errors.

        Raises:
            ScenarioError: the scenario is refused, with file, line and what.
        """
        from isblab import _core

        self.text = text
        self.source = source
        self._values = _core.parse_lab(text, source)

    @classmethod
    def load(cls, path: str | Path) -> Lab:
        """Read and check a scenario file; ScenarioError when it is refused or unreadable."""
        return cls(scenario.read_text(path), str(path))

    def with_overrides(self, overrides: Mapping[str, object]) -> Lab:
        """This lab with values replaced by dotted path (see scenario.apply), checked again."""
        return Lab(scenario.with_overrides(self.text, overrides, self.source), self.source)

    def to_dict(self) -> dict:
        """The complete lab: defaults filled in, addresses given. Times are in nanoseconds (_ns),
        rates in bits per second (_bps), machine parameters texts with unit."""
        return copy.deepcopy(self._values)

    def run(self, seed: int | None = None, events: str | Path | None = None,
            pcap: str | Path | None = None) -> worker.Result:
        """Run it in a worker process.

        Args:
            seed: of the random numbers (None: the scenario's).
            events: file that gets the events as JSON lines (None: none are made).
            pcap: existing folder that gets captures (None: none).

        Returns:
            worker.Result: `result` holds "traffic", "boxes" and "expectations", `passed` whether
            all expectations hold.

        Raises:
            WorkerError: the worker crashed or is not built.
        """
        return worker.run_one(worker.Job(path=self.source, text=self.text, seed=seed,
                                         events=events, pcap=pcap))

    def __repr__(self) -> str:
        return f"Lab({self._values['name']!r})"
