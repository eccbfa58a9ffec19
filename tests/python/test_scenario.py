# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab.scenario: documents and overrides."""

import pytest

from isblab import scenario
from isblab.errors import ScenarioError

TEXT = """\
schema = 1  # the layout survives

[[box]]
name = "box"
ports = [ { name = "mac0", nic = "on-chip" }, { name = "pci0", nic = "pci" } ]

[[link]]
delay = "0.5 us"

[[traffic]]
name = "bulk"
connections = 1
stop = "1 s"
"""


def apply(overrides):
    """TEXT as plain values after overrides."""
    return scenario.parse(scenario.with_overrides(TEXT, overrides, "f.toml")).unwrap()


@pytest.mark.parametrize(("path", "value", "where"), [
    ("schema", 2, lambda d: d["schema"]),
    ("traffic.bulk.connections", 10, lambda d: d["traffic"][0]["connections"]),
    ("traffic.0.connections", 10, lambda d: d["traffic"][0]["connections"]),
    ("traffic.bulk.rate", "63 Mb/s", lambda d: d["traffic"][0]["rate"]),
    ("box.box.ports.0.nic", "pci", lambda d: d["box"][0]["ports"][0]["nic"]),
    ("box.box.ports.pci0.nic", "on-chip", lambda d: d["box"][0]["ports"][1]["nic"]),
    ("link.0.delay", "1 ms", lambda d: d["link"][0]["delay"]),
    ("machine.ixp425.nat-cost", "14 us", lambda d: d["machine"]["ixp425"]["nat-cost"]),
])
def test_an_override_sets_the_value_at_its_path_only(path, value, where):
    changed, original = apply({path: value}), apply({})
    assert where(changed) == value
    assert sum(_differs(changed.get(key), original.get(key))
               for key in {*changed, *original}) == 1


def _differs(one, other):
    return one != other


def test_none_removes_a_key():
    assert "stop" not in apply({"traffic.bulk.stop": None})["traffic"][0]


def test_layout_and_comments_survive():
    changed = scenario.with_overrides(TEXT, {"traffic.bulk.connections": 7})
    assert changed == TEXT.replace("connections = 1", "connections = 7")


def test_without_overrides_the_text_is_untouched():
    assert scenario.with_overrides("not [ TOML", {}) == "not [ TOML"


@pytest.mark.parametrize(("overrides", "complaint"), [
    ({"traffic.bulb.rate": 1}, "f.toml: override traffic.bulb.rate: traffic has no element 'bulb'; "
                               "nearest is 'bulk'"),
    ({"link.1.delay": 1}, "f.toml: override link.1.delay: link has no element '1'; nearest is '0'"),
    ({"schema.x": 1}, "f.toml: override schema.x: schema is a value, not a table"),
    ({"schema.x.y": 1}, "f.toml: override schema.x.y: schema is a value, not a table"),
])
def test_a_path_that_leads_nowhere_is_refused(overrides, complaint):
    with pytest.raises(ScenarioError) as error:
        apply(overrides)
    assert str(error.value) == complaint


@pytest.mark.parametrize(("text", "line"), [
    ("a = 1\nb = \n", 2),
    ("a = 1\n[x\n", 2),
    ("\n\nx = 'a' b\n", 3),
])
def test_text_that_is_not_toml_is_refused_with_its_line(text, line):
    with pytest.raises(ScenarioError) as error:
        scenario.parse(text, "f.toml")
    assert (error.value.file, error.value.line) == ("f.toml", line)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"a = '\xff'")
    for path, what in ((tmp_path / "none.toml", "No such file"), (binary, "not UTF-8")):
        with pytest.raises(ScenarioError, match=what):
            scenario.load(path)


def test_assignments_are_toml_values_or_strings():
    assert scenario.parse_assignments(["a.b=63 Mb/s", "c = 10", "d=true", 'e=["x:y"]', 'f="7"']) \
        == {"a.b": "63 Mb/s", "c": 10, "d": True, "e": ["x:y"], "f": "7"}


@pytest.mark.parametrize("text", ["a.b", "=3", ""])
def test_an_assignment_without_path_or_value_is_refused(text):
    with pytest.raises(ScenarioError, match="path=value"):
        scenario.parse_assignments([text])
