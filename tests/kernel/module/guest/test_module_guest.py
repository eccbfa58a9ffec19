# SPDX-License-Identifier: GPL-2.0-or-later
"""The module in a real 6.1 kernel: users on real TCP and UDP, in a guest that boots once."""

import os
import re
from pathlib import Path

import pytest
from guest import Guest, MissingTool

BUILD = Path(os.environ["ISBLAB_BUILD"])


@pytest.fixture(scope="session", name="printed")
def _printed():
    module, release = os.environ["ISBLAB_MODULE"], os.environ["ISBLAB_MODULE_RELEASE"]
    guest = Guest(BUILD / "guest-kernel", release, Path(module),
                  [BUILD / "bin/ist", BUILD / "bin/guest-transfer"])
    try:
        return guest.run()
    except MissingTool as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("case", [
    "set-up", "passive4", "pure4", "passive6", "mixed", "mtu", "udp-6k", "udp6-6k", "udp-mixed",
    "foreign-source", "port-taken", "untouched", "leave", "bpf"])
def test_guest_case(printed, case):
    """What each case does is said in guest-init.sh."""
    result = re.search(rf"^RESULT {re.escape(case)} (.*)$", printed, re.MULTILINE)
    assert result, f"the guest did not come to it:\n{printed[-4000:]}"
    if result.group(1).startswith("skipped: "):
        pytest.skip(result.group(1).removeprefix("skipped: "))
    assert result.group(1).startswith("ok"), f"{result.group(1)}\n{printed[-4000:]}"
