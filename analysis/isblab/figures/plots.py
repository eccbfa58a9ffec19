# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws the figures as the thesis has them: five phases, the same axes and labels.

Error bars and bars' whiskers reach from the lowest to the highest seed. Each figure carries the
commit and the seeds in its lower right corner.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from isblab.figures import phases as ph  # noqa: E402
from isblab.figures.budgets import KIB  # noqa: E402
from isblab.figures.measures import LAST_WHOLE, crossing  # noqa: E402
from isblab.figures.tables import Missing, Table  # noqa: E402

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.5,
    "axes.edgecolor": "#666666",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.8,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "lines.linewidth": 1.7,
    "svg.hashsalt": "isblab",  # equal input, equal bytes
    "svg.fonttype": "path",
}
_INK, _FAINT = "#222222", "#777777"
_WIDTH = 6.4  # inches


@dataclass(frozen=True)
class Drawing:
    """A finished figure in both formats."""

    png: bytes
    svg: bytes


def draw(table: Table, figure: str, direction: str, provenance: str) -> Drawing:
    """Figure "5.5" ... "5.10" of one direction. provenance: text of the corner."""
    drawers: dict[str, Callable[[Table, str], Figure]] = {
        "5.5": _rtt,
        "5.6": _throughput,
        "5.7": _magnified,
        "5.8": lambda t, d: _loss_by_rate(t, "5.8", d, "1k"),
        "5.9": lambda t, d: _loss_by_rate(t, "5.9", d, "6k"),
        "5.10": _loss_by_size,
    }
    with plt.rc_context(STYLE):
        canvas = drawers[figure](table, direction)
        canvas.text(0.995, 0.008, provenance, ha="right", va="bottom", fontsize=6.5, color=_FAINT)
        png, svg = io.BytesIO(), io.BytesIO()
        canvas.savefig(png, format="png", dpi=200, metadata={"Software": "isblab"})
        canvas.savefig(svg, format="svg", metadata={"Date": None})
        plt.close(canvas)
    return Drawing(png.getvalue(), svg.getvalue())


def _new(number: str, title: str, direction: str, height: float, rows: int = 1):
    """Canvas with the figure's title and the direction under it."""
    canvas, axes = plt.subplots(rows, 1, figsize=(_WIDTH, height), sharex=rows > 1)
    inch = 1 / height
    canvas.text(0.02, 1 - 0.16 * inch, f"Figure {number}", fontsize=12, va="top", color=_FAINT)
    canvas.text(0.195, 1 - 0.16 * inch, title, fontsize=12, weight="bold", va="top", color=_INK)
    canvas.text(0.195, 1 - 0.39 * inch, f"Through the box: {ph.DIRECTION_TITLES[direction]}",
                fontsize=9, va="top", color=_FAINT)  # fmt: skip
    return canvas, axes


_OPEN = (ph.DIRECT, ph.FORWARDER, ph.NAT, ph.NAT_LIST, ph.IST_APP_LARGE_BUFFER)


def _curve(
    axes: Axes, table: Table, figure: str, phase: ph.Phase, direction: str, clip: bool = False
) -> None:
    """One phase with its spread. Markers nest, open and large under filled and small, so that
    curves that coincide stay visible."""
    points = table.points(figure, phase.key, direction)
    if not points:
        return
    hollow = phase in _OPEN
    means = [p.mean for p in points]
    spread = [[p.mean - p.low for p in points], [p.high - p.mean for p in points]]
    axes.errorbar(
        [p.x for p in points],
        means,
        yerr=spread,
        label=phase.title,
        color=phase.colour,
        linestyle=phase.dashes,
        marker=phase.marker,
        markersize=phase.size,
        markerfacecolor="white" if hollow else phase.colour,
        markeredgecolor=phase.colour if hollow else "white",
        markeredgewidth=1.5 if hollow else 0.7,
        elinewidth=1.1,
        capsize=2.5,
        capthick=1.1,
        clip_on=clip,
        zorder=3,
    )


def _legend(canvas: Figure, axes: Axes, top_inches: float, columns: int = 5) -> None:
    handles, labels = axes.get_legend_handles_labels()
    canvas.legend(
        [handle[0] for handle in handles],
        labels,
        loc="upper left",
        bbox_to_anchor=(0.012, 1 - top_inches / canvas.get_figheight()),
        ncol=columns,
        columnspacing=1.3,
        handletextpad=0.5,
        handlelength=2.0,
    )


def _frame(canvas: Figure, top_inches: float, bottom_inches: float = 0.72) -> None:
    height = canvas.get_figheight()
    canvas.subplots_adjust(
        left=0.105, right=0.965, top=1 - top_inches / height, bottom=bottom_inches / height
    )


