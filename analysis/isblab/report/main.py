# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the report of a result folder, and what the options of run and show ask for."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from isblab.errors import EnvironmentFailure
from isblab.paths import shown
from isblab.report import chart, fields, page, why
from isblab.report.report import Report, find

__all__ = ["add_arguments", "load", "show", "write"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What a run can be asked to show."""
    group = parser.add_argument_group("what to show")
    group.add_argument("--chart", action="store_true",
                       help="draw the sequence chart, and the thesis' figures that it contains, as "
                            "SVG files in the result folder")
    group.add_argument("--states", action="store_true",
                       help="print and draw the states walked (thesis Figure 5.2)")
    group.add_argument("--fields", action="store_true",
                       help="print and draw the header fields that each forwarding method rewrote "
                            "(thesis Tables 4.1 to 4.3)")
    group.add_argument("--why", nargs=2, metavar=("USER", "SERVICE"),
                       help="tell the story of a user's first connection to a service, as in "
                            "--why ann bob/web")
    group.add_argument("--of", nargs=2, metavar=("USER", "SERVICE"),
                       help="whose connection is drawn (default: that of --why, else the first "
                            "that stood)")


def _chosen(args: argparse.Namespace) -> tuple[str, str] | None:
    asked = args.of or args.why
    return tuple(asked) if asked else None


def check(args: argparse.Namespace, lab: dict) -> None:
    """UsageError when the options name a subscription that the lab does not have."""
    from isblab.report.world import World

    for asked in (args.why, args.of):
        if asked:
            find(World(lab).wants(), *asked)


def load(folder: Path, of: tuple[str, str] | None = None) -> Report:
    """The report of a result folder; EnvironmentFailure when it is none."""
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise EnvironmentFailure(f"{shown(folder)} is no result folder: run.json: "
                                 f"{error.strerror}") from error
    except ValueError as error:
        raise EnvironmentFailure(f"{shown(folder / 'run.json')} is not JSON: {error}") from error
    if not isinstance(run, dict) or "result" not in run:
        raise EnvironmentFailure(f"{shown(folder / 'run.json')} is not the result of a run")
    return Report(run, folder / "events.jsonl", of)


def write(folder: Path, run: dict, args: argparse.Namespace) -> Report:
    """Writes report.html and the drawings asked for into a folder that holds events.jsonl."""
    report = Report(run, folder / "events.jsonl", _chosen(args))
    _write(report, folder, args)
    return report


def _write(report: Report, folder: Path, args: argparse.Namespace) -> None:
    files = {"report.html": page.render(report)}
    if args.chart:
        files |= {f"{name}.svg": chart.draw(item).markup(f"{item.title}: {item.caption}", True)
                  for name, item in report.charts.items()}
    if args.states:
        files |= {f"states-{walk.name}.svg": walk.canvas.markup(walk.title, True)
                  for walk in report.walks}
    if args.fields:
        files |= {f"fields-{item.method}.svg": fields.draw(item).markup(item.title, True)
                  for item in report.rewritings}
    try:
        for old in folder.glob("figure-*.svg") if args.chart else ():
            old.unlink()  # of another connection, drawn before
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFailure(f"cannot write {shown(folder)}: {error.strerror}") from error


def show(report: Report, folder: Path, args: argparse.Namespace) -> str:
    """What the options print."""
    parts = []
    if args.why:
        parts.append(why.as_text(report.tale(find(report.keys, *args.why))))
    if args.states:
        parts.append("\n\n".join("\n".join(walk.lines()) for walk in report.walks)
                     or "no states were walked")
    if args.fields:
        parts.append("\n\n".join(fields.as_text(item) for item in report.rewritings)
                     or "no header was rewritten")
    if args.chart:
        parts.append("\n".join(f"{shown(folder / name)}.svg  {item.caption}"
                               for name, item in report.charts.items())
                     or "there is no connection to draw")
    return "\n\n".join(parts)


def again(folder: Path, args: argparse.Namespace) -> Report:
    """Writes the report of an existing result anew."""
    report = load(folder, _chosen(args))
    _write(report, folder, args)
    return report
