# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that runs beside us, watched: it is waited for by what it prints, never by sleeping."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import threading
from collections.abc import Sequence

__all__ = ["Program", "ProgramFailed"]

DEFAULT_PATIENCE = 20.0
"""Seconds after which waiting gives up: a watchdog, far above what anything takes."""


_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """In the child: it is killed when we are, however that happens."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ProgramFailed(Exception):
    """A program did not do what was waited for; the message shows what it printed."""


class Program:
    """A running program. Standard output and error are read as they come, line by line."""

    def __init__(self, command: Sequence[str], name: str | None = None,
                 environment: dict[str, str] | None = None, text_input: str | None = None):
        self.name = name or os.path.basename(command[0])
        self._condition = threading.Condition()
        self._lines: list[tuple[str, str]] = []  # ("out" or "err", line)
        self._open = 2
        self._answered = 0
        # A group of its own, so that nothing it started outlives it.
        self._child = subprocess.Popen([str(part) for part in command], text=True, bufsize=1,
                                       env={**os.environ, **(environment or {})},
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, errors="replace", process_group=0,
                                       preexec_fn=_die_with_parent)
        self._readers = [
            threading.Thread(target=self._read, args=("out", self._child.stdout), daemon=True),
            threading.Thread(target=self._read, args=("err", self._child.stderr), daemon=True)]
        for reader in self._readers:
            reader.start()
        if text_input is not None:
            self.write(text_input)
            self._child.stdin.close()

    @property
    def pid(self) -> int:
        """Its process id, which is that of its group too."""
        return self._child.pid

    def write(self, text: str) -> None:
        """Give it input."""
        try:
            self._child.stdin.write(text)
            self._child.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass  # it ended; whoever waits for it is told

    def wait_for(self, pattern: str, patience: float = DEFAULT_PATIENCE) -> re.Match:
        """The first line, of all so far and to come, in which the regular expression is found."""
        expression = re.compile(pattern)
        seen = 0
        with self._condition:
            while True:
                for _, line in self._lines[seen:]:
                    if match := expression.search(line):
                        return match
                seen = len(self._lines)
                if self._open == 0:
                    raise ProgramFailed(f"{self.name} ended without printing /{pattern}/:\n"
                                        + self._shown())
                if not self._condition.wait(patience) and seen == len(self._lines):
                    raise ProgramFailed(f"{self.name} did not print /{pattern}/ in {patience} s:\n"
                                        + self._shown())

    def answer(self, patience: float = DEFAULT_PATIENCE) -> str:
        """The next line of its standard output that was not yet given here: for programs that
        answer orders line by line."""
        with self._condition:
            while True:
                while self._answered < len(self._lines):
                    stream, line = self._lines[self._answered]
                    self._answered += 1
                    if stream == "out":
                        return line
                if self._open == 0:
                    raise ProgramFailed(f"{self.name} ended without an answer:\n" + self._shown())
                if not self._condition.wait(patience) and self._answered == len(self._lines):
                    raise ProgramFailed(f"{self.name} did not answer in {patience} s:\n"
                                        + self._shown())

    def finish(self, patience: float = DEFAULT_PATIENCE, status: int | None = 0) -> str:
        """Wait until it ends; what it printed on standard output.

        Args:
            patience: seconds.
            status: the exit status that is right, None for any.
        """
        try:
            got = self._child.wait(patience)
        except subprocess.TimeoutExpired:
            raise ProgramFailed(f"{self.name} did not end in {patience} s:\n"
                                + self.output()) from None
        for reader in self._readers:
            reader.join(patience)
        if status is not None and got != status:
            raise ProgramFailed(f"{self.name} ended with status {got}, not {status}:\n"
                                + self.output())
        with self._condition:
            return "".join(line for stream, line in self._lines if stream == "out")

    def output(self) -> str:
        """All that it printed so far, both streams."""
        with self._condition:
            return self._shown()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._child.send_signal(number)

    def running(self) -> bool:
        """True until it has ended."""
        return self._child.poll() is None

    def stop(self) -> None:
        """Kill it and all that it started."""
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self._child.wait()
        for reader in self._readers:
            reader.join(DEFAULT_PATIENCE)
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            try:
                stream.close()
            except OSError:
                pass

    def _read(self, stream: str, pipe) -> None:
        for line in pipe:
            with self._condition:
                self._lines.append((stream, line))
                self._condition.notify_all()
        with self._condition:
            self._open -= 1
            self._condition.notify_all()

    def _shown(self) -> str:
        return "".join(line for _, line in self._lines)
