# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab figures: the thesis' Figures 5.5 to 5.10."""

from __future__ import annotations

import argparse

from isblab.commands.options import positive, seed_number

HELP = "reproduce the thesis' Figures 5.5 to 5.10 and judge its claims"
DESCRIPTION = """\
Run the thesis' experiments in ns-3 and write the figures (PNG, SVG, CSV), report.html and
claims.json. All cores are used; full takes under 20 minutes on two of them."""

FIGURES = {
    "5.5": "round trip time of the five phases",
    "5.6": "TCP throughput by number of connections",
    "5.7": "TCP throughput without IST-App, enlarged; where IST-Kernel overtakes NAT",
    "5.8": "UDP loss by sending rate, 1 KB packets",
    "5.9": "UDP loss by sending rate, 6 KB packets",
    "5.10": "UDP loss by packet size, sender at full speed",
}
DIRECTIONS = ("mac-to-pci", "pci-to-mac", "both")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("--quick", action="store_true",
                        help="fewer points, seeds and simulated seconds: under 2 minutes on 2 "
                             "cores")
    parser.add_argument("--only", metavar="FIGURE", action="append", choices=tuple(FIGURES),
                        default=[], help="only this figure (5.5 to 5.10); may be repeated")
    parser.add_argument("--seed", metavar="N", type=seed_number, default=1,
                        help="first seed; the runs use it and the numbers after it")
    parser.add_argument("--out", metavar="DIR", default="out/figures", help="result folder")
    parser.add_argument("--direction", choices=DIRECTIONS, default="both",
                        help="through the box: from on-chip MAC to PCI NIC, back, or both")
    parser.add_argument("--jobs", metavar="N", type=positive, default=None,
                        help="worker processes at a time (default: one a core)")


def main(args: argparse.Namespace) -> int:
    """Hand over to the subpackage that makes figures."""
    from isblab.figures.main import main as make_figures

    return make_figures(args)
