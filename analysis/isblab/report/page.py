# SPDX-License-Identifier: GPL-2.0-or-later
"""report.html: one page that needs nothing else."""

from __future__ import annotations

from collections import Counter
from importlib import resources
from string import Template

from isblab.report import chart, fields, topology
from isblab.report.html import badge, counts, definitions, figure, fold, table, text
from isblab.report.report import Report
from isblab.report.svg import palette
from isblab.report.why import Tale
from isblab.report.words import phrase
from isblab.text import byte_count, duration, percent, rate

__all__ = ["render"]

MOST_STORIES = 60
MOST_ROWS = 150
LONG = 25  # rows of a table that is folded
_OUTCOMES = {"worked": "good", "failed": "bad", "refused": "bad", "unused": "plain"}


def render(report: Report) -> str:
    """The page."""
    parts = [(anchor, title, body) for anchor, title, body in (
        ("topology", "Topology", _topology(report)),
        ("expectations", "Expectations", _expectations(report)),
        ("traffic", "Traffic", _traffic(report)),
        ("subscriptions", "Subscriptions", _subscriptions(report)),
        ("chart", "How it went", _charts(report)),
        ("states", "States walked", _states(report)),
        ("fields", "Header fields rewritten", _fields(report)),
        ("stories", "Stories", _stories(report)),
        ("incidents", "Incidents", _incidents(report)),
        ("drops", "Drops", _drops(report)),
        ("boxes", "Boxes and counters", _boxes(report)),
        ("origin", "Provenance", _origin(report)),
    ) if body]
    sections = "".join(f'<section id="{anchor}"><h2>{title}</h2>\n{body}</section>\n'
                       for anchor, title, body in parts)
    page = Template(resources.files(__package__).joinpath("report.html")
                    .read_text(encoding="utf-8"))
    lab, result = report.world.lab, report.result
    title = lab.get("title") or result.get("scenario") or "a run"
    return page.substitute(
        title=text(title), subtitle=text(result.get("scenario", "")), verdict=_verdict(report),
        facts=_facts(report), palette=palette(), sections=sections,
        nav="".join(f'<a href="#{anchor}">{title}</a>\n' for anchor, title, _ in parts))


def _verdict(report: Report) -> str:
    items = report.result.get("expectations", ())
    if not items:
        return badge("nothing was expected of this run", "plain")
    fails = [item for item in items if not item["holds"]]
    if not fails:
        count = "all expectations hold" if len(items) > 1 else "the expectation holds"
        return badge(f"{count} ({len(items)})" if len(items) > 1 else count, "good")
    return badge(f"{len(fails)} of {len(items)} expectations fail", "bad")


def _facts(report: Report) -> str:
    run, world = report.run, report.world
    facts = [f"{duration(float(report.result.get('t', 0)))} simulated", f"seed {run.get('seed')}"]
    for count, word in ((len(world.users), "user"), (len(world.translators), "IST"),
                        (len(world.hosts), "host")):
        if count:
            facts.append(f"{count} {word}{'s' if count > 1 else ''}")
    facts.append(f"{sum(report.digest.kinds.values())} events")
    if run.get("commit"):
        changes = " and changes" if run.get("dirty") else ""
        facts.append(f"commit {str(run['commit'])[:10]}{changes}")
    return "".join(f"<span>{text(fact)}</span>" for fact in facts)


def _topology(report: Report) -> str:
    if not report.world.hosts:
        return ""
    return figure(topology.draw(report.world).markup("Topology"))


def _expectations(report: Report) -> str:
    items = report.result.get("expectations", ())
    if not items:
        return ""
    return table(("", "expected", "measured"), [
        ((badge("holds", "good") if item["holds"] else badge("fails", "bad"),), item["text"],
         item["measured"]) for item in sorted(items, key=lambda item: item["holds"])])


def _mean(summary: dict | None) -> str:
    return duration(summary["mean"]) if summary and summary.get("count") else ""


