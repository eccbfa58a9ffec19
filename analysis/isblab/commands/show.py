# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab show: an earlier run, looked at again."""

from __future__ import annotations

import argparse
from pathlib import Path

from isblab.paths import shown
from isblab.report.main import add_arguments as add_report_arguments

HELP = "show an earlier run: chart, states, header fields, why"
DESCRIPTION = """\
Show the result folder of an earlier run: writes its report.html anew, and what the options ask for.
Nothing is simulated and nothing needs to be built."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("folder", metavar="DIR", help="result folder of isblab run")
    add_report_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Show; 0."""
    from isblab.report import main as report

    folder = Path(args.folder)
    made = report.again(folder, args)
    words = report.show(made, folder, args)
    print(words + "\n" if words else "", end="\n" if words else "")
    print(f"report: {shown(folder / 'report.html')}")
    return 0
