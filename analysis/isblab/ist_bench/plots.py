# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws the measurements as the thesis draws its figures: five phases and their peers, same axes.

Points are medians over the rounds; bars and whiskers reach over their middle half. Each figure
carries commit, kernel and rounds in its lower right corner.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from isblab.figures.plots import STYLE, Drawing  # noqa: E402
from isblab.ist_bench import ways  # noqa: E402
from isblab.ist_bench.bars import TARGETS  # noqa: E402
from isblab.ist_bench.samples import LOADS, Cell, Samples  # noqa: E402
from isblab.ist_bench.tables import Table, Timing  # noqa: E402
from isblab.ist_bench.ways import Way  # noqa: E402

__all__ = ["draw_all"]

_INK, _FAINT = "#222222", "#777777"
_WIDTH = 7.6  # inches
_HOLLOW = {"direct", "forwarding", "nftables", "forwarding-gro"}


def draw_all(samples: Samples, tables: Sequence[Table], timings: Sequence[Timing],
             provenance: str) -> dict[str, Drawing]:
    """Every figure for which there is something to draw, by the stem of its file."""
    drawers: dict[str, Callable[[], Figure | None]] = {
        "rtt": lambda: _round_trips(samples),
        "tcp": lambda: _throughput(samples),
        "tcp-ratio": lambda: _ratios(samples),
        "udp": lambda: _packets(samples),
        "udp-cpu": lambda: _packet_costs(samples),
        "udp-loss": lambda: _loss(samples),
        "set-up": lambda: _set_up(samples),
        "tables": lambda: _tables(tables),
        "programs": lambda: _programs(timings),
    }
    drawings = {}
    with plt.rc_context(STYLE):
        for stem, drawer in drawers.items():
            canvas = drawer()
            if canvas is None:
                continue
            canvas.text(0.995, 0.008, provenance, ha="right", va="bottom", fontsize=6.5,
                        color=_FAINT)
            png, svg = io.BytesIO(), io.BytesIO()
            canvas.savefig(png, format="png", dpi=160, metadata={"Software": "isblab"})
            canvas.savefig(svg, format="svg", metadata={"Date": None})
            plt.close(canvas)
            drawings[stem] = Drawing(png.getvalue(), svg.getvalue())
    return drawings


def _new(number: str, title: str, note: str, height: float, rows: int = 1, columns: int = 1,
         top: float = 0.95, **more):
    """Canvas with the figure's title; `number` is the thesis' figure, or empty."""
    canvas, axes = plt.subplots(rows, columns, figsize=(_WIDTH, height), squeeze=False, **more)
    inch = 1 / height
    left = 0.17 if number else 0.02
    if number:
        canvas.text(0.02, 1 - 0.16 * inch, f"Figure {number}", fontsize=12, va="top", color=_FAINT)
    canvas.text(left, 1 - 0.16 * inch, title, fontsize=12, weight="bold", va="top", color=_INK)
    canvas.text(left, 1 - 0.39 * inch, note, fontsize=9, va="top", color=_FAINT)
    canvas.subplots_adjust(left=0.1, right=0.97, top=1 - top * inch, bottom=0.72 * inch)
    return canvas, axes


def _shown(samples: Samples, load: str, offload: str) -> list[Way]:
    measured = {cell.way for cell in samples if cell.load == load and cell.offload == offload}
    return [way for way in ways.ALL if way.key in measured]


def _curve(axes: Axes, way: Way, load: str,
           points: Sequence[tuple[float, float, float, float]]) -> None:
    """One way: (x, value, low, high) by x."""
    hollow = way.key in _HOLLOW
    axes.errorbar([point[0] for point in points], [point[1] for point in points],
                  yerr=[[max(0.0, point[1] - point[2]) for point in points],
                        [max(0.0, point[3] - point[1]) for point in points]],
                  label=way.titled(load), color=way.colour, linestyle=way.dashes, marker=way.marker,
                  markersize=way.size, markerfacecolor="white" if hollow else way.colour,
                  markeredgecolor=way.colour if hollow or way.marker == "x" else "white",
                  markeredgewidth=1.4 if hollow or way.marker == "x" else 0.7, elinewidth=1.0,
                  capsize=2.0, capthick=1.0, zorder=3)


def _points(samples: Samples, load: str, offload: str, way: Way):
    scale = LOADS[load].scale
    cells = [cell for x in samples.parameters(load, offload)
             if (cell := samples.get(load, x, offload, way.key))]
    return [(cell.x, cell.median * scale, *(value * scale for value in cell.quartiles))
            for cell in cells]


def _legend(canvas: Figure, panels: Sequence[Axes], top_inches: float, columns: int = 3) -> None:
    """One legend for all panels, each line once."""
    entries = {}
    for axes in panels:
        entries |= {label: handle[0] for handle, label in zip(*axes.get_legend_handles_labels())}
    canvas.legend(entries.values(), entries.keys(), loc="upper left", ncol=columns,
                  columnspacing=1.3, handletextpad=0.5, handlelength=2.2,
                  bbox_to_anchor=(0.012, 1 - top_inches / canvas.get_figheight()))


