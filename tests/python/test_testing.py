# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab.testing: counts of cases from what ctest, GoogleTest and pytest write."""

import json

import pytest

from isblab import testing
from isblab.errors import IsblabError
from isblab.testing import FAILED, PASSED, SKIPPED, Case, Entry

GTEST = {"testsuites": [{"name": "NatBox", "testsuite": [
    {"name": "Forwards", "status": "RUN", "result": "COMPLETED"},
    {"name": "Refuses", "status": "RUN", "result": "COMPLETED",
     "failures": [{"failure": "nat-box-test.cc:7\nExpected 1"}]},
    {"name": "NeedsTun", "status": "RUN", "result": "SKIPPED",
     "skipped": [{"message": "missing: /dev/net/tun"}]},
    {"name": "FilteredOut", "status": "NOTRUN", "result": "SUPPRESSED"},
]}]}

PYTEST = """<testsuites><testsuite>
<testcase classname="tests.python.test_a" name="test_good"/>
<testcase classname="tests.python.test_a" name="test_bad"><failure>assert 1</failure></testcase>
<testcase classname="tests.python.test_a" name="test_off"><skipped message="missing: x"/></testcase>
</testsuite></testsuites>"""

# A build tree of which ctest knows seven entries.
CTEST_FILE = """\
add_test(test_nat "/bin/true" "--gtest_output=json:x")
add_test(python "/bin/true" "-m" "pytest")
add_test(plain "/bin/true")
add_test(broken "/bin/sh" "-c" "echo out of order; exit 1")
add_test(test_crash "/bin/sh" "-c" "kill -SEGV $$" "--gtest_output=json:x")
add_test(absent "/nowhere/absent")
add_test(skips "/bin/sh" "-c" "echo missing: a thing; exit 77")
set_tests_properties(plain PROPERTIES LABELS "slow;unit")
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 77)
"""


@pytest.fixture
def build(tmp_path):
    (tmp_path / "CTestTestfile.cmake").write_text(CTEST_FILE)
    return tmp_path


def test_entries_carry_labels_and_say_whether_they_have_cases(build):
    entries = {entry.name: entry for entry in testing.list_entries(build)}
    assert entries["test_nat"].has_cases
    assert entries["python"].has_cases
    assert not entries["plain"].has_cases
    assert set(entries["plain"].labels) == {"slow", "unit"}


def test_every_entry_counts_and_none_counts_twice(build):
    done = []
    entries = testing.list_entries(build)
    cases = testing.run_entries(build, entries, 2, {}, lambda *progress: done.append(progress))
    assert sorted(name for name, _count in done) == sorted(entry.name for entry in entries)
    outcomes = {case.name: case for case in cases}
    assert len(cases) == len(entries) == 7
    assert outcomes["plain"].outcome == PASSED
    assert outcomes["broken"].outcome == FAILED
    assert "out of order" in outcomes["broken"].detail
    assert outcomes["test_crash"].outcome == FAILED
    assert outcomes["absent"].outcome == FAILED
    assert outcomes["skips"] == Case("skips", SKIPPED, "missing: a thing")


def entry_cases(folder, name, outcome, filtered=False):
    return testing._entry_cases(folder, Entry(name, (), True), Case(name, outcome, "the end"),
                                filtered)


def test_googletest_and_pytest_results_become_cases(tmp_path):
    (tmp_path / "test_nat.json").write_text(json.dumps(GTEST))
    (tmp_path / "python.xml").write_text(PYTEST)
    assert entry_cases(tmp_path, "test_nat", FAILED) == [
        Case("NatBox.Forwards", PASSED),
        Case("NatBox.Refuses", FAILED, "nat-box-test.cc:7\nExpected 1"),
        Case("NatBox.NeedsTun", SKIPPED, "missing: /dev/net/tun")]
    assert entry_cases(tmp_path, "python", FAILED) == [
        Case("test_a.test_good", PASSED), Case("test_a.test_bad", FAILED, "assert 1"),
        Case("test_a.test_off", SKIPPED, "missing: x")]


def test_a_crash_after_the_last_case_is_a_failure(tmp_path):
    (tmp_path / "late.json").write_text(json.dumps({"testsuites": []}))
    assert [case.outcome for case in entry_cases(tmp_path, "late", FAILED)] == [FAILED]
    assert entry_cases(tmp_path, "late", FAILED, filtered=True) == []
    assert entry_cases(tmp_path, "late", PASSED) == []


def test_unreadable_results_are_a_failure(tmp_path):
    (tmp_path / "torn.json").write_text('{"testsuites": [')
    (case,) = entry_cases(tmp_path, "torn", PASSED)
    assert case.outcome == FAILED
    assert "unreadable results" in case.detail


def test_only_listed_skips_are_allowed(tmp_path):
    listed = tmp_path / "allowed.txt"
    listed.write_text("# comment\n\nNatBox.Needs*: no TUN in CI\n")
    cases = [Case("NatBox.NeedsTun", SKIPPED, "x"), Case("Other.Skipped", SKIPPED, "why"),
             Case("Other.Passes", PASSED)]
    judged = testing.allow_skips(cases, testing.read_allowed_skips(listed))
    assert [case.outcome for case in judged] == [SKIPPED, FAILED, PASSED]
    assert "skipped (why)" in judged[1].detail


def test_an_allowed_skip_without_reason_is_refused(tmp_path):
    listed = tmp_path / "allowed.txt"
    listed.write_text("NatBox.*\n")
    with pytest.raises(IsblabError, match=r"allowed.txt:1: not of the form"):
        testing.read_allowed_skips(listed)


def test_the_list_of_this_tree_is_readable():
    from isblab.commands.test import ALLOWED_SKIPS

    testing.read_allowed_skips(ALLOWED_SKIPS)
