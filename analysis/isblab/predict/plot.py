# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws the success of predictors: a panel a NAT, probability by others' flows."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from isblab.predict import PREDICTORS, Cell  # noqa: E402

_COLOURS = dict(zip(PREDICTORS, ("#999999", "#2a7fb8", "#e08214", "#1b7837")))
_MARKERS = dict(zip(PREDICTORS, ("x", "s", "^", "o")))
_SHIFT = dict(zip(PREDICTORS, (-0.12, -0.04, 0.04, 0.12)))  # so that equal lines stay visible


def draw(cells: Sequence[Cell], candidates: int, provenance: str) -> dict[str, bytes]:
    """The picture with this many candidates, as {"png": ..., "svg": ...}."""
    nats = list(dict.fromkeys(cell.nat for cell in cells))
    rates = list(dict.fromkeys(cell.background for cell in cells))
    columns = min(4, len(nats))
    rows = -(-len(nats) // columns)
    with plt.rc_context({"font.size": 9, "svg.hashsalt": "isblab", "axes.spines.top": False,
                         "axes.spines.right": False}):
        figure, axes = plt.subplots(rows, columns, figsize=(2.7 * columns, 2.4 * rows + 0.9),
                                    sharex=True, sharey=True, squeeze=False)
        for place, axis in enumerate(axes.flat):
            if place >= len(nats):
                axis.set_axis_off()
                continue
            _panel(axis, [cell for cell in cells
                          if cell.nat == nats[place] and cell.candidates == candidates], rates)
            axis.set_title(nats[place])
        figure.supxlabel("flows a second that others behind the NAT open")
        figure.supylabel(f"port among {candidates} candidates")
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper center", ncols=len(labels), frameon=False)
        figure.tight_layout(rect=(0.01, 0.02, 1, 0.94))
        figure.text(0.995, 0.005, provenance, ha="right", va="bottom", fontsize=6, color="#777777")
        pictures = {}
        for kind, metadata in (("png", {"Software": "isblab"}), ("svg", {"Date": None})):
            stream = io.BytesIO()
            figure.savefig(stream, format=kind, dpi=160, metadata=metadata)
            pictures[kind] = stream.getvalue()
        plt.close(figure)
    return pictures


def _panel(axis, cells: Sequence[Cell], rates: Sequence[float]) -> None:
    for predictor in PREDICTORS:
        line = [cell for cell in cells if cell.predictor == predictor]
        middle = [cell.probability for cell in line]
        bars = [[cell.probability - cell.interval[0] for cell in line],
                [cell.interval[1] - cell.probability for cell in line]]
        places = [rates.index(cell.background) + _SHIFT[predictor] for cell in line]
        axis.errorbar(places, middle, yerr=bars, label=predictor, color=_COLOURS[predictor],
                      marker=_MARKERS[predictor], markersize=3.5, linewidth=1.1, capsize=1.5,
                      elinewidth=0.7)
    axis.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    axis.set_ylim(-0.04, 1.04)
    axis.grid(True, color="#e6e6e6", linewidth=0.7)
    axis.set_axisbelow(True)