def _traffic(report: Report) -> str:
    rows = []
    items = report.result.get("traffic", ())
    for item in items[:MOST_ROWS]:
        udp = item["kind"].startswith("udp")
        over = report.world.services_of(item["name"])
        rows.append((item["name"], item["kind"], item["from"],
                     f"{over[1]}/{over[2]}" if over else item["to"],
                     byte_count(item["sentBytes"]), byte_count(item["receivedBytes"]),
                     rate(item["throughputBps"]), percent(item["lossRatio"]) if udp else "",
                     _mean(item.get("rttNs")), _mean(item.get("firstByteNs")),
                     "" if udp else f"{item['established']} of {item['connections']}",
                     item.get("completed") or "", item.get("failed") or ""))
    if not rows:
        return ""
    header = ("name", "kind", "from", "to", "sent", "received", "throughput", "loss",
              "round trip, mean", "first byte, mean", "connections", "completed", "failed")
    return _long(table(header, rows), len(items)) + _more(len(items))


def _long(markup: str, count: int) -> str:
    """A long table is there on demand."""
    return fold(f"all {count}" if count <= MOST_ROWS else f"{MOST_ROWS} of {count}", markup
                ) if count > LONG else markup


def _more(count: int) -> str:
    return (f'<p class="soft">and {count - MOST_ROWS} more; they are in run.json.</p>\n'
            if count > MOST_ROWS else "")


def _subscriptions(report: Report) -> str:
    items = sorted(report.result.get("subscriptions", ()),
                   key=lambda item: not (item["failed"] or item["codes"]))
    rows = [(item["user"], f"{item['provider']}/{item['service']}",
             (badge(item["state"], "good" if item["state"] == "subscribed" else
                    "bad" if item["state"] == "refused" else "plain"),),
             item["asked"], item["established"], item["fromPrepared"] or "",
             item["failed"] or "", counts(item["paths"]), counts(item["methods"]),
             counts(item["ists"]), counts(item["codes"])) for item in items[:MOST_ROWS]]
    if not rows:
        return ""
    header = ("user", "service", "state", "clients", "stood", "found ready", "failed", "path",
              "method", "IST", "codes")
    return _totals(items) + _long(table(header, rows), len(items)) + _more(len(items))


def _totals(items: list[dict]) -> str:
    """What all subscriptions came to, in a line."""
    if len(items) <= LONG:
        return ""
    parts = []
    for what in ("paths", "methods", "ists", "codes"):
        sums: Counter = Counter()
        for item in items:
            sums.update(item[what])
        if sums:
            parts.append(counts(dict(sums.most_common(8))))
    return f"<p>{text(len(items))} subscriptions. Connections: {text('; '.join(parts))}.</p>\n"


def _charts(report: Report) -> str:
    if not report.charts:
        return ""
    made = []
    for name, item in report.charts.items():
        drawing = chart.draw(item).markup(f"{item.title}: {item.caption}")
        if name == "chart":
            made.append(f"<p><b>{text(item.title)}.</b> {text(item.caption)}.</p>"
                        + figure(drawing))
        else:
            made.append(fold(text(item.caption), figure(drawing)))
    return made[0] + "".join(made[1:])


def _states(report: Report) -> str:
    if not report.walks:
        return ""
    drawn = "".join(figure(walk.canvas.markup(walk.title), f"{walk.title} ({walk.source})")
                    for walk in report.walks)
    return ("<p>Transitions that were walked are in colour, with how often; the others are pale."
            f'</p><div class="pictures">{drawn}</div>\n')


def _fields(report: Report) -> str:
    if not report.rewritings:
        return ""
    made = []
    for item in report.rewritings:
        drawing = fields.draw(item).markup(f"Header fields rewritten by {item.title}")
        made.append(figure(drawing, f"{item.title} ({item.place}), {item.splices} in this run"))
    return ("<p>The first packet with payload, before and after the IST.</p>"
            f'<div class="pictures">{"".join(made)}</div>\n' + fold(
                "Both directions as a table", f"<pre>{text_lines(report)}</pre>"))


def text_lines(report: Report) -> str:
    """The tables of fields, as on the terminal; lines are kept."""
    lines = "\n\n".join(fields.as_text(item) for item in report.rewritings).split("\n")
    return "\n".join(text(line) for line in lines)


def tale(item: Tale) -> str:
    """A story as a list of moments."""
    rows = "".join(f"<li><time>{'' if when is None else f'{when / 1e9:.4f} s'}</time>"
                   f"<span>{text(words)}</span></li>\n" for when, words in item.sentences)
    return f'<ol class="tale">{rows}</ol>'


