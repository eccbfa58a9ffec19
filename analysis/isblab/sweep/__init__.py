# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameter sweeps: a grid of scenario values, several seeds a point, confidence intervals."""

from isblab.sweep.grid import Point, parse_variation, points
from isblab.sweep.statistics import Interval, interval, summarize
from isblab.sweep.store import RunStore

__all__ = ["Interval", "Point", "RunStore", "interval", "parse_variation", "points", "summarize"]
