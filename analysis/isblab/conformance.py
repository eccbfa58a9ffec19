# SPDX-License-Identifier: GPL-2.0-or-later
"""What the RFCs ask of a NAT, with the tests that prove it: the table of `isblab conformance`.

The rows and their tests come from one program, test_nat_conformance; this module reads what it
writes, judges, and prints.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isblab.errors import WorkerError

__all__ = ["DIFFERS", "FAILS", "HOLDS", "MISSING", "Requirement", "is_conformant", "run",
           "to_markdown"]

HOLDS, FAILS, DIFFERS, MISSING = "holds", "FAILS", "reason", "NO TEST"

TITLES = {4787: "UDP", 5382: "TCP", 5508: "ICMP", 6888: "carrier-grade NAT",
          7857: "updates, by section"}


@dataclass(frozen=True)
class Requirement:
    """One demand of an RFC.

    Attributes:
        rfc: its number.
        clause: "REQ-3a", or a section of RFC 7857, which numbers none.
        level: "MUST", "SHOULD" or "MAY", with their negations and synonyms.
        meaning: in our words.
        setting: what makes the NAT fulfil it.
        reason: why it does not concern us or why we differ, or "".
        tests: names of the tests and, last, of their negative twins.
        failed: those of them that failed.
    """

    rfc: int
    clause: str
    level: str
    meaning: str
    setting: str
    reason: str
    tests: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def result(self) -> str:
        """HOLDS, FAILS, DIFFERS (no test but a reason) or MISSING (neither)."""
        if self.failed:
            return FAILS
        if self.tests:
            return HOLDS
        return DIFFERS if self.reason else MISSING


def run(program: Path) -> list[Requirement]:
    """Run the tests and return the table in the RFCs' order."""
    with tempfile.TemporaryDirectory(prefix="isblab-") as folder:
        path = Path(folder) / "requirements.json"
        # All tests, also when somebody has chosen some (isblab test -k).
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("GTEST_")}
        done = subprocess.run([str(program), f"--requirements={path}", "--gtest_brief=1"],
                              capture_output=True, text=True, check=False, env=environment)
        if not path.exists():
            raise WorkerError(f"{program.name} ended without results", done.returncode,
                              tuple(done.stderr.splitlines()[-5:]))
        return _read(json.loads(path.read_text(encoding="utf-8")))


def _read(rows: Sequence[dict]) -> list[Requirement]:
    table = []
    for row in rows:
        tests = sorted(row["tests"], key=lambda test: test["twin"])
        table.append(Requirement(row["rfc"], row["requirement"], row["level"], row["meaning"],
                                 row["setting"], row["reason"],
                                 tuple(test["name"] for test in tests),
                                 tuple(test["name"] for test in tests if not test["passed"])))
    return table


def is_conformant(table: Sequence[Requirement]) -> bool:
    """True when no requirement fails and none is without a test and without a reason."""
    return all(row.result in (HOLDS, DIFFERS) for row in table)


def to_markdown(table: Sequence[Requirement]) -> str:
    """The table as doc/conformance.md has it: without results, which a page cannot know."""
    lines = []
    for rfc in dict.fromkeys(row.rfc for row in table):
        lines += [f"## RFC {rfc}: {TITLES[rfc]}", "",
                  "| requirement | level | meaning | setting | tests | where we differ |",
                  "|---|---|---|---|---|---|"]
        for row in (row for row in table if row.rfc == rfc):
            tests = ", ".join(f"`{name.partition('.')[2]}`" for name in row.tests) or "-"
            lines.append(f"| {row.clause} | {row.level} | {row.meaning} | {row.setting} | {tests} "
                         f"| {row.reason or '-'} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
