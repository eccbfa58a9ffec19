# SPDX-License-Identifier: GPL-2.0-or-later
"""What a result was made with: commit, versions, host. Goes into run.json and under figures."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from isblab.errors import EnvironmentFailure
from isblab.paths import ROOT, program

__all__ = ["commit", "describe", "short_commit"]

_PYTHON_PACKAGES = ("numpy", "matplotlib", "pandas", "scipy")


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@functools.cache
def commit() -> tuple[str, bool]:
    """(git commit of the source tree, whether tracked files differ from it); ("unknown", False)
    outside git."""
    # The tree may belong to another user than the one who runs it (sudo): reading is harmless.
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT)]
    revision = _output([*git, "rev-parse", "HEAD"])
    if revision is None:
        return "unknown", False
    changes = _output([*git, "status", "--porcelain", "--untracked-files=no"])
    return revision, bool(changes)


def short_commit() -> str:
    """The commit in 10 digits, with "+" when tracked files differ from it."""
    revision, dirty = commit()
    return (revision if revision == "unknown" else revision[:10]) + ("+" if dirty else "")


@functools.cache
def describe() -> dict:
    """All of it as JSON-ready values: commit, dirty, versions, host."""
    revision, dirty = commit()
    return {"commit": revision, "dirty": dirty, "versions": _versions(), "host": _host()}


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    try:
        versions["isblab-sim"] = _output([str(program("isblab-sim")), "--version"]) or "unknown"
    except EnvironmentFailure:
        versions["isblab-sim"] = "not built"
    for package in _PYTHON_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _host() -> dict[str, object]:
    return {"cpu": _cpu_model(), "cores": len(os.sched_getaffinity(0)),
            "kernel": platform.release(), "architecture": platform.machine(),
            "system": _system()}


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    except OSError:
        return "unknown"