def _rtt(table: Table, direction: str) -> Figure:
    canvas, axes = _new("5.5", "Comparison of round trip time", direction, 4.3)
    shown = [p for p in (*ph.FIVE, ph.IST_KERNEL_PURE, ph.IST_KERNEL_TUNED)
             if table.points("5.5", p.key, direction)]  # fmt: skip
    variants = (ph.IST_KERNEL_PURE, ph.IST_KERNEL_TUNED)
    rows = {p.key: -i - (0.35 if p in variants else 0) for i, p in enumerate(shown)}
    for phase in shown:
        point, = table.points("5.5", phase.key, direction)
        y = rows[phase.key]
        error = [[point.mean - point.low], [point.high - point.mean]]
        variant = phase in variants
        axes.barh(y, point.mean, 0.62, color="white" if variant else phase.colour,
                  edgecolor=phase.colour, hatch="////" if variant else None, linewidth=1.2,
                  xerr=error, error_kw={"elinewidth": 1.2, "capsize": 3, "ecolor": _INK})
        axes.text(point.high + 11, y, f"{point.mean:.0f}", va="center", ha="left", color=_INK,
                  weight="bold", fontsize=10)  # fmt: skip
    _thesis_marks(axes, table, direction, rows)
    axes.set_yticks([rows[p.key] for p in shown], [_two_lines(p.title) for p in shown])
    axes.tick_params(axis="y", length=0, labelcolor=_INK)
    axes.grid(axis="y", visible=False)
    axes.set_xlim(0, 1.13 * max(table.points("5.5", p.key, direction)[0].high for p in shown))
    axes.set_xlabel("Round Trip Time (microseconds), UDP ping-pong")
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, 1.13), ncol=2, columnspacing=1.5)
    _frame(canvas, 0.95)
    canvas.subplots_adjust(left=0.2)
    return canvas


def _two_lines(title: str) -> str:
    return title.replace(" (", "\n(").replace(", tuned\n(", "\ntuned (")


def _thesis_marks(axes: Axes, table: Table, direction: str, rows: dict[str, float]) -> None:
    """The values that the thesis' text gives: two numbers, and a range above Direct Connect."""
    known = [(423, "ist-kernel"), (498, "ist-app")]
    marks = [(value, rows[key]) for value, key in known if key in rows]
    if marks:
        axes.plot(*zip(*marks), "d", color="black", markerfacecolor="white", markersize=8,
                  markeredgewidth=1.4, label="thesis, text to Figure 5.5", zorder=5)  # fmt: skip
    direct = table.points("5.5", "direct", direction)
    label = "Direct Connect + 100 to 150"
    for key in ("forwarder", "nat"):
        if direct and key in rows:
            axes.fill_betweenx([rows[key] - 0.42, rows[key] + 0.42], direct[0].mean + 100,
                               direct[0].mean + 150, color="black", alpha=0.16, linewidth=0,
                               zorder=4, label=label)  # fmt: skip
            label = None


def _throughput(table: Table, direction: str) -> Figure:
    canvas, axes = _new("5.6", "Comparison of TCP throughput", direction, 4.6)
    for phase in ph.FIVE:
        _curve(axes, table, "5.6", phase, direction)
    axes.set_ylim(0, 100)
    _count_axis(axes)
    axes.set_ylabel("TCP Throughput (Mbps)")
    _legend(canvas, axes, 0.66)
    _frame(canvas, 1.15)
    return canvas


def _count_axis(axes: Axes) -> None:
    axes.set_xlim(-2, 102)
    axes.set_xticks([1, *range(10, 101, 10)])
    axes.set_xlabel("Number of TCP Connections")


def _magnified(table: Table, direction: str) -> Figure:
    canvas, (hashed, listed) = _new("5.7", "Magnification of TCP throughput", direction, 7.0, 2)
    panels = (
        (hashed, ph.NAT, "NAT's connection table hashed, as in Linux 2.4"),
        (listed, ph.NAT_LIST, "Hypothesis: NAT walks its connections in a list"),
    )
    for axes, nat, title in panels:
        phases = (ph.DIRECT, ph.FORWARDER, nat, ph.IST_KERNEL, ph.IST_KERNEL_PURE)
        for phase in phases:
            _curve(axes, table, "5.6", phase, direction, clip=True)
        axes.set_ylim(_magnification(table, direction, phases))
        axes.set_title(title, loc="left", color=_INK, pad=8)
        axes.set_ylabel("TCP Throughput (Mbps)")
        _mark_crossing(axes, table, nat, direction)
    _count_axis(listed)
    _legend_of_both(canvas, hashed, listed)
    _frame(canvas, 1.45)
    canvas.subplots_adjust(hspace=0.24, left=0.12)
    return canvas


