# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab bench: microbenchmarks as ratios, speed and scale of the simulator, natbox' throughput,
the IST in the kernel."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from isblab import natbox_bench, worker
from isblab.environment import describe
from isblab.errors import EnvironmentFailure
from isblab.ist_bench import budgets
from isblab.ist_bench import main as ist_main
from isblab.paths import EXAMPLES, ROOT, program
from isblab.text import duration, table

HELP = "run the microbenchmarks and print ratios, or see how far the simulator scales"
DESCRIPTION = """\
Run the microbenchmarks of splice core, IST engine, NAT and ns-3 models (google-benchmark). Rounds are
interleaved at random and the first is dropped; the median over rounds and its spread (half of
largest minus smallest, in percent of the median) are printed, with the ratio to the first
benchmark of the same group (the name before the slash). Then events and simulated seconds per
second of wall time, for the thesis' five phases. Times are of this machine; only ratios compare.

`bench scale` instead runs the scenarios in tests/bench/scale, one at a time: hosts, events, speed and
memory are printed; their expectations (everybody logged in, every connection up) decide the exit
status, the speed never does.

`bench natbox` instead sends TCP (with and without offload) and small UDP packets by iperf3 through
plain forwarding, nftables' NAT and natbox, in namespaces, in turn; medians, spreads and ratios.

`bench ist` instead measures the IST in the kernel (TCP Splice, Passive, Pure; tc, XDP) beside direct
connection, forwarding, NAT, HAProxy, socat, coturn and proxies of our own: throughput, packet rate,
CPU time, round trips, set-up, table sizes; bench.json, figures and report.html in --out."""

BENCHES = ("bench_splice", "bench_ist", "bench_ns3", "bench_nat")
SCALE = ROOT / "tests" / "bench" / "scale"
# What makes a scale scenario small enough for every test run; its expectations follow.
QUICK_SCALE = {
    "thousand-hosts": {"crowd.p.count": 50, "crowd.p.providers": 20, "crowd.s.count": 50,
                       "crowd.s.subscribers": 20, "expect.0.equals": 100, "expect.1.equals": 20},
    "ten-thousand-users": {"duration": "40 s", "crowd.u.count": 200, "expect.0.equals": 200,
                           "expect.1.equals": 200},
}
_ROUNDS, _QUICK_ROUNDS = 9, 3
_SECONDS, _QUICK_SECONDS = 0.2, 0.02
_NATBOX_ROUNDS, _QUICK_NATBOX_ROUNDS = 8, 2
_NATBOX_SECONDS = 1
_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# What google-benchmark writes about every iteration; anything else is a counter of the benchmark.
_STANDARD_KEYS = frozenset(
    "name run_name run_type repetitions repetition_index threads iterations real_time cpu_time "
    "time_unit family_index per_family_instance_index label items_per_second bytes_per_second "
    "error_occurred error_message".split())


@dataclass
class _Measured:
    """One benchmark: in each round CPU nanoseconds an iteration, and the values of its counters."""

    rounds: list[float] = field(default_factory=list)
    counters: dict[str, list[float]] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("what", nargs="?", choices=("micro", "scale", "natbox", "ist"),
                        default="micro",
                        help="micro: microbenchmarks and five phases; scale: many hosts and users; "
                             "natbox: throughput beside nftables (needs root); ist: the IST in the "
                             "kernel beside its peers (needs root)")
    parser.add_argument("--quick", action="store_true",
                        help=f"{_QUICK_ROUNDS} rounds of {_QUICK_SECONDS} s instead of {_ROUNDS} "
                             f"of {_SECONDS} s; scale: a tenth of the hosts or less; natbox: "
                             f"{_QUICK_NATBOX_ROUNDS} rounds instead of {_NATBOX_ROUNDS}; ist: "
                             "one short round of some ways")
    parser.add_argument("--long", action="store_true",
                        help=f"ist: {budgets.LONG.rounds} longer rounds instead of "
                             f"{budgets.FULL.rounds}")
    parser.add_argument("--out", type=Path, default=Path("out/bench-ist"),
                        help="ist: folder of the result (default: %(default)s)")


