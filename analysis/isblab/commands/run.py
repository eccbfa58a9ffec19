# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab run: one scenario, one result folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from isblab.commands.options import add_set_argument, seed_number
from isblab.errors import ScenarioError, UsageError
from isblab.paths import shown
from isblab.report.main import add_arguments as add_report_arguments
from isblab.text import byte_count, duration, percent, rate, table

HELP = "run one scenario and write its result folder"
DESCRIPTION = """\
Run one scenario and write its result folder:
  run.json      scenario text, seed, versions, commit, host, result
  events.jsonl  every decision on the way, one JSON object a line, the result last
  report.html   topology, results, sequence chart, states, stories: open it in a browser
  pcap/         with --pcap: captures (pcapng) of each side of each box
The exit status is 1 when an expectation of the scenario does not hold."""
SCHEMA = 1
WORKERS = {"sim": "isblab-sim", "netns": "isblab-netns"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("file", metavar="FILE", help="scenario file (TOML)")
    parser.add_argument("--out", metavar="DIR", default=None,
                        help="result folder; an earlier result in it is replaced, anything else "
                             "is refused (default: out/run/NAME, NAME from the scenario)")
    parser.add_argument("--world", choices=sorted(WORKERS), default="sim",
                        help="ns-3 (sim), or network namespaces with real sockets and packets "
                             "(netns; needs root); doc/netns.md says what each can (default: sim)")
    parser.add_argument("--pcap", action="store_true", help="capture packets at each box")
    parser.add_argument("--seed", metavar="N", type=seed_number, default=None,
                        help="seed of the random numbers (default: the scenario's)")
    add_set_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress and no summary")
    add_report_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Run; 1 when an expectation does not hold."""
    from isblab import results, scenario
    from isblab.report import main as report
    from isblab.progress import Progress
    from isblab.worker import Job, run_one

    if args.pcap and args.world != "sim":
        raise UsageError("--pcap captures in the simulation only; in namespaces use tcpdump")
    overrides = scenario.parse_assignments(args.set)
    text = scenario.with_overrides(scenario.read_text(args.file), overrides, args.file)
    document = scenario.parse(text, args.file)
    target = Path(args.out) if args.out else _default_folder(document, args.file)
    if args.why or args.of:
        report.check(args, _lab(text, args.file))
    with results.folder(target) as partial:
        job = Job(path=args.file, text=text, seed=args.seed, events=partial / "events.jsonl",
                  pcap=partial / "pcap" if args.pcap else None, worker=WORKERS[args.world])
        if args.pcap:
            job.pcap.mkdir()
        with Progress(enabled=not args.quiet) as progress:
            outcome = run_one(job, on_progress=progress.task(args.file).update)
        record = {**_record(text, overrides, outcome, _lab(text, args.file)), "world": args.world}
        _write_run(partial / "run.json", record)
        made = report.write(partial, record, args)
    if not args.quiet:
        print(summary(outcome.result, str(document.get("title", ""))))
        words = report.show(made, target, args)
        print(f"\n{words}" if words else "", end="\n" if words else "")
        print(f"\nresult: {shown(target)}\nreport: {shown(target / 'report.html')}")
    return 0 if outcome.passed else 1


def _default_folder(document, file: str) -> Path:
    name = str(document.get("name", Path(file).stem))
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or ".." in parts:
        raise ScenarioError(f"name '{name}' gives no folder below out/run; choose one with --out",
                            file)
    return Path("out", "run", *parts)


def _lab(text: str, file: str) -> dict:
    """The complete lab, for the report."""
    from isblab.lab import Lab

    return Lab(text, file).to_dict()


def _record(text: str, overrides: dict, outcome, lab: dict) -> dict:
    """The content of run.json."""
    from isblab.environment import describe

    return {"schema": SCHEMA, "scenario": text, "overrides": overrides,
            "seed": outcome.result["seed"], **describe(), "stats": outcome.stats,
            "result": outcome.result, "lab": lab}


def _write_run(path: Path, record: dict) -> None:
    path.write_text(json.dumps(record, indent=2, default=str) + "\n", encoding="utf-8")


def summary(result: dict, title: str = "") -> str:
    """The worker's result as text for a terminal."""
    parts = [f"{result['scenario']}: {title}" if title else result["scenario"],
             f"  {duration(result['t'])} simulated, seed {result['seed']}", ""]
    if result["traffic"]:
        parts += [_traffic_table(result["traffic"]), ""]
    if result["boxes"]:
        parts += [_box_table(result["boxes"]), ""]
    for expectation in result["expectations"]:
        verdict = "holds" if expectation["holds"] else "FAILS"
        parts.append(f"  {verdict}  {expectation['text']} (measured {expectation['measured']})")
    return "\n".join(parts).rstrip()


def _traffic_table(items: list[dict]) -> str:
    header = ("traffic", "kind", "from", "to", "sent", "received", "throughput", "loss",
              "RTT mean", "RTT p99", "connections")
    rows = []
    for item in items:
        udp = item["kind"] != "tcp-bulk"
        rtt = item.get("rttNs") or {}
        measured = bool(rtt.get("count"))
        rows.append((item["name"], item["kind"], item["from"], item["to"],
                     byte_count(item["sentBytes"]), byte_count(item["receivedBytes"]),
                     rate(item["throughputBps"]), percent(item["lossRatio"]) if udp else "-",
                     duration(rtt["mean"]) if measured else "-",
                     duration(rtt["p99"]) if measured else "-",
                     "-" if udp else f"{item['established']} of {item['connections']}"))
    return table(header, rows)


def _box_table(items: list[dict]) -> str:
    header = ("box", "role", "forwarded", "splices", "mappings", "CPU hardirq", "softirq",
              "process", "drops")
    rows = []
    for item in items:
        cpu = item.get("cpu") or {}
        shares = [percent(cpu.get(level)) if any(cpu.values()) else "-"
                  for level in ("hardirq", "softirq", "process")]
        drops = ", ".join(f"{reason} {count}" for reason, count in item["drops"].items() if count)
        rows.append((item["name"], item["role"], item["forwarded"], item["splices"] or "-",
                     item["mappings"] or "-", *shares, drops or "none"))
    return table(header, rows)
