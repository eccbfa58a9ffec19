# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors that a user can act on. Each prints as one line and carries its exit status."""

from __future__ import annotations

__all__ = ["EnvironmentFailure", "IsblabError", "ScenarioError", "UsageError",
           "WorkerError"]


class IsblabError(Exception):
    """Base of every error that the command line reports as one line, without a traceback."""

    exit_status = 3


class UsageError(IsblabError):
    """The command line is wrong; nothing was started."""

    exit_status = 2


class ScenarioError(IsblabError):
    """The scenario (or another input) is wrong; nothing was started.

    Attributes:
        what: the complaint, with the nearest valid key or value where there is one.
        file: name of the scenario file, or None for text without a file.
        line: line in that file, counted from 1, or None when unknown.
        more: further faults of the same scenario, each a ScenarioError.
    """

    exit_status = 2

    def __init__(self, what: str, file: str | None = None, line: int | None = None,
                 more: tuple[ScenarioError, ...] = ()):
        self.what = what
        self.file = None if file is None else str(file)
        self.line = line or None
        self.more = tuple(more)
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        super().__init__(f"{place}: {what}" if place else what)


class WorkerError(IsblabError):
    """A worker process died, could not start, or printed something else than a result.

    Attributes:
        status: exit status of the process (negative: minus the signal number), None if none ran.
        stderr: its last lines on standard error.
    """

    def __init__(self, what: str, status: int | None = None, stderr: tuple[str, ...] = ()):
        self.status = status
        self.stderr = stderr
        super().__init__(f"{what}: {' | '.join(stderr)}" if stderr else what)


class EnvironmentFailure(IsblabError):
    """A program, package or permission that the command needs is missing."""
