# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/ist-kernel.md's quick start works as it is written."""

import os
import re
import subprocess

from conftest import ROOT
from isblab.netlab import missing_capability

import pytest


@pytest.fixture
def quick_start():
    """The block of the manual, with names of this process' own."""
    manual = (ROOT / "doc" / "ist-kernel.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(.*?)```", manual, re.DOTALL)[1]
    return block.replace("try-", f"isb{os.getpid()}-0-try")


def test_the_quick_start_ends_with_hello(quick_start, built, tool):
    missing = missing_capability()
    if missing:
        pytest.skip(missing)
    tool("socat")
    program = built("ist")
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-e", "-c", quick_start], env=environment, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "attached 'ist': bpf on west, east" in done.stdout
    assert "splice 1: passive" in done.stdout or re.search(r"splice \d+: passive", done.stdout)
    assert "hello from B" in done.stdout
    assert "detached 'ist'" in done.stdout
