# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab test: all tests, counted by case."""

from __future__ import annotations

import argparse
import os
import shlex
from collections import Counter

from isblab import testing
from isblab.commands.options import positive
from isblab.paths import ROOT, build_dir
from isblab.progress import Progress

HELP = "build everything and run all tests"
DESCRIPTION = """\
Build everything and run all tests: unit, ns-3, Python, lint, compile and determinism tests.
Failures are printed in short, skips with their reason. A skip that tests/allowed-skips.txt does
not list counts as a failure. The last line reads "N passed, M failed, K skipped"."""

ALLOWED_SKIPS = ROOT / "tests" / "allowed-skips.txt"
_SHOWN_LINES = 25  # of a failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("--quick", action="store_true",
                        help="leave out the tests with the labels slow and lint")
    parser.add_argument("-k", metavar="PATTERN", dest="pattern", default=None,
                        help="only cases whose name contains PATTERN")
    parser.add_argument("--jobs", metavar="N", type=positive, default=None,
                        help="tests at a time (default: one a core)")


def main(args: argparse.Namespace) -> int:
    """Run and report; 1 when something failed."""
    from isblab.worker import default_workers

    build = build_dir()
    entries = [entry for entry in testing.list_entries(build)
               if not (args.quick and {"slow", "lint"} & set(entry.labels))]
    environment = dict(os.environ)
    if args.pattern:
        entries = [entry for entry in entries if entry.has_cases or args.pattern in entry.name]
        environment["GTEST_FILTER"] = f"*{args.pattern}*"
        environment["PYTEST_ADDOPTS"] = f"-k {shlex.quote(args.pattern)}"
    with Progress() as progress:
        task = progress.task("tests")
        cases = testing.run_entries(
            build, entries, args.jobs or default_workers(), environment,
            lambda _name, finished: task.update(finished / len(entries), finished, len(entries)))
    cases = testing.allow_skips(cases, testing.read_allowed_skips(ALLOWED_SKIPS))
    return _report(cases)


def _report(cases: list[testing.Case]) -> int:
    for case in cases:
        if case.outcome == testing.SKIPPED:
            print(f"SKIP {case.name}: {case.detail}")
    for case in cases:
        if case.outcome == testing.FAILED:
            lines = case.detail.strip().splitlines()
            if len(lines) > _SHOWN_LINES:
                lines = ["...", *lines[-_SHOWN_LINES:]]
            print(f"FAIL {case.name}", *(f"     {line}" for line in lines), sep="\n")
    count = Counter(case.outcome for case in cases)
    print(f"{count[testing.PASSED]} passed, {count[testing.FAILED]} failed, "
          f"{count[testing.SKIPPED]} skipped")
    return 1 if count[testing.FAILED] or not cases else 0
