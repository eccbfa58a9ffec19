# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab.results: folders appear complete or not at all."""

import pytest

from isblab import results
from isblab.errors import EnvironmentFailure


def fill(target, text="new"):
    with results.folder(target) as partial:
        assert not (target / "new.txt").exists()
        (partial / "run.json").write_text("{}")
        (partial / f"{text}.txt").write_text(text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_result_appears_with_its_parents_and_leaves_nothing_else(tmp_path):
    fill(tmp_path / "out" / "run")
    assert names(tmp_path / "out") == ["run"]
    assert names(tmp_path / "out" / "run") == ["new.txt", "run.json"]


def test_an_earlier_result_is_replaced_whole(tmp_path):
    fill(tmp_path / "run", "old")
    fill(tmp_path / "run")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["new.txt", "run.json"]


def test_after_an_error_the_earlier_result_stands(tmp_path):
    fill(tmp_path / "run", "old")
    with pytest.raises(RuntimeError), results.folder(tmp_path / "run") as partial:
        (partial / "run.json").write_text("{}")
        raise RuntimeError
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["old.txt", "run.json"]


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "run").mkdir()
    fill(tmp_path / "run")
    assert names(tmp_path / "run") == ["new.txt", "run.json"]


def test_a_foreign_folder_and_a_file_are_refused_and_untouched(tmp_path):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.tex").write_text("years of work")
    (tmp_path / "file").write_text("text")
    for name, what in (("foreign", "not empty and holds no run.json"), ("file", "not a folder")):
        with pytest.raises(EnvironmentFailure, match=what):
            fill(tmp_path / name)
    assert names(tmp_path) == ["file", "foreign"]
    assert names(tmp_path / "foreign") == ["thesis.tex"]


def test_a_place_that_cannot_be_written_is_reported():
    with pytest.raises(EnvironmentFailure, match="cannot write /proc/isblab"):
        fill_path = "/proc/isblab"
        with results.folder(fill_path):
            pass
