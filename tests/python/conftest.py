# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: the command line, a stand-in for the worker, a small scenario."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.setdefault("ISBLAB_BUILD", str(ROOT / "build" / "release")))
sys.path[:0] = [str(ROOT / "analysis"), str(BUILD / "python")]

# A stand-in for isblab-sim. What it does stands in the first line of the scenario: "# crash".
STAND_IN = '''#!/usr/bin/python3
import json, os, signal, sys, time
text = sys.stdin.read()
what, _, argument = text.partition("\\n")[0].lstrip("# ").partition(" ")
note = lambda **message: print(json.dumps(message), file=sys.stderr, flush=True)
result = {"event": "result", "t": 5, "scenario": "stand-in", "seed": 1, "arguments": sys.argv[1:],
          "text": text, "traffic": [], "boxes": [], "expectations": []}
note(progress=0.5)
if what == "crash":
    print("assert failed in file.cc:7", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGABRT)
elif what == "garbage":
    print("no JSON")
    sys.exit(0)
elif what == "refuse":
    print("<stdin>:3: unknown key 'naem'; nearest valid: 'name'", file=sys.stderr)
    print("<stdin>:5: rate of zero", file=sys.stderr)
    sys.exit(2)
elif what == "hang":
    open(argument, "w").write(str(os.getpid()))
    time.sleep(600)
elif what == "wait":
    time.sleep(float(argument))
print(json.dumps({"event": "packet-dropped", "t": 1}))
note(progress=1.0)
note(events=10, wallSeconds=0.1, eventsPerSecond=100.0, simulatedPerWall=2.0)
print(json.dumps(result))
sys.exit(1 if what == "fail" else 0)
'''


def pytest_configure(config):
    """Name the marks in use."""
    config.addinivalue_line("markers", "slow: builds a second tree or runs for minutes")


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Replaces isblab-sim by STAND_IN for the code under test; returns the build tree."""
    build = tmp_path / "build"
    (build / "bin").mkdir(parents=True)
    program = build / "bin" / "isblab-sim"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setenv("ISBLAB_BUILD", str(build))
    return build


@pytest.fixture
def isblab(tmp_path):
    """Runs `isblab ARGUMENTS...` in tmp_path; returns the finished process."""

    def run(*arguments):
        environment = {**os.environ,
                       "PYTHONPATH": f"{ROOT / 'analysis'}:{os.environ['ISBLAB_BUILD']}/python"}
        return subprocess.run([sys.executable, "-m", "isblab", *map(str, arguments)],
                              cwd=tmp_path, env=environment, capture_output=True, text=True,
                              check=False)

    return run
