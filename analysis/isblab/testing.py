# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs ctest and counts at the level of test cases.

A ctest entry NAME that is a GoogleTest binary leaves test-results/NAME.json, one that is pytest
leaves test-results/NAME.xml; any other entry is one case. An entry that fails without a failed
case (a crash, a time-out) is one failure more.
"""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from isblab.errors import EnvironmentFailure, IsblabError

__all__ = ["Case", "Entry", "FAILED", "PASSED", "SKIPPED", "allow_skips", "list_entries",
           "read_allowed_skips", "run_entries"]

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True)
class Entry:
    """A test as ctest knows it. `has_cases`: it writes a file with results of its cases."""

    name: str
    labels: tuple[str, ...]
    has_cases: bool


@dataclass(frozen=True)
class Case:
    """One test case. `detail` is the failure's text or the skip's reason."""

    name: str
    outcome: str
    detail: str = ""


def list_entries(build: Path) -> list[Entry]:
    """What ctest would run."""
    done = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EnvironmentFailure(f"ctest cannot list the tests: {done.stderr.strip()}")
    entries = []
    for test in json.loads(done.stdout)["tests"]:
        command = test.get("command", [])
        properties = {item["name"]: item["value"] for item in test.get("properties", ())}
        has_cases = "pytest" in command or any(part.startswith("--gtest_output")
                                               for part in command)
        entries.append(Entry(test["name"], tuple(properties.get("LABELS", ())), has_cases))
    return entries


def run_entries(build: Path, entries: Sequence[Entry], jobs: int, environment: dict[str, str],
                on_done: Callable[[str, int], None]) -> list[Case]:
    """Run entries and return their cases.

    Args:
        build: the build tree.
        entries: which to run.
        jobs: how many at a time.
        environment: the environment of the tests.
        on_done: called with (name of the entry, entries finished).
    """
    folder = build / "test-results"
    folder.mkdir(exist_ok=True)
    for old in (*folder.glob("*.json"), *folder.glob("*.xml")):
        old.unlink()
    summary = folder / "ctest.junit"
    names = "|".join(re.escape(entry.name) for entry in entries)
    command = ["ctest", "--test-dir", str(build), "-j", str(jobs), "--no-tests=ignore",
               "--output-junit", str(summary), "-R", f"^({names})$"]
    # ctest prints "3/20 Test  #7: test_wire ...   Passed  0.02 sec"
    finished_line = re.compile(r"\s*(\d+)/\d+ Test\s+#\d+: (\S+)")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=environment) as ctest:
        try:
            for line in ctest.stdout:
                match = finished_line.match(line)
                if match:
                    on_done(match.group(2), int(match.group(1)))
        except BaseException:
            ctest.kill()
            raise
    if not summary.exists():
        raise EnvironmentFailure(f"ctest ended with {ctest.returncode} and without results")
    statuses = _read_ctest(summary)
    cases: list[Case] = []
    for entry in entries:
        cases += _entry_cases(folder, entry, statuses.get(entry.name), filtered="-k" in
                              environment.get("PYTEST_ADDOPTS", ""))
    return cases


def _entry_cases(folder: Path, entry: Entry, status: Case | None, filtered: bool) -> list[Case]:
    if status is None:
        return [Case(entry.name, FAILED, "ctest did not run it")]
    gtest, junit = folder / f"{entry.name}.json", folder / f"{entry.name}.xml"
    try:
        if gtest.exists():
            cases = list(_read_gtest(gtest))
        elif junit.exists():
            cases = list(_read_junit(junit, entry.name))
        else:
            return [status]
    except (ValueError, KeyError, ElementTree.ParseError) as error:
        return [Case(entry.name, FAILED, f"unreadable results: {error}\n{status.detail}")]
    nothing_selected = filtered and not cases
    if (status.outcome == FAILED and not nothing_selected
            and not any(case.outcome == FAILED for case in cases)):
        cases.append(replace(status, detail=f"failed outside a case\n{status.detail}"))
    return cases


def _read_gtest(path: Path) -> Iterable[Case]:
    for suite in json.loads(path.read_text(encoding="utf-8"))["testsuites"]:
        for test in suite["testsuite"]:
            name = f"{suite['name']}.{test['name']}"
            failures = [item["failure"] for item in test.get("failures", ())]
            if test.get("status") == "NOTRUN":
                continue  # filtered out
            if failures:
                yield Case(name, FAILED, "\n".join(failures))
            elif test.get("result") == "SKIPPED":
                reasons = [item.get("message", "") for item in test.get("skipped", ())]
                yield Case(name, SKIPPED, " ".join(reasons).strip())
            else:
                yield Case(name, PASSED)


def _read_junit(path: Path, entry: str) -> Iterable[Case]:
    for test in ElementTree.parse(path).iter("testcase"):
        module = test.get("classname", "").rpartition("python.")[2] or entry
        name = f"{module}.{test.get('name')}"
        faults = [*test.findall("failure"), *test.findall("error")]
        skip = test.find("skipped")
        if faults:
            yield Case(name, FAILED, "\n".join(fault.text or fault.get("message", "")
                                               for fault in faults))
        elif skip is not None:
            yield Case(name, SKIPPED, skip.get("message", ""))
        else:
            yield Case(name, PASSED)


def _read_ctest(path: Path) -> dict[str, Case]:
    """Outcome of each entry; detail is the end of its output."""
    cases = {}
    for test in ElementTree.parse(path).iter("testcase"):
        name = test.get("name", "")
        output = (test.findtext("system-out") or "").strip()
        fault, skip = test.find("failure"), test.find("skipped")
        if fault is not None:
            cases[name] = Case(name, FAILED, f"{fault.get('message', '')}\n{output[-2000:]}")
        elif skip is not None:
            reason = skip.get("message", "")  # else the entry's program is missing, for one
            asked = reason.startswith("SKIP_RETURN_CODE") or reason.startswith("Disabled")
            cases[name] = Case(name, SKIPPED if asked else FAILED,
                               output[-200:] if asked and output else reason)
        else:
            cases[name] = Case(name, PASSED)
    return cases


def read_allowed_skips(path: Path) -> list[tuple[str, str]]:
    """(pattern, reason) of each line "pattern: reason"; lines with # and empty lines are left out.
    Patterns are those of fnmatch over case names."""
    allowed = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        pattern, colon, reason = text.partition(": ")
        if not colon or not reason.strip():
            raise IsblabError(f"{path}:{number}: not of the form 'pattern: reason'")
        allowed.append((pattern.strip(), reason.strip()))
    return allowed


def allow_skips(cases: Iterable[Case], allowed: Sequence[tuple[str, str]]) -> list[Case]:
    """The cases, with each skip that no pattern allows turned into a failure."""
    judged = []
    for case in cases:
        if case.outcome == SKIPPED and not any(fnmatch.fnmatchcase(case.name, pattern)
                                               for pattern, _reason in allowed):
            case = replace(case, outcome=FAILED,
                           detail=f"skipped ({case.detail}), and no line of "
                                  "tests/allowed-skips.txt allows it")
        judged.append(case)
    return judged
