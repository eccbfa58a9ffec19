# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab grid: every pair of NAT behaviours, every way to connect."""

from __future__ import annotations

import argparse
from pathlib import Path

from isblab.commands.options import positive, seed_number
from isblab.grid.behaviours import ASSIGNMENTS
from isblab.paths import shown

HELP = "try every pair of NAT behaviours with every way to connect"
DESCRIPTION = """\
Try every pair of NAT behaviours (as provider and as subscriber) with every way to connect: direct,
reversed, hole punching with and without port prediction, through an IST on a public host and on a
host behind a full cone NAT. Result folder:
  grid.html   the grid with its legend; a cell says which packet was stopped, where, by which rule
  grid.csv    one row a cell
  grid.json   all of it (schema: doc/grid.md)
  mixes.csv   share of pairs that connect for mixes of NATs
The exit status is 1 when a cell through an IST does not connect."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("--proto", choices=("udp", "tcp"), default=None,
                        help="one protocol (default: both)")
    parser.add_argument("--world", choices=("sim", "netns"), default="sim",
                        help="ns-3, or network namespaces with natbox on real packets (root)")
    parser.add_argument("--quick", action="store_true",
                        help="only public and the thesis' four NAT types")
    parser.add_argument("--behaviours", metavar="NAME,...", type=_names, default=None,
                        help="only these, as in public,full-cone,apdm-apdf")
    parser.add_argument("--ways", metavar="NAME,...", type=_names, default=None,
                        help="only these, as in direct,punched,ist-passive")
    parser.add_argument("--assignment", choices=tuple(ASSIGNMENTS), default="preserving",
                        help="how NATs choose the external port of a new mapping")
    parser.add_argument("--mix", metavar="FILE", default=None,
                        help="shares of the behaviours (TOML, doc/grid.md; default: uniform ones)")
    parser.add_argument("--seed", metavar="N", type=seed_number, default=1,
                        help="seed of the random numbers")
    parser.add_argument("--jobs", metavar="N", type=positive, default=None,
                        help="processes at a time (default: one a processor, netns two)")
    parser.add_argument("--out", metavar="DIR", default=None,
                        help="result folder (default: out/grid, in namespaces out/grid-netns)")
    parser.add_argument("--keep-runs", action="store_true",
                        help="keep scenario and events of every run, in DIR/runs")
    parser.add_argument("--quiet", action="store_true", help="no progress and no summary")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def main(args: argparse.Namespace) -> int:
    """Make the grid; 1 when a cell through an IST does not connect."""
    from isblab import results
    from isblab.grid import main as grid
    from isblab.grid.run import WORKERS
    from isblab.paths import program
    from isblab.progress import Progress

    plan = _plan(args)
    mixes = grid.choose_mixes(args.mix, plan)
    target = Path(args.out or Path("out", "grid" if plan.world == "sim" else "grid-netns"))
    results.refuse_foreign(target, grid.MARKER)
    program(WORKERS[plan.world])
    with Progress(enabled=not args.quiet) as progress:
        made = grid.make(plan, mixes, target, args.jobs, keep_runs=args.keep_runs,
                         on_progress=progress.task(f"grid, {plan.world}").update)
    if not args.quiet:
        print(grid.summary(made))
        print(f"\n{len(made.outcomes)} cells in {made.seconds:.1f} s")
        print(f"result: {shown(target / 'grid.html')}")
    return 1 if made.broken else 0


def _plan(args: argparse.Namespace):
    from isblab.errors import UsageError
    from isblab.grid import behaviours, ways
    from isblab.grid.plan import Plan

    if args.quick and args.behaviours:
        raise UsageError("--quick and --behaviours exclude each other")
    names = behaviours.QUICK if args.quick else args.behaviours or behaviours.BEHAVIOURS
    chosen = args.ways or ways.WAYS
    return Plan(protocols=(args.proto,) if args.proto else ways.PROTOCOLS,
                behaviours=_ordered(behaviours.BEHAVIOURS, map(behaviours.find, names)),
                ways=_ordered(ways.WAYS, map(ways.find, chosen)),
                assignment=args.assignment, world=args.world, seed=args.seed)


def _ordered(order: dict, chosen) -> tuple:
    """What was chosen, once each, in the grid's order."""
    wanted = {item.name for item in chosen}
    return tuple(item for name, item in order.items() if name in wanted)
