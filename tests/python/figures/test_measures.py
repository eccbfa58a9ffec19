# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics on curves of a few points."""

from __future__ import annotations

import pytest

from isblab.figures import measures as m
from isblab.figures.phases import MAC_TO_PCI
from isblab.figures.tables import Missing, Point, Row, Table, View


def view(**curves: dict[float, float]) -> View:
    """Curves of figure "f"; keywords are phases with "_" for "-"."""
    rows = [
        Row("f", phase.replace("_", "-"), MAC_TO_PCI, x, 1, value)
        for phase, curve in curves.items()
        for x, value in curve.items()
    ]
    return Table(rows).view(MAC_TO_PCI)


@pytest.mark.parametrize(
    ("name", "losses", "expected"),
    [
        ("half a per cent is reached between the points", {60: 0.0, 62: 0.0, 64: 1.0}, 63.0),
        ("the last rise counts", {50: 2.0, 60: 0.0, 70: 1.0}, 65.0),
        ("never", {60: 0.0, 100: 0.2}, None),
        ("always", {60: 1.0, 100: 2.0}, None),
    ],
)
def test_onset(name, losses, expected):
    assert m.onset("f", "nat")(view(nat=losses)).value == expected, name


@pytest.mark.parametrize(
    ("name", "lead", "expected"),
    [
        ("between the points", {60: -1.0, 70: -0.5, 80: 0.5}, 75.0),
        ("the last one, when it falls back", {10: 1.0, 20: -1.0, 30: 1.0}, 25.0),
        ("ahead at every count", {1: 0.1, 100: 0.1}, None),
        ("behind at the end", {1: 0.1, 100: -0.1}, None),
    ],
)
def test_crossing(name, lead, expected):
    curves = view(ist_kernel={x: 90 + d for x, d in lead.items()}, nat=dict.fromkeys(lead, 90.0))
    measured = m.crossing("f", "ist-kernel", "nat")(curves)
    assert measured.value == (expected and pytest.approx(expected)), name
    assert ("no crossing" in measured.note) == (expected is None)


def test_greatest_fall_is_from_the_best_so_far():
    curve = {1: 80.0, 10: 100.0, 20: 99.0, 30: 98.0}
    assert m.greatest_fall("f", ("nat",))(view(nat=curve)).value == pytest.approx(2.0)
    assert m.greatest_fall("f", ("nat",))(view(nat={1: 1.0, 2: 2.0})).value == 0.0


def test_minimum_near_1_kb_accepts_a_flat_bottom():
    flat = {64: 50.0, 512: 0.0, 1024: 0.0, 1472: 0.0, 8192: 20.0}
    assert m.farthest_minimum("f", ("nat",))(view(nat=flat)).value == 1024
    low = {64: 50.0, 512: 0.0, 1024: 1.0, 8192: 20.0}
    assert m.farthest_minimum("f", ("nat",))(view(nat=low)).value == 512


def test_curves_are_compared_only_where_both_were_measured():
    curves = view(nat={10: 50.0, 20: 100.0}, ist_app={20: 30.0, 30: 90.0})
    assert m.greatest_share("f", "ist-app", "nat")(curves).value == pytest.approx(30.0)


def test_a_missing_curve_is_missing():
    with pytest.raises(Missing):
        m.onset("f", "nat")(view(direct={1: 0.0}))
    with pytest.raises(Missing):
        m.drop_share("f", ("nat",), "NIC buffer")(view(direct={1: 0.0}))


def test_mean_of_equal_values_is_that_value():
    point = Point(1.0, dict.fromkeys(range(5), 93.617248))
    assert point.mean == point.low == point.high
