# SPDX-License-Identifier: GPL-2.0-or-later
"""report.html: self-contained, well-formed, honest about what there is not."""

import json
import re
from html.parser import HTMLParser

import pytest
import handmade

from isblab.paths import ROOT
from isblab.report import page
from isblab.report.report import Report

HOSTILE = '<script>alert("1")</script>&amp;\'$title]]>'


class Page(HTMLParser):
    """Balance of tags, references and ids of a page."""

    VOID = {"meta", "img", "br", "link", "hr", "input"}

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.references: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name == "id":
                assert value not in self.ids
                self.ids.add(value)
            elif name in ("src", "href"):
                self.references.append(value)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check(text: str) -> Page:
    """What every page keeps."""
    made = Page(text)
    assert made.open == []
    assert {reference[1:] for reference in made.references} <= made.ids
    assert all(reference.startswith("#") for reference in made.references)
    assert not {"script", "link", "img", "iframe", "object"} & set(made.tags)
    assert not re.search(r"url\(|@import|https?://", text)
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text
    return made


def test_page_is_self_contained_and_whole(reported):
    text = page.render(reported(handmade.translated(), handmade.lab()))
    made = check(text)
    assert made.ids == {"topology", "expectations", "traffic", "subscriptions", "chart", "states",
                        "fields", "stories", "boxes", "origin"}
    assert "the expectation holds" in text
    assert "Thesis Figure 4.5: Passive TCP Splice on the IST" in text
    assert "Passive TCP Splice (thesis 4.3, Table 4.2)" in text
    assert '<span class="soft">translated over ist (passive)</span>' in text
    assert made.tags.count("svg") >= 9


def test_expectations_that_fail_are_counted_first(reported):
    held = {"text": "a", "measured": "1", "holds": True}
    text = page.render(reported(handmade.translated(), handmade.lab(), expectations=[
        held, {"text": "b: path direct", "measured": "translated", "holds": False}]))
    assert "1 of 2 expectations fail" in text
    assert text.index("b: path direct") < text.index(">a<")


def test_incidents_and_drops_are_listed(reported):
    trace = handmade.translated()
    trace.at(2000, "ist", "node-state", to="crashed")
    trace.at(2100, "isb", "ist-state", ist="ist", to="lost", reason="isb.timed-out")
    for _ in range(3):
        trace.at(2200, "bob-home", "packet-dropped", src="1.2.3.4:5", dst="6.7.8.9:10",
                 reason="nat.filtered", rule="RFC 4787 REQ-8", bytes=100)
    text = page.render(reported(trace, handmade.lab()))
    check(text)
    assert {"incidents", "drops"} <= Page(text).ids
    assert "lost at the ISB: no answer came in time" in text
    assert "the NAT let in only answers to what had gone out" in text


def test_hostile_names_stay_text(reported):
    lab = handmade.lab()
    for part in (lab, *lab["hosts"], *lab["boxes"], *lab["users"], *lab["translators"]):
        part["name"] = part["name"] + HOSTILE
    lab["title"] = HOSTILE
    trace = handmade.translated()
    for event in trace.events:
        for key in ("user", "ist", "peer"):
            if key in event:
                event[key] += HOSTILE
    text = page.render(reported(trace, lab, subscriptions=[], scenario=HOSTILE))
    check(text)
    assert "<script" not in text.lower()
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("lab", [{}, handmade.lab()])
def test_an_empty_run_has_a_page(tmp_path, lab):
    run = {"seed": 1, "result": {"scenario": "empty", "t": 0, "traffic": [], "boxes": [],
                                 "expectations": []}, "lab": lab}
    text = page.render(Report(run, tmp_path / "none.jsonl"))
    check(text)
    assert "nothing was expected of this run" in text


def test_many_subscriptions_are_bounded(reported):
    lab = handmade.lab()
    lab["users"][0]["wants"] = [{"provider": "bob", "service": f"s{number}"}
                                for number in range(page.MOST_STORIES + 40)]
    text = page.render(reported(handmade.Trace(), lab))
    assert text.count("<details") <= page.MOST_STORIES + 5
    assert "40 further subscriptions" in text


@pytest.mark.parametrize("name", ["first", "four-nats", "five-phases/ist-app",
                                  "five-phases/ist-kernel", "five-phases/direct"])
def test_scenarios_without_a_broker_have_a_sensible_page(isblab, tmp_path, name):
    done = isblab("run", ROOT / "examples" / f"{name}.toml", "--out", "result", "--states",
                  "--chart", "--fields", "--set", "duration=200 ms")
    assert "there is no connection to draw" in done.stdout
    made = check((tmp_path / "result" / "report.html").read_text())
    assert {"topology", "expectations", "traffic"} <= made.ids
    assert not {"subscriptions", "stories", "chart"} & made.ids
    if name == "five-phases/ist-kernel":
        assert "states" in made.ids
        assert "IST_SYN_LOOKUP -> IST_SYN_RCVD" in done.stdout


def test_show_makes_the_report_of_an_earlier_run_anew(isblab, tmp_path, reported):
    reported(handmade.translated(), handmade.lab())
    folder = tmp_path / "run"
    done = isblab("show", folder, "--chart", "--states", "--fields", "--why", "ann", "bob/web")
    assert done.returncode == 0, done.stderr
    for name in ("report.html", "chart.svg", "figure-3.3.svg", "figure-3.5.svg", "figure-3.8.svg",
                 "figure-4.5.svg", "states-splice.svg", "fields-passive.svg"):
        assert (folder / name).stat().st_size > 1000
    assert "ann -> bob/web: worked" in done.stdout
    assert "Passive TCP Splice (thesis 4.3, Table 4.2), 1 in this run" in done.stdout
    assert "Thesis Figure 4.5" in done.stdout


def test_figures_of_another_connection_do_not_stay(isblab, tmp_path, reported):
    reported(handmade.translated(), handmade.lab())
    folder = tmp_path / "run"
    (folder / "figure-3.4.svg").write_text("of another connection")
    assert isblab("show", folder).returncode == 0
    assert (folder / "figure-3.4.svg").exists()
    assert isblab("show", folder, "--chart").returncode == 0
    assert sorted(path.name for path in folder.glob("figure-*")) == [
        "figure-3.3.svg", "figure-3.5.svg", "figure-3.8.svg", "figure-4.5.svg"]


@pytest.mark.parametrize(("arguments", "status", "complaint"), [
    (["nothing"], 3, "is no result folder"),
    (["run", "--why", "ann", "bob/wbe"], 2, "nearest is ann bob/web"),
    (["run", "--why", "ann"], 2, "expected 2 arguments"),
])
def test_show_says_in_one_line_what_is_wrong(isblab, reported, arguments, status, complaint):
    reported(handmade.translated(), handmade.lab())
    done = isblab("show", *arguments)
    assert done.returncode == status
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_question_about_nobody_is_refused_before_the_run(isblab, tmp_path):
    done = isblab("run", ROOT / "examples" / "first.toml", "--why", "ann", "bob/web")
    assert done.returncode == 2
    assert "none at all" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_lab_is_part_of_the_result(isblab, tmp_path):
    isblab("run", ROOT / "examples" / "first.toml", "--out", "result", "--quiet")
    run = json.loads((tmp_path / "result" / "run.json").read_text())
    assert run["lab"]["name"] == run["result"]["scenario"]
