# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line as a user meets it."""

import json
import re
import subprocess

import pytest

from isblab.cli import COMMANDS
from isblab.paths import ROOT, shipped_scenarios

FIRST = ROOT / "examples" / "first.toml"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(isblab, command):
    done = isblab(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: isblab {command}")
    assert not done.stderr


def test_help_names_every_command_and_the_exit_statuses(isblab):
    for arguments in ((), ("help",), ("--help",)):
        done = isblab(*arguments)
        assert done.returncode == 0
        assert all(re.search(rf"^ +{command}( |$)", done.stdout, re.MULTILINE)
                   for command in COMMANDS)
        assert "exit status:" in done.stdout


@pytest.mark.parametrize(("arguments", "complaint"), [
    (["fgures"], "isblab: argument COMMAND: 'fgures' is unknown; did you mean 'figures'?"),
    (["run"], "isblab run: the following arguments are required: FILE"),
    (["run", "x.toml", "--seed", "-1"], "'-1' is not a whole number of 0 or more"),
    (["figures", "--only", "5.99"], "'5.99' is unknown; did you mean '5.9'?"),
    (["figures", "--jobs", "0"], "'0' is not a whole number of 1 or more"),
    (["figures", "--direction", "up"], "one of: mac-to-pci, pci-to-mac, both"),
    (["fuzz", "labb"], "no fuzz target 'labb'; there are: "),
    (["run", "none.toml"], "none.toml: cannot read: No such file or directory"),
    (["run", FIRST, "--set", "seed"], "'seed' is not of the form path=value"),
])
def test_a_wrong_command_line_is_one_line_and_status_2(isblab, arguments, complaint):
    done = isblab(*arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


def test_a_worker_that_is_not_built_is_one_line_and_status_3(isblab, monkeypatch, tmp_path):
    monkeypatch.setenv("ISBLAB_BUILD", str(tmp_path / "nothing"))
    done = isblab("run", FIRST)
    assert done.returncode == 3
    assert "isblab-sim is not built" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").rglob("*.json"))


def test_list_shows_every_shipped_scenario_with_its_title(isblab):
    done = isblab("list")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    for path in shipped_scenarios():
        (line,) = [line for line in lines if line.strip().startswith(str(path))]
        assert len(line.split()) > 2


def test_list_into_a_closed_pipe_ends_quietly(isblab, tmp_path):
    command = f"'{ROOT}/isblab' list | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path,
                          capture_output=True, text=True, check=False)
    assert done.returncode in (0, 141)
    assert not done.stderr


def test_check_accepts_every_shipped_scenario(isblab):
    done = isblab("check", *shipped_scenarios())
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.count(": valid") == len(shipped_scenarios())


@pytest.mark.parametrize(("fault", "replacement", "word"), [
    ("seed = ", "sede = ", "'seed'"),
    ('kind = "tcp-bulk"', 'kind = "tcp-bluk"', "'tcp-bulk'"),
    ('duration = "', 'duration = "-', "duration"),
    ("schema = 1", "schema = 999", "schema"),
    ("schema = 1", "schema = = 1", ""),
])
def test_check_names_file_line_and_fault(isblab, tmp_path, fault, replacement, word):
    text = (ROOT / "examples" / "five-phases" / "direct.toml").read_text()
    assert fault in text
    (tmp_path / "good.toml").write_text(text)
    (tmp_path / "bad.toml").write_text(text.replace(fault, replacement, 1))
    line = text[: text.index(fault)].count("\n") + 1
    done = isblab("check", "good.toml", "bad.toml")
    assert done.returncode == 2
    assert done.stdout == "good.toml: valid\n"
    faults = done.stderr.splitlines()
    assert all(fault.startswith("bad.toml:") for fault in faults)
    assert any(fault.startswith(f"bad.toml:{line}: ") and word in fault for fault in faults)


def test_check_sees_overrides(isblab):
    assert isblab("check", FIRST, "--set", "duration=1 s").returncode == 0
    done = isblab("check", FIRST, "--set", "duration=1 parsec")
    assert done.returncode == 2
    assert "first.toml" in done.stderr
    assert "parsec" in done.stderr


def test_run_writes_a_complete_result_folder(isblab, tmp_path):
    done = isblab("run", FIRST, "--seed", "5", "--out", "result", "--pcap")
    assert done.returncode == 0, done.stderr
    run = json.loads((tmp_path / "result" / "run.json").read_text())
    assert run["scenario"] == FIRST.read_text()
    assert run["seed"] == run["result"]["seed"] == 5
    assert {"commit", "dirty", "versions", "host", "stats", "result"} <= set(run)
    assert run["result"]["traffic"]
    events = [json.loads(line) for line in
              (tmp_path / "result" / "events.jsonl").read_text().splitlines()]
    assert events[-1] == run["result"]
    assert [event["t"] for event in events] == sorted(event["t"] for event in events)
    assert list((tmp_path / "result" / "pcap").glob("*.pcapng"))
    assert run["result"]["scenario"] in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result"]


def test_captures_are_what_tcpdump_reads(isblab, tmp_path):
    isblab("run", FIRST, "--out", "result", "--pcap", "--set", "checksums=true", "--quiet")
    captures = list((tmp_path / "result" / "pcap").glob("*.pcapng"))
    assert len(captures) == 2  # one a side of the box
    for capture in captures:
        read = subprocess.run(["tcpdump", "-n", "-vv", "-r", capture], capture_output=True,
                              text=True, check=False)
        assert read.returncode == 0, read.stderr
        assert "IP (" in read.stdout
        assert "incorrect" not in read.stdout
        assert "bad cksum" not in read.stdout


def test_run_names_its_folder_after_the_scenario(isblab, tmp_path):
    done = isblab("run", FIRST, "--set", "name=a/b", "--quiet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "run" / "a" / "b" / "run.json").exists()
    assert not done.stdout
    assert not done.stderr


def test_a_name_that_leaves_the_result_folder_is_refused(isblab, tmp_path):
    done = isblab("run", FIRST, "--set", "name=../../b")
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_run_refuses_a_foreign_folder_before_it_starts(isblab, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    done = isblab("run", FIRST, "--out", "thesis")
    assert done.returncode == 3
    assert "thesis is not empty" in done.stderr
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["thesis.tex"]


def test_an_expectation_that_fails_is_shown_and_status_1(isblab, tmp_path):
    direct = ROOT / "examples" / "five-phases" / "direct.toml"
    (tmp_path / "hopeful.toml").write_text(
        direct.read_text() + '\n[[expect]]\ntraffic = "bulk"\nmeasure = "throughput"\n'
                             'at-least = "900 Mb/s"\n')
    done = isblab("run", "hopeful.toml", "--out", "result")
    assert done.returncode == 1, done.stderr
    assert re.search(r"FAILS  bulk: throughput at-least 900 Mb/s \(measured [\d.]+ Mb/s\)",
                     done.stdout)
    assert (tmp_path / "result" / "run.json").exists()


def test_a_refused_scenario_leaves_no_folder(isblab, tmp_path):
    done = isblab("run", FIRST, "--set", "host.0.name=5")
    assert done.returncode == 2
    assert list(tmp_path.rglob("*.json")) == []
