# SPDX-License-Identifier: GPL-2.0-or-later
"""The result folder: a page that needs nothing else, CSV, JSON, and what a terminal gets."""

import csv
import json
import re
from html.parser import HTMLParser

import pytest

from isblab.errors import UsageError
from isblab.grid import behaviours, main, ways
from isblab.grid.outcome import Outcome, Stop
from isblab.grid.plan import Plan

STOP = Stop(3_000_000_007, "udp 198.18.0.10:1 -> 198.18.0.22:2", "subscriber",
            "the provider's NAT (EIM / APDF) <&>", "p3-nat", "nat.filtered", "RFC 4787 REQ-8", 4)
NAMES = ("public", "eim-apdf", "apdm-apdf")


def grid_of(works, names=NAMES, protocols=ways.PROTOCOLS):
    """A Grid whose cells work as works(cell) says."""
    plan = Plan(protocols, tuple(behaviours.find(name) for name in names),
                tuple(ways.WAYS.values()))
    outcomes = [Outcome(cell, works(cell), cell.way.path if works(cell) else "",
                        stops=() if works(cell) else (STOP,), scenario="grid-000")
                for cell in plan.cells()]
    mixes = main.choose_mixes(None, plan)
    return main.Grid(plan, outcomes, mixes, 1.5)


def mostly(cell):
    return cell.way.ist or "public" in (cell.provider.name, cell.subscriber.name)


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        assert "src" not in given and "style" not in given or tag == "i"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def folder(tmp_path):
    main.write(grid_of(mostly), tmp_path)
    return tmp_path


def test_the_page_needs_nothing_else(folder):
    text = (folder / "grid.html").read_text()
    page = Page(text)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "http" not in re.sub(r"http-equiv", "", text) and "$" not in text
    assert not page.open
    assert "prefers-color-scheme: dark" in text and "width=device-width" in text


def test_every_cell_leads_to_what_stopped_it(folder):
    page = Page((folder / "grid.html").read_text())
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)
    for protocol in ("udp", "tcp"):
        assert f"#{protocol}_eim-apdf_apdm-apdf" in page.links


def test_what_comes_from_a_run_is_escaped(folder):
    text = (folder / "grid.html").read_text()
    assert "(EIM / APDF) &lt;&amp;&gt;" in text and "<&>" not in text


def test_the_legend_speaks_the_words_of_the_rfc(folder):
    text = (folder / "grid.html").read_text()
    for words in ("endpoint-independent mapping, address-and-port-dependent filtering",
                  "RFC 4787 section 4.1", "RFC 5382", "port restricted cone", "simultaneous open"):
        assert words in text


def test_json_and_csv_hold_every_cell(folder):
    made = json.loads((folder / "grid.json").read_text())
    assert made["schema"] == 1 and made["world"] == "sim" and made["assignment"] == "preserving"
    assert len(made["cells"]) == 2 * 3 * 3 * 7
    assert [item["name"] for item in made["behaviours"]] == list(NAMES)
    failed = next(cell for cell in made["cells"] if not cell["works"])
    assert failed["stops"][0] == {
        "atNs": 3_000_000_007, "packet": STOP.packet, "sender": "subscriber", "box": STOP.box,
        "node": "p3-nat", "reason": "nat.filtered", "rule": "RFC 4787 REQ-8", "count": 4}
    with open(folder / "grid.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["protocol"], row["provider"], row["subscriber"], row["way"], row["works"] == "1")
            for row in rows] == [(cell["protocol"], cell["provider"], cell["subscriber"],
                                  cell["way"], cell["works"]) for cell in made["cells"]]
    assert {row["rule"] for row in rows if row["works"] == "0"} == {"RFC 4787 REQ-8"}


def test_mixes_are_in_all_of_them(tmp_path):
    main.write(grid_of(mostly, behaviours.QUICK), tmp_path)
    made = json.loads((tmp_path / "grid.json").read_text())
    assert [mix["name"] for mix in made["mixes"]] == ["thesis"]
    share = made["mixes"][0]["shares"][0]
    assert share["withoutIst"] == pytest.approx(9 / 25) and share["total"] == 1.0
    assert "thesis" in (tmp_path / "grid.html").read_text()
    assert "thesis,udp,without-ist,0.360000" in (tmp_path / "mixes.csv").read_text()


def test_a_broken_ist_is_said_everywhere(tmp_path):
    grid = grid_of(lambda cell: cell.way.name != "ist-proxy")
    main.write(grid, tmp_path)
    assert len(grid.broken) == 18
    assert "18 of 54 cells through an IST do not connect" in (tmp_path / "grid.html").read_text()
    assert "FAILS  udp provider public, subscriber public, IST proxy: udp" in main.summary(grid)


def test_a_terminal_gets_the_grid():
    text = main.summary(grid_of(mostly))
    assert "  apdm-apdf  DRP+    ....      ....\n" in text
    assert "IST proxy  9 of 9  9 of 9" in text


def test_a_mix_of_what_the_grid_leaves_out_is_refused(tmp_path):
    plan = grid_of(mostly).plan
    path = tmp_path / "m.toml"
    path.write_text('schema = 1\n[[mix]]\nname = "m"\n[mix.shares]\ncgn = 1\n')
    with pytest.raises(UsageError, match=r"mix 'm' has hosts behind 'cgn', which this grid"):
        main.choose_mixes(path, plan)
    assert not main.choose_mixes(None, plan)
