# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab bench ist: measure, judge, draw, write, in that order. Nothing is written before the end,
and then all of it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from isblab import environment, results
from isblab.errors import EnvironmentFailure
from isblab.ist_bench import bars as judged
from isblab.ist_bench import report
from isblab.ist_bench.bars import Bar
from isblab.ist_bench.budgets import Budget
from isblab.ist_bench.campaign import run_loads
from isblab.ist_bench.line import CONGESTION, OFFLOADS
from isblab.ist_bench.route import Routes
from isblab.ist_bench.samples import Samples
from isblab.ist_bench.tables import Table, Timing, run_tables
from isblab.netlab import Net, ProgramFailed, missing_capability
from isblab.paths import shown
from isblab.text import table

__all__ = ["MARKER", "PROGRAMS", "run"]

MARKER = "bench.json"
PROGRAMS = ("ethtool", "ss", "haproxy", "socat", "turnserver", "bpftool", "taskset")
"""Programs of others that take part."""


def run(budget: Budget, out: Path) -> int:
    """Measure all that the budget says and write the result folder; 0 whatever the speed is."""
    results.refuse_foreign(out, MARKER)
    missing = missing_capability(*PROGRAMS)
    if missing:
        raise EnvironmentFailure(f"bench ist: {missing}")
    begun = time.monotonic()

    def announce(what: str) -> None:
        print(f"isblab: {time.monotonic() - begun:4.0f} s  {what}", file=sys.stderr)

    try:
        offloads: dict[str, dict[str, str]] = {}
        with Net() as net:
            routes = Routes(net, budget.ways, max(budget.counts))
            for mode in OFFLOADS:
                routes.offload(mode)
                offloads[mode] = routes.all["forwarding"].line.offload_state()
            announce(f"{len(routes.all)} ways are up")
            samples = run_loads(routes, budget, announce)
        with Net() as net:
            tables, timings = run_tables(net, budget, announce)
    except (RuntimeError, ProgramFailed) as error:
        raise EnvironmentFailure(f"bench ist: {error}") from None
    found = judged.judge(samples, tables, timings)
    document = _document(budget, samples, tables, timings, found, offloads,
                         time.monotonic() - begun)
    with results.folder(out, MARKER) as folder:
        _write(folder, document, samples, tables, timings, found)
    print(summary(found))
    print(shown(Path(out) / "report.html"))
    return 0


def summary(found: Sequence[Bar]) -> str:
    """The bars as a table, and how many of them are met."""
    rows = [("met" if bar.met else "NOT MET", bar.text, bar.measured, bar.detail or "-")
            for bar in found]
    met = sum(bar.met for bar in found)
    return (table(("", "bar", "measured", "where"), rows)
            + f"\n{met} of {len(found)} bars are met.")


def _document(budget: Budget, samples: Samples, tables: Sequence[Table],
              timings: Sequence[Timing], found: Sequence[Bar],
              offloads: dict[str, dict[str, str]], seconds: float) -> dict:
    return {
        "form": budget.name,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": environment.short_commit(),
        "environment": environment.describe(),
        "rounds": budget.rounds,
        "seconds": seconds,
        "offloads": offloads,
        "congestion": CONGESTION,
        "ways": [way.key for way in budget.ways],
        "samples": samples.as_json(),
        "tables": [{**asdict(one), "memoryEach": one.memory_each} for one in tables],
        "programs": [asdict(one) for one in timings],
        "bars": [bar.as_json() for bar in found],
    }


def _write(folder: Path, document: dict, samples: Samples, tables: Sequence[Table],
           timings: Sequence[Timing], found: Sequence[Bar]) -> None:
    from isblab.ist_bench import plots  # matplotlib takes a second to load

    host = document["environment"]["host"]
    drawings = plots.draw_all(samples, tables, timings,
                              f"isblab {document['commit']}, Linux {host['kernel']}, "
                              f"{document['rounds']} rounds")
    for stem, drawing in drawings.items():
        (folder / f"figure-{stem}.png").write_bytes(drawing.png)
        (folder / f"figure-{stem}.svg").write_bytes(drawing.svg)
    (folder / MARKER).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    page = report.render(document, samples, tables, timings, found, drawings)
    (folder / "report.html").write_text(page, encoding="utf-8")
