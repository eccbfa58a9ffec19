# SPDX-License-Identifier: GPL-2.0-or-later
"""Success of port prediction: numbers, files, refusals."""

import csv

import pytest

from isblab.cli import main
from isblab.predict import CANDIDATES, NATS, PREDICTORS, measure, to_csv, wilson


def cells_of(nat: str, rate: float, trials: int = 100, seed: int = 1) -> dict:
    """{(predictor, candidates): cell}"""
    nats = [one for one in NATS if one.name == nat]
    return {(cell.predictor, cell.candidates): cell
            for cell in measure(nats, [rate], trials, seed)}


def test_a_sequence_is_always_predicted_when_nobody_else_is_there():
    cells = cells_of("step-1", 0)
    assert cells["learned", 1].probability == 1
    assert cells["sequential", 1].probability == 1
    assert cells["none", 16].probability == 0
    assert cells["preserving", 16].probability == 0


def test_a_random_port_is_hardly_ever_predicted():
    cells = cells_of("random", 0)
    assert all(cells[predictor, 16].probability < 0.05 for predictor in PREDICTORS)


def test_overloaded_ports_are_predicted_whoever_else_is_there():
    cells = cells_of("overloading", 100)
    assert cells["preserving", 1].probability == 1
    assert cells["learned", 1].probability == 1


def test_steps_are_learned():
    cells = cells_of("step-4", 0)
    assert cells["learned", 1].probability == 1
    assert cells["sequential", 1].probability == 0


def test_more_candidates_never_hit_less():
    cells = cells_of("step-1", 30)
    for predictor in PREDICTORS:
        hits = [cells[predictor, count].hits for count in CANDIDATES]
        assert hits == sorted(hits)


def test_traffic_of_others_makes_it_harder():
    assert cells_of("step-1", 100)["learned", 1].hits < cells_of("step-1", 1)["learned", 1].hits


def test_learning_the_rate_of_others_helps():
    cells = cells_of("step-1", 300)
    assert cells["learned", 16].hits > cells["sequential", 16].hits


def test_the_same_seed_gives_the_same_table():
    def table(seed):
        return to_csv(measure(NATS[2:3], [10.0], 50, seed))

    assert table(1) == table(1)
    assert table(1) != table(2)


def test_the_interval_holds_the_share():
    for trials in (1, 7, 300, 1000):
        for hits in range(trials + 1):
            low, high = wilson(hits, trials)
            assert 0 <= low <= hits / trials <= high <= 1


@pytest.mark.parametrize("hits, trials, low, high", [
    (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)])
def test_wilsons_interval(hits, trials, low, high):
    assert wilson(hits, trials) == pytest.approx((low, high), abs=1e-3)


def test_the_command_writes_table_and_pictures(tmp_path, capsys):
    out = tmp_path / "predict"
    arguments = ["predict", "--quick", "--nats", "step-1,random", "--background", "0,10",
                 "--trials", "20", "--out", str(out)]
    assert main(arguments) == 0
    assert "learned" in capsys.readouterr().out
    with open(out / "predict.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * len(PREDICTORS) * len(CANDIDATES)
    for row in rows:
        assert 0 <= float(row["low95"]) <= float(row["probability"]) <= float(row["high95"]) <= 1
    names = {path.name for path in out.iterdir()}
    assert names == {"predict.csv", "predict.json", *(f"predict-{count}.{kind}"
                                                      for count in CANDIDATES
                                                      for kind in ("png", "svg"))}


@pytest.mark.parametrize("arguments, words", [
    (["--nats", "magic"], "--nats magic"), (["--background", "-1"], "--background -1"),
    (["--background", "x"], "--background x")])
def test_what_is_wrong_is_said(arguments, words, capsys, tmp_path):
    out = tmp_path / "out"
    assert main(["predict", f"{arguments[0]}={arguments[1]}", "--out", str(out)]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()
