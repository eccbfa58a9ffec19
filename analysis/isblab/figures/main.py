# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab figures: plan, run, judge, draw, write, in that order. Nothing is written before the end,
and then all of it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from isblab import environment, results
from isblab.errors import WorkerError
from isblab.figures import claims, experiments, parameters, phases, report, tables
from isblab.figures.budgets import FULL, QUICK, Budget
from isblab.figures.campaign import AXES, Campaign
from isblab.figures.claim_list import claims_of
from isblab.paths import shown
from isblab.progress import Progress
from isblab.worker import Result, run_scenarios

_SHOWN_FAILURES = 5


def main(args: argparse.Namespace) -> int:
    """Runs the campaign that the options describe. Claims that do not hold are results, not
    errors: 0 as long as every run came to its end, 3 when some did not."""
    results.refuse_foreign(args.out, "claims.json")
    budget = QUICK if args.quick else FULL
    directions = _directions(args.direction)
    figures = [figure for figure in experiments.FIGURES if not args.only or figure in args.only]
    begun = time.monotonic()
    known = parameters.load()
    runs = _run(experiments.plan(budget, figures, directions, args.seed), budget, args.jobs)
    table = experiments.collect(runs, directions)
    fitted = parameters.fitted_names(known)
    findings = claims.judge(table, claims_of(set(figures)), directions, fitted)
    campaign = Campaign(
        table=table,
        findings=findings,
        parameters=known,
        figures=figures,
        directions=directions,
        budget=budget,
        seeds=tuple(range(args.seed, args.seed + budget.seeds)),
        failures=[f"{run.key}: {run.error}" for run in runs if run.error],
        environment=environment.describe(),
        commit=environment.short_commit(),
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        runs=len(runs),
        seconds=time.monotonic() - begun,
    )
    with results.folder(args.out, "claims.json") as folder:
        _write(folder, campaign)
    _summarise(campaign, Path(args.out))
    return 3 if campaign.failures else 0


def _directions(option: str) -> tuple[str, ...]:
    return (phases.MAC_TO_PCI, phases.PCI_TO_MAC) if option == "both" else (option,)


def _run(
    planned: Sequence[experiments.Experiment], budget: Budget, workers: int | None
) -> list[Result]:
    """All runs in parallel. One that fails costs its points, not the campaign; when all do, the
    first failure is raised."""
    jobs = [experiment.job() for experiment in planned]
    with Progress() as progress:
        task = progress.task(f"{len(jobs)} runs ({budget.name})")
        runs = run_scenarios(jobs, workers=workers, on_progress=task.update, keep_going=True)
    errors = [run.error for run in runs if run.error]
    if len(errors) == len(runs):
        raise errors[0] if errors else WorkerError("no experiment was planned")
    return runs


def _write(folder: Path, campaign: Campaign) -> None:
    """Fills the result folder."""
    from isblab.figures import plots, topology  # matplotlib takes a second to load

    drawings = {}
    for figure, direction, stem in campaign.pictures():
        drawn = plots.draw(campaign.table, figure, direction, campaign.provenance)
        (folder / f"{stem}.png").write_bytes(drawn.png)
        (folder / f"{stem}.svg").write_bytes(drawn.svg)
        source, axes = campaign.source(figure), AXES[figure]
        text = tables.to_csv(campaign.table, source, direction, axes.x, axes.y)
        (folder / f"{stem}.csv").write_text(text, encoding="utf-8")
        drawings[figure, direction] = drawn
    (folder / "figure-5.4.svg").write_text(topology.drawing(), encoding="utf-8")
    _write_json(folder / "claims.json", campaign.claims_document())
    _write_json(folder / "figures.json", campaign.manifest())
    page = report.render(campaign, drawings)
    (folder / "report.html").write_text(page, encoding="utf-8")


def _write_json(path: Path, document: dict) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _summarise(campaign: Campaign, out: Path) -> None:
    """The claims, one line each, and the score."""
    for finding in campaign.findings:
        state = report.STATES[report.state_of(finding)]
        print(f"  {finding.claim.id:<4} {finding.direction:<10} {state:<12} {finding.shown}")
    score = campaign.score
    print(f"{score.predicted_hold} of {score.predicted} predicted claims and "
          f"{score.hypotheses_hold} of {score.hypotheses} hypotheses hold in every direction; "
          f"{score.fitted_match} of {score.fitted} calibrations match; "
          f"{score.free_parameters} free parameters.")  # fmt: skip
    print(f"{campaign.runs} runs in {campaign.seconds:.0f} s. {shown(out / 'report.html')}")
    for failure in campaign.failures[:_SHOWN_FAILURES]:
        print(f"isblab: failed: {failure}", file=sys.stderr)
    if len(campaign.failures) > _SHOWN_FAILURES:
        more = len(campaign.failures) - _SHOWN_FAILURES
        print(f"isblab: and {more} more runs failed", file=sys.stderr)
