# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run measured as numbers with names, and what several seeds say about one of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isblab.frames import flatten

__all__ = ["Interval", "interval", "summarize"]

_MOST_ITEMS = 64  # more traffics or boxes than that are only summed up
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """Mean of independent samples and its 95 % confidence interval.

    Attributes:
        count: samples.
        mean, deviation, least, most: of the samples; the deviation of one sample is NaN.
        low, high: mean -/+ t * deviation / sqrt(count), Student's t with count - 1 degrees of
            freedom; NaN for one sample, of which nothing is known.
    """

    count: int
    mean: float
    deviation: float
    low: float
    high: float
    least: float
    most: float


def interval(samples: Sequence[float]) -> Interval:
    """The confidence interval of the mean of one or more samples."""
    from scipy.stats import t as student

    mean = statistics.fmean(samples)
    if len(samples) < 2:
        return Interval(len(samples), mean, math.nan, math.nan, math.nan, mean, mean)
    deviation = statistics.stdev(samples)
    half = (student.ppf((1 + _CONFIDENCE) / 2, len(samples) - 1) * deviation
            / math.sqrt(len(samples)))
    return Interval(len(samples), mean, deviation, mean - half, mean + half,
                    min(samples), max(samples))


def summarize(result: Mapping) -> dict[str, float]:
    """The numbers of a result line by dotted name, in a fixed order.

    "all.throughputBps" and its kin are sums over all traffic, "all.rttNs.mean" and "all.firstByteNs
    .mean" means weighted by their samples, "all.lossRatio" of all datagrams. Single traffics
    ("traffic.bulk.throughputBps") and boxes come in when there are no more than 64 of them;
    counters of brokers and translators always.
    """
    numbers = _totals(result.get("traffic", []))
    for table, prefix in (("traffic", "traffic"), ("boxes", "box"), ("brokers", "isb"),
                          ("translators", "ist")):
        items = result.get(table, [])
        if table in ("traffic", "boxes") and len(items) > _MOST_ITEMS:
            continue
        for item in items:
            numbers |= _numbers(item.get("counters", item), f"{prefix}.{item['name']}")
    numbers |= _drops(result.get("boxes", []))
    numbers |= _subscriptions(result.get("subscriptions", []))
    judged = result.get("expectations", [])
    numbers["expectations.held"] = float(sum(bool(item["holds"]) for item in judged))
    return numbers


def _numbers(item: Mapping, prefix: str) -> dict[str, float]:
    return {f"{prefix}.{key}": float(value) for key, value in flatten(item).items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)}


def _totals(items: Sequence[Mapping]) -> dict[str, float]:
    sums = ("sentBytes", "receivedBytes", "throughputBps", "connections", "established", "failed",
            "completed")
    totals = {f"all.{key}": float(sum(item.get(key) or 0 for item in items)) for key in sums}
    sent = sum(item.get("sentPackets") or 0 for item in items)
    if sent:
        received = sum(item.get("receivedPackets") or 0 for item in items)
        totals["all.lossRatio"] = 1 - received / sent
    for key in ("rttNs", "firstByteNs"):
        measured = [item[key] for item in items if (item.get(key) or {}).get("count")]
        samples = sum(summary["count"] for summary in measured)
        if samples:
            totals[f"all.{key}.mean"] = sum(summary["mean"] * summary["count"]
                                            for summary in measured) / samples
            totals[f"all.{key}.max"] = float(max(summary["max"] for summary in measured))
    return totals


def _drops(boxes: Sequence[Mapping]) -> dict[str, float]:
    drops: dict[str, float] = {}
    for box in boxes:
        for reason, count in box.get("drops", {}).items():
            name = f"all.drops.{reason.partition(':')[0]}"
            drops[name] = drops.get(name, 0.0) + count
    return drops


def _subscriptions(items: Sequence[Mapping]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for item in items:
        for key in ("asked", "established", "failed", "fromPrepared"):
            name = f"subscriptions.{key}"
            totals[name] = totals.get(name, 0.0) + (item.get(key) or 0)
        for kind in ("paths", "methods", "ists", "codes"):
            for word, count in (item.get(kind) or {}).items():
                name = f"subscriptions.{kind}.{word}"
                totals[name] = totals.get(name, 0.0) + count
    return totals
