# SPDX-License-Identifier: GPL-2.0-or-later
"""The same code built otherwise: debug, and with sanitizers."""

import re
import subprocess

import pytest
from test_determinism import hashes

from isblab.paths import ROOT

pytestmark = pytest.mark.slow


def build(preset, *targets, options=()):
    """Configure a preset and build targets in it (none: all); returns the build tree."""
    tree = ROOT / "build" / preset
    for command in (["cmake", "-S", ROOT, "--preset", preset, *options],
                    ["ninja", "-C", tree, *targets]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return tree


def test_debug_and_release_give_the_same_events(tmp_path, monkeypatch):
    debug = build("debug", "isblab-sim", options=("-DISB_TESTS=OFF", "-DISB_WITH_PYTHON=OFF"))
    release = hashes(tmp_path / "release")
    monkeypatch.setenv("ISBLAB_BUILD", str(debug))
    assert hashes(tmp_path / "debug") == release


def test_sanitizers_find_nothing_in_the_unit_tests():
    done = subprocess.run(["ctest", "--test-dir", build("sanitize"), "-L", "unit",
                           "--output-on-failure"], capture_output=True, text=True, check=False)
    telling = re.findall(r"^.*(?:Failure|runtime error|ERROR: |\*\*\*).*$", done.stdout, re.MULTILINE)
    assert done.returncode == 0, "\n".join(telling)
    assert "No tests were found" not in done.stdout + done.stderr
