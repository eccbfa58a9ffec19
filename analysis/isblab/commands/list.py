# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab list: what there is to run."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

from isblab.commands.figures import FIGURES
from isblab.grid.behaviours import BEHAVIOURS
from isblab.grid.ways import WAYS
from isblab.paths import shipped_scenarios, shown
from isblab.text import table

HELP = "list the shipped scenarios, the figures and what the grid is made of"
DESCRIPTION = ("List the shipped scenarios with their titles, the thesis' figures, and the NAT "
               "behaviours and ways to connect of the grid.")


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """This command has no options."""


def _title(path: Path) -> str:
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("title", ""))
    except (OSError, ValueError) as error:
        return f"unreadable: {error}"


def main(_args: argparse.Namespace) -> int:
    """Print the lists."""
    print("Scenarios (isblab run FILE):")
    print(table(("file", "title"), [(shown(path), _title(path)) for path in shipped_scenarios()]))
    print("\nFigures (isblab figures --only FIGURE):")
    print(table(("figure", "shows"), list(FIGURES.items())))
    print("\nNAT behaviours and ways to connect (isblab grid --behaviours NAME,... --ways NAME,...):")
    print(table(("behaviour", "is"), [(item.name, item.words) for item in BEHAVIOURS.values()]))
    print(table(("way", "is"), [(item.name, item.words) for item in WAYS.values()]))
    return 0