def main(args: argparse.Namespace) -> int:
    """Run all benches; speed never fails a command."""
    host = describe()["host"]
    print(f"{host['cpu']}, {host['cores']} cores, kernel {host['kernel']}")
    if args.what == "scale":
        return _scale(args.quick)
    if args.what == "ist":
        return ist_main.run(budgets.QUICK if args.quick else
                            budgets.LONG if args.long else budgets.FULL, args.out)
    if args.what == "natbox":
        rounds = _QUICK_NATBOX_ROUNDS if args.quick else _NATBOX_ROUNDS
        print(natbox_bench.report(natbox_bench.measure(rounds, _NATBOX_SECONDS)))
        return 0
    for bench in BENCHES:
        print(f"\n{bench}")
        print(_table(_measure(bench, args.quick)))
    print("\nisblab-sim")
    print(_simulator_table())
    return 0


def _measure(bench: str, quick: bool) -> dict[str, _Measured]:
    """What google-benchmark measured, by name."""
    command = [str(program(bench)), "--benchmark_format=json",
               "--benchmark_enable_random_interleaving=true",
               f"--benchmark_repetitions={_QUICK_ROUNDS if quick else _ROUNDS}",
               f"--benchmark_min_time={_QUICK_SECONDS if quick else _SECONDS}"]
    if quick:
        command.append("--benchmark_filter=-/1000000$")  # a million mappings take seconds to make
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EnvironmentFailure(f"{bench} failed: {done.stderr.strip()[-500:]}")
    return parse(bench, done.stdout)


def parse(bench: str, output: str) -> dict[str, _Measured]:
    """google-benchmark's JSON by benchmark; EnvironmentFailure when one of them gave up."""
    measured: dict[str, _Measured] = {}
    # Interleaving shuffles the output; the order of the source says which is a group's first.
    items = sorted(json.loads(output)["benchmarks"],
                   key=lambda item: (item["family_index"], item["per_family_instance_index"]))
    for item in items:
        if item.get("error_occurred"):
            raise EnvironmentFailure(f"{bench}: {item['run_name']}: {item['error_message']}")
        if item.get("run_type") == "iteration":
            one = measured.setdefault(item["run_name"], _Measured())
            one.rounds.append(item["cpu_time"] * _NANOSECONDS[item["time_unit"]])
            for key in item.keys() - _STANDARD_KEYS:
                one.counters.setdefault(key, []).append(item[key])
    return measured


def _warm(rounds: list[float]) -> list[float]:
    """Without the first round, when there are more."""
    return rounds[1:] or rounds


def _table(measured: dict[str, _Measured]) -> str:
    baselines: dict[str, float] = {}
    rows = []
    for name, one in measured.items():
        times = _warm(one.rounds)
        median = statistics.median(times)
        baseline = baselines.setdefault(name.partition("/")[0], median)
        spread = (max(times) - min(times)) / 2 / median
        counters = ", ".join(f"{key} {statistics.median(_warm(values)):.4g}"
                             for key, values in sorted(one.counters.items()))
        rows.append((name, duration(median), f"{100 * spread:.1f} %", f"{median / baseline:.2f}",
                     counters or "-"))
    return table(("benchmark", "CPU time", "spread", "ratio", "counters"), rows)


def _simulator_table() -> str:
    """Speed of the five phases, one at a time."""
    jobs = [worker.Job(path=path, key=path.stem)
            for path in sorted((EXAMPLES / "five-phases").glob("*.toml"))]
    rows = [(result.key, f"{result.stats['eventsPerSecond']:,.0f}",
             f"{result.stats['simulatedPerWall']:.2f}")
            for result in worker.run_scenarios(jobs, workers=1)]
    return table(("scenario", "events/s", "simulated s per s"), rows)


def scale_jobs(quick: bool) -> list[worker.Job]:
    """The scale scenarios, as they stand or small."""
    return [worker.Job(path=path, key=path.stem, overrides=QUICK_SCALE[path.stem] if quick else {})
            for path in sorted(SCALE.glob("*.toml"))]


def _scale(quick: bool) -> int:
    """Run the scale scenarios and print what they took; 1 when an expectation fails."""
    rows, passed = [], True
    for job in scale_jobs(quick):
        result = worker.run_one(job)
        passed = passed and result.passed
        for item in result.result["expectations"]:
            if not item["holds"]:
                print(f"{job.key}: {item['text']}: measured {item['measured']}")
        stats = result.stats
        rows.append((job.key, f"{stats['hosts']:,}", f"{stats['events']:,}",
                     f"{stats['eventsPerSecond']:,.0f}", f"{stats['simulatedPerWall']:.2f}",
                     f"{stats['setupSeconds']:.1f} s", f"{stats['peakBytes'] / 2**20:,.0f} MiB"))
    print(table(("scenario", "hosts", "events", "events/s", "simulated s per s", "set-up", "memory"),
                rows))
    return 0 if passed else 1
