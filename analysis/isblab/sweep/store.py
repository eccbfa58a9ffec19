# SPDX-License-Identifier: GPL-2.0-or-later
"""The folder of a sweep: what was asked, every run as soon as it is done, the summary."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from isblab.errors import EnvironmentFailure
from isblab.paths import program, shown
from isblab.results import refuse_foreign
from isblab.sweep.statistics import interval

__all__ = ["RunStore"]

SCHEMA = 1
_MARKER = "sweep.json"


class RunStore:
    """A sweep's folder. Runs are appended one line each and flushed to disk, so that a sweep that
    was stopped goes on where it was; a line cut short by a crash is dropped.

        sweep.json    scenario, its hash, the program's hash, commit, versions, host
        runs.jsonl    {"point": "users=10", "seed": 1, "numbers": {...}} as they come
        sweep.csv     point, measure, samples, mean, 95 % confidence interval
    """

    def __init__(self, folder: Path | str, text: str, fresh: bool = False):
        """Open or make the folder.

        Args:
            folder: where.
            text: the scenario, overrides of all runs applied.
            fresh: throw an earlier sweep away.

        Raises:
            EnvironmentFailure: something else is there, or a sweep of another scenario or program.
        """
        self.folder = Path(folder)
        refuse_foreign(self.folder, _MARKER)
        self._identity = {"scenarioSha256": hashlib.sha256(text.encode()).hexdigest(),
                          "programSha256": _sha256(program("isblab-sim"))}
        self._text = text
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if fresh:
                (self.folder / "runs.jsonl").unlink(missing_ok=True)
            else:
                self._refuse_other()
            self._write_marker()
            self._runs = self._read_runs()
            self._file = open(self.folder / "runs.jsonl", "a", encoding="utf-8")
        except OSError as error:
            raise EnvironmentFailure(f"cannot write {shown(self.folder)}: {error.strerror}") \
                from error

    def has(self, point: str, seed: int) -> bool:
        """True when this run is done."""
        return (point, seed) in self._runs

    def add(self, point: str, seed: int, numbers: Mapping[str, float]) -> None:
        """Keep one run's numbers, on disk when this returns."""
        self._runs[point, seed] = dict(numbers)
        line = json.dumps({"point": point, "seed": seed, "numbers": numbers})
        print(line, file=self._file, flush=True)
        os.fsync(self._file.fileno())

    def numbers(self, point: str, seeds: Sequence[int]) -> dict[str, list[float]]:
        """measure -> one sample a seed that is done. A counter that a run does not name is zero
        there; a mean that it does not name (no sample) is left out."""
        runs = [self._runs[point, seed] for seed in seeds if (point, seed) in self._runs]
        names = list(dict.fromkeys(name for run in runs for name in run))
        samples = {}
        for name in names:
            optional = name.endswith(("Ns.mean", "Ns.max", "lossRatio"))
            samples[name] = [run.get(name, 0.0) for run in runs if name in run or not optional]
        return samples

    def write_csv(self, grid, seeds: Sequence[int]) -> Path:
        """sweep.csv: one row a point and measure. Returns its path."""
        path = self.folder / "sweep.csv"
        partial = path.with_suffix(".partial")
        varied = list(grid[0].labels) if grid else []
        with open(partial, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*varied, "measure", "samples", "mean", "ci95_low", "ci95_high",
                             "deviation", "min", "max"])
            for point in grid:
                for name, samples in self.numbers(point.key, seeds).items():
                    row = interval(samples)
                    writer.writerow([*point.labels.values(), name, row.count,
                                     *map(_cell, (row.mean, row.low, row.high, row.deviation,
                                                  row.least, row.most))])
        partial.replace(path)
        return path

    def close(self) -> None:
        """Close the file of runs."""
        self._file.close()

    def _write_marker(self) -> None:
        from isblab.environment import describe

        record = {"schema": SCHEMA, **self._identity, "scenario": self._text, **describe()}
        partial = self.folder / f".{_MARKER}.partial"
        partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        partial.replace(self.folder / _MARKER)

    def _refuse_other(self) -> None:
        marker = self.folder / _MARKER
        if not marker.exists() or not (self.folder / "runs.jsonl").exists():
            return
        before = json.loads(marker.read_text(encoding="utf-8"))
        for key, what in (("scenarioSha256", "scenario"), ("programSha256", "build of isblab-sim")):
            if before.get(key) != self._identity[key]:
                raise EnvironmentFailure(
                    f"{shown(self.folder)} holds runs of another {what}, which do not mix with "
                    "new ones; choose another --out, or --fresh to throw them away")

    def _read_runs(self) -> dict[tuple[str, int], dict[str, float]]:
        path = self.folder / "runs.jsonl"
        runs: dict[tuple[str, int], dict[str, float]] = {}
        if not path.exists():
            return runs
        good = 0
        with open(path, "rb") as lines:
            for line in lines:
                try:
                    run = json.loads(line)
                    runs[run["point"], run["seed"]] = run["numbers"]
                except (ValueError, KeyError):
                    break
                if not line.endswith(b"\n"):
                    break
                good += len(line)
        with open(path, "r+b") as file:
            file.truncate(good)
        return runs


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.10g}"


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
