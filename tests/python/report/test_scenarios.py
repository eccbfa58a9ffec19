# SPDX-License-Identifier: GPL-2.0-or-later
"""The thesis' figures, and stories, out of the shipped scenarios as they run."""

import re

import pytest

from isblab.paths import ROOT
from isblab.report import chart, main

NEGOTIATION = [
    ("bob", "isb", "Announce"),
    ("isb", "bob", "Announced"),
    ("isb", "bob", "Offer"),
    ("bob", "isb", "Answer"),
    ("isb", "ann", "Subscribed"),
]
INSTRUCTED = [
    ("ann", "isb", "Open a connection"),
    ("isb", "ist", "Splice request"),
    ("isb", "bob", "Prepare"),
    ("ist", "isb", "Splice ready"),
    ("bob", "isb", "Ready"),
    ("isb", "ann", "Instruct"),
    ("isb", "bob", "Instruct"),
]
GOLDEN = [
    ("3.3", "both-behind-nat", ("ann", "bob/web"),
     [*NEGOTIATION, *INSTRUCTED, ("ann", "ist", "connect"), ("bob", "ist", "connect")]),
    ("3.4", "provider-behind-nat", ("ann", "bob/web"), [
        *NEGOTIATION,
        ("ann", "isb", "Open a connection"),
        ("isb", "bob", "Prepare"),
        ("bob", "isb", "Ready"),
        ("isb", "ann", "Instruct"),
        ("isb", "bob", "Instruct"),
        ("bob", "ann", "connect"),
    ]),
    ("3.5", "both-behind-nat", ("ann", "bob/web"), [
        ("client", "ann", "connect to localhost"),
        ("ann", "ist", "connect"),
        ("bob", "ist", "connect"),
        ("bob", "server", "connect to the server"),
        ("ann", "client", "first byte of the answer"),
        ("client", "ann", "close"),
    ]),
    ("3.8", "both-behind-nat", ("ann", "bob/web"), [
        ("isb", "ann", "Hello, challenge"),
        ("ann", "isb", "Login"),
        ("isb", "ann", "Logged in"),
        ("isb", "ann", "NAT status"),
        ("isb", "bob", "Hello, challenge"),
        ("bob", "isb", "Login"),
        ("isb", "bob", "Logged in"),
        ("isb", "bob", "NAT status"),
        *NEGOTIATION, *INSTRUCTED,
        ("ist", "isb", "Splice event: paired"),
        ("bob", "isb", "Status: established"),
        ("ann", "isb", "Status: established"),
        ("bob", "isb", "Status: closed"),
        ("ann", "isb", "Status: closed"),
    ]),
    ("4.5", "both-behind-nat", ("ann", "bob/web"), [
        ("client", "ann", "connect to localhost"),
        ("ann", "ist", "SYN"),
        ("bob", "ist", "SYN"),
        ("ist", "ann", "SYN-ACK"),
        ("ist", "bob", "SYN-ACK"),
        ("ann", "ist", "ACK"),
        ("bob", "ist", "ACK"),
        ("ist", "ann", "ACK"),
        ("ist", "bob", "ACK"),
        ("bob", "server", "connect to the server"),
        ("ann", "client", "first byte of the answer"),
        ("client", "ann", "close"),
        ("ann", "ist", "FIN"),
        ("ist", "bob", "FIN"),
        ("bob", "ist", "FIN"),
        ("ist", "ann", "FIN"),
    ]),
    ("4.7", "forwarding-methods", ("ann", "bob/pure"), [
        *INSTRUCTED[:6],
        ("ann", "ist", "SYN"),
        ("ist", "isb", "Splice event: first SYN"),
        ("isb", "bob", "Instruct"),
        ("bob", "ist", "SYN"),
        ("ist", "ann", "SYN-ACK"),
        ("ist", "bob", "SYN-ACK"),
        ("bob", "ist", "ACK"),
        ("ann", "ist", "ACK"),
        ("ist", "bob", "ACK"),
        ("ist", "ann", "ACK"),
    ]),
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Runs a shipped scenario once; returns its result folder."""
    from isblab.cli import main as command

    folders = {}

    def run(name):
        if name not in folders:
            folder = tmp_path_factory.mktemp(name) / "result"
            assert command(["run", str(ROOT / "examples" / f"{name}.toml"), "--quiet", "--out",
                            str(folder)]) == 0
            folders[name] = folder
        return folders[name]

    return run


def without_retries(arrows):
    """The subscriber asks until the provider is on line; how often depends on who starts first."""
    return [arrow for arrow in arrows if arrow[2] not in ("Subscribe", "Fault")]


@pytest.mark.parametrize(("figure", "scenario", "of", "arrows"), GOLDEN,
                         ids=[item[0] for item in GOLDEN])
def test_a_figure_of_the_thesis_comes_out_of_a_scenario(ran, figure, scenario, of, arrows):
    made = main.load(ran(scenario), of).charts[f"figure-{figure}"]
    assert without_retries(made.arrows()) == arrows
    assert figure.startswith(("3.3", "3.4", "3.8")) == any(
        arrow[2] == "Subscribe" for arrow in made.arrows())
    assert made.caption.startswith(f"Thesis Figure {figure}: ")
    assert chart.draw(made).overlaps() == []


@pytest.mark.parametrize("scenario", ["both-behind-nat", "provider-behind-nat",
                                      "forwarding-methods", "not-allowed", "fallback"])
def test_every_drawing_of_a_run_keeps_its_texts_apart(ran, scenario):
    report = main.load(ran(scenario))
    assert report.charts
    for item in report.charts.values():
        assert chart.draw(item).overlaps() == []
    for walk in report.walks:
        assert walk.canvas.overlaps() == []


def test_the_states_of_figure_5_2_are_walked(ran):
    splice = next(walk for walk in main.load(ran("both-behind-nat")).walks
                  if walk.name == "splice")
    assert list(splice.walked)[:4] == [
        ("LISTEN", "IST_SYN_LOOKUP"), ("IST_SYN_LOOKUP", "IST_SYN_RCVD"),
        ("IST_SYN_RCVD", "ESTABLISHED"), ("ESTABLISHED", "IST_CLOSE_WAIT")]


def test_a_method_walks_its_own_machine(ran):
    walks = {walk.name: walk.walked for walk in main.load(ran("forwarding-methods")).walks}
    assert walks["splice"]["IST_SYN_LOOKUP", "IST_SYN_RCVD"] == 2  # Passive and Pure
    assert walks["splice-active"]["LISTEN", "IST_SYN_RCVD"] == 1
    assert walks["proxy"]["WAITING", "JOINED"] == 1
    assert {pair for walk in walks.values() for pair in walk if pair[0] == pair[1]} == set()


def test_tables_4_1_to_4_3_say_what_each_method_rewrites(ran):
    made = {item.method: set(item.rewritten)
            for item in main.load(ran("forwarding-methods")).rewritings}
    addresses = {"ip.src", "ip.dst", "ip.checksum"}
    ports = {"tcp.sport", "tcp.dport"}
    assert made == {
        "proxy": set(),
        "active": addresses | ports | {"tcp.seq", "tcp.ack", "tcp.checksum"},
        "passive": addresses | ports | {"tcp.checksum"},
        "pure": addresses | {"tcp.checksum"},
    }


@pytest.mark.parametrize(("scenario", "of", "outcome", "words"), [
    ("both-behind-nat", ("ann", "bob/web"), "worked",
     "Neither could be reached from outside, so both were to connect to an IST"),
    ("provider-behind-nat", ("ann", "bob/web"), "worked", "the connection ran backwards"),
    ("fallback", ("ann", "bob/web"), "worked",
     "The ISB fell back to an IST: the direct connection had failed"),
    ("fallback", ("ann", "bob/web"), "worked",
     "the firewall let insiders send to certain addresses only (thesis 3.7.1)"),
    ("pure", ("liar", "dora/web"), "worked",
     "translated over ist (passive)"),
    ("pure", ("liar", "dora/web"), "worked",
     "Passive took the place of Pure: the IST saw ports that did not fit a Pure splice."),
    ("not-allowed", ("ann", "bob/web"), "refused", "the service was not open to this user"),
])
def test_stories_say_what_happened_and_why(ran, scenario, of, outcome, words):
    report = main.load(ran(scenario), of)
    tale = report.tale(report.chosen)
    assert tale.outcome == outcome
    told = " ".join([tale.verdict, *(sentence for _, sentence in tale.sentences)])
    assert words in told
    assert not re.search(r"\b(isb|daemon|ist|nat)\.[a-z]", told)


@pytest.mark.parametrize("scenario", ["forwarding-methods", "both-behind-nat"])
def test_the_subscribers_packet_is_shown_first_whoever_spoke_first(ran, scenario):
    report = main.load(ran(scenario))
    for item in report.rewritings:
        if item.method != "proxy":
            assert [name for name, _ in item.directions] == ["subscriber to provider",
                                                             "provider to subscriber"]
            before, _ = item.directions[0][1]["ip.src"]
            assert report.world.owner(f"{before}:0") == "ann-home"
