# SPDX-License-Identifier: GPL-2.0-or-later
"""The thesis' figures come out of the runs that they describe: every arrow, in order."""

import pytest
import handmade

PURE = handmade.pure, {}
PASSIVE = handmade.translated, {}
REVERSED = handmade.reversed_, {"nat_a": None}

NEGOTIATION = [
    ("bob", "isb", "Announce"),
    ("isb", "bob", "Announced"),
    ("ann", "isb", "Subscribe"),
    ("isb", "bob", "Offer"),
    ("bob", "isb", "Answer"),
    ("isb", "ann", "Subscribed"),
]
ASKED = [
    ("ann", "isb", "Open a connection"),
    ("isb", "ist", "Splice request"),
    ("isb", "bob", "Prepare"),
    ("ist", "isb", "Splice ready"),
    ("bob", "isb", "Ready"),
    ("isb", "ann", "Instruct"),
    ("isb", "bob", "Instruct"),
]
GOLDEN = [
    ("3.3", PASSIVE, [*NEGOTIATION, *ASKED, ("ann", "ist", "connect"), ("bob", "ist", "connect")]),
    ("3.4", REVERSED, [
        *NEGOTIATION,
        ("ann", "isb", "Open a connection"),
        ("isb", "bob", "Prepare"),
        ("bob", "isb", "Ready"),
        ("isb", "ann", "Instruct"),
        ("isb", "bob", "Instruct"),
        ("bob", "ann", "connect"),
    ]),
    ("3.5", PASSIVE, [
        ("client", "ann", "connect to localhost"),
        ("ann", "ist", "connect"),
        ("bob", "ist", "connect"),
        ("bob", "server", "connect to the server"),
        ("ann", "client", "first byte of the answer"),
        ("client", "ann", "close"),
    ]),
    ("3.8", PASSIVE, [
        ("isb", "ann", "Hello, challenge"),
        ("isb", "bob", "Hello, challenge"),
        ("ann", "isb", "Login"),
        ("bob", "isb", "Login"),
        ("isb", "ann", "Logged in"),
        ("isb", "ann", "NAT status"),
        ("isb", "bob", "Logged in"),
        ("isb", "bob", "NAT status"),
        *NEGOTIATION, *ASKED,
        ("ann", "isb", "Status: established"),
        ("bob", "isb", "Status: established"),
        ("ann", "isb", "Status: closed"),
        ("bob", "isb", "Status: closed"),
    ]),
    ("4.5", PASSIVE, [
        ("client", "ann", "connect to localhost"),
        ("ann", "ist", "SYN"),
        ("bob", "ist", "SYN"),
        ("ist", "ann", "SYN-ACK"),
        ("ist", "bob", "SYN-ACK"),
        ("ann", "ist", "ACK"),
        ("bob", "ist", "ACK"),
        ("bob", "server", "connect to the server"),
        ("ann", "client", "first byte of the answer"),
        ("client", "ann", "close"),
        ("ann", "ist", "FIN"),
        ("bob", "ist", "FIN"),
    ]),
    ("4.7", PURE, [
        ("ann", "isb", "Open a connection"),
        ("isb", "ist", "Splice request"),
        ("isb", "bob", "Prepare"),
        ("ist", "isb", "Splice ready"),
        ("bob", "isb", "Ready"),
        ("isb", "ann", "Instruct"),
        ("ann", "ist", "SYN"),
        ("ist", "isb", "Splice event: first SYN"),
        ("isb", "bob", "Instruct"),
        ("bob", "ist", "SYN"),
        ("ist", "ann", "SYN-ACK"),
        ("ist", "bob", "SYN-ACK"),
    ]),
]


@pytest.mark.parametrize(("figure", "run", "arrows"), GOLDEN, ids=[item[0] for item in GOLDEN])
def test_a_figure_has_its_arrows_in_order(reported, figure, run, arrows):
    trace, lab = run
    charts = reported(trace(), handmade.lab(**lab)).charts
    assert charts[f"figure-{figure}"].arrows() == arrows
    assert charts[f"figure-{figure}"].caption.startswith(f"Thesis Figure {figure}: ")


def test_a_run_shows_only_the_figures_that_fit_it(reported):
    assert set(reported(handmade.translated(), handmade.lab()).charts) == {
        "chart", "figure-3.3", "figure-3.5", "figure-3.8", "figure-4.5"}
    assert set(reported(handmade.reversed_(), handmade.lab(nat_a=None)).charts) == {
        "chart", "figure-3.4", "figure-3.5", "figure-3.8"}
    assert "figure-3.8" not in reported(handmade.refused(), handmade.lab()).charts


def test_lifelines_stand_in_the_order_of_the_thesis(reported):
    chart = reported(handmade.translated(), handmade.lab()).charts["chart"]
    assert [line.id for line in chart.lifelines] == [
        "client", "ann", "ann-home<", "isb", "ist", "bob-home>", "bob", "server"]


def test_hello_traffic_is_folded(reported):
    chart = reported(handmade.translated(), handmade.lab()).charts["chart"]
    assert "10 hello messages" in chart.folded
    assert not any("ping" in label.lower() for _, _, label in chart.arrows())


def test_a_message_that_never_arrives_is_drawn_as_lost(reported):
    trace = handmade.Trace()
    handmade.logins(trace)
    handmade.opened(trace)
    trace.send(1002, "bob", False, "prepare", lost=True, connection=handmade.CONNECTION)
    chart = reported(trace, handmade.lab()).charts["chart"]
    ends = {step.label: step.until for step in chart.steps if step.kind == "arrow"}
    assert ends["Prepare"] is None
    assert ends["Offer"] is not None


def test_messages_of_another_connection_are_not_drawn(reported):
    trace = handmade.translated()
    trace.send(1003, "bob", False, "prepare", connection=handmade.CONNECTION + 1)
    trace.send(1003, "ann", True, "open", method="passive", id=2)
    arrows = reported(trace, handmade.lab()).charts["figure-3.8"].arrows()
    assert arrows.count(("isb", "bob", "Prepare")) == 1
    assert arrows.count(("ann", "isb", "Open a connection")) == 1


def test_a_crash_is_a_mark_at_its_lifeline(reported):
    trace = handmade.translated()
    trace.at(2000, "ist", "node-state", to="crashed")
    marks = [step for step in reported(trace, handmade.lab()).charts["chart"].steps
             if step.kind == "mark"]
    assert [(step.source, step.label) for step in marks] == [("ist", "crashed")]


def test_the_option_of_chooses_whose_connection_is_drawn(reported):
    trace, lab = handmade.translated(), handmade.lab()
    lab["users"][0]["wants"].append({"provider": "bob", "service": "files"})
    assert reported(trace, lab).chosen == handmade.KEY
    assert reported(trace, lab, of=("ann", "files")).chosen == ("ann", "bob", "files")
