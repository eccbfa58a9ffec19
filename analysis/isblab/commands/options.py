# SPDX-License-Identifier: GPL-2.0-or-later
"""Types and options that several commands share."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """argparse type: a whole number of 1 or more."""
    return _bounded(text, 1)


def seed_number(text: str) -> int:
    """argparse type: a seed, 0 to 2^63 - 1."""
    return _bounded(text, 0)


def _bounded(text: str, least: int) -> int:
    if not text.isdecimal() or not least <= int(text) < 1 << 63:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of {least} or more")
    return int(text)


def add_set_argument(parser: argparse.ArgumentParser) -> None:
    """--set, for commands that read a scenario."""
    parser.add_argument("--set", metavar="PATH=VALUE", action="append", default=[],
                        help="override a value; elements of lists go by name or index, as in "
                             "traffic.bulk.connections=10 or box.box.ports.0.nic=pci; "
                             "may be repeated")
