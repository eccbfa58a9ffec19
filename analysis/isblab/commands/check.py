# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab check: is this scenario valid?"""

from __future__ import annotations

import argparse
import sys

from isblab import worker
from isblab.commands.options import add_set_argument
from isblab.errors import ScenarioError
from isblab.scenario import parse_assignments

HELP = "validate scenario files without running them"
DESCRIPTION = """\
Validate scenario files without running them. The exit status is the answer: 0 = all are valid.
Faults are printed one a line: file:line: what; nearest valid."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="scenario file (TOML)")
    add_set_argument(parser)


def main(args: argparse.Namespace) -> int:
    """Check every file; 2 when one is refused."""
    overrides = parse_assignments(args.set)
    status = 0
    for file in args.files:
        try:
            worker.check(file, overrides=overrides)
        except ScenarioError as error:
            status = error.exit_status
            for fault in (error, *error.more):
                print(fault, file=sys.stderr)
        else:
            print(f"{file}: valid")
    return status
