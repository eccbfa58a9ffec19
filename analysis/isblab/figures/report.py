# SPDX-License-Identifier: GPL-2.0-or-later
"""report.html: one self-contained page with topology, figures, claims, parameters, provenance."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape as plain_escape
from importlib import resources
from itertools import groupby
from string import Template

from isblab.figures import phases as ph
from isblab.figures.campaign import AXES, Campaign
from isblab.figures.claims import Finding
from isblab.figures.experiments import REGIMES, UDP_SIZES
from isblab.figures.places import KERNEL, NIC, OTHER, SOCKET, place_of
from isblab.figures.topology import drawing

STATES = {
    "holds": "holds",
    "fails": "does not hold",
    "matches": "calibrated",
    "off": "off its target",
    "unmeasured": "not measured",
}

# What the text of the thesis says of each figure; its pictures are lost, but for 5.9's axes.
_THESIS_SAYS = {
    "5.5": "Direct is lowest, Forwarder and NAT more than one hundred above it, IST-App about 498, "
    "IST-Kernel 423 and not finely tuned.",
    "5.6": "Only IST-App is poor; throughput rises with the number of connections.",
    "5.7": "Direct is best; IST-Kernel passes NAT above 70 connections, perhaps because NAT's "
    "look-up grows and the hash of the IST does not.",
    "5.8": "Only IST-App loses.",
    "5.9": "NAT and IST-Kernel lose above 63 Mbps; IST-App loses almost all at any rate.",
    "5.10": "Direct and Forwarder never lose, IST-Kernel is similar to NAT, IST-App the worst; "
    "about 1 KB is best, below it is like live lock, above it are memory copies.",
}

_PLACES = (NIC, KERNEL, SOCKET, OTHER)
_REGIME_TITLES = {
    "small": "below 1 KB",
    "whole": "1 KB to 1472 B",
    "fragments": "fragments",
}


def escape(text: str) -> str:
    """Text for the page, with the signs that plain text spells out."""
    return re.sub(r"\bus\b", "\N{MICRO SIGN}s", plain_escape(text)).replace("+-", "&plusmn;")


def state_of(finding: Finding) -> str:
    """Key of STATES."""
    if finding.matches is None:
        return "unmeasured"
    if finding.holds is None:
        return "matches" if finding.matches else "off"
    return "holds" if finding.holds else "fails"


def render(campaign: Campaign, drawings: Mapping[tuple[str, str], object]) -> str:
    """The page. drawings: (figure, direction) to plots.Drawing."""
    template = resources.files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        lead=_lead(campaign),
        cards=_cards(campaign),
        failures=_failures(campaign),
        topology=_inline(drawing().encode()),
        figures=_figures(campaign, drawings),
        claims=_claims(campaign),
        seed_count=len(campaign.seeds),
        free=_free(campaign),
        open=_open(campaign),
        drops=_drops(campaign),
        parameters=_parameters(campaign),
        budget=_budget(campaign),
        origin=_origin(campaign),
    )


def _inline(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def _lead(campaign: Campaign) -> str:
    ways = " and ".join(ph.DIRECTION_TITLES[way] for way in campaign.directions)
    quick = " This is the quick form: few points, short runs." * (campaign.budget.name == "quick")
    return f"Through the box: {escape(ways)}.{quick}"


def _partly(count: int) -> str:
    return f"; {count} more in one direction only" if count else ""


def _cards(campaign: Campaign) -> str:
    score = campaign.score
    cards = (
        (f"{score.predicted_hold} of {score.predicted}",
         f"predicted claims hold{_partly(score.predicted_partly)}"),
        (f"{score.hypotheses_hold} of {score.hypotheses}",
         f"hypotheses hold{_partly(score.hypotheses_partly)}"),
        (f"{score.fitted_match} of {score.fitted}",
         f"calibrations match{_partly(score.fitted_partly)} (never counted as holding)"),
        (f"{score.free_parameters}", "free parameters, fitted to claims"),
    )  # fmt: skip
    return "".join(f'<div class="card"><b>{n}</b><span>{text}</span></div>' for n, text in cards)


def _failures(campaign: Campaign) -> str:
    if not campaign.failures:
        return ""
    items = "".join(f"<li><code>{escape(failure)}</code></li>" for failure in campaign.failures)
    return (
        f"<h2>{len(campaign.failures)} of {campaign.runs} runs failed</h2>"
        f"<p>Their points are missing below.</p><ul>{items}</ul>"
    )


def _badge(finding: Finding, text: str) -> str:
    state = state_of(finding)
    return (
        f'<a class="badge {state}" href="#claim-{finding.claim.id}" '
        f'title="{escape(finding.claim.text)}: {STATES[state]}">{escape(text)}</a>'
    )


def _figures(campaign: Campaign, drawings: Mapping) -> str:
    parts = []
    for figure, group in groupby(campaign.pictures(), key=lambda picture: picture[0]):
        title = escape(AXES[figure].title)
        parts.append(f"<h3>Figure {figure}: {title}</h3>")
        parts.append(f"<p>The thesis: {escape(_THESIS_SAYS[figure])}</p>")
        parts.append('<div class="pictures">')
        for _, direction, stem in group:
            parts.append(_picture(campaign, figure, direction, stem, drawings[figure, direction]))
        parts.append("</div>")
    return "\n".join(parts)


def _picture(campaign: Campaign, figure: str, direction: str, stem: str, drawn) -> str:
    findings = [
        finding
        for finding in campaign.findings
        if finding.claim.figure == figure and finding.direction in (direction, ph.ON_CHIP)
    ]
    badges = "".join(_badge(finding, finding.claim.id) for finding in findings)
    alt = f"{AXES[figure].title}, {ph.DIRECTION_TITLES[direction]}"
    return (
        f'<figure><img alt="{escape(alt)}" src="{_inline(drawn.svg)}">'
        f"<figcaption>Claims {badges}<br><small>{stem}.png, .svg, .csv</small></figcaption>"
        "</figure>"
    )


def _row(cells: Iterable[tuple[str, str, str]], attributes: str = "") -> str:
    """A table row of (class, label on narrow screens, HTML)."""
    made = "".join(
        f"<td{_attribute('class', kind)}{_attribute('data-label', label)}>{content}</td>"
        for kind, label, content in cells
    )
    return f"<tr{attributes}>{made}</tr>"


def _attribute(name: str, value: str) -> str:
    return f' {name}="{escape(value)}"' if value else ""


def _table(header: Sequence[str], rows: Iterable[str]) -> str:
    heads = "".join(f"<th>{escape(title)}</th>" for title in header)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


_GROUPS = {
    "1": "Round trip time (Figure 5.5)",
    "2": "Line speed between two on-chip MACs (thesis 5.3)",
    "3": "TCP throughput (Figure 5.6)",
    "4": "Magnified (Figure 5.7)",
    "5": "UDP loss by rate, 1 KB (Figure 5.8)",
    "6": "UDP loss by rate, 6 KB (Figure 5.9)",
    "7": "UDP loss by packet size (Figure 5.10)",
    "8": "What if, and where packets die (thesis 5.3, 5.4)",
}


def _claims(campaign: Campaign) -> str:
    by_claim: dict[str, list[Finding]] = {}
    for finding in campaign.findings:
        by_claim.setdefault(finding.claim.id, []).append(finding)
    columns = len(campaign.directions)
    rows = []
    for number, group in groupby(by_claim.values(), key=lambda f: f[0].claim.id.partition(".")[0]):
        title = f"{number}. {_GROUPS[number]}"
        rows.append(f'<tr class="group"><th colspan="{4 + columns}">{escape(title)}</th></tr>')
        rows += [_claim_row(findings, campaign.directions) for findings in group]
    return _table(("#", "Claim", "Thesis", "Kind", *campaign.directions), rows)


def _claim_row(findings: Sequence[Finding], directions: Sequence[str]) -> str:
    """One claim; a cell a direction, a wide one for the on-chip runs."""
    claim, kind = findings[0].claim, findings[0].kind
    assumed = f"Assumes: {escape(claim.assumption)}." if claim.assumption else ""
    cells = [
        ("number", "", claim.id),
        ("claim", "", escape(claim.text) + f'<span class="note">{assumed}</span>' * bool(assumed)),
        ("", "Thesis", escape(claim.thesis)),
        ("", "Kind", escape(kind)),
    ]
    verdicts = {finding.direction: _verdict(finding) for finding in findings}
    row = _row(cells, f' id="claim-{claim.id}"').removesuffix("</tr>")
    if ph.ON_CHIP in verdicts:
        return f'{row}<td colspan="{len(directions)}">{verdicts[ph.ON_CHIP]}</td></tr>'
    return row + "".join(
        f'<td data-label="{way}">{verdicts.get(way, "")}</td>' for way in directions
    ) + "</tr>"  # fmt: skip


def _verdict(finding: Finding) -> str:
    """Badge, number with its spread, remark."""
    state = state_of(finding)
    number, note = finding.number, finding.note
    spread = finding.spread
    if spread and f"{spread[0]:.4g}" != f"{spread[1]:.4g}":
        number += f" [{spread[0]:.4g} to {spread[1]:.4g}]"
    lines = "".join(f'<span class="note">{escape(line)}</span>' for line in (number, note) if line)
    return f'<span class="badge {state}">{STATES[state]}</span>{lines}'


def _free(campaign: Campaign) -> str:
    score = campaign.score
    items = "".join(
        f"<li><code>{escape(p.machine)}: {escape(p.name)}</code> = {escape(p.value)}, "
        f"{escape(p.origin)}. {escape(p.sentence)}</li>"
        for p in campaign.fitted
    )
    return (
        f"<p>{score.free_parameters} parameters are set by claims; beside them stand "
        f"{score.predicted} predicted claims, of which {score.predicted_hold} hold in every "
        f"direction measured.</p><ul>{items}</ul>"
    )


def _open(campaign: Campaign) -> str:
    missed = [finding for finding in campaign.findings if finding.matches is False]
    if not missed:
        return "<p>Every claim measured in this run holds or matches.</p>"
    items = []
    for claim, group in groupby(missed, key=lambda finding: finding.claim):
        said = "; ".join(f"{f.direction}: {f.shown}" for f in group)
        why = f" {claim.otherwise}" if claim.otherwise else ""
        items.append(
            f"<li><b>{claim.id}</b> {escape(claim.text)}. The model says: {escape(said)}."
            f"{escape(why)}</li>"
        )
    return f"<ul>{''.join(items)}</ul>"


def _drops(campaign: Campaign) -> str:
    rows = []
    for direction in campaign.directions:
        lines = _drop_rows(campaign, direction)
        if lines:
            title = escape(ph.DIRECTION_TITLES[direction])
            rows.append(f'<tr class="group"><th colspan="8">{title}</th></tr>')
            rows += lines
    if not rows:
        return "<p>Figure 5.10 was not measured in this run.</p>"
    return _table(("Phase", "Packets", "Dropped", *_PLACES, "Named by the box"), rows)


def _drop_rows(campaign: Campaign, direction: str) -> list[str]:
    rows = []
    for phase in ph.FIVE:
        for regime, *_ in REGIMES:
            reasons: dict[str, int] = {}
            for drop in campaign.table.drops:
                key = (drop.figure, drop.phase, drop.direction, drop.regime)
                if key == (UDP_SIZES, phase.key, direction, regime):
                    reasons[drop.reason] = reasons.get(drop.reason, 0) + drop.count
            if reasons:
                rows.append(_drop_row(phase.title, _REGIME_TITLES[regime], reasons))
    return rows


def _drop_row(phase: str, regime: str, reasons: dict[str, int]) -> str:
    total = sum(reasons.values())
    cells = [("", "", escape(phase)), ("", "Packets", regime), ("number", "Dropped", f"{total:,}")]
    for place in _PLACES:
        share = sum(n for reason, n in reasons.items() if place_of(reason) == place) / total
        bar = f'<i style="width:{4 * share:.2f}rem"></i>' if share else ""
        text = f"{100 * share:.0f} %" if share else "&ndash;"
        cells.append(("number", place, f'<span class="share">{bar}{text}</span>'))
    named = ", ".join(
        f"{reason} {count:,}" for reason, count in sorted(reasons.items(), key=lambda r: -r[1])
    )
    cells.append(("", "Named", f"<small>{escape(named)}</small>"))
    return _row(cells)


def _parameters(campaign: Campaign) -> str:
    parts = []
    for machine, group in groupby(campaign.parameters, key=lambda p: p.machine):
        rows = [
            _row(
                (
                    ("", "", f"<code>{escape(p.name)}</code>"),
                    ("number", "Value", escape(p.value)),
                    ("", "Origin", f"<b>{escape(p.origin)}</b>" if p.is_fitted else p.origin),
                    ("", "", escape(p.sentence)),
                )
            )
            for p in group
        ]
        table = _table(("Parameter", "Value", "Origin", "Why this value"), rows)
        parts.append(f"<details open><summary>{escape(machine)}</summary>{table}</details>")
    return "".join(parts)


def _budget(campaign: Campaign) -> str:
    rows = []
    for field in dataclasses.fields(campaign.budget):
        value = getattr(campaign.budget, field.name)
        if isinstance(value, tuple):
            value = ", ".join(f"{item:g}" for item in value)
        rows.append(
            _row((("", "", escape(field.name.replace("_", " "))), ("", "", escape(str(value)))))
        )
    table = _table(("Budget", "Value"), rows)
    return f"<details><summary>Points and simulated seconds of this run</summary>{table}</details>"


def _origin(campaign: Campaign) -> str:
    environment = campaign.environment
    dirty = " (with uncommitted changes)" if environment["dirty"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    host = ", ".join(f"{name} {value}" for name, value in environment["host"].items())
    entries = (
        ("Commit", f"{environment['commit']}{dirty}"),
        ("Seeds", ", ".join(map(str, campaign.seeds))),
        ("Date", campaign.date),
        ("Runs", f"{campaign.runs} in {campaign.seconds:.0f} s, {campaign.budget.name} budget"),
        ("Versions", versions),
        ("Host", host),
    )
    lines = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in entries)
    return f"<dl>{lines}</dl>"
