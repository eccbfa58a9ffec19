# SPDX-License-Identifier: GPL-2.0-or-later
"""From a plan to its result folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from isblab import results
from isblab.errors import UsageError
from isblab.grid import mixes as mixing
from isblab.grid import page, store
from isblab.grid.mixes import Mix, Share
from isblab.grid.outcome import Outcome
from isblab.grid.plan import Plan
from isblab.grid.run import run
from isblab.text import percent, table

__all__ = ["MARKER", "SHIPPED_MIXES", "Grid", "choose_mixes", "make", "summary"]

MARKER = "grid.json"
SHIPPED_MIXES = Path(__file__).parent / "uniform.toml"


class Grid:
    """A plan with what came of it.

    Attributes:
        plan, outcomes, mixes, shares: as their classes say.
        seconds: wall clock that the runs took.
    """

    def __init__(self, plan: Plan, outcomes: Sequence[Outcome], mixes: Sequence[Mix],
                 seconds: float):
        self.plan = plan
        self.outcomes = list(outcomes)
        self.mixes = list(mixes)
        self.seconds = seconds
        works = {outcome.cell.key: outcome.works for outcome in outcomes}
        self.shares: list[Share] = [mixing.share(mix, protocol, plan.ways, works)
                                    for mix in mixes for protocol in plan.protocols]

    @property
    def broken(self) -> list[Outcome]:
        """Cells through an IST that do not connect: there must be none."""
        return [outcome for outcome in self.outcomes
                if outcome.cell.way.ist and not outcome.works]


def choose_mixes(path: Path | str | None, plan: Plan) -> list[Mix]:
    """The mixes of a file, all of whose behaviours the plan must have; without a file those of
    the shipped ones that it has.

    Raises:
        ScenarioError: the file is refused.
        UsageError: a mix of the file names a behaviour that the plan leaves out.
    """
    known = {behaviour.name for behaviour in plan.behaviours}
    found = mixing.load(path or SHIPPED_MIXES)
    if path is None:
        return [mix for mix in found if known.issuperset(mix.behaviours())]
    for mix in found:
        for name in mix.behaviours():
            if name not in known:
                raise UsageError(f"{path}: mix '{mix.name}' has hosts behind '{name}', which this "
                                 "grid leaves out")
    return found


def make(plan: Plan, mixes: Sequence[Mix], target: Path, workers: int | None = None,
         on_progress: Callable[[float, int, int], None] | None = None,
         keep_runs: bool = False) -> Grid:
    """Run a plan and write its result folder.

    Raises:
        IsblabError: a run could not be made, or the folder not be written.
    """
    with results.folder(target, MARKER) as partial:
        runs = partial / "runs" if keep_runs else None
        if runs:
            runs.mkdir()
        begun = time.monotonic()
        outcomes = run(plan, workers, on_progress=on_progress, keep=runs)
        grid = Grid(plan, outcomes, mixes, time.monotonic() - begun)
        write(grid, partial)
    return grid


def write(grid: Grid, folder: Path) -> None:
    """grid.json, grid.html and the tables, into a folder that is there."""
    content = store.document(grid.plan, grid.outcomes, grid.mixes, grid.shares, grid.seconds)
    store.write_json(folder / MARKER, content)
    store.write_cells_csv(folder / "grid.csv", grid.outcomes)
    store.write_mixes_csv(folder / "mixes.csv", grid.shares)
    html = page.render(grid.plan, grid.outcomes, grid.mixes, grid.shares, grid.seconds)
    (folder / "grid.html").write_text(html, encoding="utf-8")


def summary(grid: Grid) -> str:
    """For a terminal."""
    parts = []
    for protocol in grid.plan.protocols:
        parts += [f"{protocol.upper()}: ways that connect, provider down, subscriber across",
                  _marks(grid, protocol), ""]
    parts += ["Pairs that connect:", _totals(grid), ""]
    if grid.shares:
        parts += ["Mixes, share of pairs:", _mix_table(grid), ""]
    for outcome in grid.broken:
        cell = outcome.cell
        parts.append(f"FAILS  {cell.protocol} provider {cell.provider.name}, subscriber "
                     f"{cell.subscriber.name}, {cell.way.label}: {outcome.why}")
    return "\n".join(parts).rstrip()


def _marks(grid: Grid, protocol: str) -> str:
    """For each pair the letters of the ways without IST that connect, "." for one that does not."""
    works = {outcome.cell.key for outcome in grid.outcomes if outcome.works}
    shown = [way for way in grid.plan.ways if not way.ist] or list(grid.plan.ways)
    rows = []
    for provider in grid.plan.behaviours:
        marks = ["".join(way.letter if (protocol, provider.name, subscriber.name, way.name) in works
                         else "." for way in shown) for subscriber in grid.plan.behaviours]
        rows.append((provider.name, *marks))
    head = ("", *(behaviour.name for behaviour in grid.plan.behaviours))
    return table(head, rows)


def _totals(grid: Grid) -> str:
    rows = []
    for way in grid.plan.ways:
        row: list[object] = [way.letter, way.label]
        for protocol in grid.plan.protocols:
            found = [outcome for outcome in grid.outcomes
                     if outcome.cell.way is way and outcome.cell.protocol == protocol]
            row.append(f"{sum(outcome.works for outcome in found)} of {len(found)}")
        rows.append(row)
    return table(("", "way", *(protocol.upper() for protocol in grid.plan.protocols)), rows)


def _mix_table(grid: Grid) -> str:
    ways = [way for way in grid.plan.ways if not way.ist]
    rows = [(item.mix, item.protocol, *(percent(item.by_way[way.name]) for way in ways),
             percent(item.without_ist), percent(item.total)) for item in grid.shares]
    return table(("mix", "", *(way.label for way in ways), "without an IST", "in all"), rows)
