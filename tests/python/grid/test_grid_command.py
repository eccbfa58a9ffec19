# SPDX-License-Identifier: GPL-2.0-or-later
"""The command: what it refuses before anything starts, and a small grid from start to end."""

import json

import pytest


@pytest.mark.parametrize(("arguments", "words"), [
    (["--behaviours", "full-cone,symetric"], "no NAT behaviour 'symetric'; nearest is 'symmetric'"),
    (["--ways", "direkt"], "no way 'direkt'; nearest is 'direct'"),
    (["--quick", "--behaviours", "public"], "exclude each other"),
    (["--proto", "sctp"], "'sctp' is unknown; did you mean 'tcp'?"),
    (["--assignment", "clever"], "'clever' is unknown"),
    (["--jobs", "0"], "'0' is not a whole number of 1 or more"),
    (["--mix", "none.toml"], "none.toml: cannot read: No such file or directory"),
])
def test_a_wrong_command_line_is_refused_in_one_line(isblab, tmp_path, arguments, words):
    done = isblab("grid", *arguments)
    assert done.returncode == 2
    assert words in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_fault_of_a_mix_has_file_and_line(isblab, tmp_path):
    (tmp_path / "m.toml").write_text(
        'schema = 1\n[[mix]]\nname = "m"\n[mix.shares]\npublic = 0.4\n')
    done = isblab("grid", "--mix", "m.toml")
    assert done.returncode == 2
    assert "m.toml:4: the shares of [mix.shares] sum to 0.4, not to 1" in done.stderr


def test_a_foreign_folder_is_left_alone(isblab, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("dear diary")
    done = isblab("grid", "--quick", "--out", "mine")
    assert done.returncode == 3 and "holds no grid.json of ours" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes"]


def test_the_list_names_behaviours_and_ways(isblab):
    done = isblab("list")
    assert done.returncode == 0
    assert "  apdm-eif  " in done.stdout and "  ist-user  " in done.stdout


def test_a_small_grid_from_start_to_end(isblab, tmp_path):
    done = isblab("grid", "--proto", "tcp", "--behaviours", "public,symmetric",
                  "--ways", "direct,ist-proxy", "--out", "g", "--keep-runs")
    assert done.returncode == 0, done.stderr
    assert "  apdm-apdf  .       .\n" in done.stdout
    assert {path.name for path in (tmp_path / "g").iterdir()} == {
        "grid.html", "grid.csv", "grid.json", "mixes.csv", "runs"}
    cells = json.loads((tmp_path / "g" / "grid.json").read_text())["cells"]
    assert [cell["works"] for cell in cells if cell["way"] == "direct"] == [
        True, True, False, False]
    assert all(cell["why"] for cell in cells if not cell["works"])
    assert {path.suffix for path in (tmp_path / "g" / "runs").iterdir()} == {".toml", ".jsonl"}
