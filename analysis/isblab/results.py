# SPDX-License-Identifier: GPL-2.0-or-later
"""Result folders: complete or not there at all, and never in place of something else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isblab.errors import EnvironmentFailure
from isblab.paths import shown

__all__ = ["folder", "refuse_foreign"]


def refuse_foreign(target: Path | str, marker: str) -> None:
    """EnvironmentFailure unless `target` is absent, an empty folder, or an earlier result (a
    folder that holds the file `marker`)."""
    target = Path(target)
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise EnvironmentFailure(f"{shown(target)} is not a folder; choose another with --out")
    if any(target.iterdir()) and not (target / marker).is_file():
        raise EnvironmentFailure(f"{shown(target)} is not empty and holds no {marker} of ours; "
                                 "choose another with --out")


@contextmanager
def folder(target: Path | str, marker: str = "run.json") -> Iterator[Path]:
    """A new folder to fill; it takes the place of `target` when the block ends without an error.

    Args:
        target: the result folder. An earlier result in its place is replaced.
        marker: the file that every result of this kind holds.

    Raises:
        EnvironmentFailure: something else is at `target`, or it cannot be written.
    """
    target = Path(os.path.abspath(target))
    refuse_foreign(target, marker)
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    replaced = target.with_name(f".{target.name}.replaced-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise EnvironmentFailure(f"cannot write {shown(target)}: {error.strerror}") from error
    try:
        yield partial
        refuse_foreign(target, marker)  # it may have appeared while we worked
        if target.exists():
            target.rename(replaced)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)
