# SPDX-License-Identifier: GPL-2.0-or-later
"""The pictures and the page: complete, self-contained, with their provenance."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
import synthetic

from isblab.figures import claims, main, parameters, plots, report
from isblab.figures.budgets import QUICK
from isblab.figures.campaign import Campaign
from isblab.figures.claim_list import CLAIMS
from isblab.figures.experiments import FIGURES
from isblab.figures.parameters import Parameter
from isblab.figures.tables import Table, to_csv

PARAMETERS = [
    Parameter("ixp425", "nat-cost", "14 us", "assumption", "Look-up <and> rewrite."),
    Parameter("ixp425", "untuned-latency", "50 us", "fitted to claim 1", "Waits."),
]


def campaign(table: Table, directions=synthetic.DIRECTIONS, **changes) -> Campaign:
    fitted = parameters.fitted_names(PARAMETERS)
    made = {
        "table": table,
        "findings": claims.judge(table, CLAIMS, directions, fitted),
        "parameters": PARAMETERS,
        "figures": FIGURES,
        "directions": directions,
        "budget": QUICK,
        "seeds": synthetic.SEEDS,
        "failures": [],
        "environment": {"commit": "abc", "dirty": False, "versions": {"ns": "1"}, "host": {"c": 2}},
        "commit": "abcdef0123",
        "date": "2000-01-01T00:00:00+00:00",
        "runs": 7,
        "seconds": 1.0,
    }
    return Campaign(**(made | changes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A result folder written from the synthetic table."""
    made = tmp_path_factory.mktemp("figures")
    main._write(made, campaign(synthetic.table()))
    return made


class Page(HTMLParser):
    """Balance of tags, references and ids of a page."""

    VOID = {"meta", "img", "br", "link", "hr", "input"}

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.references: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                assert value not in self.ids
                self.ids.add(value)
            elif name in ("src", "href"):
                self.references.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_each_figure_has_png_svg_and_csv_in_both_directions(folder):
    for figure in FIGURES:
        for direction in synthetic.DIRECTIONS:
            stem = f"figure-{figure}-{direction}"
            assert (folder / f"{stem}.png").read_bytes().startswith(b"\x89PNG")
            assert "<svg" in (folder / f"{stem}.svg").read_text()
            assert len((folder / f"{stem}.csv").read_text().splitlines()) > 5


def test_one_direction_needs_no_direction_in_names():
    one = synthetic.DIRECTIONS[:1]
    names = [stem for *_, stem in campaign(synthetic.table(one), one).pictures()]
    assert names == [f"figure-{figure}" for figure in FIGURES]


def test_page_is_self_contained_and_well_formed(folder):
    text = (folder / "report.html").read_text()
    page = Page(text)
    assert page.open == []
    assert all(r.startswith(("data:", "#")) for r in page.references)
    assert {r[1:] for r in page.references if r.startswith("#")} <= page.ids
    assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?https?:", text)
    assert "$" not in re.sub(r"base64,[^\"]*", "", text)


def test_page_shows_parameters_claims_and_provenance(folder):
    text = (folder / "report.html").read_text()
    for claim in CLAIMS:
        assert f'id="claim-{claim.id}"' in text
    assert "Look-up &lt;and&gt; rewrite." in text
    assert "fitted to claim 1" in text
    assert "2000-01-01T00:00:00" in text
    assert "box.ring-full:pci0" in text


def test_page_lists_what_is_not_reproduced():
    table = synthetic.table()
    table.rows = [row for row in table.rows if row.figure != "5.10"]
    bent = [r if r.phase != "forwarder" else r.__class__(**{**vars(r), "value": 1.0})
            for r in table.rows]  # fmt: skip
    text = report.render(campaign(Table(bent), figures=()), {})
    assert "does not hold" in text
    assert "<li><b>1.1</b>" in text
    assert "not measured" in text


def test_failed_runs_are_named():
    text = report.render(campaign(Table(), figures=(), failures=["5.9 nat: <died>"]), {})
    assert "1 of 7 runs failed" in text
    assert "5.9 nat: &lt;died&gt;" in text


def test_claims_json_has_what_the_specification_asks(folder):
    document = json.loads((folder / "claims.json").read_text())
    assert document["commit"] == "abc"
    assert document["score"]["free_parameters"] == 1
    for entry in document["claims"]:
        assert entry.keys() >= {"id", "text", "thesis", "measured", "spread", "kind", "holds"}
        assert len(entry["seeds"]) >= 5
        assert entry["holds"] is None or entry["kind"] != "fitted"


def test_manifest_names_files_that_exist(folder):
    manifest = json.loads((folder / "figures.json").read_text())
    files = [name for entry in manifest["figures"] for name in entry["files"]]
    assert len(files) == 3 * len(FIGURES) * 2
    assert all((folder / name).is_file() for name in files)


def test_csv_holds_mean_and_every_seed():
    table = synthetic.table()
    rows = list(csv.DictReader(io.StringIO(to_csv(table, "5.9", "mac-to-pci", "rate", "loss"))))
    first = next(row for row in rows if row["phase"] == "nat" and row["rate"] == "70")
    values = [float(first[f"seed {seed}"]) for seed in synthetic.SEEDS]
    assert float(first["loss: mean"]) == pytest.approx(sum(values) / 5, abs=1e-4)
    assert float(first["lowest"]) == min(values)


def test_equal_tables_draw_equal_pictures():
    one, two = (plots.draw(synthetic.table(), "5.9", "mac-to-pci", "abc") for _ in range(2))
    assert one == two
    assert plots.draw(synthetic.table(), "5.9", "mac-to-pci", "abd").png != one.png


def test_parameters_are_read_from_json_lines():
    lines = (
        '{"machine":"m","name":"a","value":"14 us","unit":"us","origin":"fitted","claim":6,'
        '"sentence":"S."}\n\n'
        '{"machine":"m","name":"b","value":300,"unit":"frames","origin":"data sheet",'
        '"sentence":"T."}\n'
    )
    first, second = parameters.parse(lines)
    assert (first.value, first.origin, first.is_fitted) == ("14 us", "fitted to claim 6", True)
    assert (second.value, second.is_fitted) == ("300 frames", False)
    assert parameters.fitted_names([first, second]) == {"a"}
