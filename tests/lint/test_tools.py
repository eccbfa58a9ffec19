# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-format and clang-tidy over the project's own sources."""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import lint

ROOT = Path(__file__).resolve().parents[2]
# The analyzer's checks take 80 % of the time: they are for a run by hand (CONTRIBUTING.md).
TIDY_CHECKS = "--checks=-clang-analyzer-*"
# ns-3's headers take a compiler 10 s a file and are not ours to check.
TIDY_LAYERS = ("model/wire", "model/core", "model/box", "model/lab")


def need(tool):
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"missing: {tool}")
    return path


def test_sources_are_formatted():
    tool = need("clang-format")
    sources = [str(path) for path in lint.files(ROOT, ".h", ".cc", ".c")]
    done = subprocess.run([tool, "--dry-run", "-Werror", *sources], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]


def test_clang_tidy_finds_nothing():
    tool = need("clang-tidy")
    build = Path(os.environ.get("ISB_BUILD_DIR", ROOT / "build/release"))
    database = build / "compile_commands.json"
    if not database.exists():
        pytest.skip(f"missing: compile_commands.json in {build}")
    sources = [
        entry["file"]
        for entry in json.loads(database.read_text())
        if Path(entry["file"]).is_relative_to(ROOT)
        and Path(entry["file"]).relative_to(ROOT).as_posix().startswith(TIDY_LAYERS)
    ]
    assert sources

    def check(source):
        command = [tool, "--quiet", TIDY_CHECKS, "-p", str(build), source]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [done.stdout for done in pool.map(check, sources) if done.returncode != 0]
    assert not failed, "\n".join(failed)[:8000]
