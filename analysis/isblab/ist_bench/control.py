# SPDX-License-Identifier: GPL-2.0-or-later
"""The program `ist` at work in the box of a line: attach, add splices."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from isblab.ist_bench.line import Line
from isblab.netlab import Net
from isblab.paths import program

__all__ = ["IstControl", "bpf_file_system"]

_numbers = itertools.count(1)
_MAX_SPLICES = 65536  # by default


class IstControl:
    """An IST that is attached to a line's box."""

    def __init__(self, net: Net, line: Line, carrier: str, splices: int = _MAX_SPLICES):
        self._line = line
        self._name = f"bench{os.getpid()}-{next(_numbers)}"
        self.bpffs = net.enter(bpf_file_system())
        self._run_dir = net.enter(tempfile.TemporaryDirectory(prefix="isblab-"))
        self.run("attach", "west", "east", "--carrier", carrier, "--address", line.west,
                 "--address", line.east, "--max-splices", splices)

    @property
    def pins(self) -> Path:
        """Where its maps and programs are pinned."""
        return self.bpffs / "isblab" / self._name

    def run(self, *words: object) -> str:
        """Run `ist`; what it prints."""
        return self._line.box.run(program("ist"), *words, "--name", self._name, "--bpffs",
                                  self.bpffs, "--run-dir", self._run_dir)

    def add(self, method: str, port_a: int, port_b: int, count: int, *more: object) -> float:
        """Add `count` splices with ports that count up; the seconds that it took."""
        begun = time.monotonic()
        self.run("splice", "add", "--method", method, "--port-a", port_a, "--port-b", port_b,
                 "--count", count, *more)
        return time.monotonic() - begun


@contextlib.contextmanager
def bpf_file_system() -> Iterator[Path]:
    """A file system of type bpf of our own; all that is pinned there goes with it."""
    folder = Path(tempfile.mkdtemp(prefix=f"isb{os.getpid()}-bpffs-"))
    subprocess.run(["mount", "-t", "bpf", "bpf", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        shutil.rmtree(folder)
