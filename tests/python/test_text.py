# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab.text, isblab.progress, isblab.environment: what people read."""

import io

import pytest

from isblab import environment, progress, text


@pytest.mark.parametrize(("shown", "expected"), [
    (text.rate(93_940_000), "93.94 Mb/s"), (text.rate(0), "0 b/s"), (text.rate(None), "-"),
    (text.byte_count(1536), "1.5 KiB"), (text.byte_count(0), "0 B"),
    (text.duration(423_000), "423 us"), (text.duration(2e9), "2 s"), (text.duration(None), "-"),
    (text.percent(0.125), "12.5 %"), (text.percent(0), "0 %"),
])
def test_numbers_carry_units(shown, expected):
    assert shown == expected


def test_tables_align_and_leave_out_columns_without_values():
    assert text.table(("name", "rtt", "loss"), [("a", "-", "0 %"), ("long", "-", "12 %")]) == (
        "  name  loss\n"
        "  a     0 %\n"
        "  long  12 %")


@pytest.mark.parametrize(("seconds", "lines"), [
    (9, []),
    (30, ["runs: 34%, 34 of 100, 20 s left", "runs: 68%, 68 of 100, 10 s left",
          "runs: 100%, 100 of 100, done in 30 s"]),
])
def test_progress_in_a_log_is_a_line_every_ten_seconds(monkeypatch, seconds, lines):
    stream, clock = io.StringIO(), [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.Progress(stream) as shown:
        task = shown.task("runs")
        for step in range(1, 101):
            clock[0] = 100.0 + seconds * step / 100
            task.update(step / 100, step, 100)
        task.update(1.0, 100, 100)
    assert stream.getvalue().splitlines() == lines


def test_progress_can_be_off():
    stream = io.StringIO()
    with progress.Progress(stream, enabled=False) as shown:
        shown.task("runs").update(1.0, 1, 1)
    assert stream.getvalue() == ""


def test_progress_on_a_terminal_draws_bars():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    with progress.Progress(stream) as shown:
        task = shown.task("runs")
        task.update(0.5, 1, 2)
        task.update(1.0, 2, 2)
    assert "2 of 2" in stream.getvalue()


def test_the_environment_says_what_a_result_was_made_with():
    described = environment.describe()
    assert set(described) == {"commit", "dirty", "versions", "host"}
    assert described["host"]["cores"] >= 1
    assert described["versions"]["python"].startswith("3.")
    revision, dirty = environment.commit()
    assert environment.short_commit().endswith("+") == dirty
    assert revision == "unknown" or len(revision) == 40
