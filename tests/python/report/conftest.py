# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the hand-written runs importable, and reports of them."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import handmade  # noqa: E402

from isblab.report.report import Report  # noqa: E402


@pytest.fixture
def reported(tmp_path):
    """Makes the Report of a hand-written run: reported(trace, lab, **changes of the result)."""

    def make(trace, lab, of=None, **changes):
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        result = handmade.result(**changes)
        (folder / "events.jsonl").write_text(trace.text(result))
        run = {"schema": 1, "scenario": "schema = 1\n", "seed": 1, "commit": "abcdef0123",
               "dirty": False, "versions": {"ns3": "3.37"}, "host": {"cpus": 2}, "overrides": {},
               "stats": {"eventsPerSecond": 1000.0}, "result": result, "lab": lab}
        (folder / "run.json").write_text(json.dumps(run))
        return Report(run, folder / "events.jsonl", of)

    return make