def _magnification(
    table: Table, direction: str, phases: Sequence[ph.Phase]
) -> tuple[float, float]:
    """Limits of y: all of the curves from ten connections on. A single connection may lie far
    below; it is in the picture if that costs no more than half of it."""
    points = [
        point
        for phase in phases
        for point in table.points("5.6", phase.key, direction)
    ]
    if not points:
        return 0, 100
    many = [point for point in points if point.x >= 10] or points
    high, low = max(p.high for p in many), min(p.low for p in many)
    lowest = min(p.low for p in points)
    if high - lowest <= 2 * (high - low):
        low = lowest
    margin = 0.12 * (high - low) or 1.0
    return low - margin, high + margin


def _mark_crossing(axes: Axes, table: Table, nat: ph.Phase, direction: str) -> None:
    try:
        met = crossing("5.6", ph.IST_KERNEL.key, nat.key)(table.view(direction))
    except Missing:
        return
    if met.value is None:
        text = met.note.partition(" (")[0].replace("ist-kernel", "IST - Kernel")
        points = table.points("5.6", ph.IST_KERNEL.key, direction)
        falls = points[-1].mean < points[0].mean  # the corner below the curves' higher end is free
        x, side = (0.015, "left") if falls else (0.985, "right")
        axes.text(x, 0.04, text[0].upper() + text[1:], transform=axes.transAxes, ha=side,
                  color=_FAINT, fontsize=9)  # fmt: skip
        return
    axes.axvline(met.value, color=_INK, linewidth=1.1, linestyle=(0, (2, 2)), zorder=2)
    left = met.value > 60
    axes.annotate(f"IST - Kernel overtakes NAT\nat {met.value:.0f} connections",
                  (met.value, 0.04), xycoords=("data", "axes fraction"),
                  xytext=(-7 if left else 7, 0), textcoords="offset points",
                  ha="right" if left else "left", va="bottom", fontsize=9, color=_INK)  # fmt: skip


def _legend_of_both(canvas: Figure, *panels: Axes) -> None:
    """One legend for both panels, each line once."""
    entries = {}
    for axes in panels:
        entries |= {label: handle[0] for handle, label in zip(*axes.get_legend_handles_labels())}
    canvas.legend(entries.values(), entries.keys(), loc="upper left", ncol=3, columnspacing=1.3,
                  bbox_to_anchor=(0.012, 1 - 0.66 / canvas.get_figheight()))  # fmt: skip


def _loss_by_rate(table: Table, figure: str, direction: str, size: str) -> Figure:
    title = f"UDP loss rate with {size[0]} Kbyte packets"
    canvas, axes = _new(figure, title, direction, 4.9 if figure == "5.9" else 4.6)
    phases: Sequence[ph.Phase] = ph.FIVE
    if table.points(figure, ph.IST_APP_LARGE_BUFFER.key, direction):
        phases = (*ph.FIVE, ph.IST_APP_LARGE_BUFFER)
    for phase in phases:
        _curve(axes, table, figure, phase, direction)
    if figure == "5.9":
        axes.axvline(63, color=_INK, linewidth=1.1, linestyle=(0, (2, 2)), zorder=1)
        axes.text(62, 52, "thesis: loss\nabove 63 Mbps", ha="right", fontsize=9, color=_INK)
    axes.set_xlim(0, 102)
    axes.set_xticks(range(0, 101, 10))
    axes.set_xlabel(f"UDP Transmission Speed (Mbps) (packet size = {size})")
    _loss_axis(axes)
    rows = 2 if len(phases) > 5 else 1
    _legend(canvas, axes, 0.66, columns=5 if rows == 1 else 3)
    _frame(canvas, 1.15 if rows == 1 else 1.4)
    return canvas


def _loss_axis(axes: Axes) -> None:
    axes.set_ylim(-1, 101)
    axes.set_yticks(range(0, 101, 20))
    axes.set_ylabel("Loss Rate (%)")


def _loss_by_size(table: Table, direction: str) -> Figure:
    title = "UDP loss rate with variable packet sizes"
    canvas, axes = _new("5.10", title, direction, 4.9)
    for phase in (*ph.FIVE, ph.IST_APP_LARGE_BUFFER):
        _curve(axes, table, "5.10", phase, direction)
    axes.set_xscale("log", base=2)
    sizes = [64, 128, 256, 512, KIB, 2 * KIB, 4 * KIB, 8 * KIB]
    axes.set_xticks(sizes, [f"{s}" if s < KIB else f"{s // KIB}k" for s in sizes])
    axes.minorticks_off()
    axes.set_xlim(58, 9000)
    axes.axvline(LAST_WHOLE + 32, color=_INK, linewidth=1.0, linestyle=(0, (2, 2)), zorder=1)
    axes.text(LAST_WHOLE * 1.09, 97, "fragments", fontsize=9, color=_FAINT, va="top")
    axes.text(LAST_WHOLE * 0.95, 97, "one frame", fontsize=9, color=_FAINT, va="top", ha="right")
    axes.set_xlabel("UDP Packet Size (bytes), sender at full line speed")
    _loss_axis(axes)
    _legend(canvas, axes, 0.66, columns=3)
    _frame(canvas, 1.4)
    return canvas
