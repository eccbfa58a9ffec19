# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the source tree, the build tree and the programs in it are."""

from __future__ import annotations

import os
from pathlib import Path

from isblab.errors import EnvironmentFailure

ROOT = Path(__file__).resolve().parents[2]
"""Top of the source tree."""

EXAMPLES = ROOT / "examples"


def build_dir() -> Path:
    """The build tree in use: $ISBLAB_BUILD (set by the script ./isblab), else build/release."""
    return Path(os.environ.get("ISBLAB_BUILD") or ROOT / "build" / "release")


def program(name: str) -> Path:
    """Path of a built program such as "isblab-sim"; EnvironmentFailure when it is not built."""
    path = build_dir() / "bin" / name
    if not path.exists():
        raise EnvironmentFailure(f"{path} is not built; start through the script ./isblab")
    return path


def shipped_scenarios() -> list[Path]:
    """The scenario files under examples/, sorted by path; natbox' configurations are none."""
    return sorted(path for path in EXAMPLES.rglob("*.toml") if path.parent.name != "natbox")


def shown(path: Path) -> str:
    """A path as printed: relative to the working directory when it is inside it."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
