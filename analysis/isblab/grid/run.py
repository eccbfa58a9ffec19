# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a plan: cells in batches, one worker process a batch, explained as they come."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from isblab.errors import WorkerError
from isblab.grid import labs
from isblab.grid.outcome import Outcome, judge
from isblab.grid.plan import Cell, Plan, batches
from isblab.lab import Lab
from isblab.worker import Job, Result, default_workers, run_scenarios

__all__ = ["WORKERS", "run"]

WORKERS = {"sim": "isblab-sim", "netns": "isblab-netns"}
"""Programs by world."""

_BATCH = {"sim": 8, "netns": 12}
_AT_ONCE = {"sim": 1, "netns": 2}  # processes a processor: in namespaces most of a run is waiting


def run(plan: Plan, workers: int | None = None, batch: int | None = None,
        on_progress: Callable[[float, int, int], None] | None = None,
        keep: Path | None = None) -> list[Outcome]:
    """Try every cell of a plan.

    Args:
        plan: what to try.
        workers: processes at a time (None: as the world has it).
        batch: cells a run, at most (None: as the world has it). It changes no outcome.
        on_progress: as in run_scenarios.
        keep: folder that gets scenario (RUN.toml) and events (RUN.jsonl) of every run.

    Returns:
        Outcomes in the order of plan.cells().

    Raises:
        IsblabError: as run_scenarios.
    """
    parts = batches(plan.cells(), batch or _BATCH[plan.world])
    folder = Path(keep or tempfile.mkdtemp(prefix="isblab-grid-"))
    outcomes: dict[Cell, Outcome] = {}

    def take(result: Result) -> None:
        part, events = parts[result.key], Path(result.job.events)
        lab = Lab(result.job.text, result.job.name).to_dict()
        if result.result is None:
            raise WorkerError(f"{result.job.name}: no result")
        outcomes.update((outcome.cell, outcome)
                        for outcome in judge(part, result.result, events, lab))
        if keep is None:
            events.unlink(missing_ok=True)

    try:
        jobs = [_job(plan, part, index, folder, keep is not None)
                for index, part in enumerate(parts)]
        run_scenarios(jobs, workers or _AT_ONCE[plan.world] * default_workers(),
                      on_progress=on_progress, on_result=take)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    return [outcomes[cell] for cell in plan.cells()]


def _job(plan: Plan, part, index: int, folder: Path, keep: bool) -> Job:
    name = f"grid-{index:03d}"
    text = labs.scenario_text(part, plan.assignment, name)
    if keep:
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return Job(text=text, seed=plan.seed, events=folder / f"{name}.jsonl", key=index,
               weight=float(len(part)), worker=WORKERS[plan.world])
