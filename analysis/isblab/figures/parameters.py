# SPDX-License-Identifier: GPL-2.0-or-later
"""The box model's parameters with their origins, as the worker prints them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from isblab.errors import WorkerError
from isblab.paths import program


@dataclass(frozen=True)
class Parameter:
    """One value of one machine. origin: "data sheet", "thesis", "assumption", or "fitted" with the
    claim it was fitted to."""

    machine: str
    name: str
    value: str
    origin: str
    sentence: str

    @property
    def is_fitted(self) -> bool:
        return self.origin.startswith("fitted")


def load() -> list[Parameter]:
    """Asks the worker. Raises WorkerError if it cannot answer."""
    command = [str(program("isblab-sim")), "parameters"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise WorkerError(f"cannot start {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise WorkerError("isblab-sim parameters failed", done.returncode,
                          tuple(done.stderr.splitlines()))  # fmt: skip
    return parse(done.stdout)


def parse(lines: str) -> list[Parameter]:
    """JSON lines to parameters."""
    parameters = []
    for line in filter(str.strip, lines.splitlines()):
        entry = json.loads(line)
        value, unit = str(entry["value"]), str(entry.get("unit") or "")
        if unit and re.fullmatch(r"[-+\d.e]+", value):
            value = f"{value} {unit}"
        parameters.append(
            Parameter(entry["machine"], entry["name"], value, _origin(entry), entry["sentence"])
        )
    return parameters


def _origin(entry: dict) -> str:
    origin = str(entry["origin"])
    claim = entry.get("claim")
    return f"{origin} to claim {claim}" if claim and origin == "fitted" else origin


def fitted_names(parameters: Sequence[Parameter]) -> set[str]:
    """Names of the parameters that were set so that a claim comes out."""
    return {parameter.name for parameter in parameters if parameter.is_fitted}