def _count_axis(axes: Axes, counts: Sequence[int]) -> None:
    axes.set_xticks(counts)
    axes.set_xlabel("Number of TCP Connections")


def _modes(samples: Samples, load: str) -> list[str]:
    return [mode for mode in ("on", "off") if samples.parameters(load, mode)]


def _throughput(samples: Samples) -> Figure | None:
    modes = _modes(samples, "tcp")
    if not modes:
        return None
    rows = len(modes)
    canvas, grid = _new("5.6", "Comparison of TCP throughput", "TCP payload that B received",
                        2.1 + 3.6 * rows, rows, top=1.95)
    panels = [row[0] for row in grid]
    for axes, mode in zip(panels, modes):
        for way in _shown(samples, "tcp", mode):
            _curve(axes, way, "tcp", _points(samples, "tcp", mode, way))
        axes.set_ylim(bottom=0)
        axes.set_ylabel("TCP Throughput (Gbps)")
        axes.set_title(f"Offloads {mode}", loc="left", color=_INK, pad=6)
        _count_axis(axes, samples.parameters("tcp", mode))
    _legend(canvas, panels, 0.62)
    canvas.subplots_adjust(hspace=0.32)
    return canvas


def _ratios(samples: Samples) -> Figure | None:
    modes = _modes(samples, "tcp")
    if not modes:
        return None
    rows = len(modes)
    canvas, grid = _new("5.7", "Magnification of TCP throughput",
                        "relative to kernel forwarding with devices in the same state",
                        1.9 + 3.4 * rows, rows, top=1.7)
    panels = [row[0] for row in grid]
    kernel = {"direct", "nftables"} | {way.key for way in ways.ALL if way.box == "ist"}
    for axes, mode in zip(panels, modes):
        for way in _shown(samples, "tcp", mode):
            if way.key not in kernel:
                continue
            found = [(x, ratio) for x in samples.parameters("tcp", mode)
                     if (ratio := samples.ratio("tcp", x, mode, way.key, way.reference))]
            if found:
                _curve(axes, way, "tcp",
                       [(x, ratio.value, ratio.low, ratio.high) for x, ratio in found])
        axes.axhline(1, color=ways.FORWARDING.colour, linewidth=1.3, linestyle=(0, (2, 2)),
                     zorder=2)
        axes.set_title(f"Offloads {mode}", loc="left", color=_INK, pad=6)
        axes.set_ylabel("Throughput to Forward's")
        _count_axis(axes, samples.parameters("tcp", mode))
    _legend(canvas, panels, 0.62)
    canvas.subplots_adjust(hspace=0.34)
    return canvas


def _bars(axes: Axes, cells: Sequence[tuple[Way, Cell]], scale: float, form: str) -> None:
    """Horizontal bars, the first on top, with the value at each end."""
    longest = max(cell.quartiles[1] for _, cell in cells) * scale
    for row, (way, cell) in enumerate(cells):
        value, (low, high) = cell.median * scale, cell.quartiles
        variant = way.dashes != "-"
        axes.barh(-row, value, 0.66, color="white" if variant else way.colour,
                  edgecolor=way.colour, hatch="////" if variant else None, linewidth=1.1,
                  xerr=[[max(0.0, value - low * scale)], [max(0.0, high * scale - value)]],
                  error_kw={"elinewidth": 1.1, "capsize": 2.5, "ecolor": _INK})
        axes.text(max(value, high * scale) + 0.015 * longest, -row, format(value, form),
                  va="center", ha="left", color=_INK, fontsize=8.5)
    axes.set_yticks([-row for row in range(len(cells))],
                    [way.titled(cell.load) for way, cell in cells], fontsize=8.5)
    axes.tick_params(axis="y", length=0, labelcolor=_INK)
    axes.grid(axis="y", visible=False)
    axes.set_xlim(0, 1.16 * longest)


def _bar_panels(samples: Samples, title: str, number: str, note: str,
                panels: Sequence[tuple[str, int, str, str]], form: str) -> Figure | None:
    """A panel for each (load, x, offload, heading)."""
    shown = []
    for load, x, offload, heading in panels:
        cells = [(way, cell) for way in ways.ALL
                 if (cell := samples.get(load, x, offload, way.key))]
        if cells:
            shown.append((load, heading, cells))
    if not shown:
        return None
    heights = [len(cells) for _, _, cells in shown]
    height = 1.4 + 0.25 * sum(heights) + 0.66 * (len(shown) - 1)
    canvas, grid = _new(number, title, note, height, len(shown), top=0.95,
                        gridspec_kw={"height_ratios": heights})
    for (load, heading, cells), row in zip(shown, grid):
        _bars(row[0], cells, LOADS[load].scale, form)
        row[0].set_title(f"{heading} ({LOADS[load].unit.replace('us', 'microseconds')})",
                         loc="left", color=_INK, pad=5)
    panel = 0.25 * sum(heights) / len(heights)  # inches
    canvas.subplots_adjust(left=0.28, hspace=0.66 / panel, bottom=0.45 / height)
    return canvas


