# SPDX-License-Identifier: GPL-2.0-or-later
"""Progress with time left: bars on a terminal, a line now and then elsewhere. Always on stderr.

    with Progress() as progress:
        task = progress.task("Figure 5.9")
        run_scenarios(jobs, on_progress=task.update)
"""

from __future__ import annotations

import sys
import time
from typing import TextIO

__all__ = ["Progress", "Task"]

_PLAIN_INTERVAL_S = 10.0


class Task:
    """One bar. Made by Progress.task."""

    def __init__(self, title: str, show):
        self.title = title
        self._show = show

    def update(self, fraction: float, finished: int | None = None,
               total: int | None = None) -> None:
        """Show `fraction` (0..1) done; `finished` of `total` jobs when given. Fits
        run_scenarios(on_progress=...)."""
        note = f"{finished} of {total}" if total is not None else ""
        self._show(self, min(max(fraction, 0.0), 1.0), note)


class Progress:
    """Context manager that shows tasks on `stream` (default: stderr).

    `enabled=False` shows nothing.
    """

    def __init__(self, stream: TextIO | None = None, enabled: bool = True):
        stream = stream or sys.stderr
        if not enabled:
            self._display = _Silent()
        elif stream.isatty():
            self._display = _Bars(stream)
        else:
            self._display = _Lines(stream)

    def __enter__(self) -> Progress:
        self._display.start()
        return self

    def __exit__(self, *_exception) -> None:
        self._display.stop()

    def task(self, title: str) -> Task:
        """Add a bar, or a group of lines."""
        task = Task(title, self._display.show)
        self._display.add(task)
        return task


class _Silent:
    def start(self) -> None:
        """Nothing to prepare."""

    def stop(self) -> None:
        """Nothing to finish."""

    def add(self, task: Task) -> None:
        """Nothing to draw."""

    def show(self, task: Task, fraction: float, note: str) -> None:
        """Nothing to draw."""


class _Bars:
    """rich's bars, for a terminal."""

    def __init__(self, stream: TextIO):
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(TextColumn("{task.description}"), BarColumn(),
                                  TextColumn("{task.percentage:>3.0f} %"),
                                  TextColumn("{task.fields[note]}"), TimeElapsedColumn(),
                                  TextColumn("left"), TimeRemainingColumn(),
                                  console=Console(file=stream))
        self._ids: dict[int, int] = {}

    def start(self) -> None:
        self._rich.start()

    def stop(self) -> None:
        self._rich.stop()

    def add(self, task: Task) -> None:
        self._ids[id(task)] = self._rich.add_task(task.title, total=1.0, note="")

    def show(self, task: Task, fraction: float, note: str) -> None:
        self._rich.update(self._ids[id(task)], completed=fraction, note=note)


class _Lines:
    """For logs: a line every ten seconds, and one at the end of a task that took so long."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._begun: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._ended: set[int] = set()

    def start(self) -> None:
        """Nothing to prepare: lines need no screen."""

    def stop(self) -> None:
        self._stream.flush()

    def add(self, task: Task) -> None:
        self._begun[id(task)] = self._last[id(task)] = time.monotonic()

    def show(self, task: Task, fraction: float, note: str) -> None:
        now = time.monotonic()
        elapsed = now - self._begun[id(task)]
        ends = fraction >= 1.0 and elapsed >= _PLAIN_INTERVAL_S and id(task) not in self._ended
        if not ends and now - self._last[id(task)] < _PLAIN_INTERVAL_S:
            return
        self._last[id(task)] = now
        if ends:
            self._ended.add(id(task))
            timing = f"done in {elapsed:.0f} s"
        elif fraction > 0.0:
            timing = f"{elapsed / fraction - elapsed:.0f} s left"
        else:
            timing = "starting"
        parts = (f"{fraction:4.0%}", note, timing)
        print(f"{task.title}: " + ", ".join(part.strip() for part in parts if part),
              file=self._stream, flush=True)
