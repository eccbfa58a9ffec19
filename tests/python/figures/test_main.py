# SPDX-License-Identifier: GPL-2.0-or-later
"""The command from options to result folder, with a stand-in for the worker."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from isblab.cli import main

# Answers ping-pongs by the role of the box, and refuses a seed named in the file "refused".
WORKER = f"""#!{sys.executable}
import json, pathlib, sys, tomllib
if sys.argv[1] == "--version":
    sys.exit(print("isblab-sim stand-in"))
if sys.argv[1] == "parameters":
    row = dict(machine="ixp425", name="untuned-latency", value="50 us", unit="us",
               origin="fitted", claim=1, sentence="Waits.")
    sys.exit(print(json.dumps(row)))
seed = sys.argv[sys.argv.index("--seed") + 1]
refused = pathlib.Path(__file__).with_name("refused")
if refused.exists() and refused.read_text() in (seed, "all"):
    sys.exit(3)
lab = tomllib.loads(sys.stdin.read())
role = lab["box"][0]["role"] if "box" in lab else "direct"
mean = dict(direct=185e3, forwarder=300e3, nat=315e3)
mean |= {{"ist-app": 498e3, "ist-kernel": 316e3 if "machine" in lab else 423e3}}
traffic = [dict(rttNs=dict(mean=mean[role] + int(seed))) for _ in lab["traffic"]]
boxes = [dict(drops={{}})] if "box" in lab else []
print(json.dumps(dict(event="result", traffic=traffic, boxes=boxes, expectations=[])))
"""


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """Folder of the stand-in; the current directory is tmp_path."""
    folder = tmp_path / "build" / "bin"
    folder.mkdir(parents=True)
    program = folder / "isblab-sim"
    program.write_text(WORKER)
    program.chmod(0o755)
    monkeypatch.setenv("ISBLAB_BUILD", str(tmp_path / "build"))
    monkeypatch.chdir(tmp_path)
    return folder


def figures(*arguments: str) -> int:
    return main(["figures", "--quick", "--only", "5.5", *arguments])


def test_writes_the_figures_and_prints_the_claims(worker, capsys):
    assert figures("--direction", "mac-to-pci", "--seed", "7") == 0
    out = Path("out/figures")
    assert {path.name for path in out.iterdir()} == {
        "claims.json", "figures.json", "report.html", "figure-5.4.svg",
        "figure-5.5.png", "figure-5.5.svg", "figure-5.5.csv",
    }  # fmt: skip
    document = json.loads((out / "claims.json").read_text())
    assert document["seeds"] == [7, 8, 9, 10, 11]
    kinds = {claim["id"]: (claim["kind"], claim["holds"]) for claim in document["claims"]}
    assert kinds["1.1"] == ("predicted", True)
    assert kinds["1.5"] == ("fitted", None)
    assert kinds["8.1"] == ("hypothesis", True)
    assert "1.1" in capsys.readouterr().out


def test_both_directions_are_the_default(worker):
    assert figures("--out", "here") == 0
    assert Path("here/figure-5.5-mac-to-pci.png").exists()
    assert Path("here/figure-5.5-pci-to-mac.png").exists()


def test_a_failed_run_costs_its_points_and_the_exit_status(worker, capsys):
    (worker / "refused").write_text("2")
    assert figures("--out", "here") == 3
    assert "failed" in capsys.readouterr().err
    claims = json.loads(Path("here/claims.json").read_text())["claims"]
    assert all("2" not in claim["seeds"] and len(claim["seeds"]) == 4 for claim in claims)


def test_nothing_is_written_when_every_run_failed(worker, capsys):
    (worker / "refused").write_text("all")
    assert figures("--out", "here") == 3
    assert not Path("here").exists()


def test_foreign_folders_are_left_alone(worker, capsys):
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("dear")
    assert figures("--out", "mine") == 3
    assert [path.name for path in Path("mine").iterdir()] == ["letter.txt"]
