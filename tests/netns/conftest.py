# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: a network of namespaces that is gone after the test, programs that may not be there."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.setdefault("ISBLAB_BUILD", str(ROOT / "build" / "release")))
sys.path[:0] = [str(ROOT / "analysis"), str(BUILD / "python")]

from isblab.netlab import Net, leftovers, missing_capability  # noqa: E402
from ist_net import Ist, IstNet  # noqa: E402


@pytest.fixture
def net():
    """An empty network of namespaces."""
    missing = missing_capability()
    if missing:
        pytest.skip(missing)
    with Net() as made:
        yield made


@pytest.fixture
def tool():
    """tool("turnserver"): the path of an installed program; the test is skipped without it."""

    def find(name):
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"the program {name} is not installed")
        return path

    return find


@pytest.fixture
def built():
    """built("isblab-meter"): the path of a program of ours; the test is skipped without it."""

    def find(name):
        path = BUILD / "bin" / name
        if not path.exists():
            pytest.skip(f"{name} is not built")
        return path

    return find


@pytest.fixture
def spliced(net, built):
    """spliced(carrier, settings=..., **topology): an IstNet and the Ist at work in it; the test is
    skipped where that carrier cannot be."""

    def make(carrier="bpf", settings=(), **topology):
        program = built("ist")
        lab = IstNet(net, **topology)
        try:
            return lab, Ist(lab, program, carrier, settings)
        except RuntimeError as error:
            if "status 3" in str(error):
                pytest.skip(f"carrier {carrier}: {error}")
            raise

    return make


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """After each test nothing of it is left on the machine."""
    yield
    assert leftovers() == []


def pytest_sessionfinish(session, exitstatus):
    """The session fails when anything of it is left on the machine."""
    left = leftovers()
    if left:
        print("left behind: " + ", ".join(left), file=sys.stderr)
        session.exitstatus = 1