def _round_trips(samples: Samples) -> Figure | None:
    return _bar_panels(samples, "Comparison of round trip time", "5.5",
                       "64 bytes, both users and the box on one CPU; median of the rounds' medians",
                       [("rtt-udp", 0, "on", "UDP ping-pong"),
                        ("rtt-udp", 0, "off", "UDP ping-pong, offloads off"),
                        ("rtt-tcp", 0, "on", "TCP ping-pong"),
                        ("rtt-tcp", 0, "off", "TCP ping-pong, offloads off")], ".1f")


def _packets(samples: Samples) -> Figure | None:
    return _bar_panels(samples, "UDP packets received", "", "sender at full speed",
                       _udp_panels(samples, "udp-rate", "Packets"), ".0f")


def _packet_costs(samples: Samples) -> Figure | None:
    return _bar_panels(samples, "CPU time a UDP packet", "",
                       "both users, the box and softirqs; sender at full speed, received packets",
                       _udp_panels(samples, "udp-cpu", "CPU time"), ".1f")


def _udp_panels(samples: Samples, load: str, heading: str):
    return [(load, size, mode, f"{heading}, {size:,} bytes, offloads {mode}")
            for mode in ("on", "off") for size in samples.parameters(load, mode)]


def _set_up(samples: Samples) -> Figure | None:
    return _bar_panels(samples, "TCP connections set up, used for a byte and closed", "",
                       "64 at a time; splices were added before",
                       [("set-up", 0, mode, f"Connections, offloads {mode}")
                        for mode in ("on", "off")], ",.0f")


def _loss(samples: Samples) -> Figure | None:
    rates = samples.parameters("udp-loss", "on")
    if not rates:
        return None
    canvas, grid = _new("5.9", "UDP loss rate with 6 Kbyte packets", "five fragments each", 4.9,
                        top=1.45)
    axes = grid[0][0]
    ordered = [rate for rate in rates if rate] + [rate for rate in rates if not rate]
    place = {rate: index for index, rate in enumerate(ordered)}
    for way in _shown(samples, "udp-loss", "on"):
        _curve(axes, way, "udp-loss", sorted((place[x], *rest) for x, *rest in
                                             _points(samples, "udp-loss", "on", way)))
    axes.set_xticks(range(len(ordered)), [str(rate) if rate else "line\nrate" for rate in ordered])
    axes.set_xlabel("UDP Transmission Speed (Mbps) (packet size = 6k)")
    axes.set_ylim(-1, 101)
    axes.set_ylabel("Loss Rate (%)")
    _legend(canvas, [axes], 0.62)
    return canvas


def _tables(tables: Sequence[Table]) -> Figure | None:
    tables = [table for table in tables if table.hot]
    if not tables:
        return None
    canvas, grid = _new("", "Cost against table size", "IST - Kernel on tc, UDP splices, all joined",
                        4.6, top=1.3)
    axes = grid[0][0]
    series = (("hot", "one hot flow (BPF_PROG_TEST_RUN)", ways.PASSIVE_TC, "-"),
              ("spread", "traffic spread over all flows (time of the program)", ways.PURE_TC,
               (0, (4, 1.6))))
    for name, label, way, dashes in series:
        cells = [Cell("", table.splices, "", "", list(getattr(table, name))) for table in tables]
        axes.errorbar([cell.x for cell in cells], [cell.median for cell in cells],
                      yerr=[[max(0.0, cell.median - cell.quartiles[0]) for cell in cells],
                            [max(0.0, cell.quartiles[1] - cell.median) for cell in cells]],
                      label=label, color=way.colour, marker=way.marker, linestyle=dashes,
                      capsize=2.0)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("Splices in the table")
    axes.set_ylabel("ns a packet")
    _legend(canvas, [axes], 0.62, columns=2)
    return canvas


def _programs(timings: Sequence[Timing]) -> Figure | None:
    timings = [timing for timing in timings if timing.values]
    if not timings:
        return None
    canvas, grid = _new("", "Time of the programs", "BPF_PROG_TEST_RUN, 64 bytes of payload",
                        1.5 + 0.42 * len(timings), top=0.8)
    axes = grid[0][0]
    for row, timing in enumerate(timings):
        cell = Cell("", 0, "", "", list(timing.values))
        low, high = cell.quartiles
        colour = ways.PASSIVE_TC.colour if timing.program == "ist_tc" else ways.ACTIVE_TC.colour
        axes.barh(-row, cell.median, 0.62, color=colour,
                  xerr=[[cell.median - low], [high - cell.median]],
                  error_kw={"elinewidth": 1.1, "capsize": 2.5, "ecolor": _INK})
        axes.text(high + 2, -row, f"{cell.median:.0f}", va="center", fontsize=9, color=_INK)
        axes.plot([TARGETS[timing.program]] * 2, [-row - 0.4, -row + 0.4], color="black",
                  linewidth=1.6, label="target" if row == 0 else None)
    axes.set_yticks([-row for row in range(len(timings))],
                    [f"{timing.program}, {timing.kind}" for timing in timings])
    axes.tick_params(axis="y", length=0, labelcolor=_INK)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("ns a packet")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0))
    canvas.subplots_adjust(left=0.2)
    return canvas
