# SPDX-License-Identifier: GPL-2.0-or-later
"""grid.json, grid.csv and mixes.csv (doc/grid.md has their schema)."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from isblab.environment import describe
from isblab.grid.mixes import Mix, Share
from isblab.grid.outcome import Outcome, Stop
from isblab.grid.plan import Plan

__all__ = ["SCHEMA", "document", "write_cells_csv", "write_json", "write_mixes_csv"]

SCHEMA = 1


def document(plan: Plan, outcomes: Sequence[Outcome], mixes: Sequence[Mix],
             shares: Sequence[Share], seconds: float) -> dict:
    """The content of grid.json."""
    return {
        "schema": SCHEMA, "world": plan.world, "seed": plan.seed, "assignment": plan.assignment,
        "protocols": list(plan.protocols),
        "behaviours": [{"name": item.name, "label": item.label, "alias": item.alias,
                        "mapping": item.mapping, "filtering": item.filtering, "words": item.words}
                       for item in plan.behaviours],
        "ways": [{"name": way.name, "label": way.label, "mark": way.mark, "ist": way.ist,
                  "words": way.words} for way in plan.ways],
        "cells": [_cell(outcome) for outcome in outcomes],
        "mixes": [{"name": mix.name, "title": mix.title, "source": mix.source,
                   "provider": _floats(mix.provider), "subscriber": _floats(mix.subscriber),
                   "shares": [{"protocol": item.protocol, "byWay": dict(item.by_way),
                               "firstWay": dict(item.first_way), "withoutIst": item.without_ist,
                               "total": item.total} for item in shares if item.mix == mix.name]}
                  for mix in mixes],
        "seconds": round(seconds, 3), **describe(),
    }


def _floats(values) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _cell(outcome: Outcome) -> dict:
    cell = outcome.cell
    return {"protocol": cell.protocol, "provider": cell.provider.name,
            "subscriber": cell.subscriber.name, "way": cell.way.name, "works": outcome.works,
            "path": outcome.path, "method": outcome.method, "ist": outcome.ist,
            "scenario": outcome.scenario, "why": outcome.why,
            "stops": [_stop(stop) for stop in outcome.stops]}


def _stop(stop: Stop) -> dict:
    return {"atNs": stop.at_ns, "packet": stop.packet, "sender": stop.sender, "box": stop.box,
            "node": stop.node, "reason": stop.reason, "rule": stop.rule, "count": stop.count}


def write_json(path: Path, content: dict) -> None:
    """grid.json."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_cells_csv(path: Path, outcomes: Sequence[Outcome]) -> None:
    """One row a cell; of what stopped it the first."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("protocol", "provider", "subscriber", "way", "works", "path", "method",
                         "ist", "packet", "sender", "box", "node", "reason", "rule", "why"))
        for outcome in outcomes:
            cell = outcome.cell
            first = outcome.stops[0] if outcome.stops else Stop(0, "", "", "", "", "", "")
            writer.writerow((cell.protocol, cell.provider.name, cell.subscriber.name,
                             cell.way.name, int(outcome.works), outcome.path, outcome.method,
                             outcome.ist, first.packet, first.sender, first.box, first.node,
                             first.reason, first.rule, outcome.why))


def write_mixes_csv(path: Path, shares: Sequence[Share]) -> None:
    """Rows mix, protocol, what, share."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("mix", "protocol", "what", "share"))
        for item in shares:
            rows = [*((f"way.{name}", value) for name, value in item.by_way.items()),
                    *((f"first.{name}", value) for name, value in item.first_way.items()),
                    ("without-ist", item.without_ist), ("total", item.total)]
            writer.writerows((item.mix, item.protocol, what, f"{value:.6f}")
                             for what, value in rows)
