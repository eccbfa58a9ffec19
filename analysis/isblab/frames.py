# SPDX-License-Identifier: GPL-2.0-or-later
"""Results as pandas frames: one row a traffic, box, subscription, counter, expectation or event.

    result = isblab.Lab.load("examples/first.toml").run(events="events.jsonl")
    isblab.frame(result, "traffic")[["name", "throughputBps"]]
    isblab.events_frame("events.jsonl", kinds=["packet-dropped"])

Times are in nanoseconds, rates in bits per second, sizes in bytes, as in the worker's result line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas

from isblab.errors import ScenarioError

__all__ = ["TABLES", "events_frame", "frame"]

TABLES = ("traffic", "boxes", "subscriptions", "brokers", "translators", "expectations")


def frame(result, table: str) -> pandas.DataFrame:
    """One table of a run.

    Args:
        result: a worker.Result, or the dict of a result line.
        table: one of TABLES. Nested values become columns with dotted names: "rttNs.mean",
            "drops.nat.filtered", "counters.logins".

    Returns:
        pandas.DataFrame: rows in the order of the scenario; no rows when the run has none.
    """
    if table not in TABLES:
        raise ScenarioError(f"no table '{table}' in a result; there are {', '.join(TABLES)}")
    values = result if isinstance(result, Mapping) else result.result
    rows = [flatten(item) for item in values.get(table, [])]
    return pandas.DataFrame(rows)


def events_frame(path: str | Path, kinds: Iterable[str] | None = None) -> pandas.DataFrame:
    """The events of a run, one row each, columns as in doc/ns3.md ("t" in nanoseconds, "node",
    "event", ...); a field that an event does not have is missing.

    Args:
        path: events.jsonl.
        kinds: only these kinds of events ("packet-dropped"); None: all but the result.
    """
    wanted = None if kinds is None else set(kinds)
    rows = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            kind = event.get("event")
            if kind != "result" and (wanted is None or kind in wanted):
                rows.append(event)
    return pandas.DataFrame(rows)


def flatten(item: Mapping, prefix: str = "") -> dict[str, object]:
    """Nested tables as one, keys joined by dots."""
    flat: dict[str, object] = {}
    for key, value in item.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
