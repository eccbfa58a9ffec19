# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab bench ist: medians and ratios, bars judged, what is drawn and written; without traffic."""

import pytest

from isblab.ist_bench import bars, budgets, plots, ways
from isblab.ist_bench.main import summary
from isblab.ist_bench.samples import Samples
from isblab.ist_bench.tables import Table, Timing


def measured(**values):
    """Samples of one load "tcp" with offloads on: way with "_" for "-" -> {count: rounds}."""
    samples = Samples()
    for way, cells in values.items():
        for count, rounds in cells.items():
            for value in rounds:
                samples.add("tcp", count, "on", way.replace("_", "-"), value)
    return samples


def found(samples, text, tables=(), timings=()):
    """The bars whose text has these words."""
    return [bar for bar in bars.judge(samples, tables, timings) if text in bar.text]


def test_a_ratio_is_of_medians_and_its_spread_of_rounds():
    samples = measured(forwarding={1: [10, 20, 40]}, passive_tc={1: [20, 30, 40]})
    ratio = samples.ratio("tcp", 1, "on", "passive-tc", "forwarding")
    assert ratio.value == 30 / 20
    assert (ratio.low, ratio.high) == (1.25, 1.75)  # of 2, 1.5 and 1


def test_what_was_not_measured_has_no_ratio():
    samples = measured(forwarding={1: [10]})
    assert samples.ratio("tcp", 1, "on", "passive-tc", "forwarding") is None
    assert samples.ratio("tcp", 10, "on", "forwarding", "forwarding") is None


def test_the_worst_count_decides_a_bar_of_every_count():
    samples = measured(forwarding={1: [10], 10: [10], 100: [10]},
                       passive_tc={1: [12], 10: [9.9], 100: [11]})
    bar, = found(samples, "(Passive, tc), offloads on: at least 1.0x forwarding")
    assert not bar.met
    assert bar.value == 0.99
    assert "worst at 10 connections" in bar.detail and "not at 10" in bar.detail


def test_a_bar_that_every_count_keeps_is_met():
    samples = measured(forwarding={1: [10], 10: [10]}, passive_tc={1: [12], 10: [10]})
    bar, = found(samples, "(Passive, tc), offloads on: at least 1.0x forwarding")
    assert bar.met
    assert "not at" not in bar.detail


def test_xdp_is_held_against_forwarding_with_the_same_receive_offload():
    samples = Samples()
    for way, value in (("forwarding", 10), ("forwarding-gro", 30), ("passive-xdp", 20)):
        samples.add("tcp", 1, "off", way, value)
    bar, = found(samples, "(Passive, XDP), offloads off: at least 1.0x forwarding")
    assert bar.value == pytest.approx(2 / 3)


def test_loss_is_held_against_what_forwarding_loses():
    samples = Samples()
    for rate, forwarding, ist in ((100, 0.0, 0.0), (0, 0.2, 0.1)):
        samples.add("udp-loss", rate, "on", "forwarding", forwarding)
        samples.add("udp-loss", rate, "on", "passive-tc", ist)
    bar, = found(samples, "loses nothing")
    assert bar.met
    samples.add("udp-loss", 50, "on", "forwarding", 0.0)
    samples.add("udp-loss", 50, "on", "passive-tc", 0.01)
    bar, = found(samples, "loses nothing")
    assert not bar.met and "worst at 50 Mb/s" in bar.detail


def test_tables_and_programs_are_judged_by_their_medians():
    tables = [Table(1_000, hot=[100.0], spread=[200.0], spread_rate=[2e5]),
              Table(1_000_000, memory={"a": 600 * 1_000_008}, hot=[120.0], spread=[280.0],
                    spread_rate=[1.9e5])]
    timings = [Timing("ist_tc", "passive", [90, 100, 140]), Timing("ist_tc", "pure", [101])]
    judged = {bar.text: bar.met for bar in bars.judge(Samples(), tables, timings)}
    assert [met for text, met in judged.items() if "hot flow" in text] == [True]
    assert [met for text, met in judged.items() if "time of the program" in text] == [False]
    assert [met for text, met in judged.items() if "kernel memory" in text] == [False]
    assert judged["ist_tc, passive: at most 110 ns a packet"]
    assert not judged["ist_tc: Pure at most Passive's"]


def test_the_summary_counts_what_is_met():
    samples = measured(forwarding={1: [10]}, passive_tc={1: [9]}, pure_tc={1: [11]})
    lines = summary(bars.judge(samples, [], [])).splitlines()
    assert sum("NOT MET" in line for line in lines) == 1
    assert lines[-1] == "1 of 2 bars are met."


def test_every_figure_is_drawn_from_little():
    samples = Samples()
    for load, x in (("tcp", 1), ("tcp", 10), ("rtt-tcp", 0), ("rtt-udp", 0), ("udp-rate", 64),
                    ("udp-cpu", 64), ("udp-loss", 0), ("udp-loss", 50), ("set-up", 0)):
        for way in ("forwarding", "passive-tc"):
            samples.add(load, x, "on", way, 0.5)
    tables = [Table(10, hot=[1.0], spread=[2.0], spread_rate=[3.0])]
    drawings = plots.draw_all(samples, tables, [Timing("ist_tc", "udp", [1.0])], "commit")
    assert set(drawings) == {"rtt", "tcp", "tcp-ratio", "udp", "udp-cpu", "udp-loss", "set-up",
                             "tables", "programs"}
    assert all(one.png.startswith(b"\x89PNG") for one in drawings.values())


def test_nothing_is_drawn_from_nothing():
    assert plots.draw_all(Samples(), [], [], "commit") == {}


@pytest.mark.parametrize("budget", (budgets.QUICK, budgets.FULL, budgets.LONG),
                         ids=lambda budget: budget.name)
def test_every_way_of_a_form_has_its_reference(budget):
    keys = {way.key for way in budget.ways}
    assert {way.reference for way in budget.ways} <= keys
    assert ways.FORWARDING.key in keys
