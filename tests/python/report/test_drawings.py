# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawings: no text on another, nothing beyond the edge, well-formed whatever the names."""

from xml.etree import ElementTree

import pytest
import handmade

from isblab.report import chart, fields, ladder, states, svg, topology
from isblab.report.world import World

RUNS = {
    "passive": (handmade.translated, {}),
    "reversed": (handmade.reversed_, {"nat_a": None}),
    "pure": (handmade.pure, {}),
    "refused": (handmade.refused, {"nat_b": "firewall"}),
}


def crowd(users: int) -> dict:
    lab = handmade.lab(nat_b=None, ists=("near", "far"))
    kinds = ("full-cone", "symmetric", "restricted-cone", "port-restricted-cone", None)
    for number in range(1, users + 1):
        kind, user, site = kinds[number % 5], f"u{number}", f"u-site{number}"
        lab["hosts"].append({"name": user, "address": f"10.9.{number}.2"})
        if kind:
            lab["boxes"].append({"name": site, "role": "nat", "nat": kind, "ports": []})
            lab["links"].append({"between": [user, f"{site}:lan"], "rate_bps": 10**9})
        lab["links"].append({"between": [f"{site}:wan" if kind else user, "internet:p"],
                             "rate_bps": 10**8, "delay_ns": 10**6})
        lab["users"].append({"name": user, "host": user, "site": kind and site,
                             "provides": [{"name": "web"}],
                             "wants": [{"provider": f"u{number % users + 1}", "service": "web"}]})
    return lab


def check(canvas: svg.Canvas) -> None:
    """What every drawing keeps."""
    assert canvas.boxes
    assert canvas.overlaps() == []
    assert min(box.left for box in canvas.boxes) >= 0
    assert min(box.top for box in canvas.boxes) >= 0
    assert max(box.right for box in canvas.boxes) <= canvas.width
    ElementTree.fromstring(canvas.markup("a drawing", standalone=True))
    ElementTree.fromstring(canvas.markup("a drawing"))


@pytest.mark.parametrize("run", RUNS)
def test_charts_keep_their_texts_apart(reported, run):
    trace, lab = RUNS[run]
    for item in reported(trace(), handmade.lab(**lab)).charts.values():
        check(chart.draw(item))


def test_a_chart_with_long_names_keeps_its_texts_apart(reported):
    trace = handmade.translated()
    lab = handmade.lab(nat_a="a-kind-of-nat-with-a-name-of-extraordinary-length")
    lab["boxes"][1]["name"] = "w" * 64
    for link in lab["links"]:
        link["between"] = [end.replace("ann-home", "w" * 64) for end in link["between"]]
    for item in reported(trace, lab).charts.values():
        check(chart.draw(item))


def test_state_machines_keep_their_texts_apart(reported):
    walks = reported(handmade.translated(), handmade.lab()).walks
    assert [walk.name for walk in walks] == ["splice", "daemon-connection", "isb-connection",
                                             "isb-session"]
    for walk in walks:
        check(walk.canvas)


def test_walked_transitions_are_counted_and_others_pale():
    splice = states.MACHINES["splice"]
    canvas = ladder.draw(splice, {("LISTEN", "IST_SYN_LOOKUP"): 3, ("ESTABLISHED", "LISTEN"): 1})
    check(canvas)
    texts = {box.text for box in canvas.boxes}
    assert "3 \N{MULTIPLICATION SIGN} first SYN, kept in the IST table" in texts
    assert "two ACKs" in texts
    assert canvas.markup("x").count('class="edge walked"') == 2
    assert ladder.draw(splice, {}).markup("x").count("walked") == 0


def test_every_state_of_figure_5_2_is_in_the_diagram():
    assert states.MACHINES["splice"].states == (
        "LISTEN", "IST_SYN_LOOKUP", "IST_SYN_RCVD", "ESTABLISHED", "IST_CLOSE_WAIT",
        "IST_TIME_WAIT", "CLOSED")


def test_fields_show_what_was_rewritten_before_and_after(reported):
    item, = reported(handmade.translated(), handmade.lab()).rewritings
    assert item.rewritten == ["ip.checksum", "ip.src", "ip.dst", "tcp.sport", "tcp.dport",
                              "tcp.checksum"]
    canvas = fields.draw(item)
    check(canvas)
    assert "40001 \N{RIGHTWARDS ARROW} 20001" in {box.text for box in canvas.boxes}
    assert canvas.markup("x").count('"field rewritten"') == len(item.rewritten) + 1
    assert "TCP source port         40001 > 20001" in fields.as_text(item)


def test_methods_differ_in_what_they_rewrite(reported):
    trace = handmade.translated()
    for number, (method, detail) in enumerate((
            ("pure", "ip.src=1.2.3.4>5.6.7.8 ip.checksum=1>2 tcp.checksum=3>4"),
            ("active", "ip.src=1.2.3.4>5.6.7.8 tcp.seq=1000>2000 tcp.ack=5>6")), 10):
        trace.at(3000, "ist", "header-rewritten", id=number, method=method, detail=detail)
    trace.at(3000, "ist", "proxy-paired", id=20)
    made = {item.method: item for item in reported(trace, handmade.lab()).rewritings}
    assert list(made) == ["proxy", "active", "passive", "pure"]
    assert "tcp.seq" in made["active"].rewritten
    assert not any(key.endswith("port") for key in made["pure"].rewritten)
    assert made["proxy"].rewritten == []
    for item in made.values():
        check(fields.draw(item))


@pytest.mark.parametrize("lab", [handmade.lab(), handmade.lab(nat_a=None, nat_b="firewall"),
                                 crowd(7), crowd(300)], ids=["two", "firewall", "seven", "crowd"])
def test_topologies_keep_their_texts_apart(lab):
    check(topology.draw(World(lab)))


def test_a_crowd_is_folded_into_stacks():
    few, many = (topology.draw(World(crowd(count))) for count in (100, 400))
    assert many.height == few.height
    assert any("\N{MULTIPLICATION SIGN}" in box.text for box in many.boxes)


def test_a_nat_behind_a_nat_is_drawn_inside_it():
    lab = handmade.lab()
    lab["boxes"].append({"name": "carrier", "role": "nat", "nat": "symmetric", "ports": []})
    for link in lab["links"]:
        if link["between"][0] == "ann-home:wan":
            link["between"][1] = "carrier:in"
    lab["links"].append({"between": ["carrier:out", "internet:p"]})
    world = World(lab)
    assert world.nats("ann") == ["ann-home", "carrier"]
    assert world.nats("bob") == ["bob-home"]
    check(topology.draw(world))


def test_text_is_measured_wrapped_and_cut():
    assert svg.text_width("iii", 10) < svg.text_width("mmm", 10)
    assert svg.shorten("abcdef", 1000, 12) == "abcdef"
    cut = svg.shorten("abcdef" * 20, 60, 12)
    assert cut.endswith("\N{HORIZONTAL ELLIPSIS}")
    assert svg.text_width(cut, 12) <= 60
    lines = svg.wrap("one two three four five six seven", 60, 12, 2)
    assert len(lines) == 2
    assert all(svg.text_width(line, 12) <= 60 for line in lines)
