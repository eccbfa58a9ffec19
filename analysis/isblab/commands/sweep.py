# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab sweep: a scenario with values varied, several seeds a point, one CSV."""

from __future__ import annotations

import argparse
import fnmatch
import math
from pathlib import Path

from isblab.commands.options import add_set_argument, positive
from isblab.errors import UsageError
from isblab.paths import shown
from isblab.text import duration, percent, rate, table

HELP = "vary values of a scenario, several seeds each, one CSV with confidence intervals"
DESCRIPTION = """\
Run a scenario at every point of a grid, with several seeds each, in parallel processes:

  isblab sweep examples/crowd.toml --vary users=10,100,1000 --seeds 10
  isblab sweep examples/slow-link.toml --vary "site.ann-home.uplink=1 Mb/s,10 Mb/s" --vary ...

A sweep that was stopped goes on where it was when it is called again. Result folder:
  sweep.csv     point, measure, samples, mean, 95 % confidence interval (Student's t)
  runs.jsonl    the numbers of every run
  sweep.json    scenario, program, commit, host
The exit status is 1 when a run failed, or an expectation of the scenario does not hold in one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("file", metavar="FILE", help="scenario file (TOML)")
    parser.add_argument("--vary", metavar="NAME=VALUE,...", action="append", required=True,
                        help="values of one key: a dotted path as in --set, or 'users' for the "
                             "size of all crowds together; several make a grid")
    parser.add_argument("--seeds", metavar="N", type=positive, default=5,
                        help="runs a point, with seeds 1 to N")
    parser.add_argument("--measure", metavar="PATTERN", action="append", default=None,
                        help="measures to print, as in 'all.*'; sweep.csv holds all of them "
                             "(default: the throughput, round trip, loss and first byte of all)")
    parser.add_argument("--out", metavar="DIR", default=None,
                        help="result folder (default: out/sweep/NAME)")
    parser.add_argument("--fresh", action="store_true", help="throw an earlier sweep there away")
    parser.add_argument("--workers", metavar="N", type=positive, default=None,
                        help="processes at a time (default: one a processor)")
    add_set_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress and no table")


_SHOWN = ("all.throughputBps", "all.rttNs.mean", "all.lossRatio", "all.firstByteNs.mean",
          "all.established", "all.failed")


def main(args: argparse.Namespace) -> int:
    """Sweep; 1 when a run failed or an expectation does not hold."""
    from isblab import scenario, sweep
    from isblab.worker import Job, check

    text = scenario.with_overrides(scenario.read_text(args.file),
                                   scenario.parse_assignments(args.set), args.file)
    document = scenario.parse(text, args.file)
    grid = sweep.points(document, [sweep.parse_variation(item) for item in args.vary])
    jobs = {}
    for point in grid:
        check(path=args.file, text=text, overrides=point.overrides)  # nothing starts half
        for seed in range(1, args.seeds + 1):
            overrides = {**point.overrides, "seed": seed}
            jobs[point.key, seed] = Job(path=args.file, text=text, overrides=overrides,
                                        seed=seed, key=(point.key, seed))
    if any("seed" in point.overrides for point in grid):
        raise UsageError("--vary seed=...: seeds are varied by --seeds")
    name = str(document.get("name", Path(args.file).stem))
    store = sweep.RunStore(args.out or Path("out", "sweep", *Path(name).parts), text, args.fresh)
    try:
        faults = _run(store, jobs, args)
        path = store.write_csv(grid, range(1, args.seeds + 1))
    finally:
        store.close()
    if not args.quiet:
        print(_table(store, grid, args))
        print(f"\nresult: {shown(path)}")
    for fault in faults:
        print(f"isblab: {fault}")
    return 1 if faults else 0


def _run(store, jobs: dict, args: argparse.Namespace) -> list[str]:
    """Runs what is missing; what went wrong, a line each."""
    from isblab.progress import Progress
    from isblab.sweep import summarize
    from isblab.worker import run_scenarios

    missing = [job for key, job in jobs.items() if not store.has(*key)]
    if len(missing) < len(jobs) and not args.quiet:
        print(f"{len(jobs) - len(missing)} of {len(jobs)} runs are there already")
    faults = []

    def keep(result) -> None:
        point, seed = result.key
        if result.error is not None:
            faults.append(f"{point}, seed {seed}: {result.error}")
            return
        numbers = summarize(result.result)
        numbers["expectations.all"] = float(len(result.result["expectations"]))
        if result.stats:
            numbers["simulator.events"] = float(result.stats["events"])
        store.add(point, seed, numbers)

    with Progress(enabled=not args.quiet) as progress:
        run_scenarios(missing, workers=args.workers, keep_going=True, on_result=keep,
                      on_progress=progress.task(f"sweep {args.file}").update)
    for point, seed in jobs:
        if store.has(point, seed):
            numbers = {name: samples[0] for name, samples in store.numbers(point, [seed]).items()}
            failed = numbers["expectations.all"] - numbers["expectations.held"]
            if failed:
                faults.append(f"{point}, seed {seed}: {failed:.0f} expectations do not hold")
    return faults


def _table(store, grid, args: argparse.Namespace) -> str:
    from isblab.sweep import interval

    patterns = args.measure or _SHOWN
    seeds = range(1, args.seeds + 1)
    by_point = [store.numbers(point.key, seeds) for point in grid]
    names = [name for name in dict.fromkeys(name for samples in by_point for name in samples)
             if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    rows = []
    for point, samples in zip(grid, by_point):
        cells = [_shown(name, interval(samples[name])) if samples.get(name) else "-"
                 for name in names]
        rows.append((*point.labels.values(), *cells))
    return table((*(grid[0].labels if grid else ()), *names), rows)


def _shown(name: str, value) -> str:
    """The mean and half the interval, in the unit of the measure."""
    unit = _number
    if name.endswith("Bps"):
        unit = rate
    elif "Ns." in name and not name.endswith("Ns.count"):
        unit = duration
    elif name.endswith("Ratio"):
        unit = percent
    if math.isnan(value.low):
        return unit(value.mean)
    return f"{unit(value.mean)} +/- {unit((value.high - value.low) / 2)}"


def _number(value: float) -> str:
    return f"{value:.4g}"
