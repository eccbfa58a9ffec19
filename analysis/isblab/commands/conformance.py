# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab conformance: what the RFCs ask of a NAT, and whether ours does it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence

from isblab import conformance
from isblab.conformance import FAILS, MISSING, Requirement
from isblab.paths import program
from isblab.text import table

HELP = "prove the NAT against RFC 4787, 5382, 5508, 6888 and 7857"
DESCRIPTION = """\
Run the conformance tests of the NAT and print one row a requirement: RFC, requirement, level,
setting that fulfils it, test, result. "reason": no test, but a reason why it does not concern us
or why we differ (--markdown and --json have the text). The exit status is 1 when a requirement
fails, or has neither a test nor a reason."""

_HEADER = ("RFC", "requirement", "level", "setting", "test", "result")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print the table as JSON")
    shape.add_argument("--markdown", action="store_true",
                       help="print the table as doc/conformance.md has it, without results")


def main(args: argparse.Namespace) -> int:
    """Run the tests and print; 1 when the NAT does not conform."""
    rows = conformance.run(program("test_nat_conformance"))
    if args.json:
        print(json.dumps([dataclasses.asdict(row) | {"result": row.result} for row in rows],
                         indent=1))
    elif args.markdown:
        print(conformance.to_markdown(rows), end="")
    elif sys.stdout.isatty():
        _print_rich(rows)
    else:
        print(table(_HEADER, [_cells(row) for row in rows], indent=""))
        print(_summary(rows))
    return 0 if conformance.is_conformant(rows) else 1


def _cells(row: Requirement) -> tuple[str, ...]:
    tests = row.failed or row.tests
    more = f" +{len(tests) - 1}" if len(tests) > 1 else ""
    return (str(row.rfc), row.clause, row.level, row.setting,
            tests[0] + more if tests else "-", row.result)


def _summary(rows: Sequence[Requirement]) -> str:
    counts = {result: sum(row.result == result for row in rows)
              for result in (conformance.HOLDS, conformance.DIFFERS, FAILS, MISSING)}
    return ", ".join([f"{len(rows)} requirements"] +
                     [f"{count} {result}" for result, count in counts.items() if count])


def _print_rich(rows: Sequence[Requirement]) -> None:
    from rich.console import Console
    from rich.table import Table

    styles = {conformance.HOLDS: "green", conformance.DIFFERS: "yellow", FAILS: "bold red",
              MISSING: "bold red"}
    shown = Table(*_HEADER)
    for row in rows:
        *cells, result = _cells(row)
        shown.add_row(*cells, f"[{styles[result]}]{result}[/]")
    console = Console()
    console.print(shown)
    console.print(_summary(rows))
