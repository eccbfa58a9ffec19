# SPDX-License-Identifier: GPL-2.0-or-later
"""The grid as one page of HTML that needs nothing besides itself: no network, no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template

from isblab.environment import short_commit
from isblab.grid.behaviours import ASSIGNMENTS, Behaviour
from isblab.grid.mixes import Mix, Share
from isblab.grid.outcome import Outcome
from isblab.grid.plan import Plan
from isblab.grid.ways import Way
from isblab.report.html import badge, definitions, text
from isblab.report.svg import palette
from isblab.text import percent

__all__ = ["render"]

_FOLDER = Path(__file__).parent
_WORLDS = {"sim": "ns-3, in virtual time",
           "netns": "network namespaces of Linux, natbox on real packets"}
_VIEWS_MOST = 16  # radio buttons that a page's styles know


def render(plan: Plan, outcomes: Sequence[Outcome], mixes: Sequence[Mix],
           shares: Sequence[Share], seconds: float) -> str:
    """The page."""
    page = _Page(plan, outcomes)
    works = sum(outcome.works for outcome in outcomes)
    sections = [page.protocol(protocol) for protocol in plan.protocols]
    sections += [_mixes(plan, mixes, shares), _legend(plan), page.explanations()]
    facts = (f"{len(plan.behaviours)} x {len(plan.behaviours)} pairs, {len(plan.ways)} ways",
             f"{len(outcomes)} cells, {works} connect", _WORLDS[plan.world],
             f"external ports: {plan.assignment}", f"seed {plan.seed}", f"{seconds:.0f} s",
             f"commit {short_commit()}")
    nav = [*((protocol, protocol.upper()) for protocol in plan.protocols),
           *([("mixes", "Mixes")] if mixes else []), ("legend", "Legend"),
           ("why", "What stopped whom")]
    template = Template((_FOLDER / "grid.html").read_text(encoding="utf-8"))
    return template.substitute(
        title="Every pair of NATs, every way to connect", palette=palette(), views=_view_styles(),
        subtitle="Rows: what the provider of a service stands behind. Columns: what its subscriber "
                 "stands behind. A cell shows which ways connect the two; choose it to see what "
                 "stopped the others.",
        verdict=_verdict(outcomes), facts="".join(f"<span>{text(fact)}</span>" for fact in facts),
        nav="".join(f'<a href="#{name}">{text(words)}</a>' for name, words in nav),
        sections="\n".join(section for section in sections if section))


def _verdict(outcomes: Sequence[Outcome]) -> str:
    relayed = [outcome for outcome in outcomes if outcome.cell.way.ist]
    if not relayed:
        return ""
    failed = sum(not outcome.works for outcome in relayed)
    if failed:
        return badge(f"{failed} of {len(relayed)} cells through an IST do not connect", "bad")
    return badge(f"all {len(relayed)} cells through an IST connect", "good")


def _view_styles() -> str:
    """Which marks the radio buttons show: all, or those of one way, large."""
    rules = ['.view:focus-visible + .views label { border-color: var(--calm); }']
    for at in range(_VIEWS_MOST):
        rules.append(f".v{at}:checked ~ .views .l{at} {{ background: var(--calm-tint); "
                     "color: var(--calm); border-color: var(--calm); }")
        if at:
            rules.append(f".v{at}:checked ~ .table .grid b:not(.w{at}) {{ display: none; }}")
            rules.append(f".v{at}:checked ~ .table .grid b {{ flex-grow: 1; height: 1.9rem; "
                         "line-height: 1.9rem; font-size: .95rem; }")
            rules.append(f".v{at}:checked ~ .table .grid td a {{ width: 3.6rem; "
                         "min-height: 2rem; }")
    return "\n".join(rules)


def _mark(outcome: Outcome, at: int) -> str:
    kind = "y" if outcome.works else "n"
    return f'<b class="mark w{at} {kind}">{text(outcome.cell.way.mark)}</b>'


class _Page:
    """Sections that show outcomes."""

    def __init__(self, plan: Plan, outcomes: Sequence[Outcome]):
        self._plan = plan
        self._outcomes = {outcome.cell.key: outcome for outcome in outcomes}

    def _pair(self, protocol: str, provider: Behaviour,
              subscriber: Behaviour) -> list[Outcome]:
        return [self._outcomes[protocol, provider.name, subscriber.name, way.name]
                for way in self._plan.ways]

    def protocol(self, protocol: str) -> str:
        """The section of a protocol."""
        plan = self._plan
        names = ["all ways", *(way.label for way in plan.ways)]
        radios = "".join(
            f'<input type="radio" class="view v{at}" name="view-{protocol}" '
            f'id="view-{protocol}-{at}"{" checked" if at == 0 else ""}>'
            for at in range(len(names)))
        labels = "".join(f'<label class="l{at}" for="view-{protocol}-{at}">{text(name)}</label>'
                         for at, name in enumerate(names))
        return (f'<section id="{protocol}"><h2>{protocol.upper()}</h2>\n{self._totals(protocol)}'
                f'{radios}<div class="views">{labels}</div>\n'
                f'<div class="table">{self._grid(protocol)}</div></section>\n')

    def _totals(self, protocol: str) -> str:
        plan, rows = self._plan, []
        for way in plan.ways:
            found = [outcome for outcome in self._outcomes.values()
                     if outcome.cell.protocol == protocol and outcome.cell.way is way]
            good = sum(outcome.works for outcome in found)
            mark = f'<b class="mark y">{text(way.mark)}</b>'
            rows.append(f'<tr><td class="way">{mark} {text(way.label)}</td>'
                        f'<td class="number">{good} of {len(found)}</td>'
                        f'<td class="number">{percent(good / len(found))}</td>'
                        f'<td>{text(way.words)}</td></tr>')
        return ('<div class="table"><table><thead><tr><th>way</th><th>pairs</th><th>share</th>'
                f'<th>what happens</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>\n')

    def _grid(self, protocol: str) -> str:
        plan = self._plan
        head = "".join(f"<th>{_name(item)}</th>" for item in plan.behaviours)
        rows = []
        for provider in plan.behaviours:
            cells = "".join(self._cell(protocol, provider, subscriber)
                            for subscriber in plan.behaviours)
            rows.append(f"<tr><th>{_name(provider)}</th>{cells}</tr>\n")
        return ('<table class="grid"><thead><tr><th class="corner">provider \\ subscriber</th>'
                f'{head}</tr></thead><tbody>\n{"".join(rows)}</tbody></table>')

    def _cell(self, protocol: str, provider: Behaviour, subscriber: Behaviour) -> str:
        pair = self._pair(protocol, provider, subscriber)
        marks = "".join(_mark(outcome, at) for at, outcome in enumerate(pair, 1))
        good = ", ".join(outcome.cell.way.label for outcome in pair if outcome.works) or "none"
        title = f"provider {provider.label}, subscriber {subscriber.label}: {good}"
        return (f'<td><a href="#{_anchor(protocol, provider, subscriber)}" '
                f'title="{text(title)}">{marks}</a></td>')

    def explanations(self) -> str:
        """A block for every pair, shown when its cell is chosen."""
        blocks = [self._block(protocol, provider, subscriber) for protocol in self._plan.protocols
                  for provider in self._plan.behaviours for subscriber in self._plan.behaviours]
        return ('<section id="why"><h2>What stopped whom</h2>\n<p class="asks">Choose a cell of a '
                'grid to see its pair, or show all of them here.</p>\n'
                '<input type="checkbox" id="all-why" class="asks"><label for="all-why" '
                f'class="asks">show all</label>\n<div class="whys">{"".join(blocks)}</div>'
                "</section>\n")

    def _block(self, protocol: str, provider: Behaviour, subscriber: Behaviour) -> str:
        rows = "".join(_row(outcome, at) for at, outcome in
                       enumerate(self._pair(protocol, provider, subscriber), 1))
        title = f"{protocol.upper()}: provider {provider.title}, subscriber {subscriber.title}"
        return (f'<div class="why" id="{_anchor(protocol, provider, subscriber)}">'
                f'<a class="close" href="#{protocol}" aria-label="close">close</a>'
                f"<h4>{text(title)}</h4><ul>{rows}</ul></div>\n")


def _row(outcome: Outcome, at: int) -> str:
    words = f"connects ({outcome.method or outcome.path})" if outcome.works else (
        outcome.why or "did not connect")
    return (f"<li><span>{_mark(outcome, at)} {text(outcome.cell.way.label)}</span>"
            f"<span>{text(words)}</span></li>")


def _name(behaviour: Behaviour) -> str:
    alias = behaviour.alias.replace("-", " ")
    return text(behaviour.label) + (f"<small>{text(alias)}</small>" if alias else "")


def _anchor(protocol: str, provider: Behaviour, subscriber: Behaviour) -> str:
    return f"{protocol}_{provider.name}_{subscriber.name}"


def _mixes(plan: Plan, mixes: Sequence[Mix], shares: Sequence[Share]) -> str:
    if not mixes:
        return ""
    by_mix = {mix.name: mix for mix in mixes}
    swatches = "".join(f'<span class="swatch s{at}"></span>{text(way.label)}'
                       for at, way in enumerate(plan.ways) if not way.ist)
    swatches += '<span class="swatch s4"></span>only through an IST'
    head = "".join(f"<th>{text(way.label)}</th>" for way in plan.ways if not way.ist)
    rows = "".join(_mix_row(plan, by_mix[item.mix], item) for item in shares)
    return ('<section id="mixes"><h2>Mixes of NATs</h2>\n<p>The share of pairs that connect when '
            "provider and subscriber are drawn independently from a mix. The bar shows the "
            "plainest way that connects a pair; the columns count each way by itself.</p>\n"
            f'<p class="soft">{swatches}</p>\n<div class="table"><table><thead><tr><th>mix</th>'
            f"<th></th><th>plainest way</th>{head}<th>without an IST</th><th>in all</th></tr>"
            f"</thead><tbody>{rows}</tbody></table></div></section>\n")


def _mix_row(plan: Plan, mix: Mix, item: Share) -> str:
    bar = "".join(f'<i class="s{at if not way.ist else 4}" '
                  f'style="width:{100 * item.first_way[way.name]:.3f}%" '
                  f'title="{text(way.label)} {percent(item.first_way[way.name])}"></i>'
                  for at, way in enumerate(plan.ways))
    numbers = [item.by_way[way.name] for way in plan.ways if not way.ist]
    cells = "".join(f'<td class="number">{percent(value)}</td>'
                    for value in (*numbers, item.without_ist, item.total))
    about = "; ".join(words for words in (mix.title, mix.source) if words)
    return (f'<tr><td>{text(mix.name)}<br><span class="soft">{text(about)}</span></td>'
            f'<td>{item.protocol.upper()}</td><td><div class="bar">{bar}</div></td>{cells}</tr>')


def _legend(plan: Plan) -> str:
    return ('<section id="legend"><h2>Legend</h2>\n<h3>What a host stands behind</h3>\n'
            f"{definitions((item.title, item.words) for item in plan.behaviours)}"
            "<p>Mapping, RFC 4787 section 4.1: does a packet to another destination leave from "
            "the same external endpoint? Filtering, section 5: which packets from outside does a "
            "mapping let in? <em>Endpoint-independent</em>: the destination does not matter, "
            "anyone; <em>address-dependent</em>: one mapping for each destination address, who "
            "was sent something; <em>address-and-port-dependent</em>: one for each destination "
            "address and port, the very endpoint that was sent something. RFC 5382 asks the same "
            "of TCP.</p>\n"
            f"<p>External port of a new mapping here: <em>{text(plan.assignment)}</em>, "
            f"{text(ASSIGNMENTS[plan.assignment])}.</p>\n<h3>Ways to connect</h3>\n"
            f"{definitions(_way_words(plan.ways))}</section>\n")


def _way_words(ways: Iterable[Way]) -> Iterable[tuple[str, str]]:
    return ((f"{way.mark}  {way.label}", way.words) for way in ways)
