# SPDX-License-Identifier: GPL-2.0-or-later
"""report.html: one self-contained page with bars, figures and numbers."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from itertools import groupby
from statistics import median
from string import Template

from isblab.figures.plots import Drawing
from isblab.ist_bench import ways
from isblab.ist_bench.bars import Bar
from isblab.ist_bench.line import CONGESTION
from isblab.ist_bench.samples import LOADS, Load, Samples
from isblab.ist_bench.tables import Table, Timing
from isblab.text import byte_count

__all__ = ["render"]


def render(document: Mapping, samples: Samples, tables: Sequence[Table],
           timings: Sequence[Timing], bars: Sequence[Bar],
           drawings: Mapping[str, Drawing]) -> str:
    """The page. document: what bench.json holds."""
    template = resources.files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        lead=_lead(document, bars), bars=_bars(bars), figures=_figures(drawings),
        numbers="".join(_numbers(samples, load) for load in LOADS.values()),
        tables=_tables(tables, timings), congestion=CONGESTION, origin=_origin(document))


def _lead(document: Mapping, bars: Sequence[Bar]) -> str:
    met = sum(bar.met for bar in bars)
    form = "" if document["form"] == "normal" else f" This is the {document['form']} form."
    return (f"{met} of {len(bars)} bars are met. {document['rounds']} rounds on "
            f"{escape(document['environment']['host']['cpu'])}, "
            f"{document['environment']['host']['cores']} cores, kernel "
            f"{escape(document['environment']['host']['kernel'])}.{form}")


def _bars(bars: Sequence[Bar]) -> str:
    rows = []
    for group, members in groupby(bars, key=lambda bar: bar.group):
        rows.append(f'<tr class="group"><th colspan="4">{escape(group)}</th></tr>')
        for bar in members:
            state = "met" if bar.met else "missed"
            rows.append(f'<tr><td><span class="badge {state}">{"met" if bar.met else "not met"}'
                        f"</span></td><td>{escape(bar.text)}</td>"
                        f'<td class="number">{escape(bar.measured)}</td>'
                        f"<td>{escape(bar.detail)}</td></tr>")
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _figures(drawings: Mapping[str, Drawing]) -> str:
    return "".join(
        f'<figure id="figure-{stem}"><img alt="{stem}" src="data:image/svg+xml;base64,'
        f'{base64.b64encode(drawing.svg).decode()}"></figure>'
        for stem, drawing in drawings.items())


def _numbers(samples: Samples, load: Load) -> str:
    """One table a load and offload mode: a row a way, a column a parameter."""
    parts = []
    for mode in ("on", "off"):
        columns = samples.parameters(load.key, mode)
        rows = []
        for way in ways.ALL:
            cells = [samples.get(load.key, x, mode, way.key) for x in columns]
            if not any(cells):
                continue
            shown = "".join(f'<td class="number">{_cell(samples, load, cell, way)}</td>'
                            for cell in cells)
            rows.append(f"<tr><td>{escape(way.titled(load.key))}</td>{shown}</tr>")
        if not rows:
            continue
        heads = "".join(f"<th>{escape(_parameter(load, x))}</th>" for x in columns)
        parts.append(f"<h3>{escape(load.title)} ({escape(load.unit)}), offloads {mode}</h3>"
                     f'<div class="wide"><table><tr><th></th>{heads}</tr>{"".join(rows)}</table>'
                     "</div>")
    return "".join(parts)


def _parameter(load: Load, x: int) -> str:
    if not load.axis:
        return ""
    return "line rate" if load.key == "udp-loss" and x == 0 else f"{x:,} {load.axis}"


def _cell(samples: Samples, load: Load, cell, way: ways.Way) -> str:
    if cell is None:
        return "-"
    ratio = samples.ratio(load.key, cell.x, cell.offload, way.key, way.reference)
    below = f"<br><small>{ratio.value:.2f}x</small>" if ratio else ""
    return (f"{cell.median * load.scale:,.4g} <small>({100 * cell.spread:.0f}&nbsp;%)</small>"
            f"{below}")


def _tables(tables: Sequence[Table], timings: Sequence[Timing]) -> str:
    rows = "".join(
        f'<tr><td class="number">{table.splices:,}</td>'
        f'<td class="number">{median(table.hot):.0f} ns</td>'
        f'<td class="number">{median(table.spread):.0f} ns</td>'
        f'<td class="number">{median(table.spread_rate) / 1000:.0f} kpkt/s</td>'
        f'<td class="number">{byte_count(sum(table.memory.values()))}</td>'
        f'<td class="number">{table.memory_each:,.0f} B</td>'
        f'<td class="number">{table.fill_seconds:.2f} s</td></tr>'
        for table in tables if table.hot)
    programs = "".join(f"<tr><td>{escape(one.program)}</td><td>{escape(one.kind)}</td>"
                       f'<td class="number">{median(one.values):.0f} ns</td>'
                       f'<td class="number">{min(one.values):.0f} to {max(one.values):.0f} ns</td>'
                       "</tr>" for one in timings if one.values)
    return ('<div class="wide"><table><tr><th>splices</th><th>one hot flow (test run)</th>'
            "<th>spread over all flows (time of the program)</th><th>spread, received</th>"
            "<th>kernel memory</th><th>a splice</th><th>joining all</th></tr>"
            f"{rows}</table></div>"
            '<div class="wide"><table><tr><th>program</th><th>splice</th><th>ns a packet</th>'
            f"<th>range</th></tr>{programs}</table></div>")


def _origin(document: Mapping) -> str:
    host, versions = document["environment"]["host"], document["environment"]["versions"]
    items = {"commit": document["commit"], "date": document["date"],
             "duration": f"{document['seconds']:.0f} s", "kernel": host["kernel"],
             "CPU": f"{host['cpu']}, {host['cores']} cores", "system": host["system"],
             **{f"offloads {mode}": ", ".join(f"{key} {value}" for key, value in state.items())
                for mode, state in document["offloads"].items()},
             "versions": ", ".join(f"{key} {value}" for key, value in versions.items())}
    return "<dl>" + "".join(f"<dt>{escape(key)}</dt><dd>{escape(str(value))}</dd>"
                            for key, value in items.items()) + "</dl>"