def _stories(report: Report) -> str:
    tales = [report.tale(key) for key in _worth_telling(report)]
    order = list(_OUTCOMES)
    tales.sort(key=lambda item: order.index(item.outcome) if item.outcome != "failed" else -1)
    few = len(tales) <= 3
    made = "".join(fold(f"{text(item.title)} {badge(item.outcome, _OUTCOMES[item.outcome])} "
                        f'<span class="soft">{text(_rest(item))}</span>', tale(item), few)
                   for item in tales)
    if len(report.keys) > len(tales):
        made += (f'<p class="soft">{len(report.keys) - len(tales)} further subscriptions are in '
                 "the table above; <code>./isblab show FOLDER --why USER SERVICE</code> tells any."
                 "</p>\n")
    return made


def _rest(item: Tale) -> str:
    """The verdict without the word that its badge says."""
    return item.verdict.removeprefix(item.outcome).lstrip(",: ")


def _worth_telling(report: Report) -> list[tuple[str, str, str]]:
    """All of them; of many, those that failed and then the first."""
    if len(report.keys) <= MOST_STORIES:
        return report.keys
    bad = {(item["user"], item["provider"], item["service"])
           for item in report.result.get("subscriptions", ()) if item["failed"] or item["codes"]}
    return sorted(report.keys, key=lambda key: key not in bad)[:MOST_STORIES]


def _incidents(report: Report) -> str:
    rows = [(event["t"], event.get("user") or event["node"], event.get("to", "").replace("-", " "))
            for event in report.digest.of_kind("node-state")]
    for event in report.digest.of_kind("ist-state", "session-state"):
        if event["node"] in report.world.broker_nodes and event.get("reason"):
            rows.append((event["t"], event.get("ist") or event.get("user", ""),
                         f"{event.get('to', '')} at the ISB: {phrase(event['reason'])}"))
    rows.sort()
    shown = [(f"{when / 1e9:.4f} s", who, what) for when, who, what in rows[:MOST_ROWS]]
    if not shown:
        return ""
    return table(("when", "who", "what"), shown) + _more(len(rows))


def _drops(report: Report) -> str:
    drops = sorted(report.digest.drops.values(), key=lambda drop: -drop.count)
    rows = [(drop.node, drop.reason, phrase(drop.reason), drop.rule, drop.count,
             byte_count(drop.bytes), f"{drop.first['t'] / 1e9:.4f} s",
             f"{drop.last_ns / 1e9:.4f} s",
             f"{drop.first.get('src', '?')} to {drop.first.get('dst', '?')}")
            for drop in drops[:MOST_ROWS]]
    if not rows:
        return ""
    header = ("where", "reason", "why", "rule", "packets", "bytes", "first", "last",
              "the first one")
    return table(header, rows) + _more(len(drops))


def _boxes(report: Report) -> str:
    made = ""
    rows = []
    for item in report.result.get("boxes", ())[:MOST_ROWS]:
        cpu = item.get("cpu") or {}
        busy = any(cpu.values())
        rows.append((item["name"], item["role"], item["forwarded"], item["splices"] or "",
                     item["mappings"] or "",
                     *((percent(cpu.get(level)) if busy else "")
                       for level in ("hardirq", "softirq", "process"))))
    if rows:
        made += table(("box", "role", "forwarded", "splices", "mappings", "CPU hardirq", "softirq",
                       "process"), rows)
    counters = [(item["name"], counts(item["counters"]))
                for what in ("brokers", "translators") for item in report.result.get(what, ())]
    if counters:
        made += table(("broker or IST", "counters"), counters[:MOST_ROWS])
    return fold("Counters of the run", made) if made else ""


def _origin(report: Report) -> str:
    run = report.run
    stats = run.get("stats") or {}
    pairs = [("seed", run.get("seed")), ("commit", run.get("commit")),
             ("overrides", counts_of(run.get("overrides") or {})),
             ("versions", counts_of(run.get("versions") or {})),
             ("host", counts_of(run.get("host") or {})),
             ("speed", f"{stats['eventsPerSecond']:.0f} events a second"
              if stats.get("eventsPerSecond") else "")]
    scenario = "\n".join(text(line) for line in str(run.get("scenario", "")).splitlines())
    return (definitions((name, value) for name, value in pairs if value not in ("", None))
            + fold("The scenario", f"<pre>{scenario}</pre>"))


def counts_of(values: dict) -> str:
    """{"ns3": "3.37"} -> "ns3 3.37"."""
    return ", ".join(f"{name} {value}" for name, value in values.items())
