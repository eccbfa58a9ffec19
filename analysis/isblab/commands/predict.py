# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab predict: how often the port that a NAT gives next is predicted."""

from __future__ import annotations

import argparse
import json
import math

from isblab.commands.options import positive, seed_number
from isblab.errors import UsageError
from isblab.paths import shown
from isblab.text import table

HELP = "success of port prediction, by NAT and by the traffic of others behind it"
DESCRIPTION = """\
Try each predictor against NATs whose mapping depends on address and port, while others behind the
same NAT open flows: the share of trials in which the next mapping's port is among the first 1, 4
and 16 candidates, with Wilson's 95 % interval. Result folder:
  predict.csv                  one line a NAT, rate, predictor and number of candidates
  predict-16.png, .svg         (and -1, -4) a panel a NAT
  predict.json                 arguments, commit, versions, host
The same seed gives the same numbers."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("--nats", metavar="NAME,...", default=None,
                        help="preserving, overloading, step-1, step-2, step-4, block-512, "
                             "block-512-random, random (default: all)")
    parser.add_argument("--background", metavar="RATE,...", default=None,
                        help="flows a second of others (default: 0,1,3,10,30,100)")
    parser.add_argument("--trials", metavar="N", type=positive, default=1000,
                        help="trials of each NAT and rate")
    parser.add_argument("--quick", action="store_true", help="100 trials, three rates")
    parser.add_argument("--seed", metavar="N", type=seed_number, default=1, help="of all trials")
    parser.add_argument("--out", metavar="DIR", default="out/predict", help="result folder")
    parser.add_argument("--quiet", action="store_true", help="no table")


def main(args: argparse.Namespace) -> int:
    """Measure, write the folder, print the table of 16 candidates."""
    from isblab import environment, predict, results

    nats = _nats(args.nats, predict.NATS)
    rates = _rates(args.background) if args.background else (
        (0.0, 10.0, 100.0) if args.quick else predict.RATES)
    trials = min(args.trials, 100) if args.quick else args.trials
    results.refuse_foreign(args.out, "predict.json")
    cells = list(predict.measure(nats, rates, trials, args.seed))
    provenance = f"isblab {environment.short_commit()}, seed {args.seed}, {trials} trials"
    from isblab.predict import plot  # matplotlib takes a second to load

    with results.folder(args.out, "predict.json") as folder:
        (folder / "predict.csv").write_text(predict.to_csv(cells))
        for candidates in predict.CANDIDATES:
            for kind, picture in plot.draw(cells, candidates, provenance).items():
                (folder / f"predict-{candidates}.{kind}").write_bytes(picture)
        facts = {"nats": [nat.name for nat in nats], "background": list(rates), "trials": trials,
                 "seed": args.seed, "environment": environment.describe()}
        (folder / "predict.json").write_text(json.dumps(facts, indent=1) + "\n")
    if not args.quiet:
        print(_table(cells, predict.CANDIDATES[-1]))
        print(f"\nresult: {shown(args.out)}")
    return 0


def _nats(names: str | None, known):
    if names is None:
        return known
    by_name = {nat.name: nat for nat in known}
    chosen = []
    for name in names.split(","):
        if name not in by_name:
            raise UsageError(f"--nats {name}: one of {', '.join(by_name)}")
        chosen.append(by_name[name])
    return tuple(dict.fromkeys(chosen))


def _rates(text: str) -> tuple[float, ...]:
    rates = []
    for item in text.split(","):
        try:
            rate = float(item)
        except ValueError:
            rate = math.nan
        if not 0 <= rate <= 1000:
            raise UsageError(f"--background {item}: flows a second, 0 to 1000")
        rates.append(rate)
    return tuple(dict.fromkeys(rates))


def _table(cells, candidates: int) -> str:
    """Probability and interval in percent, a row a NAT and rate."""
    shown_cells = [cell for cell in cells if cell.candidates == candidates]
    predictors = list(dict.fromkeys(cell.predictor for cell in shown_cells))
    rows: dict[tuple[str, float], list[str]] = {}
    for cell in shown_cells:
        low, high = (100 * bound for bound in cell.interval)
        rows.setdefault((cell.nat, cell.background), []).append(
            f"{100 * cell.probability:5.1f} ({low:.1f}-{high:.1f})")
    header = ("NAT", "others' flows/s", *(f"{name}, %" for name in predictors))
    lines = [(nat, f"{rate:g}", *texts) for (nat, rate), texts in rows.items()]
    return f"the next port is among {candidates} candidates:\n" + table(header, lines)
