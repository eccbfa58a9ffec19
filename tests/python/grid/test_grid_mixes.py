# SPDX-License-Identifier: GPL-2.0-or-later
"""Mixes of NATs: files, faults with their lines, shares of pairs."""

from fractions import Fraction

import pytest

from isblab.errors import ScenarioError
from isblab.grid import mixes, ways
from isblab.grid.main import SHIPPED_MIXES

GOOD = """\
schema = 1

[[mix]]
name = "two"
title = "one in four is public"

[mix.shares]
public = 0.25
symmetric = "3/4"

[[mix]]
name = "sides"

[mix.provider]
full-cone = "100 %"

[mix.subscriber]
eim-apdf = "12.5 %"
public = 0.875
"""


def test_shares_are_exact_and_aliases_are_known():
    two, sides = mixes.parse(GOOD, "m.toml")
    assert two.provider == two.subscriber == {"public": Fraction(1, 4),
                                              "apdm-apdf": Fraction(3, 4)}
    assert two.title == "one in four is public"
    assert sides.provider == {"eim-eif": 1}
    assert sides.subscriber == {"eim-apdf": Fraction(1, 8), "public": Fraction(7, 8)}


def test_the_shipped_mixes_are_uniform():
    uniform, thesis = mixes.load(SHIPPED_MIXES)
    assert len(uniform.provider) == 12 and set(uniform.provider.values()) == {Fraction(1, 12)}
    assert len(thesis.provider) == 5 and set(thesis.subscriber.values()) == {Fraction(1, 5)}


@pytest.mark.parametrize(("old", "new", "line", "what"), [
    ("public = 0.25", "public = 0.3", 7, "the shares of [mix.shares] sum to 1.05, not to 1"),
    ("public = 0.25", "publik = 0.25", 8, "no NAT behaviour 'publik'; nearest is 'public'"),
    ("public = 0.25", "public = -0.25", 8, "'public': -0.25 is not a share"),
    ("public = 0.25", "public = true", 8, "'public': True is not a share"),
    ("public = 0.25", 'public = "1/0"', 8, "'public': '1/0' is not a share"),
    ("public = 0.25", 'public = "1.2.3"', 8, "'public': '1.2.3' is not a share"),
    ("public = 0.25", "public = nan", 8, "'public': nan is not a share"),
    ("public = 0.25", "public = 2", 8, "'public': a share above 1"),
    ('symmetric = "3/4"', 'symmetric = "1/2"\napdm-apdf = "1/4"', 10, "there twice"),
    ("public = 0.875", "public = 0.9", 17,
     "the shares of [mix.subscriber] sum to 1.025, not to 1"),
    ('name = "sides"', 'name = "two"', 12, "there are two mixes 'two'"),
    ('name = "sides"', 'nmae = "sides"', 12,
     "unknown key 'nmae' in [[mix]]; nearest valid: 'name'"),
    ('name = "sides"', "", 11, "needs a name"),
    ('name = "sides"', 'name = "a b"', 12, "needs a name"),
    ("[mix.provider]", "[mix.shares]", 11, "needs either [mix.shares]"),
    ("[mix.subscriber]\neim-apdf = \"12.5 %\"\npublic = 0.875\n", "", 11,
     "[mix.subscriber] is missing or empty"),
    ("schema = 1", "schema = 2", 1, "schema = 1 is required"),
    ("schema = 1", "schema = 1\nmixs = 1", 2, "unknown key 'mixs' at the head"),
    ("public = 0.25", "public = = 1", 8, "not TOML"),
    ('title = "one in four is public"', "title = 7", 5, "'title' is not a text"),
])
def test_a_fault_has_its_line(old, new, line, what):
    with pytest.raises(ScenarioError) as refused:
        mixes.parse(GOOD.replace(old, new, 1), "m.toml")
    assert what in str(refused.value)
    assert (refused.value.file, refused.value.line) == ("m.toml", line)


@pytest.mark.parametrize("text", ["", "schema = 1\n", "schema = 1\nmix = []\n",
                                  "schema = 1\nmix = [7]\n"])
def test_a_file_without_mixes_is_refused(text):
    with pytest.raises(ScenarioError):
        mixes.parse(text, "m.toml")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ScenarioError, match=r"none\.toml: cannot read: No such file"):
        mixes.load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"schema = 1 # \xe9\n")
    with pytest.raises(ScenarioError, match=r"latin\.toml: not UTF-8"):
        mixes.load(tmp_path / "latin.toml")


def test_shares_of_pairs_are_products():
    two = mixes.parse(GOOD, "m.toml")[0]
    chosen = [ways.find(name) for name in ("direct", "reversed", "ist-proxy")]
    works = {}
    for provider in ("public", "apdm-apdf"):
        for subscriber in ("public", "apdm-apdf"):
            works["udp", provider, subscriber, "direct"] = provider == "public"
            works["udp", provider, subscriber, "reversed"] = subscriber == "public"
            works["udp", provider, subscriber, "ist-proxy"] = True
    share = mixes.share(two, "udp", chosen, works)
    assert share.by_way == {"direct": 0.25, "reversed": 0.25, "ist-proxy": 1.0}
    assert share.first_way == {"direct": 0.25, "reversed": 0.1875, "ist-proxy": 0.5625}
    assert share.without_ist == 0.4375
    assert share.total == 1.0


def test_what_has_no_share_is_not_looked_up():
    text = GOOD.replace("public = 0.25", 'public = 0\ncgn = "1/4"')
    mix = mixes.parse(text, "m.toml")[0]
    works = {("tcp", a, b, "direct"): False for a in ("cgn", "apdm-apdf")
             for b in ("cgn", "apdm-apdf")}
    assert mixes.share(mix, "tcp", [ways.find("direct")], works).total == 0.0
    assert mix.behaviours() == ["cgn", "apdm-apdf"]
