# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of what the RFCs ask of the NAT."""

import json

import pytest

from isblab import conformance
from isblab.paths import ROOT, program

PAGE = ROOT / "doc" / "conformance.md"

ROW = {"rfc": 4787, "requirement": "REQ-1", "level": "MUST", "meaning": "one mapping",
       "setting": "mapping", "reason": "",
       "tests": [{"name": "Rfc4787.Req1NotOther", "twin": True, "passed": True},
                 {"name": "Rfc4787.Req1One", "twin": False, "passed": True}]}


@pytest.fixture
def tests_find(stand_in):
    """tests_find(row, ...): the conformance tests write these rows."""

    def make(*rows):
        path = stand_in / "bin" / "test_nat_conformance"
        path.write_text("#!/usr/bin/python3\nimport sys\n"
                        "target = sys.argv[1].partition('=')[2]\n"
                        f"open(target, 'w').write({json.dumps(rows)!r})\n")
        path.chmod(0o755)

    return make


def test_what_holds_is_a_row_with_its_test_before_the_twin(tests_find, isblab):
    tests_find(ROW)
    done = isblab("conformance")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].split() == ["4787", "REQ-1", "MUST", "mapping",
                                                   "Rfc4787.Req1One", "+1", "holds"]
    assert done.stdout.splitlines()[-1] == "1 requirements, 1 holds"


@pytest.mark.parametrize("level", ["MUST", "SHOULD", "MAY"])
def test_a_requirement_that_fails_is_status_1(tests_find, isblab, level):
    failed = [{"name": "Rfc4787.Req1One", "twin": False, "passed": False}]
    tests_find(ROW | {"level": level, "tests": failed})
    done = isblab("conformance")
    assert done.returncode == 1
    assert "FAILS" in done.stdout


def test_a_requirement_without_test_needs_a_reason(tests_find, isblab):
    tests_find(ROW | {"tests": [], "reason": "not modelled"})
    assert isblab("conformance").returncode == 0
    tests_find(ROW | {"tests": []})
    done = isblab("conformance")
    assert done.returncode == 1
    assert "NO TEST" in done.stdout


def test_json_has_every_field_and_the_result(tests_find, isblab):
    tests_find(ROW)
    row, = json.loads(isblab("conformance", "--json").stdout)
    assert row == {"rfc": 4787, "clause": "REQ-1", "level": "MUST", "meaning": "one mapping",
                   "setting": "mapping", "reason": "", "failed": [], "result": "holds",
                   "tests": ["Rfc4787.Req1One", "Rfc4787.Req1NotOther"]}


def test_tests_that_crash_are_one_line_and_status_3(stand_in, isblab):
    path = stand_in / "bin" / "test_nat_conformance"
    path.write_text("#!/bin/sh\necho boom >&2\nexit 134\n")
    path.chmod(0o755)
    done = isblab("conformance")
    assert done.returncode == 3
    assert done.stderr == "isblab: test_nat_conformance ended without results: boom\n"


def test_the_nat_conforms_and_the_page_is_the_current_table():
    table = conformance.run(program("test_nat_conformance"))
    assert conformance.is_conformant(table)
    text = PAGE.read_text(encoding="utf-8")
    assert text.endswith(conformance.to_markdown(table)), \
        "doc/conformance.md is not the current table: isblab conformance --markdown"
